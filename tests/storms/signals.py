"""Signals to a command, to its worker and to a build, at random moments."""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import time
from pathlib import Path

from storms.commands import Commands
from storms.storm import Finished, Shop, Storm, Tally, needs_proc
from storms.uses import Stored

_MODELS = """\
import time

import numpy as np


def build(units=4):
    time.sleep(0.05)
    return {"kernel": np.random.normal(size=(3, units))}
"""
_USES = (
    ("register", "build", "--seed", "10-14"),
    ("verify", "models:build"),
    ("verify", "build@0"),
    ("audit",),
)
_TARGETS = ("command", "worker", "build")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGKILL", "SIGSTOP")
# How a command ends that gets the signal: the code of the shell for what it catches, the signal for the rest.
_CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": -1, "SIGQUIT": -3, "SIGKILL": -9, "SIGSTOP": 0}
_MARK = "STORM_CASE"
_PATIENCE_S = 8.0
_REPORTED = re.compile(r"^(?:registered|REPRODUCED|DRIFTED|ERROR)  ([0-9a-f]{12})", re.MULTILINE)
_FORBIDDEN = re.compile(r"Traceback|internal error|is damaged")


def run(count: int, seed: int, folder: Path) -> Tally:
    """Send `count` signals; the kinds of command, target and signal are all used before any is used again."""
    tally, rng = Tally(), random.Random(seed)
    cases = [(use, target, name) for use in _USES for target in _TARGETS for name in _SIGNALS]
    rng.shuffle(cases)
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, cores[1]))  # SIGQUIT leaves one
    (output := folder / "output").mkdir()
    try:
        shop = Shop.new(folder / "template", _MODELS)
        with Commands(shop, output) as commands:
            assert commands("register", "build", "--seed", "0-4").code == 0
            typical_s = _typical_s(commands, shop, folder)
            for number in range(count):
                use, target, name = cases[number % len(cases)]
                moment_s = rng.uniform(0.1, 1.1) * typical_s[use]
                end, wrong = _case(commands, shop, folder / f"case-{number}", use, target, name, moment_s)
                tally.counts[end] += 1
                where = (
                    f"case {number}, seed {seed}: {' '.join(use)}: {name} to the {target} at {moment_s:.2f} s"
                )
                tally.broken += [f"{where}: {line}" for line in wrong]
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, cores)
    return tally


def _typical_s(commands: Commands, shop: Shop, folder: Path) -> dict[tuple[str, ...], float]:
    takes_s = {}
    for number, use in enumerate(_USES):
        copy = _copy(shop, folder / f"typical-{number}")
        started = time.monotonic()
        ended = commands(*use, shop=copy)
        assert ended.code == 0, (use, ended)
        takes_s[use] = time.monotonic() - started
    return takes_s


def _copy(shop: Shop, folder: Path) -> Shop:
    shutil.copytree(shop.root, folder / "shop")
    (folder / "tmp").mkdir()
    environ = {**shop.environ, "TMPDIR": str(folder / "tmp"), _MARK: str(folder)}
    return Shop((folder / "shop").resolve(), environ)


def _case(
    commands: Commands,
    template: Shop,
    folder: Path,
    use: tuple[str, ...],
    target: str,
    name: str,
    moment_s: float,
) -> tuple[str, list[str]]:
    """How the command ended, and what is wrong."""
    shop = _copy(template, folder)
    running = commands.start(*use, shop=shop)
    time.sleep(moment_s)
    pid = _find(running.pid, target)
    if pid is not None:
        _send(pid, name)
    ended = running.wait()
    wrong = _left(str(folder))
    allowed = {0, _CODES[name]} if target == "command" else {0, 125}
    if ended.code not in allowed:
        wrong.append(f"exit code {ended.code}: {ended.err[-300:]}")
    if found := _FORBIDDEN.search(ended.out + ended.err):
        wrong.append(f"it printed {found[0]!r}: {ended.err[-300:]}")
    wrong += _lost(shop, ended)
    after = commands("verify", "build@0", shop=shop)
    if after.code != 0:
        wrong.append(f"the next command ended with {after.code}: {after.err[-300:]}")
    wrong += [f"file left: {path.name}" for path in (folder / "tmp").iterdir()]
    shutil.rmtree(folder)
    return ("no such process" if pid is None else f"exit {ended.code}"), wrong


def _lost(shop: Shop, ended: Finished) -> list[str]:
    """What was reported and is not stored."""
    stored = Stored.of(shop.registry)
    known = {id_[:12] for id_ in stored.entries}
    reported = _REPORTED.findall(ended.out)
    checked = {id_[:12] for id_, checks in stored.checks.items() if checks}
    missing = [one for one in reported if one not in known]
    if "registered" not in ended.out:
        missing += [one for one in reported if one not in checked]
    return [f"reported and not stored: {one}" for one in missing]


def _send(pid: int, name: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, getattr(signal, name))
        if name == "SIGSTOP":
            time.sleep(0.3)
            os.kill(pid, signal.SIGCONT)


def _find(command: int, target: str) -> int | None:
    """The process id of the target; None if there is none now."""
    if target == "command":
        return command
    workers = [pid for pid in _children(command) if b"/seedreg/worker" in _read(pid, "cmdline")]
    if target == "worker":
        return workers[0] if workers else None
    builds = [pid for worker in workers for pid in _children(worker)]
    return builds[0] if builds else None


def _children(pid: int) -> list[int]:
    return [int(child) for child in _read(pid, f"task/{pid}/children").split()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _left(case: str) -> list[str]:
    """Processes that still have the variable of the case."""
    entry, deadline = f"{_MARK}={case}".encode(), time.monotonic() + _PATIENCE_S
    while True:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        found = [pid for pid in pids if entry in _read(pid, "environ").split(b"\0")]
        if not found or time.monotonic() > deadline:
            return [f"process left: {pid} {_read(pid, 'cmdline')[:100]!r}" for pid in found]
        time.sleep(0.02)


STORM = Storm(
    name="signals",
    title="Signals to a command, its worker or a build at a random moment",
    promise="The exit code is right. What was reported is stored. No process is left. The next command "
    "works, and no file is left after it.",
    in_ci=20,
    by_hand=400,
    run=run,
    needs=needs_proc,
)
