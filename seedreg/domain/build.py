"""One run of a recipe: what is asked for, and the two ways it can end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.entry import BuildFacts, Recipe, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.isolation import Isolation

__all__ = [
    "BuildFailure",
    "BuildRequest",
    "Built",
    "Export",
    "ExportFormat",
    "Isolation",
    "Outcome",
]


class ExportFormat(enum.Enum):
    """A form in which a build writes its weights.

    `H5` is Keras' `.weights.h5`; `OBJECTS` one raw file for each tensor, named by its SHA-256.
    """

    SAFETENSORS = "safetensors"
    NPZ = "npz"
    H5 = "h5"
    OBJECTS = "objects"


@dataclass(frozen=True)
class Export:
    """Where and how a build writes its weights; `path` is a folder for `OBJECTS`, else a file."""

    format: ExportFormat
    path: str


@dataclass(frozen=True)
class BuildRequest:
    """One build to run; `key` comes back with its outcome."""

    key: int
    recipe: Recipe
    isolation: Isolation = Isolation.AUTO
    export: Export | None = None


@dataclass(frozen=True)
class Built:
    """The build ended with weights."""

    fingerprint: Fingerprint
    environment: Environment
    source: Source
    facts: BuildFacts
    duration_s: float


Outcome: TypeAlias = Built | BuildFailure
