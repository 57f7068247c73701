"""Which registered entries a command may build, and how registries are known."""

from __future__ import annotations

import enum
import re

_IDENTITY = re.compile("[0-9a-f]{32}")


class Trust(enum.Enum):
    """Building an entry runs the function that its registry names."""

    OWN = "own"
    """All entries of registries that this user created here. Of other registries only entries whose factories
    are the project's, or in packages that it declares."""
    ALL = "all"
    """All entries of every registry."""


def is_identity(text: str) -> bool:
    """Whether this is the random number by which a registry is known: 128 bits in hexadecimal."""
    return _IDENTITY.fullmatch(text) is not None
