"""Where a registry is; `opening.py` opens it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from seedreg.errors import ConfigError

_URL_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_SQLITE_SCHEMES = ("sqlite", "sqlite+pysqlite")


@dataclass(frozen=True)
class SqliteFile:
    """A registry in one SQLite file; kept weights are in the folder `objects` beside it."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Location: TypeAlias = SqliteFile
"""Every kind of place that can hold a registry; `str()` names it without a password."""


def parse_location(text: str, base: Path) -> Location:
    """The place that a setting names: a path or `sqlite:///PATH`; relative paths start at `base`.

    Raises:
        ConfigError: for any other URL, and for text that is not a path.
    """
    scheme, separator, rest = text.partition("://")
    if separator and _URL_SCHEME.fullmatch(scheme):
        # The URL itself is not repeated: it may hold a password.
        if scheme not in _SQLITE_SCHEMES:
            raise ConfigError(
                f"the registry cannot be at a {scheme}:// URL: only SQLite files are supported",
                hint="give a path, or sqlite:///PATH",
            )
        if not rest.startswith("/") or rest[1:] in ("", ":memory:") or "?" in rest:
            raise ConfigError(
                f"{text!r} does not name a registry file",
                hint="write sqlite:///relative/path or sqlite:////absolute/path, without options",
            )
        text = rest[1:]
    if not text.strip() or "\0" in text:
        raise ConfigError(f"{text!r} is not a path of a registry")
    try:
        return SqliteFile(base / os.path.expanduser(text))
    except ValueError as error:  # half a character after ~
        raise ConfigError(f"{text!r} is not a path of a registry") from error
