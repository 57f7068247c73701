"""Pins: the lines in which uv names each distribution of a resolution."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from seedreg.domain.distributions import normal_name

# A pin that names a release of an index, or an archive: what a constraint may say.
_RELEASE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?\s*(==|@)\s*\S+")


def is_release(pin: str) -> bool:
    """Whether the pin names a release or an archive, and not a path."""
    return _RELEASE.match(pin) is not None


def released_names(pins: Iterable[str]) -> set[str]:
    """The normal names of the pins that are releases."""
    return {normal_name(match[1]) for match in map(_RELEASE.match, pins) if match}


def local_path(pin: str) -> str | None:
    """The path on this machine that a pin installs from; None for the others."""
    text = pin.removeprefix("-e").strip()
    _, _, url = text.partition("file://")
    if url:
        return unquote(url.split("#")[0].split(" ;")[0])
    if pin.startswith("-e") or text.startswith((".", "/")) or not is_release(text):
        return text.split(" ;")[0].strip()
    return None
