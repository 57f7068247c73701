"""Where environments and this user's own state are kept if no setting says otherwise."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# For a user without a home, as in some containers: nothing is found there, and nothing can be written.
_NOWHERE = Path(os.devnull, "seedreg")


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

    try:
        path = user_cache_path("seedreg", appauthor=False)
    except RuntimeError:  # since 4.4 where there is no home
        return _NOWHERE
    # Before 4.12 platformdirs follows a relative XDG_CACHE_HOME.
    return path if path.is_absolute() else _below_home(".cache")


def user_state_dir() -> Path:
    """Seedreg's folder where the platform keeps a user's state, e.g. `~/.local/state/seedreg`."""
    if sys.platform == "linux":
        # The same, without those 7 ms in every command that builds registered entries.
        return _below_home(".local/state")
    else:
        from platformdirs import user_state_path

        path = user_state_path("seedreg", appauthor=False)
        return path if path.is_absolute() else _below_home(".local/state")


def _below_home(folder: str) -> Path:
    path = Path(os.path.expanduser("~"), folder, "seedreg")
    return path if path.is_absolute() else _NOWHERE


def _xdg_dir(environ: Mapping[str, str], variable: str) -> Path | None:
    # The XDG specification: "All paths must be absolute; if relative, ignore."
    base = environ.get(variable, "")
    return Path(base, "seedreg") if os.path.isabs(base) else None
