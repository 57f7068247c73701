"""Where environments are kept if no setting says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def xdg_cache_dir(environ: Mapping[str, str]) -> Path | None:
    """Seedreg's folder below `XDG_CACHE_HOME`; None if that is not set, or not absolute.

    The XDG specification: "All paths must be absolute; if relative, ignore."
    """
    base = environ.get("XDG_CACHE_HOME", "")
    return Path(base, "seedreg") if os.path.isabs(base) else None


def user_cache_dir() -> Path:
    """Seedreg's folder where the platform keeps caches, e.g. `~/.cache/seedreg`."""
    # 7 ms of start-up, which only commands that use environments spend.
    from platformdirs import user_cache_path

    path = user_cache_path("seedreg", appauthor=False)
    # Before 4.12 platformdirs follows a relative XDG_CACHE_HOME.
    return path if path.is_absolute() else Path.home() / ".cache" / "seedreg"
