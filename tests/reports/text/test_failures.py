"""A failed build, as lines."""

from __future__ import annotations

from seedreg.domain.failure import FailureKind, build_failure
from seedreg.reports.text.failures import failure_lines

from ..values import GUIDE, joined


def test_a_failure_without_more_to_see_is_one_line() -> None:
    failure = build_failure(FailureKind.MEMORY)
    assert joined(failure_lines(failure, GUIDE, verbose=True)) == "memory: the build ran out of memory"
