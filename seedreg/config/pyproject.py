"""What a `pyproject.toml` says: `[tool.seedreg]`, and the project's name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from seedreg.config.values import KINDS, USER_ONLY
from seedreg.domain.distributions import normal_name
from seedreg.errors import ConfigError

# A key of [tool.seedreg] that is no setting: a table for each environment.
ENVS = "envs"
# Another one: a list of tables, one for each entry that is to be registered.
ENTRIES = "entries"
# And a list of tables with what builds of some factories need.
BUILDS = "builds"

# The name at the beginning of a requirement (PEP 508).
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)", re.ASCII)


def read_pyproject(path: Path, *, wants_project: bool) -> tuple[dict[str, Any], object]:
    """The table `[tool.seedreg]`, and `[project] name` if it is wanted; `{}` and None where there is none.

    Raises:
        ConfigError: if the file cannot be read, is not TOML, or has an unknown key.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    # The parser costs 10 ms of start-up; a file that does not mention seedreg is not parsed.
    if b"seedreg" not in data and not (wants_project and b"project" in data):
        return {}, None
    document = _parse_toml(data, path)
    tool = document.get("tool")
    table = tool.get("seedreg", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(
            f"[tool.seedreg] in {path} is not a table", hint="begin it with a line [tool.seedreg]"
        )
    for key in table:
        if key in USER_ONLY:
            raise ConfigError(
                f"{key} in {path} is a setting of the user, not of a project",
                hint=f"set the variable SEEDREG_{key.upper()}",
            )
        if key not in KINDS and key not in (ENVS, ENTRIES, BUILDS):
            known = [name for name in KINDS if name not in USER_ONLY]
            raise unknown_key(key, f"[tool.seedreg] in {path}", [*known, ENVS, ENTRIES, BUILDS])
    project = document.get("project")
    return table, project.get("name") if wants_project and isinstance(project, dict) else None


def declared_distributions(path: Path) -> frozenset[str]:
    """The normal names of the distributions that the `pyproject.toml` declares, and of its own.

    Those of `[project]`, `[dependency-groups]` and Poetry's tables; nothing if the file cannot be read. No
    model comes from those of `[build-system]`, and they start programs.
    """
    try:
        document = _parse_toml(path.read_bytes(), path)
    except (OSError, ConfigError):
        return frozenset()
    found: set[str] = set()
    for requirement in _requirements(document):
        match = _NAME.match(requirement)
        if match is not None:
            found.add(normal_name(match[1]))
    return frozenset(found)


def _requirements(document: dict[str, Any]) -> Iterator[str]:
    project, poetry = _at(document, "project"), _at(document, "tool", "poetry")
    lists = [
        [project.get("name"), poetry.get("name")],
        project.get("dependencies"),
        *_at(project, "optional-dependencies").values(),
        *_at(document, "dependency-groups").values(),
        list(_at(poetry, "dependencies")),
        *(list(_at(group, "dependencies")) for group in _at(poetry, "group").values()),
    ]
    for one in lists:
        yield from (item for item in one if isinstance(item, str)) if isinstance(one, list) else ()


def _at(document: object, *keys: str) -> dict[str, Any]:
    """The table below these keys; empty where there is none."""
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def unknown_key(key: str, where: str, known: list[str]) -> ConfigError:
    """The error for a key that does not exist; it names the nearest one that does."""
    from difflib import get_close_matches  # 1 ms of start-up, for an error

    near = get_close_matches(key.lower(), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
    return ConfigError(f"unknown key {key!r} in {where}", hint=hint)


def _parse_toml(data: bytes, path: Path) -> dict[str, Any]:
    tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        document: dict[str, Any] = tomllib.loads(data.decode())
    except RecursionError as error:
        raise ConfigError(f"{path}: not valid TOML: nested too deeply") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8, which TOML requires") from error
    except tomllib.TOMLDecodeError as error:
        # The parser says `… (at line 3, column 7)` or `… (at end of document)`.
        match = re.search(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        reason = match[1] if match else str(error)
        where = match[2] if match and match[2] else len(data.splitlines())
        raise ConfigError(f"{path}, line {where}: not valid TOML: {reason}") from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise ConfigError(f"{path}: a number has too many digits") from error
    return document
