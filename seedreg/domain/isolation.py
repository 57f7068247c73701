"""How a build gets its process."""

from __future__ import annotations

import enum


class Isolation(enum.Enum):
    """A fork of a zygote, a fresh interpreter, or a process that has built before.

    `AUTO` leaves the choice between the first two to the executor. As a setting, `SHARED` is `AUTO` until a
    build in a process of its own has confirmed what is known of its factory; further seeds may then share a
    process, in which they can be confirmed and never accused.
    """

    AUTO = "auto"
    FORK = "fork"
    FRESH = "fresh"
    SHARED = "shared"
