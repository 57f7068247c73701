"""What blame and bisect found, as lines."""

from __future__ import annotations

import pytest

from seedreg.domain.diagnosis import Blame, Cause
from seedreg.domain.diagnosis_facts import FactKind, fact
from seedreg.domain.verdict import Verdict
from seedreg.reports.lines import Line
from seedreg.reports.text.diagnosis import bisect_lines, blame_lines, trial_line

from .. import values
from ..diagnoses import CONTROL, FAILED, FORWARD, FOUND, HISTORY, KERAS, OPTREE


def after_the_head(lines: list[Line]) -> list[Line]:
    return lines[lines.index("") + 1 :]


def test_a_blame_is_told_as_a_table_and_what_it_amounts_to() -> None:
    short = values.ENTRY.short_id
    assert after_the_head(list(blame_lines(FOUND, values.GUIDE))) == [
        "ENVIRONMENT                  RESULT            WEIGHTS",
        "today's, created again       same as today     B",
        "today's with numpy 1.26.4    could not run     -",
        "today's with keras 2.15.0    same as baseline  A",
        "baseline's with keras 3.3.3  same as today     B",
        "  today's with numpy 1.26.4: environment: environment x could not be created: "
        "keras was not installed into it",
        "    hint: see whether a setting of uv (target, prefix) sends packages elsewhere",
        "equal letters are equal weights: A is baseline 1, B today where it differs",
        "",
        "found: keras 2.15.0 → 3.3.3",
        "  today's environment with only this undone gives the baseline's weights",
        "  the baseline's environment with only this changed gives today's weights",
        "  today's environment, created again from its versions, could not run:",
        "    environment x could not be created: keras was not installed into it",
        "  moving keras back is enough, but the drift needs the others too",
        "  the search ended after 4 builds; --builds allows more",
        "  optree (none) → 0.11.0 could not be moved back: there is no version of optree==0.10",
        "  numpy 1.26.4 → 2.0.0 could not be moved back: it has no metadata that says where it was installed "
        "from",
        "  not in any environment, because they cannot be installed again: mine",
        f"  next: seedreg bisect {short} --package keras",
    ]


def test_a_bisection_is_told_release_by_release() -> None:
    assert after_the_head(list(bisect_lines(HISTORY, values.GUIDE))) == [
        "KERAS   WEIGHTS  RESULT            OTHER PACKAGES",
        "2.15.0  A        same as baseline  optree (none) → 0.11.0",
        "3.0.0   C        a third value     as today",
        "3.1.0   -        could not run     as today",
        "3.2.0   A        same as baseline  as today",
        "3.3.1   B        same as today     as today",
        "3.3.3   B        same as today     as today",
        "  3.1.0: environment: environment x could not be created: keras was not installed into it",
        "    hint: see whether a setting of uv (target, prefix) sends packages elsewhere",
        "equal letters are equal weights: A is baseline 1, B today where it differs",
        "",
        "keras changes the weights in 3.0.0 (A → C)",
        "keras changes the weights back after 3.0.0, at the latest in 3.2.0 (C → A);",
        "  could not run: 3.1.0",
        "keras changes the weights between 3.2.0 and 3.3.1 (A → B); not built: 3.3.0",
        "between 3.3.1 and 3.3.3, both B, not built: 3.3.2",
        "not every release was tried in 6 builds; --builds allows more",
    ]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.NOT_FOUND, "not found: no package can be named"),
        (Cause.NOT_A_PACKAGE, "not found: no package and no Python that could be moved explains it"),
    ],
)
def test_where_nothing_is_found_it_says_what_is_known_and_where_to_look(cause: Cause, words: str) -> None:
    known = (fact(FactKind.SOURCE_CHANGED), fact(FactKind.MACHINE_CHANGED, changes=(KERAS,)))
    lines = list(blame_lines(Blame(values.DRIFTED, cause, (CONTROL,), known=known), values.GUIDE))
    assert lines[-4:] == [
        words,
        "  the factory's source changed since the baseline",
        "  the machine changed: keras 2.15.0 → 3.3.3",
        f"  next: seedreg show {values.ENTRY.short_id}",
    ]


def test_verbose_shows_what_each_trial_moved() -> None:
    lines = list(blame_lines(FOUND, values.GUIDE, verbose=True))
    assert "  baseline's with keras 3.3.3: moved python 3.12 → 3.11" in lines
    assert "    mine: there is no version of mine==0.1" in lines
    assert "  2.15.0: moved keras 3.3.3 → 2.15.0, optree (none) → 0.11.0" in list(
        bisect_lines(HISTORY, values.GUIDE, verbose=True)
    )


def test_a_trial_is_one_line() -> None:
    assert trial_line(CONTROL) == "today's, created again: same as today (B)  0.50 s"
    assert trial_line(FAILED) == (
        "today's with numpy 1.26.4: could not run (environment x could not be created: "
        "keras was not installed into it)  0.50 s"
    )


def test_a_group_is_told_as_one_and_a_direction_that_failed_as_it_was() -> None:
    group = Blame(values.DRIFTED, Cause.FOUND, (CONTROL,), (KERAS, OPTREE), FAILED, FORWARD)
    lines = list(blame_lines(group, values.GUIDE))
    assert lines[lines.index("") + 5 :] == [
        "found: keras 2.15.0 → 3.3.3 and optree (none) → 0.11.0",
        "  today's environment with only these undone: could not run",
        "  the baseline's environment with only these changed gives today's weights",
        "  none of them could be left out",
        f"  next: seedreg bisect {values.ENTRY.short_id} --package keras",
    ]


def test_an_entry_that_reproduces_has_nothing_to_blame() -> None:
    lines = list(blame_lines(Blame(values.REPRODUCED, Cause.NOTHING_CHANGED), values.GUIDE))
    assert lines[-1] == "it still reproduces: nothing is to blame"
    assert values.REPRODUCED.verdict is Verdict.REPRODUCED
