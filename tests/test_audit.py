"""Audits on a real registry file, with the stand-in worker, which needs no TensorFlow."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from seedreg.audit import Auditor, AuditSelection, ColumnFailed, ColumnStarted, Event
from seedreg.domain.audit import Audit, Shard, Waiver
from seedreg.domain.comparison import Became
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.errors import (
    ConfigError,
    DamageError,
    EnvironmentFailed,
    EnvironmentProblem,
    NothingSelected,
    Step,
    UsageError,
    UvMissing,
)
from seedreg.executors import Executor
from seedreg.executors.local import LocalExecutor
from seedreg.registry import Registry
from seedreg.reports.words.failures import failure_message
from seedreg.storage import Repository, SqliteFile, open_repository

THIS = EnvironmentSpec("this")
OTHER = EnvironmentSpec.of("other", python="/other/python")
THIRD = EnvironmentSpec.of("third", python="/third/python")


@dataclass
class World:
    """A project's registry, what its environments are like, and what time it is."""

    root: Path
    worker: Path
    repository: Repository
    now: str = "2026-03-01T12:00:00.000000Z"
    environments: dict[str, Mapping[str, str] | Exception] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    def executor(self, spec: EnvironmentSpec = THIS) -> Executor:
        self.opened.append(spec.label)
        environ = self.environments.get(spec.label, {})
        if isinstance(environ, Exception):
            raise environ
        return LocalExecutor(
            sys.executable, self.root, jobs=2, timeout_s=20, environ=environ, worker_folder=self.worker
        )

    def auditor(self, project: str = "p") -> Auditor:
        return Auditor(self.repository, self.executor, project, lambda: self.now)

    def register(self, *seeds: int, factory: str = "m:build", project: str = "p") -> list[str]:
        executor = self.executor()
        try:
            registry = Registry(self.repository, executor, project, lambda: self.now)
            done = list(registry.register_all([Recipe(project, factory, seed) for seed in seeds]))
        finally:
            executor.close()
        return [Recipe(project, factory, seed).id for seed in seeds if done]

    def change(self, text: str = '{"stream": "another"}') -> None:
        (self.root / "stand-in.json").write_text(text, encoding="utf-8")

    def audit(self, *selectors: str, columns: tuple[EnvironmentSpec, ...] = (THIS,)) -> list[AuditRow]:
        auditor = self.auditor()
        return rows(auditor.run(auditor.start(columns, AuditSelection(selectors))))


def rows(events: Iterator[Event]) -> list[AuditRow]:
    return [event for event in events if isinstance(event, AuditRow)]


def verdicts(found: list[AuditRow]) -> list[tuple[str, str, str]]:
    return sorted((row.column, row.entry.recipe.label, row.check.verdict.value) for row in found)


@pytest.fixture
def world(tmp_path: Path, stand_in_worker: Path) -> Iterator[World]:
    with open_repository(SqliteFile(tmp_path / "registry.db"), create=True) as repository:
        yield World(tmp_path, stand_in_worker, repository)


@pytest.fixture
def three(world: World) -> World:
    world.register(0, 1, 2)
    world.opened.clear()
    return world


def ids_of(audit: Audit) -> list[str]:
    return list(audit.plan.entry_ids)


def test_a_baseline_that_cannot_be_read_keeps_no_other_entry_from_its_check(three: World) -> None:
    with sqlite3.connect(three.root / "registry.db") as file:
        (text,) = file.execute("SELECT document FROM fingerprints ORDER BY id LIMIT 1").fetchone()
        document = json.loads(text)
        document["tensors"][0]["layer"] = 7
        file.execute("UPDATE fingerprints SET document = ? WHERE document = ?", (json.dumps(document), text))
    file.close()
    auditor = three.auditor()
    audit = auditor.start((THIS,))
    with pytest.raises(
        DamageError,
        match=r"baseline 1 of entry [0-9a-f]{12} cannot be read \(tensors\[0\]\.layer: 7 is not a text",
    ):
        rows(auditor.run(audit))
    assert auditor.left(audit) == 1


# What is selected ---------------------------------------------------------------------------------


def test_all_active_entries_of_the_project_are_selected(three: World) -> None:
    three.register(0, factory="n:build", project="q")
    (retired,) = three.register(3)
    three.repository.entries.set_retired(retired, three.now, "no longer trained")
    audit = three.auditor().start((THIS,))
    assert ids_of(audit) == [Recipe("p", "m:build", seed).id for seed in range(3)]
    assert audit == three.auditor().history.find(1)


def test_a_retired_entry_is_checked_if_it_is_named_by_its_id_or_alias(three: World) -> None:
    retired = Recipe("p", "m:build", 1).id
    three.repository.entries.set_alias(retired, "golden")
    three.repository.entries.add_tags(retired, ["nightly"])
    three.repository.entries.set_retired(retired, three.now, "no longer trained")
    for named in (retired[:12], "golden"):
        assert ids_of(three.auditor().start((THIS,), AuditSelection((named,)))) == [retired]
    for general in ("m:build", "build@1", "tag:nightly"):
        with pytest.raises(NothingSelected) if general != "m:build" else nullcontext():
            assert retired not in ids_of(three.auditor().start((THIS,), AuditSelection((general,))))


def test_selectors_narrow_it_down_each_entry_once(three: World) -> None:
    one = Recipe("p", "m:build", 1).id
    three.repository.entries.add_tags(one, ["nightly"])
    assert ids_of(three.auditor().start((THIS,), AuditSelection(("tag:nightly", one[:8], "m:build@1")))) == [
        one
    ]
    with pytest.raises(NothingSelected, match="no entry is named by 'x'"):
        three.auditor().start((THIS,), AuditSelection(("m:build", "x")))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shards_are_stable_disjoint_and_complete(world: World, count: int) -> None:
    everything = set(world.register(*range(12)))

    def shard(number: int) -> set[str]:
        return set(ids_of(world.auditor().start((THIS,), AuditSelection(shard=Shard(number, count)))))

    parts = [shard(number + 1) for number in range(count)]
    assert set().union(*parts) == everything
    assert sum(map(len, parts)) == len(everything)
    world.register(99)
    grown = [shard(number + 1) for number in range(count)]
    assert all(part <= later for part, later in zip(parts, grown, strict=True))


def test_stale_leaves_out_what_was_checked_since(three: World) -> None:
    assert len(three.audit("m:build@1")) == 1
    three.now = "2026-03-05T12:00:00.000000Z"
    stale = three.auditor().start((THIS,), AuditSelection(stale_s=7 * 86400))
    assert [three.repository.entries.get(one).recipe.seed for one in ids_of(stale)] == [0, 2]  # type: ignore[union-attr]
    three.now = "2026-03-08T12:00:00.000001Z"
    assert len(ids_of(three.auditor().start((THIS,), AuditSelection(stale_s=7 * 86400)))) == 3
    # Further back than the calendar goes: what was never checked.
    assert len(ids_of(three.auditor().start((THIS,), AuditSelection(stale_s=1e15)))) == 2


def test_an_empty_selection_is_no_audit(world: World) -> None:
    with pytest.raises(NothingSelected, match="there is no entry to audit"):
        world.auditor().start((THIS,))
    assert world.repository.audits.newest() == ()


def test_an_environment_named_twice_is_no_audit(three: World) -> None:
    with pytest.raises(UsageError, match="environment 'other' is named twice"):
        three.auditor().start((OTHER, THIS, OTHER))
    assert three.repository.audits.newest() == ()


def test_those_that_failed_in_the_last_audit_can_be_run_again(three: World) -> None:
    with pytest.raises(NothingSelected, match="there was no audit yet"):
        three.auditor().start((THIS,), AuditSelection(rerun_failed=True))
    assert [row.failed for row in three.audit()] == [False] * 3
    with pytest.raises(NothingSelected, match="there is no entry to audit"):
        three.auditor().start((THIS,), AuditSelection(rerun_failed=True))
    three.change()
    assert verdicts(three.audit("m:build@1")) == [("this", "m:build@1", "DRIFTED")]
    again = three.auditor().start((THIS,), AuditSelection(rerun_failed=True))
    assert ids_of(again) == [Recipe("p", "m:build", 1).id]


# What is found ------------------------------------------------------------------------------------


def test_every_entry_is_checked_in_every_environment(three: World) -> None:
    audit = three.auditor().start((THIS, OTHER))
    events = list(three.auditor().run(audit))
    assert [event for event in events if isinstance(event, ColumnStarted)] == [
        ColumnStarted(THIS, 3),
        ColumnStarted(OTHER, 3),
    ]
    expected = [(c, f"m:build@{seed}", "REPRODUCED") for c in ("other", "this") for seed in range(3)]
    assert verdicts(rows(iter(events))) == expected
    assert three.opened == ["this", "other"]
    stored = list(three.auditor().history.rows(1))
    assert sorted(map(str, stored)) == sorted(str(event) for event in events if isinstance(event, AuditRow))
    assert three.auditor().history.find(1).finished_at == three.now


LOST: list[tuple[Exception, BuildFailure]] = [
    (
        EnvironmentFailed(
            EnvironmentProblem.UNRESOLVED,
            environment="other",
            words="no solution found\n  because tf==2.0 has no wheels",
        ),
        build_failure(
            FailureKind.ENVIRONMENT,
            problem="unresolved",
            environment="other",
            words="no solution found\n  because tf==2.0 has no wheels",
        ),
    ),
    (
        UvMissing(),
        build_failure(FailureKind.ENVIRONMENT, problem="no-uv"),
    ),
    (
        ConfigError("there is no interpreter /gone", step=Step.NAME_PYTHON),
        build_failure(
            FailureKind.ENVIRONMENT, problem="configured-interpreter", error="there is no interpreter /gone"
        ),
    ),
]


@pytest.mark.parametrize(("error", "failure"), LOST)
def test_an_environment_that_cannot_be_had_fails_its_column_alone(
    three: World, error: Exception, failure: BuildFailure
) -> None:
    three.environments["other"] = error
    audit = three.auditor().start((THIS, OTHER, THIRD))
    events = list(three.auditor().run(audit))
    assert [event for event in events if isinstance(event, ColumnFailed)] == [ColumnFailed(OTHER, failure)]
    found = rows(iter(events))
    assert {row.column for row in found if row.check.verdict is Verdict.REPRODUCED} == {"this", "third"}
    assert {row.check.failure for row in found if row.column == "other"} == {failure}
    counts = three.auditor().history.report(1).counts
    assert counts.verdicts == {Verdict.REPRODUCED: 6, Verdict.ERROR: 3}
    assert three.auditor().history.find(1).finished_at is not None


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"STAND_IN_PROTOCOL": "0"}, "protocol 0"),
        ({"STAND_IN_PROTOCOL": "2"}, "protocol 2"),
        ({"STAND_IN_UNUSABLE": "no-tensorflow"}, "not installed for a stand-in"),
    ],
)
def test_a_worker_that_cannot_serve_fails_its_column_alone(
    three: World, environ: dict[str, str], words: str
) -> None:
    three.environments["other"] = environ
    found = three.audit(columns=(OTHER, THIS))
    assert [(row.column, row.check.verdict.value) for row in found] == [
        *[("other", "ERROR")] * 3,
        *[("this", "REPRODUCED")] * 3,
    ]
    for row in found[:3]:
        assert row.check.failure is not None
        assert words in failure_message(row.check.failure)


def test_an_entry_of_another_project_is_an_error(three: World) -> None:
    three.register(0, factory="n:build", project="q")
    found = three.audit("n:build", "m:build@0")
    assert verdicts(found) == [("this", "m:build@0", "REPRODUCED"), ("this", "n:build@0", "ERROR")]


# Stopping and going on ----------------------------------------------------------------------------


def test_fail_fast_stops_and_resume_makes_the_rest(three: World) -> None:
    three.change()
    auditor = three.auditor()
    audit = auditor.start((THIS,))
    first = rows(auditor.run(audit, fail_fast=True))
    assert [row.check.verdict for row in first] == [Verdict.DRIFTED]
    assert (auditor.left(audit), auditor.history.find(1).finished_at) == (2, None)
    resumed = auditor.resume((THIS,))
    assert resumed == audit
    rest = rows(auditor.run(resumed))
    assert {row.entry.id for row in (*first, *rest)} == set(ids_of(audit))
    assert (len(rest), auditor.left(audit)) == (2, 0)
    assert auditor.history.find(1).finished_at is not None


def test_fail_fast_at_the_last_check_is_the_end(three: World) -> None:
    three.change()
    auditor = three.auditor()
    list(auditor.run(auditor.start((THIS,), AuditSelection(("m:build@1",))), fail_fast=True))
    assert auditor.history.find(1).finished_at is not None


def test_fail_fast_stops_at_an_environment_that_cannot_be_had(three: World) -> None:
    three.environments["other"] = EnvironmentFailed(EnvironmentProblem.NO_REQUIREMENTS, path="gone.txt")
    auditor = three.auditor()
    audit = auditor.start((OTHER, THIS))
    assert len(rows(auditor.run(audit, fail_fast=True))) == 1
    assert three.opened == ["other"]
    three.environments.clear()
    assert len(rows(auditor.run(auditor.resume((OTHER, THIS))))) == 5


def test_a_waived_drift_does_not_stop_it(three: World) -> None:
    three.change()
    for row in three.audit():
        assert row.check.observed is not None
        until = "2026-03-31"
        waiver = Waiver(row.entry.id, row.check.observed.fingerprint.digest, "known", until, three.now)
        three.repository.waivers.add(waiver)
    auditor = three.auditor()
    found = rows(auditor.run(auditor.start((THIS,)), fail_fast=True))
    assert [(row.check.verdict.value, row.failed) for row in found] == [("DRIFTED", False)] * 3
    three.now = "2026-04-01T00:00:00.000000Z"
    found = rows(auditor.run(auditor.start((THIS,)), fail_fast=True))
    assert [(row.check.verdict.value, row.failed) for row in found] == [("DRIFTED", True)]


def test_only_an_interrupted_audit_of_the_same_environments_is_resumed(three: World) -> None:
    auditor = three.auditor()
    three.audit()
    auditor.start((THIS, OTHER))
    for columns in ((THIS,), (OTHER,), (OTHER, THIS)):
        with pytest.raises(NothingSelected, match="no interrupted audit in the same environments"):
            auditor.resume(columns)
    with pytest.raises(NothingSelected):
        three.auditor("q").resume((THIS, OTHER))
    assert auditor.resume((THIS, OTHER)).number == 2


def test_an_audit_is_not_resumed_in_an_environment_that_has_changed(three: World) -> None:
    auditor = three.auditor()
    audit = auditor.start((THIS, OTHER))
    events = auditor.run(audit)
    for _ in range(2):  # the column's beginning and its first check
        next(events)
    events.close()
    three.change('{"tensorflow": "2.100.0", "stream": "another"}')
    with pytest.raises(UsageError) as caught:
        list(auditor.run(auditor.resume((THIS, OTHER))))
    assert (caught.value.message, caught.value.hint) == (
        "environment this has changed since audit 1 was interrupted: tensorflow 2.99.0 → 2.100.0",
        "start a new audit, or restore the environment",
    )
    assert len(list(auditor.history.rows(1))) == 1
    three.change('{"keras": "2.98.0"}')  # of the factory's choice, as tf_keras
    assert len(rows(auditor.run(auditor.resume((THIS, OTHER))))) == 5


def test_a_column_that_was_done_before_is_not_opened_again(three: World) -> None:
    auditor = three.auditor()
    audit = auditor.start((THIS, OTHER))
    events = auditor.run(audit)
    for _ in range(6):  # the first column, and one of the second
        next(events)
    events.close()
    three.opened.clear()
    assert len(rows(auditor.run(auditor.resume((THIS, OTHER))))) == 1 + len(ids_of(audit)) - 2
    assert three.opened == ["other"]


def test_two_that_run_the_same_audit_keep_each_check_once(three: World) -> None:
    auditor = three.auditor()
    audit = auditor.start((THIS,))
    first = auditor.run(audit)
    next(first)
    next(first)
    list(auditor.run(audit))
    list(first)
    assert len(list(auditor.history.rows(audit.number))) == 3


# Compared with each other --------------------------------------------------------------------------


def compared(world: World, before: int, after: int) -> dict[Became, list[str]]:
    groups = world.auditor().history.compare(before, after).groups()
    return {
        became: [f"{check.entry.recipe.seed} {check.column}" for check in group]
        for became, group in groups.items()
        if group
    }


def test_two_audits_are_compared(world: World) -> None:
    world.register(0, 1, factory="m:ignores_seed")
    world.register(0)
    world.audit("m:ignores_seed@0", "m:build")
    world.change()
    world.audit("m:ignores_seed", "m:build")
    world.audit("m:ignores_seed@1")
    (world.root / "stand-in.json").unlink()
    world.audit("m:ignores_seed@0")
    assert compared(world, 1, 2) == {
        Became.NEWLY_DRIFTED: ["0 this", "0 this"],
        Became.ONLY_IN_THE_SECOND: ["1 this"],
    }
    assert compared(world, 2, 3)[Became.STILL_DRIFTED] == ["1 this"]
    assert compared(world, 2, 4)[Became.NEWLY_REPRODUCED] == ["0 this"]
    with pytest.raises(NothingSelected, match="there is no audit 9"):
        world.auditor().history.compare(1, 9)


def test_audits_before_and_after_an_upgrade_are_compared_whatever_the_environments_are_called(
    three: World,
) -> None:
    three.audit(columns=(THIS,))
    three.change()
    three.audit(columns=(OTHER,))
    found = compared(three, 1, 2)
    assert {name: sorted(group) for name, group in found.items()} == {
        Became.NEWLY_DRIFTED: [f"{seed} this → other" for seed in range(3)]
    }


def test_of_matrices_only_columns_of_the_same_name_are_compared(three: World) -> None:
    three.audit("m:build@0", columns=(THIS, OTHER))
    three.change()
    three.audit("m:build@0", columns=(THIS, THIRD))
    assert compared(three, 1, 2) == {
        Became.NEWLY_DRIFTED: ["0 this"],
        Became.ONLY_IN_THE_FIRST: ["0 other"],
        Became.ONLY_IN_THE_SECOND: ["0 third"],
    }


def test_what_could_not_be_judged_is_neither_drifted_nor_reproduced_in_a_comparison(world: World) -> None:
    world.register(0, 1)
    world.audit()
    world.change('{"fail": "no room"}')
    world.audit()
    world.audit("m:build@1")
    world.change()
    world.audit()
    assert compared(world, 1, 2) == {Became.NO_LONGER_JUDGED: ["0 this", "1 this"]}
    assert compared(world, 2, 3) == {
        Became.JUDGED_IN_NEITHER: ["1 this"],
        Became.ONLY_IN_THE_FIRST: ["0 this"],
    }
    assert compared(world, 2, 4) == {Became.JUDGED_AGAIN: ["0 this", "1 this"]}
    assert compared(world, 1, 1) == {}
    newly = [check.drifted_newly for check in world.auditor().history.compare(2, 4).checks]
    assert newly == [True, True]


def test_a_waived_drift_is_no_new_one(world: World) -> None:
    world.register(0)
    world.audit()
    world.change()
    for row in world.audit():
        assert row.check.observed is not None
        digest = row.check.observed.fingerprint.digest
        world.repository.waivers.add(Waiver(row.entry.id, digest, "known", "2026-03-31", world.now))
    world.audit()
    assert compared(world, 1, 3) == {Became.NEWLY_DRIFTED: ["0 this"]}
    (check,) = world.auditor().history.compare(1, 3).checks
    assert (check.waived, check.drifted_newly) == (True, False)


def test_what_nobody_trusts_is_an_error_of_the_audit_and_the_rest_is_checked(world: World) -> None:
    refused, built = world.register(0)[0], world.register(0, factory="m:other")[0]
    auditor = Auditor(
        world.repository,
        world.executor,
        "p",
        lambda: world.now,
        refusal=lambda recipe: (
            build_failure(FailureKind.UNTRUSTED, factory=recipe.factory, distrust="elsewhere")
            if recipe.factory == "m:build"
            else None
        ),
    )
    audit = auditor.start((THIS,))
    found = {row.entry.id: row.check.verdict for row in rows(auditor.run(audit))}
    assert found == {refused: Verdict.ERROR, built: Verdict.REPRODUCED}
    stored = {row.entry.id: row.check.failure for row in auditor.history.rows(audit.number)}
    assert stored[built] is None
    assert stored[refused] == build_failure(FailureKind.UNTRUSTED, factory="m:build", distrust="elsewhere")
