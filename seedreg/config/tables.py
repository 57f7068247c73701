"""Tables below `[tool.seedreg]` whose keys are read one by one: environments, entries, builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from seedreg.config.pyproject import unknown_key
from seedreg.config.values import Reader
from seedreg.errors import ConfigError, UsageError

Keys: TypeAlias = Mapping[str, tuple[str, str, Reader]]
"""Of each key: the name of its field, what is allowed, and how it is read."""


def listed_tables(table: dict[str, Any], key: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables of a list such as `[[tool.seedreg.entries]]`, each after the words for where it is.

    Args:
        table: what `[tool.seedreg]` of the file holds.
        key: the name of the list.
        path: the file, for messages.

    Raises:
        ConfigError: if it is something else.
    """
    listed = table.get(key, [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ConfigError(
            f"{key} ([tool.seedreg] in {path}) is not a list of tables",
            hint=f"begin each of them with a line [[tool.seedreg.{key}]]",
        )
    for number, one in enumerate(listed, start=1):
        yield f"table {number} of [[tool.seedreg.{key}]] in {path}", one


def read_table(table: dict[str, Any], where: str, keys: Keys, root: Path) -> dict[str, Any]:
    """The fields that a table gives; `where` says where it is.

    Raises:
        ConfigError: if a key is not known, or a value is not allowed.
    """
    fields: dict[str, Any] = {}
    for key, raw in table.items():
        if key not in keys:
            raise unknown_key(key, where, list(keys))
        field, allowed, read = keys[key]
        try:
            fields[field] = read(raw, root)
        except UsageError as error:
            raise ConfigError(f"{where}: {error.message}", hint=f"set {key} to {allowed}") from error
        except (ValueError, TypeError, RecursionError) as error:
            raise ConfigError(
                f"{key} = {raw!r} ({where}) is not {allowed}", hint=f"set {key} to {allowed}"
            ) from error
    return fields
