"""Small projects for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import Config, load_config
from seedreg.errors import Step, UsageError
from seedreg.factories.lookup import canonical_address

PLAIN = "def build_model(seed):\n    pass\n"


def project(root: Path, files: dict[str, str], **options: object) -> Config:
    (root / ".seedreg").mkdir(parents=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_config(options, {}, root)


def refused(
    text: str, config: Config, module: str | None = None, cwd: Path | None = None
) -> tuple[str, str | Step | None]:
    with pytest.raises(UsageError) as caught:
        canonical_address(text, config, module, cwd=cwd)
    return caught.value.message, caught.value.hint or caught.value.step
