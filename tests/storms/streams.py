"""Standard streams that are closed, full, read-only, or without a reader: exit codes and registry."""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from storms.storm import Finished, Shop, Storm, Tally

# `flips` drifts, `build` reproduces; audits 1 and 2 are stored.
READING = (
    *("list", "list --json", "list --factory models:none", "show flips", "show flips --json"),
    *("history build@0", "history build@0 --json", "audits", "audits --json", "audits show 1"),
    *("report 1", "report 1 --format json", "report 1 --format junit", "waive --list", "waive --list --json"),
    *(
        "factories",
        "factories --json",
        "config",
        "config --json",
        "envs list",
        "envs list --json",
        "db status",
    ),
)
OTHERS = (
    *("--help", "--version", "audit --help", "bogus", "list --bogus", "show nothing", "db check"),
    *("verify build", "verify flips", "verify build flips --json", "verify build flips --verbose"),
    *("audit", "audit build", "audit --format json", "audit --verbose", "audit --format sarif -o out.sarif"),
    *("register build --seed 8-9", "register flips", "register broken", "register build --seed 7 --json"),
    *("accept flips --reason r", "accept build@0 --reason r", "rebuild flips -o w.npz"),
    *("rebuild build@0 -o w.npz", "tag build --add t", "alias build@0 name", "retire build@0 --reason r"),
    *("unretire flips", "waive flips --reason r --until 2999-12-31", "waive flips --remove"),
    *("audits compare 1 2", "audits compare 2 1 --json", "db backup copy.db", "db upgrade"),
    *("db restore ../backup.db", "envs check"),
    *("envs prune", "envs remove 0000"),
)
NOT_REPORTED = ("Traceback", "Exception ignored")
BROKEN = "\ndef broken():\n    raise ValueError('no data')\n"
STREAMS: tuple[tuple[int, ...], ...] = ((1,), (2,), (1, 2))
# How a shell gives a program such a descriptor.
HARMS = {"closed": "{}>&-", "full": "{}>/dev/full", "read-only": "{}</dev/null", "broken pipe": "{}>&3"}


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what is in the registry then."""

    code: int
    dump: str


@dataclass
class Commands:
    """Commands on copies of one registry, each of them undisturbed once."""

    shop: Shop
    kept: Path
    calm: dict[str, Outcome] = field(default_factory=dict)

    def __call__(self, command: str, redirections: Sequence[str] = ()) -> tuple[Finished, Outcome]:
        """Run the command on a fresh copy of the registry."""
        shutil.rmtree(self.shop.registry.parent)
        shutil.copytree(self.kept, self.shop.registry.parent)
        for name in ("w.npz", "copy.db", "out.sarif"):
            (self.shop.root / name).unlink(missing_ok=True)
        finished = _run(self.shop, command, redirections)
        return finished, Outcome(finished.code, _dump(self.shop.registry))

    def undisturbed(self, command: str) -> Outcome:
        """How the command ends with streams that work."""
        if command not in self.calm:
            self.calm[command] = self(command)[1]
        return self.calm[command]


def _run(shop: Shop, command: str, redirections: Sequence[str]) -> Finished:
    reader, writer = os.pipe()
    os.close(reader)
    # Descriptor 3 is the pipe that nobody reads; the program itself does not get it.
    shell = f'exec 3>&{writer}; exec "$@" {" ".join(redirections)} 3>&-'
    try:
        done = subprocess.run(
            ["bash", "-c", shell, "-", sys.executable, "-m", "seedreg", *command.split()],
            cwd=shop.root,
            env=dict(shop.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            pass_fds=(writer,),
            timeout=120,
            check=False,
        )
    finally:
        os.close(writer)
    return Finished(done.returncode, done.stdout, done.stderr)


def _dump(registry: Path) -> str:
    """All rows of the registry, without times and durations."""
    with closing(sqlite3.connect(registry)) as file:
        text = "\n".join(file.iterdump())
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\b\d+\.\d+(e-?\d+)?\b", "N", text)


def expected(command: str, harm: str, streams: tuple[int, ...], calm: int) -> int:
    """The exit code that docs/reference/exit-codes.md promises."""
    if command not in READING or 1 not in streams or harm == "closed" or calm != 0:
        return calm
    # Where there is nothing to list, nothing is printed on standard output.
    if command in ("list --factory models:none", "waive --list", "envs list"):
        return calm
    return 141 if harm == "broken pipe" else 2


def run(count: int, seed: int, folder: Path) -> Tally:
    """Disturb commands, each with every harm to every stream before any is repeated."""
    commands = Commands(_shop(folder), folder / "kept")
    cases = list(itertools.product((*READING, *OTHERS), HARMS, STREAMS))
    random.Random(seed).shuffle(cases)
    tally = Tally()
    for command, harm, streams in itertools.islice(itertools.cycle(cases), count):
        calm = commands.undisturbed(command)
        finished, outcome = commands(command, [HARMS[harm].format(stream) for stream in streams])
        code = expected(command, harm, streams, calm.code)
        wrong = []
        if outcome.code != code:
            wrong.append(f"exit code {outcome.code}, not {code}")
        if outcome.dump != calm.dump:
            wrong.append("the registry is another one")
        wrong += [f"it printed {text!r}" for text in NOT_REPORTED if text in finished.out + finished.err]
        tally.counts["as promised" if not wrong else "broken"] += 1
        if wrong:
            where = " and ".join(map(str, streams))
            tally.broken.append(f"{command!r} with {harm} {where} (seed {seed}): {'; '.join(wrong)}")
    return tally


def _shop(folder: Path) -> Shop:
    shop = Shop.new(folder, SEEDREG_JOBS="1")
    with (shop.root / "models.py").open("a", encoding="utf-8") as models:
        models.write(BROKEN)
    for command in ("register build --seed 0-1", "register flips", "audit"):
        assert shop(*command.split()).code == 0, command
    (shop.root / "drift").touch()
    assert shop("audit").code == 1
    assert shop("db", "backup", "../backup.db").code == 0
    shutil.copytree(shop.registry.parent, folder / "kept")
    return shop


STORM = Storm(
    name="streams",
    title="Closed, full and broken output streams",
    promise="Exit code and registry are those of the undisturbed command. A command that only prints ends "
    "with 2, or with 141 if the reader left.",
    in_ci=20,
    by_hand=len((*READING, *OTHERS)) * len(HARMS) * len(STREAMS),
    run=run,
)
