from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.audit import AuditCounts, Waiver
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
)

from .values import (
    AT,
    IDS,
    LATER,
    PLAN,
    UNKNOWN,
    drifted,
    failed_check,
    part_of,
    waiver,
)


def test_waivers_come_back_until_they_are_removed(two: Repository) -> None:
    stored = (waiver(), waiver(letter="a", until="2026-01-01"), waiver(IDS[1]))
    for one in stored:
        two.waivers.add(one)
    assert two.waivers.all() == stored
    assert two.waivers.of_entry(IDS[0]) == stored[:2]
    assert (two.waivers.remove(IDS[0], LATER), two.waivers.remove(IDS[0], LATER)) == (2, 0)
    assert (two.waivers.of_entry(IDS[0]), two.waivers.all()) == ((), stored[2:])
    assert two.waivers.of_entry(IDS[0], removed=True) == (
        replace(stored[0], removed_at=LATER),
        replace(stored[1], removed_at=LATER),
    )
    assert two.waivers.of_entry(IDS[1], removed=True) == stored[2:]
    two.waivers.add(stored[0])
    assert two.waivers.of_entry(IDS[0]) == stored[:1]


def test_an_unknown_entry_has_no_waivers_and_takes_none(two: Repository) -> None:
    assert two.waivers.of_entry(UNKNOWN) == ()
    for use in (lambda: two.waivers.add(waiver(UNKNOWN)), lambda: two.waivers.remove(UNKNOWN, AT)):
        with pytest.raises(RegistryError, match="no entry 000000000000"):
            use()


BEFORE = "2026-01-01T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("one", "known", "covered"),
    [
        (drifted(IDS[0]), waiver(), True),
        (drifted(IDS[0], at=BEFORE), waiver(), False),
        (drifted(IDS[0]), waiver(until="2026-01-02"), True),
        (drifted(IDS[0]), waiver(until="2026-01-01", created_at=BEFORE), False),
        (drifted(IDS[0], letter="a"), waiver(), False),
        (drifted(IDS[1]), waiver(), False),
        (replace(drifted(IDS[0]), verdict=Verdict.NONDETERMINISTIC), waiver(), False),
        (failed_check(IDS[0], at=AT), waiver(), False),
        (drifted(IDS[0]), waiver(removed_at=LATER), True),
        (drifted(IDS[0], at=LATER), waiver(removed_at=LATER), False),
        (drifted(IDS[0], at=LATER), waiver(removed_at=AT), False),
    ],
)
def test_the_domain_and_the_database_agree_on_what_a_waiver_covers(
    two: Repository, one: Check, known: Waiver, covered: bool
) -> None:
    number = two.audits.start(PLAN, AT)
    two.checks.add(part_of(number, one))
    two.waivers.add(known)
    assert known.covers(one) is covered
    assert two.waivers.covering(one) == (known if covered else None)
    assert two.audits.counts(number) == AuditCounts(4, {one.verdict: 1}, int(covered))


def test_the_newest_of_the_waivers_that_cover_a_check_is_told(two: Repository) -> None:
    for reason in ("first", "second"):
        two.waivers.add(replace(waiver(), reason=reason))
    two.waivers.add(waiver(letter="a"))
    assert two.waivers.covering(drifted(IDS[0])) == replace(waiver(), reason="second")
