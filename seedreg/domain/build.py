"""One run of a recipe: what is asked for, and the two ways it can end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe


class ExportFormat(enum.Enum):
    """A form in which a build writes its weights.

    `H5` is Keras' own file; `OBJECTS` is a folder with one raw file for each tensor, named by its SHA-256.
    """

    SAFETENSORS = "safetensors"
    NPZ = "npz"
    H5 = "h5"
    OBJECTS = "objects"

    @property
    def suffix(self) -> str:
        """The end of the file's name; Keras accepts no other for its own."""
        return _SUFFIXES[self]


_SUFFIXES = {
    ExportFormat.SAFETENSORS: ".safetensors",
    ExportFormat.NPZ: ".npz",
    ExportFormat.H5: ".weights.h5",
    ExportFormat.OBJECTS: "",
}


@dataclass(frozen=True)
class BuildRequest:
    """One build to run; `key` comes back with its outcome.

    `export` asks for the weights as files. The executor decides where they are written. `expected` is the
    digest that would confirm what is known already; an executor may then run the build in a quicker way, as
    long as it repeats in a process of its own what does not confirm it. None where nothing is known.
    """

    key: int
    recipe: Recipe
    isolation: Isolation = Isolation.AUTO
    export: ExportFormat | None = None
    expected: str | None = None

    @cached_property
    def group(self) -> Recipe:
        """What it has in common with builds that differ from it in the seed alone."""
        return self.recipe.with_seed(0)

    def is_confirmed_by(self, outcome: Outcome) -> bool:
        """Whether the outcome is what is known already."""
        return isinstance(outcome, Built) and outcome.fingerprint.digest == self.expected


@dataclass(frozen=True)
class Built:
    """The build ended with weights.

    `exported` is what it wrote if it was asked to, on this machine, wherever the build ran: a file, or
    for `OBJECTS` a folder. Whoever takes the outcome moves or deletes it; the executor deletes what is
    left when it is closed.
    """

    fingerprint: Fingerprint
    environment: Environment
    source: Source
    facts: BuildFacts
    duration_s: float
    exported: Path | None = None


Outcome: TypeAlias = Built | BuildFailure
