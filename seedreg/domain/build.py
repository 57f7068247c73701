"""One run of a recipe: what is asked for, and the two ways it can end."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.entry import BuildFacts, Recipe, Source
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import Fingerprint


class Isolation(enum.Enum):
    """How the build's process comes to be: forked from a zygote, or a fresh interpreter."""

    AUTO = "auto"
    FORK = "fork"
    FRESH = "fresh"


@dataclass(frozen=True)
class Export:
    """Where and how a build writes its weights.

    `format` is `safetensors`, `npz`, `h5` (Keras' `.weights.h5`) or `objects` (one raw file a
    tensor, named by its SHA-256, in the folder `path`).
    """

    format: str
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


@dataclass(frozen=True)
class BuildFailure:
    """The build could not be judged.

    `kind` is a stable word (docs/worker-protocol.md lists them); `message` says what and which;
    `details` is a traceback and `output` the end of what the build printed, where there is one.
    """

    kind: str
    message: str
    hint: str | None = None
    details: str | None = None
    output: str | None = None
    duration_s: float = 0.0


Outcome: TypeAlias = Built | BuildFailure
