from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.audit import Audit, AuditCounts, AuditPlan, Shard, Waiver
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.verdict import AuditColumn, Check, Observed, Verdict
from seedreg.errors import RegistryError
from seedreg.storage import Repository, SqliteFile, open_repository

from .values import AT, LATER, SOURCE, baseline, check, entry, environment, failed_check, fingerprint

HERE = EnvironmentSpec("here")
NEWER = EnvironmentSpec.of("newer", packages=("tensorflow==2.16.*",), python_version="3.11")
NEWEST = EnvironmentSpec.of("newer", packages=("tensorflow==2.16.*",), python_version="3.12")
IDS = (entry(0).id, entry(1).id)
PLAN = AuditPlan("project", IDS, (HERE, NEWER), ("build",), Shard(1, 2))
UNKNOWN = "0" * 64


def drifted(entry_id: str, letter: str = "f", at: str = AT) -> Check:
    return found(check(entry_id, Verdict.DRIFTED, at=at), fingerprint(letter))


def found(one: Check, weights: Fingerprint) -> Check:
    """The same check, which found these weights."""
    assert isinstance(one.outcome, Observed)
    return replace(one, outcome=replace(one.outcome, fingerprint=weights))


def part_of(number: int, one: Check, column: str = "here") -> Check:
    return replace(one, audit=AuditColumn(number, column))


def waiver(entry_id: str = IDS[0], letter: str = "f", **others: str) -> Waiver:
    return Waiver(
        entry_id, fingerprint(letter).digest, "known", **{"until": "2026-12-31", "created_at": AT, **others}
    )


def checks_of(repository: Repository, number: int) -> tuple[Check, ...]:
    return tuple(check for check, _, _ in repository.audits.checks(number))


@pytest.fixture
def two(repository: Repository) -> Repository:
    """A registry of two entries, without audits."""
    for seed in (0, 1):
        repository.entries.add(entry(seed), baseline())
    return repository


# Audits


def test_an_audit_comes_back_as_it_was_stored(path: Path, two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    assert two.audits.get(number) == Audit(number, PLAN, AT)
    two.audits.finish(number, LATER)
    with open_repository(SqliteFile(path), write=False) as other:
        assert other.audits.get(number) == Audit(number, PLAN, AT, LATER)


def test_audits_are_numbered_from_one_and_listed_newest_first(repository: Repository) -> None:
    assert repository.audits.newest() == ()
    assert [repository.audits.start(PLAN, AT) for _ in range(3)] == [1, 2, 3]
    newest_first = tuple(Audit(number, PLAN, AT) for number in (3, 2, 1))
    assert repository.audits.newest() == newest_first
    assert repository.audits.newest(limit=2) == newest_first[:2]


def test_an_unknown_audit_is_none_nothing_or_an_error(two: Repository) -> None:
    assert (two.audits.get(7), two.audits.checked(7), two.audits.verdicts(7)) == (None, set(), {})
    assert list(two.audits.checks(7)) == []
    for use in (
        lambda: two.audits.counts(7),
        lambda: two.audits.finish(7, AT),
        lambda: two.checks.add(part_of(7, check(IDS[0]))),
    ):
        with pytest.raises(RegistryError) as error:
            use()
        assert error.value.message == f"no audit 7 in registry {two.location}"


def test_the_interrupted_audit_is_the_newest_of_the_same_project_and_environments(
    repository: Repository,
) -> None:
    plans = (
        PLAN,
        PLAN,
        replace(PLAN, columns=(HERE,)),
        replace(PLAN, columns=(HERE, NEWEST)),
        replace(PLAN, project="another"),
        PLAN,
    )
    for plan in plans:
        repository.audits.start(plan, AT)
    repository.audits.finish(6, LATER)
    assert repository.audits.last_interrupted("project", (HERE, NEWER)) == Audit(2, PLAN, AT)
    assert repository.audits.last_interrupted("project", (HERE,)) == Audit(3, plans[2], AT)
    assert repository.audits.last_interrupted("another", (HERE, NEWER)) == Audit(5, plans[4], AT)
    assert repository.audits.last_interrupted("project", (NEWER, HERE)) is None


def test_a_plan_of_a_later_format_is_an_error_that_names_the_audit(
    path: Path, repository: Repository
) -> None:
    repository.audits.start(PLAN, AT)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("""UPDATE audits SET document = replace(document, '"format":1', '"format":2')""")
    with pytest.raises(RegistryError) as error:
        repository.audits.newest()
    assert error.value.message == (
        f"registry {path} is damaged: the plan of audit 1 cannot be read (audit plan format 2 is not 1)"
    )


# Checks of an audit


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


def test_the_verdicts_of_an_audit_are_found_by_entry_and_column(two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    stored = [
        part_of(number, check(IDS[0])),
        part_of(number, drifted(IDS[1])),
        part_of(number, failed_check(IDS[1]), "newer"),
    ]
    for one in stored:
        two.checks.add(one)
    assert two.audits.verdicts(number) == {
        (IDS[0], "here"): (Verdict.REPRODUCED, False),
        (IDS[1], "here"): (Verdict.DRIFTED, False),
        (IDS[1], "newer"): (Verdict.ERROR, False),
    }
    assert two.audits.checked(number) == {(IDS[0], "here"), (IDS[1], "here"), (IDS[1], "newer")}


def test_the_registry_is_read_and_written_while_checks_are_gone_through(two: Repository) -> None:
    columns = [f"c{number}" for number in range(40)]
    number = two.audits.start(replace(PLAN, columns=tuple(map(EnvironmentSpec, columns))), AT)
    for column in columns[:20]:
        two.checks.add(part_of(number, check(IDS[0]), column))
    found = []
    for one, _, _ in two.audits.checks(number):
        found.append(one.audit and one.audit.label)
        if len(found) <= 20:
            assert two.entries.get(IDS[0]) == entry(0)
            two.checks.add(part_of(number, check(IDS[0]), columns[19 + len(found)]))
    assert found == columns


def test_memory_does_not_grow_with_the_checks_of_an_audit(two: Repository) -> None:
    tensors = tuple(TensorRecord("float32", (n,), f"{n:064x}", f"layer_{n}/kernel:0") for n in range(50))
    count = 300
    labels = [f"c{number}" for number in range(count)]
    number = two.audits.start(replace(PLAN, columns=tuple(map(EnvironmentSpec, labels))), AT)
    for label in labels:
        own = TensorRecord("float32", (), label.encode().hex().zfill(64), "own")
        one = found(check(IDS[0], Verdict.DRIFTED), Fingerprint((*tensors, own)))
        two.checks.add(part_of(number, one, label))

    def peak(wanted: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _, _one in zip(range(wanted), two.audits.checks(number), strict=False)) == wanted
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(40)  # what is made once
    assert peak(count) < 1.3 * peak(40)


def test_each_check_comes_with_its_entry_and_the_baseline_it_was_compared_with(two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    first = part_of(number, drifted(IDS[0]))
    two.checks.add(first)
    two.baselines.add(IDS[0], baseline(2, "f"))
    later = part_of(number, check(IDS[0], number=2), "newer")
    other = part_of(number, failed_check(IDS[1]))
    two.checks.add(later)
    two.checks.add(other)
    assert tuple(two.audits.checks(number)) == (
        (first, entry(0), baseline()),
        (later, entry(0), baseline(2, "f")),
        (other, entry(1), baseline()),
    )


# Counts


def test_checks_are_counted_by_verdict_and_the_waived_among_them(two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    assert two.audits.counts(number) == AuditCounts(4)
    for one in (
        part_of(number, drifted(IDS[0])),
        part_of(number, drifted(IDS[1])),
        part_of(number, failed_check(IDS[0]), "newer"),
        part_of(number, check(IDS[1]), "newer"),
    ):
        two.checks.add(one)
    two.checks.add(drifted(IDS[0]))
    two.waivers.add(waiver())
    two.waivers.add(waiver())
    counts = two.audits.counts(number)
    assert counts == AuditCounts(4, {Verdict.DRIFTED: 2, Verdict.ERROR: 1, Verdict.REPRODUCED: 1}, 1)
    assert counts.done == 4


# Waivers


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


# Selecting


def test_entry_ids_are_sorted_by_factory_seed_and_id_and_filtered(repository: Repository) -> None:
    other = replace(entry(0), recipe=replace(entry(0).recipe, project="another"))
    stored = [entry(10), entry(2), entry(5, "a:f"), entry(3, retired_at=AT), other]
    for one in stored:
        repository.entries.add(one, baseline())
    rank = sorted(stored, key=lambda one: (one.recipe.factory, one.recipe.seed, one.id))
    assert repository.entries.ids(retired=None) == [one.id for one in rank]
    assert repository.entries.ids() == [one.id for one in rank if one.retired_at is None]
    assert repository.entries.ids(retired=True) == [entry(3).id]
    assert repository.entries.ids(project="another") == [other.id]


def test_unchecked_entries_are_those_whose_latest_check_is_older(repository: Repository) -> None:
    for seed in range(4):
        repository.entries.add(entry(seed), baseline())
    for seed, times in ((1, [AT]), (2, [AT, LATER]), (3, [LATER])):
        for at in times:
            repository.checks.add(check(entry(seed).id, at=at))
    assert repository.entries.ids(unchecked_since=LATER) == [entry(0).id, entry(1).id]
    assert repository.entries.ids(unchecked_since=AT) == [entry(0).id]
    assert repository.entries.ids(unchecked_since="2027-01-01T00:00:00.000000Z") == [
        entry(seed).id for seed in range(4)
    ]
