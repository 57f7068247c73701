"""The settings of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seedreg.reports.table import table_lines
from seedreg.reports.words.origins import origin_text

if TYPE_CHECKING:
    from seedreg.config import Config


def setting_lines(config: Config) -> Iterator[str]:
    """A table of all settings: name, value, and where the value comes from."""
    root = ("root", str(config.root), "nearest folder with pyproject.toml, .git or .seedreg")
    rows = [(setting.name, _text(setting.value), origin_text(setting.origin)) for setting in config.settings]
    yield from table_lines([root, *rows])


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
