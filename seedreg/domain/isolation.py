"""How a build gets a process of its own."""

from __future__ import annotations

import enum


class Isolation(enum.Enum):
    """A fork of a zygote, or a fresh interpreter; `AUTO` leaves the choice to the executor."""

    AUTO = "auto"
    FORK = "fork"
    FRESH = "fresh"
