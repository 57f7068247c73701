"""How factories are built that need variables or an interpreter of their own: `[[tool.seedreg.builds]]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from seedreg.config.pyproject import BUILDS, unknown_key
from seedreg.config.values import PYTHON, VARIABLES, text, variables
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
    listed = table.get(BUILDS, [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ConfigError(
            f"builds ([tool.seedreg] in {path}) is not a list of tables",
            hint="begin each of them with a line [[tool.seedreg.builds]]",
        )
    for number, one in enumerate(listed, start=1):
        yield _settings(one, f"table {number} of [[tool.seedreg.builds]] in {path}", path.parent)


def _settings(table: dict[str, Any], where: str, root: Path) -> BuildSettings:
    fields: dict[str, Any] = {}
    for key, raw in table.items():
        if key not in KEYS:
            raise unknown_key(key, where, list(KEYS))
        allowed, read = KEYS[key]
        try:
            fields[key] = read(raw, root)
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{where}: {key} is not {allowed}", hint=f"set {key} to {allowed}") from error
    if "factory" not in fields:
        raise ConfigError(f"{where} names no factory", hint='add factory = "package.module:*"')
    return BuildSettings(**fields)


def _factory(raw: object, root: Path) -> str:
    found = text(raw).strip()
    if ":" not in found and found != "*":
        raise ValueError
    return found


# Each key of such a table: what is allowed, and how it is read.
KEYS: dict[str, tuple[str, Callable[[Any, Path], object]]] = {
    "factory": ('an address or a pattern of addresses, e.g. "models:*"', _factory),
    "environ": (VARIABLES, lambda raw, root: variables(raw)),
    "python": PYTHON,
}
