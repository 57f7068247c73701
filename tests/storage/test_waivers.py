from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.audit import AuditCounts, Waiver
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
    SqliteFile,
    upgrade,
)
from seedreg.storage.schema import create

from .files import rows
from .values import (
    AT,
    IDS,
    LATER,
    LATEST,
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


MIDNIGHT = "2026-01-02T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("one", "known", "covered"),
    [
        (drifted(IDS[0]), waiver(), True),
        (drifted(IDS[0]), waiver(until="2026-01-02"), True),
        (drifted(IDS[0], at=MIDNIGHT), waiver(until="2026-01-01"), False),
        (drifted(IDS[0], letter="a"), waiver(), False),
        (drifted(IDS[1]), waiver(), False),
        (replace(drifted(IDS[0]), verdict=Verdict.NONDETERMINISTIC), waiver(), False),
        (failed_check(IDS[0], at=AT), waiver(), False),
        (drifted(IDS[0]), waiver(removed_at=LATER), False),
    ],
)
def test_a_waiver_covers_one_drift_of_one_entry_until_a_day(
    two: Repository, one: Check, known: Waiver, covered: bool
) -> None:
    number = two.audits.start(PLAN, AT)
    two.waivers.add(known)
    assert two.checks.add(part_of(number, one))
    expect(two, part_of(number, one), known if covered else None)


def expect(repository: Repository, one: Check, covering: Waiver | None) -> None:
    """What covers the only check of an audit."""
    assert one.audit is not None
    number, waived = one.audit.number, covering is not None
    assert repository.waivers.covering(one) == covering
    assert repository.audits.counts(number) == AuditCounts(4, {one.verdict: 1}, int(waived))
    assert repository.audits.verdicts(number) == {(one.entry_id, one.audit.label): (one.verdict, waived)}


def audited(repository: Repository, at: str) -> Check:
    """An audit that finds the drift which `waiver()` is for."""
    one = part_of(repository.audits.start(PLAN, at), drifted(IDS[0], at=at))
    assert repository.checks.add(one)
    return one


@pytest.mark.parametrize("clock", [(AT, LATER, LATEST), (LATEST, LATER, AT), (LATER, LATER, LATER)])
def test_what_a_waiver_covers_does_not_depend_on_the_clock(
    two: Repository, clock: tuple[str, str, str]
) -> None:
    first, second, third = clock
    before = audited(two, first)
    two.waivers.add(waiver(created_at=second))
    during = audited(two, second)
    two.waivers.remove(IDS[0], second)
    after = audited(two, third)
    expect(two, before, None)
    expect(two, during, waiver(created_at=second, removed_at=second))
    expect(two, after, None)


ROWS_BEFORE = """
INSERT INTO entries (id, project, factory, seed, recipe, created_at) VALUES ('e', 'p', 'm:f', 0, '', '');
INSERT INTO fingerprints VALUES (1, '', '', 0, 0, '', '');
INSERT INTO environments (id, digest, python, document) VALUES (1, '', '', '');
INSERT INTO baselines VALUES (1, 'e', 1, 1, 1, '', '', NULL, '');
"""


@pytest.mark.parametrize(
    ("checks", "created_at", "removed_at", "taken"),
    [
        ([AT, LATER, LATEST], LATER, None, (1, None)),
        ([AT, LATER, LATEST], LATER, LATEST, (1, 2)),
        ([AT, LATER, LATER], LATER, LATEST, (1, 3)),  # removed after the last check
        ([AT, LATER, LATEST, AT], LATER, LATEST, (4, 2)),  # the clock was set back: it covers less, not more
        ([], LATER, LATEST, (0, 0)),
    ],
)
def test_an_upgrade_takes_the_order_of_waivers_from_the_times(
    tmp_path: Path, checks: list[str], created_at: str, removed_at: str | None, taken: tuple[int, int | None]
) -> None:
    path = tmp_path / "older.db"
    assert create(SqliteFile(path), revision="0004_recipe_columns")
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(ROWS_BEFORE)
        file.executemany(
            "INSERT INTO checks (entry_id, baseline_id, verdict, at, duration_s) VALUES ('e', 1, '', ?, 0)",
            [(at,) for at in checks],
        )
        file.execute(
            "INSERT INTO waivers (entry_id, fingerprint, reason, until, created_at, removed_at)"
            " VALUES ('e', '', '', '', ?, ?)",
            (created_at, removed_at),
        )
    upgrade(SqliteFile(path))
    assert rows(path, "SELECT after_check, removed_after_check FROM waivers") == [taken]


def test_the_newest_of_the_waivers_that_cover_a_check_is_named(two: Repository) -> None:
    for reason in ("first", "second"):
        two.waivers.add(replace(waiver(), reason=reason))
    two.waivers.add(waiver(letter="a"))
    assert two.waivers.covering(audited(two, AT)) == replace(waiver(), reason="second")
