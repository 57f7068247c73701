"""Values of options that Click has no type for."""

from __future__ import annotations

from datetime import date

import pytest

from seedreg.cli.parsing import parse_day
from seedreg.errors import UsageError


def test_a_day_is_a_date() -> None:
    assert parse_day("2030-12-31") == date(2030, 12, 31)


@pytest.mark.parametrize("text", ["", "20301231", "2030-1-1", "2030-02-30", "2030-W01-1", "31.12.2030"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="is not a day"):
        parse_day(text)
