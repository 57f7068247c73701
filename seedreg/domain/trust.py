"""Which registered entries a command may build."""

from __future__ import annotations

import enum


class Trust(enum.Enum):
    """Building an entry runs the function that its registry names."""

    OWN = "own"
    """All of a registry that this user created here; of others, what is the project's or what it declares."""
    ALL = "all"
    """All of any registry: the user says so."""
