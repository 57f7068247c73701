"""ResNet50 (25.6 million parameters): the time of a fingerprint, and the memory of a verification."""

from __future__ import annotations

import sys

from benchmarks.measure import CommandFailed, Pairs, alternate
from benchmarks.project import environment, project
from benchmarks.results import Result, Settings
from seedreg.domain.build import BuildRequest, Built
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor
from seedreg.reports.words.failures import failure_message


def fingerprint(settings: Settings) -> Result:
    """What hashing and statistics cost, compared with the build itself."""
    recipe = Recipe("benchmark", "models:resnet50", 0)
    measured: list[tuple[float, float]] = []
    with project() as place, LocalExecutor(sys.executable, place.folder, environ=environment()) as executor:
        for key in range(settings.repeat + 1):
            ((_, outcome),) = executor.run([BuildRequest(key, recipe, Isolation.FRESH)])
            if not isinstance(outcome, Built):
                raise CommandFailed(f"ResNet50 could not be built: {failure_message(outcome)}")
            measured.append((outcome.facts.fingerprint_s, outcome.facts.build_s))
    del measured[0]  # it read files from the disk and wrote bytecode caches
    return Result(
        "resnet-fingerprint",
        "the fingerprint of ResNet50, with statistics",
        "building it",
        "s",
        0.25,
        Pairs(tuple(a for a, _ in measured), tuple(b for _, b in measured)),
    )


def memory(settings: Settings) -> Result:
    """The memory of a verification, compared with that of the model alone."""
    with project() as place:
        place.seedreg("register", "models:resnet50", "--seed", "0").run()
        pairs = alternate(
            place.seedreg("verify", "models:resnet50@0").peak_memory,
            place.bare("resnet50", 0).peak_memory,
            settings.repeat,
        )
    return Result(
        "resnet-memory",
        "`seedreg verify` of ResNet50, all its processes",
        "the bare script",
        "MB",
        1.1,
        pairs,
        note="Peak of the sum of the proportional set sizes (PSS) of the process and its descendants, "
        "sampled every 20 ms.",
    )
