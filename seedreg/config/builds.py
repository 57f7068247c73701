"""How factories are built that need variables or an interpreter of their own: `[[tool.seedreg.builds]]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from seedreg.config.pyproject import BUILDS
from seedreg.config.tables import listed_tables, read_table
from seedreg.config.values import PYTHON, VARIABLES, Reader, text, variables
from seedreg.errors import ConfigError


@dataclass(frozen=True)
class BuildSettings:
    """What builds of the factories get whose address fits the pattern.

    `environ` are variables as `NAME=VALUE`. Where `python` is None, the setting of that name counts.
    """

    factory: str
    environ: tuple[str, ...] = ()
    python: str | None = None

    def fits(self, address: str) -> bool:
        """Whether they are those of the factory at this address."""
        return fnmatchcase(address, self.factory)


def build_settings(table: dict[str, Any], path: Path) -> Iterator[BuildSettings]:
    """What the table `[tool.seedreg]` of the file at `path` says of builds.

    Raises:
        ConfigError: if something of it is wrong.
    """
    for where, one in listed_tables(table, BUILDS, path):
        fields = read_table(one, where, KEYS, path.parent)
        if "factory" not in fields:
            raise ConfigError(f"{where} names no factory", hint='add factory = "package.module:*"')
        yield BuildSettings(**fields)


def _factory(raw: object, root: Path) -> str:
    found = text(raw).strip()
    if ":" not in found and found != "*":
        raise ValueError
    return found


# Each key of such a table: its field, what is allowed, and how it is read.
KEYS: dict[str, tuple[str, str, Reader]] = {
    "factory": ("factory", 'an address or a pattern of addresses, e.g. "models:*"', _factory),
    "environ": ("environ", VARIABLES, lambda raw, root: variables(raw)),
    "python": ("python", *PYTHON),
}
