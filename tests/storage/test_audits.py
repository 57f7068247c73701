from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.audit import Audit, AuditCounts
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
    SqliteFile,
    open_repository,
)

from .values import (
    AT,
    HERE,
    IDS,
    LATER,
    NEWER,
    NEWEST,
    PLAN,
    baseline,
    check,
    drifted,
    entry,
    failed_check,
    found,
    part_of,
    waiver,
)


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
        f"registry {path} is damaged: the plan of audit 1 cannot be read (format: 2 is not 1)"
    )


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

    peak(40)  # whatever is created only once
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


def test_checks_are_counted_by_verdict_and_the_waived_among_them(two: Repository) -> None:
    number = two.audits.start(PLAN, AT)
    assert two.audits.counts(number) == AuditCounts(4)
    two.waivers.add(waiver())
    two.waivers.add(waiver())
    for one in (
        part_of(number, drifted(IDS[0])),
        part_of(number, drifted(IDS[1])),
        part_of(number, failed_check(IDS[0]), "newer"),
        part_of(number, check(IDS[1]), "newer"),
    ):
        two.checks.add(one)
    two.checks.add(drifted(IDS[0]))
    counts = two.audits.counts(number)
    assert counts == AuditCounts(4, {Verdict.DRIFTED: 2, Verdict.ERROR: 1, Verdict.REPRODUCED: 1}, 1)
    assert counts.done == 4
