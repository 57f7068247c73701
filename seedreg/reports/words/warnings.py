"""What the warnings of a build say, in words."""

from __future__ import annotations


def warning_text(warning: str) -> str:
    """The warning on one line."""
    return warning
