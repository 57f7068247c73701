"""Audits of many small entries: their speed, the cost of a further entry, what grows with the number."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from statistics import mean

from benchmarks.measure import Command, CommandFailed, Pairs, alternate, cores, run_together
from benchmarks.project import Project, project
from benchmarks.results import Result, Settings

_FEW, _MANY = 50, 150
_HUNDRED, _THOUSAND = 100, 1000
_FACTORIES, _SEEDS_EACH = 20, 50
_ENVIRONMENT_PAIRS = 9  # the difference is a tenth of what is measured, so it takes more pairs to see it


def hundred(settings: Settings) -> Result:
    """What the shared import of TensorFlow saves when a whole registry is checked."""
    at_once = cores()
    count = min(_HUNDRED, -(-settings.scripts // at_once) * at_once)
    with _registered(_HUNDRED) as place:
        scripts = [place.bare("small", seed) for seed in range(count)]
        pairs = alternate(
            lambda: run_together(scripts, at_once) * _HUNDRED / count,
            place.seedreg("audit", "--jobs", str(at_once)).run,
            settings.repeat,
        )
    return Result(
        "audit-hundred",
        f"{_HUNDRED} scripts that import TensorFlow, seed, build and hash, {at_once} at once",
        f"`seedreg audit` of {_HUNDRED} small entries, {at_once} builds at once",
        "s",
        20,
        pairs,
        at_least=True,
        note=""
        if count == _HUNDRED
        else f"{count} scripts were run and their time multiplied by {_HUNDRED / count:g}.",
    )


def entry(settings: Settings) -> Result:
    """The cost of one further small entry, on all cores together."""
    more = _MANY - _FEW
    with _registered(_MANY, some=_FEW) as place:
        few, many = place.seedreg("audit", "tag:some"), place.seedreg("audit")
        few.run()
        measured = [(many.cpu_time() - few.cpu_time()) / more for _ in range(settings.repeat)]
    return Result(
        "audit-entry",
        f"one more small entry: `seedreg audit` of {_MANY} less that of {_FEW}, by {more}",
        "a second of one core",
        "s",
        0.2,
        Pairs(tuple(measured), (1.0,) * len(measured)),
        note="CPU time, in user and system mode, of the command and of all processes that it started.",
    )


def entry_share(settings: Settings) -> Result:
    """What one further small entry costs, as a part of a script, if each build has a process of its own."""
    more = _MANY - _FEW
    with _registered(_MANY, some=_FEW) as place:
        few, many, script = place.seedreg("audit", "tag:some"), place.seedreg("audit"), place.bare("small", 0)
        few.run()
        script.run()
        measured: list[tuple[float, float]] = []
        for _ in range(settings.repeat):
            before = (script.cpu_time(), few.cpu_time())
            many_s = many.cpu_time()
            after = (few.cpu_time(), script.cpu_time())
            few_s, script_s = mean((before[1], after[0])), mean((before[0], after[1]))
            measured.append(((many_s - few_s) / more, script_s))
    return Result(
        "audit-entry-cpu",
        f"one more small entry: `seedreg audit` of {_MANY} less that of {_FEW}, by {more}",
        "a script that imports TensorFlow, seeds, builds and hashes",
        "s",
        0.036,
        Pairs(tuple(a for a, _ in measured), tuple(b for _, b in measured)),
        note="CPU time, in user and system mode, of the command and of all processes that it started. The 50 "
        "and the script are measured before the 150 and after them.",
    )


def shared(settings: Settings) -> Result:
    """What many seeds of a few factories cost if they share processes, compared with a script for each."""
    at_once, total = cores(), _FACTORIES * _SEEDS_EACH
    count = min(total, -(-settings.scripts // at_once) * at_once)
    with project() as place:
        names = [f"family_{number:02}" for number in range(_FACTORIES)]
        (place.folder / "families.py").write_text(
            "import models\n" + "".join(f"\n\ndef {name}():\n    return models.small()\n" for name in names),
            encoding="utf-8",
        )
        factories = [f"families:{name}" for name in names]
        place.seedreg("register", *factories, "--seed", f"0-{_SEEDS_EACH - 1}").run()
        scripts = [place.bare("small", seed) for seed in range(count)]
        pairs = alternate(
            lambda: run_together(scripts, at_once) * total / count,
            place.seedreg("audit", "--isolation", "shared", "--jobs", str(at_once)).run,
            settings.repeat,
        )
    return Result(
        "audit-shared",
        f"{total:,} scripts that import TensorFlow, seed, build and hash, {at_once} at once",
        f"`seedreg audit --isolation shared` of {_FACTORIES} factories with {_SEEDS_EACH} seeds each, "
        f"{at_once} builds at once",
        "s",
        100,
        pairs,
        at_least=True,
        note=f"{count} scripts were run and their time multiplied by {total / count:g}.",
    )


def thousand(settings: Settings) -> Result:
    """Whether ten times as many entries take ten times as long."""
    with _registered(_THOUSAND, some=_HUNDRED) as place:
        # Forked like the others, so that only the common part is subtracted.
        one = place.seedreg("audit", "models:small@0", "--isolation", "fork")
        few, many = place.seedreg("audit", "tag:some"), place.seedreg("audit")
        few.run()
        measured: list[tuple[float, float]] = []
        for _ in range(settings.repeat):
            # The machine's speed changes during the long audit, so short ones are on either side.
            before = (one.run(), few.run(), few.run())
            many_s = many.run()
            after = (few.run(), few.run(), one.run())
            one_s, few_s = mean((before[0], after[2])), mean((*before[1:], *after[:2]))
            startup_s = one_s - (few_s - one_s) / (_HUNDRED - 1)
            measured.append((many_s - startup_s, few_s - startup_s))
    return Result(
        "audit-thousand",
        f"`seedreg audit` of {_THOUSAND:,} small entries",
        f"that of {_HUNDRED}",
        "s",
        10.5,
        Pairs(tuple(a for a, _ in measured), tuple(b for _, b in measured)),
        note="Start-up time is subtracted from both sides: an audit of one entry less the time of one "
        "further entry. "
        "The 100 are audited twice before the 1,000 and twice after them.",
    )


def memory(settings: Settings) -> Result:
    """Whether the command's own memory grows with the number of entries."""
    with _registered(_THOUSAND, some=_HUNDRED) as place:
        pairs = alternate(
            place.seedreg("audit").own_peak_memory,
            place.seedreg("audit", "tag:some").own_peak_memory,
            settings.repeat,
        )
    return Result(
        "audit-memory",
        f"`seedreg audit` of {_THOUSAND:,} small entries, the command's process alone",
        f"that of {_HUNDRED}",
        "MB",
        1.05,
        pairs,
        note="Peak resident memory (VmHWM) of the command's own process, without the processes that build.",
    )


def environment(settings: Settings) -> Result:
    """What it adds to build in an environment that is in the cache already."""
    with _registered(1) as place, tempfile.TemporaryDirectory(prefix="seedreg-benchmark-") as cache:

        def with_cache(command: Command) -> Command:
            return replace(command, environ={**command.environ, "SEEDREG_CACHE_DIR": cache})

        packages = (f"--with=tensorflow=={metadata.version('tensorflow')}",)
        made = with_cache(place.seedreg("verify", "models:small@0", *packages))
        made.run()
        python = _python_of_only_environment(with_cache(place.seedreg("envs", "list", "--json")))
        direct = with_cache(place.seedreg("verify", "models:small@0", "--python", python))
        pairs = alternate(made.run, direct.run, max(settings.repeat, _ENVIRONMENT_PAIRS))
        added = tuple(a - b for a, b in zip(pairs.numerators, pairs.denominators, strict=True))
    return Result(
        "cached-environment",
        "`seedreg verify --with …` in an existing environment, less that with its `--python`",
        "a second",
        "s",
        0.3,
        Pairs(added, (1.0,) * len(added)),
    )


@contextlib.contextmanager
def _registered(count: int, some: int = 0) -> Iterator[Project]:
    """A project with `count` small entries; the first `some` of them have the tag `some`."""
    with project() as place:
        if some:
            place.seedreg("register", "models:small", "--seed", f"0-{some - 1}", "--tag", "some").run()
        if count > some:
            place.seedreg("register", "models:small", "--seed", f"{some}-{count - 1}").run()
        yield place


def _python_of_only_environment(command: Command) -> str:
    done = subprocess.run(
        command.arguments, cwd=command.folder, env=dict(command.environ), capture_output=True, check=False
    )
    try:
        (one,) = json.loads(done.stdout)["environments"]
    except ValueError as error:
        raise CommandFailed("the created environment is not listed") from error
    return str(Path(one["path"]) / "bin" / "python")
