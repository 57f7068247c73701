"""docs/reliability.md has a result for every storm, of as many cases as the storm has by hand."""

from __future__ import annotations

import pytest
from storms.catalogue import STORMS
from storms.storm import Storm

from . import pages


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.name)
def test_every_storm_has_its_result_and_its_promise(storm: Storm) -> None:
    page = pages.text("docs/reliability.md")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{storm.name}` |")]
    _, _, title, cases, _, broken, _ = (cell.strip() for cell in row.split("|"))
    assert (title, broken) == (storm.title, "0")
    assert int(cases.replace(",", "")) >= storm.by_hand
    assert f"- `{storm.name}`: {storm.promise}\n" in page
