"""What became of a recipe, as lines."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.results import Confirmed, Gone, Left, NotConfirmed, NotTried, Planned, Refused, Registered
from seedreg.reports.text.registration import registration_lines

from .. import values
from ..values import GUIDE, joined

ID = values.ENTRY.short_id


def test_each_end_of_a_registration_has_its_line() -> None:
    digest = values.PRINT.digest[:12]
    assert joined(registration_lines(Registered(values.ENTRY, values.BASELINE), GUIDE)) == (
        f"registered  {ID}  models:build@7  sr1:{digest}  3 tensors, 10 parameters"
    )
    assert joined(registration_lines(Confirmed(values.REPRODUCED), GUIDE)) == (
        f"already registered  {ID}  models:build@7  reproduces"
    )
    refused = Refused(values.RECIPE, values.NOT_EQUAL)
    assert joined(registration_lines(refused, GUIDE)) == (
        "refused  models:build@7\n"
        "  nondeterministic: two builds of models:build@0 differ in 1 of 2 tensors; the first is 'kernel' "
        "(values)\n"
        "  hint: the factory uses the clock"
    )
    not_tried = NotTried(values.RECIPE, (values.RECIPE.with_seed(8),))
    assert joined(registration_lines(not_tried, GUIDE)) == (
        "not tried  models:build  1 other seed, because the build of seed 7 failed"
    )


def test_what_the_configuration_lists_and_what_it_no_longer_lists_has_a_line() -> None:
    assert (
        joined(registration_lines(Left(values.ENTRY), GUIDE)) == f"already registered  {ID}  models:build@7"
    )
    assert joined(registration_lines(Planned(values.RECIPE), GUIDE)) == "would register  models:build@7"
    assert joined(registration_lines(Gone(values.ENTRY), GUIDE)) == (
        f"gone  {ID}  models:build@7  is no longer in the configuration; "
        f"`seedreg retire {ID}` takes it out of use"
    )


def test_a_known_entry_that_could_not_be_built_is_not_said_to_drift() -> None:
    first, second, *_ = map(str, registration_lines(NotConfirmed(values.failed()), GUIDE))
    assert first == f"already registered  {ID}  models:build@7  and could not be built:"
    assert second.startswith(f"  ERROR  {ID}  models:build@7")
    differ = next(registration_lines(NotConfirmed(values.NONDETERMINISTIC), GUIDE))
    assert str(differ) == f"already registered  {ID}  models:build@7  and two builds of it differ now:"


def test_a_retired_entry_that_is_registered_again_says_that_it_is_retired() -> None:
    retired = replace(values.REPRODUCED, entry=replace(values.ENTRY, retired_at=values.T2))
    assert joined(registration_lines(Confirmed(retired), GUIDE)) == (
        f"already registered  {ID}  models:build@7  reproduces\n"
        f"  it is retired; `seedreg unretire {ID}` brings it back"
    )


def test_a_refusal_with_a_traceback_says_how_to_see_it() -> None:
    refused = Refused(values.RECIPE, values.FAILURE)
    assert joined(registration_lines(refused, GUIDE)) == (
        "refused  models:build@7\n"
        "  raised: models:build raised KeyError: 'x'\n"
        "  next: the same command with --verbose shows more of what happened"
    )
    assert joined(registration_lines(refused, GUIDE, verbose=True)) == (
        "refused  models:build@7\n"
        "  raised: models:build raised KeyError: 'x'\n"
        "  Traceback (most recent call last):\n"
        '    File "models.py", line 8, in build\n'
        "  KeyError: 'x'\n"
        "  it printed:\n"
        "    loading …"
    )


def test_a_known_entry_that_drifted_says_that_nothing_was_overwritten() -> None:
    lines = joined(registration_lines(NotConfirmed(values.DRIFTED), GUIDE)).splitlines()
    assert lines[0] == f"already registered  {ID}  models:build@7  and no longer reproduces:"
    assert lines[1] == f"  DRIFTED  {ID}  models:build@7  0.25 s"
    assert lines[-2:] == [
        "  nothing was overwritten",
        f"  `seedreg accept {ID} --reason …` makes this build its new baseline",
    ]


def test_a_known_entry_that_could_not_be_judged_is_not_offered_for_acceptance() -> None:
    lines = joined(registration_lines(NotConfirmed(values.failed()), GUIDE)).splitlines()
    assert lines[-1] == f"    next: seedreg show {ID}"
