"""The values that each setting allows, and how they are read."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import DEVICES, Seeding, is_device

DEFAULT_FACTORIES = ("models", "model")
ISOLATIONS = tuple(one.value for one in Isolation)
# Time-outs reach poll(), threading and SQLite's 32-bit milliseconds; about eleven days fit all of them.
MAX_TIMEOUT_S = 1_000_000

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# The seeding protocol and the device decide on the first two.
_OF_SEEDREG = re.compile(r"PYTHONHASHSEED|CUDA_VISIBLE_DEVICES|SEEDREG_.*")

Reader: TypeAlias = Callable[[object, Path], object]
"""Reads a value relative to a folder; raises ValueError or OverflowError if it is not allowed."""


def text(raw: object) -> str:
    """The value as text that is not blank."""
    found = os.fspath(raw) if isinstance(raw, os.PathLike) else raw
    if not isinstance(found, str) or not found.strip() or "\0" in found:
        raise ValueError
    return found


def absolute(path: str, base: Path) -> str:
    """The absolute path, where a relative one is relative to `base`."""
    return os.path.abspath(os.path.join(base, os.path.expanduser(path)))


def python(raw: object, base: Path) -> str:
    """An absolute path, or a bare command name."""
    found = text(raw)
    return absolute(found, base) if os.path.dirname(found) else found


def _db(raw: object, base: Path) -> str:
    found = text(raw)
    return found if "://" in found else absolute(found, base)


def _texts(raw: object, separator: str) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [part for part in raw.split(separator) if part.strip()]
        if not raw:
            raise ValueError
    if not isinstance(raw, (list, tuple)):
        raise ValueError
    return tuple(text(part).strip() for part in raw)


def variables(raw: object) -> tuple[str, ...]:
    """Environment variables as `NAME=VALUE`, from a table or from such texts.

    Raises:
        ValueError: if one of them is none, or one that seedreg itself sets.
    """
    if isinstance(raw, dict):
        raw = [f"{name}={value}" for name, value in raw.items() if isinstance(value, str) or _refuse()]
    found = _texts(raw, ",")
    for one in found:
        name, equals, _ = one.partition("=")
        if not equals or not _VARIABLE.fullmatch(name) or _OF_SEEDREG.fullmatch(name):
            raise ValueError
    return found


def _refuse() -> bool:
    raise ValueError


def _one_of(choices: tuple[str, ...]) -> tuple[str, Reader]:
    def read(raw: object, base: Path) -> str:
        found = text(raw)
        if found not in choices:
            raise ValueError
        return found

    return f"one of: {', '.join(choices)}", read


def _jobs(raw: object, base: Path) -> int:
    jobs = int(raw) if isinstance(raw, str) else raw
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError
    return jobs


def _seconds(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise ValueError
    seconds = float(raw)
    if not math.isfinite(seconds) or not 0 <= seconds <= MAX_TIMEOUT_S:
        raise ValueError
    return seconds


def _timeout(raw: object, base: Path) -> float:
    seconds = _seconds(raw)
    if seconds == 0:
        raise ValueError
    return seconds


def _device(raw: object, base: Path) -> str:
    found = text(raw)
    if not is_device(found):
        raise ValueError
    return found


_FOLDER: tuple[str, Reader] = ("a folder", lambda raw, base: Path(absolute(text(raw), base)))
PYTHON: tuple[str, Reader] = ("the path or command name of a Python", python)

VARIABLES = 'a table of variables and their values in quotes, e.g. {KERAS_BACKEND = "tensorflow"}'

# Each setting as people write it: what is allowed, and how a value is read.
KINDS: dict[str, tuple[str, Reader]] = {
    "db": ("a path or sqlite:///PATH", _db),
    "project": ("a name that is not empty", lambda raw, base: text(raw).strip()),
    "python": PYTHON,
    "factories": (
        'a list of modules, e.g. ["my_package.models"]',
        lambda raw, base: tuple(dict.fromkeys(_texts(raw, ","))),
    ),
    "pythonpath": (
        'a list of folders, e.g. ["lib"]',
        lambda raw, base: tuple(Path(absolute(path, base)) for path in _texts(raw, os.pathsep)),
    ),
    "environ": (VARIABLES, lambda raw, base: variables(raw)),
    "isolation": _one_of(ISOLATIONS),
    "jobs": ("a whole number of at least 1", _jobs),
    "timeout": (f"a number of seconds above 0 and up to {MAX_TIMEOUT_S}", _timeout),
    "seeding": _one_of(tuple(one.value for one in Seeding)),
    "device": (f"one of: {DEVICES}", _device),
    "busy_timeout": (f"a number of seconds from 0 to {MAX_TIMEOUT_S}", lambda raw, base: _seconds(raw)),
    "cache_dir": _FOLDER,
    "state_dir": _FOLDER,
}

# Not for `pyproject.toml`, which may come from somebody else: this folder holds which registries are trusted.
USER_ONLY = frozenset({"state_dir"})


def field_of(name: str) -> str:
    """The field of `Config` that holds the setting of this name."""
    return f"{name}_s" if name.endswith("timeout") else name
