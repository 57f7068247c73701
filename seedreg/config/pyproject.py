"""What a `pyproject.toml` says: `[tool.seedreg]`, and the project's name."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from seedreg.config.values import KINDS
from seedreg.errors import ConfigError

# A key of [tool.seedreg] that is no setting: a table for each environment.
ENVS = "envs"


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
        if key not in KINDS and key != ENVS:
            raise unknown_key(key, f"[tool.seedreg] in {path}", [*KINDS, ENVS])
    project = document.get("project")
    return table, project.get("name") if wants_project and isinstance(project, dict) else None


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
    return document
