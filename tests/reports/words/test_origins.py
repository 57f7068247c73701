from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import Default, Given, Origin, Table, Variable
from seedreg.reports.words.origins import origin_text


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Given(), "option"),
        (Variable("SEEDREG_DB"), "SEEDREG_DB"),
        (Table("[tool.seedreg]", Path("/p/pyproject.toml")), "[tool.seedreg] in /p/pyproject.toml"),
        (Default(), "default"),
    ],
)
def test_an_origin_is_one_line(origin: Origin, text: str) -> None:
    assert origin_text(origin) == text
