"""Where environments and this user's own state are kept if no setting says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def xdg_cache_dir(environ: Mapping[str, str]) -> Path | None:
    """Seedreg's folder below `XDG_CACHE_HOME`; None if that is not set, or not absolute."""
    return _xdg_dir(environ, "XDG_CACHE_HOME")


def xdg_state_dir(environ: Mapping[str, str]) -> Path | None:
    """Seedreg's folder below `XDG_STATE_HOME`; None if that is not set, or not absolute."""
    return _xdg_dir(environ, "XDG_STATE_HOME")


def user_cache_dir() -> Path:
    """Seedreg's folder where the platform keeps caches, e.g. `~/.cache/seedreg`."""
    # 7 ms of start-up, which only commands that use environments spend.
    from platformdirs import user_cache_path

    path = user_cache_path("seedreg", appauthor=False)
    # Before 4.12 platformdirs follows a relative XDG_CACHE_HOME.
    return path if path.is_absolute() else Path.home() / ".cache" / "seedreg"


def user_state_dir() -> Path:
    """Seedreg's folder where the platform keeps a user's state, e.g. `~/.local/state/seedreg`."""
    # 7 ms of start-up, which only commands that build registered entries spend.
    from platformdirs import user_state_path

    path = user_state_path("seedreg", appauthor=False)
    return path if path.is_absolute() else Path.home() / ".local" / "state" / "seedreg"


def _xdg_dir(environ: Mapping[str, str], variable: str) -> Path | None:
    # The XDG specification: "All paths must be absolute; if relative, ignore."
    base = environ.get(variable, "")
    return Path(base, "seedreg") if os.path.isabs(base) else None
