"""The files of the project that a build reads with Python's own `open`."""

import os
import sys
from stat import S_ISREG
from typing import Any, List, Optional, Set, Tuple

_MOST_NAMES = 20
_MOST_OPENED = 10000
# Code, compiled code, and notebooks.
_NO_DATA = (".py", ".pyc", ".pyi", ".pyd", ".so", ".pth", ".ipynb")
_FOLDERS = ("__pycache__", "site-packages", "dist-packages", "node_modules")

_watched: Optional[Set[str]] = None


def watch() -> None:
    """Note from now on what this process and its forks open to read; before Python 3.8 nothing is noted."""
    global _watched
    if _watched is None and hasattr(sys, "addaudithook"):
        _watched = set()
        sys.addaudithook(_noted)


def _noted(event: str, arguments: Tuple[Any, ...]) -> None:
    # It is called for every event of the interpreter, so it begins with what sorts out nearly all of them.
    if event != "open":
        return
    path, mode, flags = arguments
    reads = "r" in mode if type(mode) is str else not flags & (os.O_WRONLY | os.O_RDWR)
    if type(path) is str and reads and not path.endswith(_NO_DATA):
        if _watched is not None and len(_watched) < _MOST_OPENED:
            try:
                _watched.add(os.path.abspath(path))  # user code may change the folder later
            except OSError:
                pass


def files_below(root: str) -> Tuple[List[str], bool]:
    """The regular files below the folder that were opened, relative to it, and whether there are more.

    Hidden files and folders, and those of installed packages, are left out.
    """
    top = os.path.abspath(root)
    names = []
    for path in sorted(_watched or ()):
        if not path.startswith(top.rstrip("/") + "/") or path.startswith(_installed(top)):
            continue
        name = os.path.relpath(path, top)
        parts = name.split("/")
        if any(part.startswith(".") or part in _FOLDERS for part in parts):
            continue
        if any(part.endswith((".dist-info", ".egg-info")) for part in parts):
            continue
        try:
            regular = S_ISREG(os.stat(path).st_mode)
        except OSError:  # it was a temporary file
            continue
        if regular:
            names.append(name.encode("utf-8", "replace").decode("utf-8"))
    return names[:_MOST_NAMES], len(names) > _MOST_NAMES


def _installed(top: str) -> Tuple[str, ...]:
    """The folders of the interpreter, unless the project is in one of them."""
    found = {os.path.abspath(prefix).rstrip("/") + "/" for prefix in (sys.prefix, sys.base_prefix)}
    return tuple(each for each in found if not (top + "/").startswith(each))
