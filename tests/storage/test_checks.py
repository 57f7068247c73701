from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.entry import Source
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
)

from .values import (
    AT,
    IDS,
    LATER,
    PLAN,
    SOURCE,
    UNKNOWN,
    baseline,
    check,
    drifted,
    entry,
    environment,
    failed_check,
    fingerprint,
    part_of,
)


def test_checks_come_back_as_they_were_the_oldest_first(repository: Repository) -> None:
    id_ = entry().id
    repository.entries.add(entry(), baseline())
    repository.entries.add(entry(1), baseline())
    repository.baselines.add(id_, baseline(2, "f"))
    stored = (
        check(id_, Verdict.DRIFTED, at=LATER),
        failed_check(id_, at=AT),
        replace(
            check(id_, Verdict.NONDETERMINISTIC, number=2),
            outcome=Observed(fingerprint(), environment("2.21.0"), Source()),
        ),
    )
    for one in stored:
        repository.checks.add(one)
    repository.checks.add(check(entry(1).id))
    assert repository.checks.of_entry(id_) == stored


def test_a_check_of_a_baseline_that_is_not_there_is_refused(repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    for one in (check(entry().id, number=2), check(UNKNOWN)):
        with pytest.raises(
            RegistryError, match=f"entry {one.entry_id[:12]} has no baseline {one.baseline_number}"
        ):
            repository.checks.add(one)


def checks_of(repository: Repository, number: int) -> tuple[Check, ...]:
    return tuple(check for check, _, _ in repository.audits.checks(number))


def test_an_audit_holds_a_check_once(path: Path, two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    first = part_of(number, check(IDS[0]))
    second = part_of(number, drifted(IDS[0], at=LATER))
    assert two.checks.add(first)
    assert not two.checks.add(second)
    assert two.checks.add(part_of(number, second, "newer"))
    assert two.checks.add(replace(second, entry_id=IDS[1]))
    assert two.checks.add(part_of(two.audits.start(PLAN, AT), second))
    assert checks_of(two, number) == (
        first,
        part_of(number, second, "newer"),
        replace(second, entry_id=IDS[1]),
    )


def test_a_check_that_is_refused_leaves_nothing_behind(path: Path, two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    two.checks.add(part_of(number, check(IDS[0])))
    moved = replace(drifted(IDS[0]), outcome=Observed(fingerprint(), environment("2.21.0"), SOURCE))
    assert not two.checks.add(part_of(number, moved))
    with closing(sqlite3.connect(path)) as file:
        for table in ("checks", "fingerprints", "environments"):
            assert file.execute(f"SELECT count(*) FROM {table}").fetchall() == [(1,)]


def test_the_database_itself_refuses_the_second_check_and_one_without_a_column(
    path: Path, two: Repository
) -> None:
    number = two.audits.start(PLAN, AT)
    two.checks.add(part_of(number, check(IDS[0])))
    copy = "INSERT INTO checks (entry_id, baseline_id, verdict, at, duration_s, audit_id, column_label)"
    with closing(sqlite3.connect(path)) as file:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            file.execute(f"{copy} SELECT entry_id, 1, verdict, at, 1, audit_id, column_label FROM checks")
        with pytest.raises(sqlite3.IntegrityError, match="ck_checks_column"):
            file.execute(f"{copy} SELECT entry_id, 1, verdict, at, 1, audit_id, NULL FROM checks")


def test_checks_of_no_audit_may_be_equal(two: Repository) -> None:
    assert [two.checks.add(check(IDS[0])) for _ in range(3)] == [True] * 3
    assert two.checks.of_entry(IDS[0]) == (check(IDS[0]),) * 3


def test_the_history_of_an_entry_tells_the_audits(two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    stored = (check(IDS[0]), part_of(number, drifted(IDS[0])), part_of(number, failed_check(IDS[0]), "newer"))
    for one in stored:
        two.checks.add(one)
    assert two.checks.of_entry(IDS[0]) == stored
