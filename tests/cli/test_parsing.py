"""Values of options that Click has no type for."""

from __future__ import annotations

from datetime import date

import pytest

from seedreg.cli.parsing import parse_day, parse_shard
from seedreg.domain.audit import Shard
from seedreg.errors import UsageError


def test_a_day_is_a_date() -> None:
    assert parse_day("2030-12-31") == date(2030, 12, 31)


@pytest.mark.parametrize("text", ["", "20301231", "2030-1-1", "2030-02-30", "2030-W01-1", "31.12.2030"])
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="is not a day"):
        parse_day(text)


def test_a_shard_is_one_of_several_parts() -> None:
    assert parse_shard("2/5") == Shard(2, 5)


@pytest.mark.parametrize("text", ["", "1", "0/1", "2/1", "1/", "1/2/3", "-1/2", "١/٢", "1/" + "1" * 5000])
def test_a_shard_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="is not K/N with K from 1 to N"):
        parse_shard(text)
