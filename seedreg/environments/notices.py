"""What a cache of environments reports before it takes long; the words are in `reports.words.notices`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Creating:
    """An environment is created now; `packages` are counted."""

    label: str
    packages: int
    python: str


@dataclass(frozen=True)
class Waiting:
    """Another command creates the same environment; this one waits for it."""

    label: str


Notice: TypeAlias = Creating | Waiting
