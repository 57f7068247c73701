"""Verifying small entries, one and fifty, against bare scripts that build and hash the same models."""

from __future__ import annotations

from benchmarks.measure import alternate, cores, run_together
from benchmarks.project import project
from benchmarks.results import Result, Settings

_SEEDS = 50


def verify_one(settings: Settings) -> Result:
    """The cost of one verification, compared with doing it by hand."""
    with project() as place:
        place.seedreg("register", "models:small", "--seed", "0").run()
        pairs = alternate(
            place.seedreg("verify", "models:small@0").run, place.bare("small", 0).run, settings.repeat
        )
    return Result(
        "verify-one",
        "`seedreg verify` of one small entry",
        "a script that imports TensorFlow, seeds, builds and hashes",
        "s",
        1.25,
        pairs,
    )


def verify_fifty(settings: Settings) -> Result:
    """What the shared import of TensorFlow saves if there is more than one entry."""
    at_once = cores()
    count = min(_SEEDS, -(-settings.scripts // at_once) * at_once)
    with project() as place:
        place.seedreg("register", "models:small", "--seed", f"0-{_SEEDS - 1}").run()
        scripts = [place.bare("small", seed) for seed in range(count)]
        scripts[0].run()
        pairs = alternate(
            lambda: run_together(scripts, at_once) * _SEEDS / count,
            place.seedreg("verify", "models:small").run,
            settings.repeat,
        )
    note = f"{count} scripts were run and their time multiplied by {_SEEDS / count:g}."
    return Result(
        "verify-fifty",
        f"{_SEEDS} such scripts, {at_once} at once",
        f"`seedreg verify` of {_SEEDS} small entries in one command",
        "s",
        15,
        pairs,
        at_least=True,
        note="" if count == _SEEDS else note,
    )
