"""Where a setting comes from, in words."""

from __future__ import annotations

from seedreg.config import Default, Given, Origin, Table, Variable


def origin_text(origin: Origin) -> str:
    """The origin on one line."""
    match origin:
        case Given():
            return "option"
        case Variable() | Table():
            return str(origin)
        case Default():
            return "default"
