"""What the user wants on the terminal: colour, and how much is said."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from typing import TextIO


class Color(enum.Enum):
    """When words are coloured."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_wanted = {"color": Color.AUTO, "quiet": False}


def reset() -> None:
    """Forget what another command of this process was given."""
    _wanted.update(color=Color.AUTO, quiet=False)


def want_color(color: Color) -> None:
    """Colour as `--color` says, from now on."""
    _wanted["color"] = color


def want_quiet() -> None:
    """Print only what failed and what the command is for, from now on."""
    _wanted["quiet"] = True


def is_quiet() -> bool:
    """Whether progress, notes, summaries and what reproduces are left out."""
    return bool(_wanted["quiet"])


def color(environ: Mapping[str, str] = os.environ) -> bool | None:
    """Whether words are coloured; None where that depends on whether the stream is a terminal.

    `--color` comes first, then NO_COLOR, FORCE_COLOR and TERM=dumb, as in Python's own programs.
    """
    match _wanted["color"]:
        case Color.ALWAYS:
            return True
        case Color.NEVER:
            return False
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return False if is_dumb(environ) else None


def is_dumb(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal cannot move its cursor."""
    return environ.get("TERM", "") in ("dumb", "unknown")


def width(stream: TextIO) -> int | None:
    """Columns of the terminal that the stream is; None where it is none, or has gone."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None if stream.isatty() else None
    except (OSError, ValueError):
        return None
