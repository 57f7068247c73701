from __future__ import annotations

import pytest

from seedreg.environments.notices import Creating, Notice, Waiting
from seedreg.reports.words.notices import notice_text


@pytest.mark.parametrize(
    ("notice", "text"),
    [
        (Creating("old", 24, "3.7.16"), "creating environment old (24 packages, Python 3.7.16) …"),
        (Waiting("old"), "waiting for another command, which creates environment old …"),
    ],
)
def test_a_notice_is_one_line(notice: Notice, text: str) -> None:
    assert notice_text(notice) == text
