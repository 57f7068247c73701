"""Every storm in a small number of cases; docs/reliability.md says how to run more of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from storms.catalogue import STORMS
from storms.storm import Storm


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.name)
def test_a_storm_is_described_like_the_others(storm: Storm) -> None:
    assert storm.run.__module__ == f"storms.{storm.name.replace('-', '_')}"
    assert storm.title[0].isupper()
    assert not storm.title.endswith(".")
    assert storm.promise.endswith(".")
    assert all(part[0].isupper() or part[0] == "`" for part in storm.promise.split(". "))


@pytest.mark.slow
@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.name)
def test_no_case_of_a_storm_breaks_a_promise(storm: Storm, tmp_path: Path) -> None:
    if reason := storm.needs():
        pytest.skip(reason)
    tally = storm.run(storm.in_ci, 0, tmp_path)
    assert tally.broken == []
    assert tally.cases == storm.in_ci
