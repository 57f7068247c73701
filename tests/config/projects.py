"""Projects with a `pyproject.toml`, and the errors of loading their configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import Config, Origin, load_config
from seedreg.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error(options: dict[str, object], environ: dict[str, str], cwd: Path) -> tuple[str, str | None]:
    with pytest.raises(ConfigError) as caught:
        load_config(options, environ, cwd)
    return caught.value.message, caught.value.hint


def origins(config: Config) -> dict[str, Origin]:
    return {setting.name: setting.origin for setting in config.settings}
