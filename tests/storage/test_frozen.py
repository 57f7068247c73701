from __future__ import annotations

import importlib.util
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select

from seedreg.domain.entry import Entry
from seedreg.domain.problem import ProblemKind
from seedreg.domain.recipe import Recipe
from seedreg.domain.summary import EntryState
from seedreg.domain.verdict import AuditColumn
from seedreg.storage import (
    AlreadyCurrent,
    Repository,
    SqliteFile,
    Upgraded,
    check,
    open_repository,
    status,
    upgrade,
)
from seedreg.storage.revisions import REVISIONS, SCHEMA_REVISION
from seedreg.storage.tables import kept_weights

from .values import listed

DATA = Path(__file__).parents[1] / "data"


def load_values() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_registry", DATA / "make_registry.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


values = load_values()

# The samples were written by a script, with hashes of no text, a shard of other entries, and no objects.
MADE_UP = {
    ProblemKind.AUDIT_SHARD,
    ProblemKind.BASELINE_SOURCE,
    ProblemKind.CHECK_SOURCE,
    ProblemKind.WEIGHTS_MISSING,
}


def made_up(path: Path) -> set[ProblemKind]:
    """The kinds of problem that the sample has."""
    return {problem.kind for problem in check(SqliteFile(path))}


@pytest.fixture(params=REVISIONS)
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A schema, and a copy of the registry that a seedreg of that schema wrote."""
    copy = shutil.copy(DATA / f"registry-{request.param[:4]}.db", tmp_path / "registry.db")
    return request.param, Path(copy)


def expect_the_values(repository: Repository, revision: str) -> None:
    audited = values.has_audits(revision)
    for entry in (values.PLAIN, values.FULL):
        assert repository.entries.select(entry.id[:4]) == (entry,)
        assert repository.baselines.of_entry(entry.id) == values.BASELINES[entry.id]
        assert repository.baselines.current(entry.id) == values.BASELINES[entry.id][-1]
        assert repository.checks.of_entry(entry.id) == values.checks_of(entry.id, revision) + (
            values.AUDIT_CHECKS if audited and entry == values.PLAIN else ()
        )
    assert repository.entries.select("golden") == (values.FULL,)
    found = repository.entries.summaries(state=EntryState.ANY)
    assert [(listed(summary), summary.baseline_number) for summary in found] == [
        (values.FULL, 1),
        (values.PLAIN, 2),
    ]
    assert repository.entries.ids(state=EntryState.ANY) == [values.FULL.id, values.PLAIN.id]
    assert repository.audits.newest() == (values.AUDITS[::-1] if audited else ())
    assert repository.audits.get(1) == (values.AUDITS[0] if audited else None)
    found_checks = tuple(check for check, _, _ in repository.audits.checks(1))
    assert found_checks == (values.AUDIT_CHECKS if audited else ())
    assert repository.audits.checked(1) == {
        (c.entry_id, c.audit.label) for c in values.AUDIT_CHECKS if audited
    }
    interrupted = repository.audits.last_interrupted("sample", (values.HERE,))
    assert interrupted == (values.AUDITS[1] if audited else None)
    waivers = repository.waivers.of_entry(values.PLAIN.id, removed=True)
    assert waivers == (values.WAIVERS if audited else ())
    assert repository.waivers.of_entry(values.FULL.id, removed=True) == ()
    identified = values.has_identity(revision)
    if identified:
        assert repository.identity == "faa16d47fcc23320b77c1184a9a16068"
    if repository.database.schema.has_identity:
        with repository.database.reading():
            kept = repository.database.rows(select(kept_weights))
        assert kept == ([(2,)] if identified else [])
    waiver = repository.waivers.covering(values.AUDIT_CHECKS[0])
    assert waiver == (values.WAIVERS[1] if audited else None)


def test_the_registry_of_every_schema_is_read_for_ever(frozen: tuple[str, Path]) -> None:
    revision, path = frozen
    before = path.read_bytes()
    assert status(SqliteFile(path)).revision == revision
    with open_repository(SqliteFile(path), write=False) as repository:
        expect_the_values(repository, revision)
    assert made_up(path) <= MADE_UP
    assert path.read_bytes() == before


def test_the_registry_of_every_schema_is_upgraded_for_ever(frozen: tuple[str, Path]) -> None:
    revision, path = frozen
    done = upgrade(SqliteFile(path))
    if revision == SCHEMA_REVISION:
        assert done == AlreadyCurrent(revision)
    else:
        assert isinstance(done, Upgraded)
        assert (done.before, done.after) == (revision, SCHEMA_REVISION)
    assert status(SqliteFile(path)).revision == SCHEMA_REVISION
    assert made_up(path) <= MADE_UP
    with open_repository(SqliteFile(path)) as repository:
        expect_the_values(repository, revision)
        new = Entry(Recipe("sample", "models:new", 1), "2027-01-01T00:00:00.000000Z")
        assert repository.entries.add(new, values.BASELINES[values.FULL.id][0])
        number = repository.audits.start(values.AUDITS[1].plan, "2027-01-01T00:00:00.000000Z")
        again = replace(values.AUDIT_CHECKS[0], audit=AuditColumn(number, "this interpreter"))
        assert (repository.checks.add(again), repository.checks.add(again)) == (True, False)


def test_a_frozen_registry_is_defined_as_a_new_one_after_its_upgrade(
    frozen: tuple[str, Path], empty_registry: Path
) -> None:
    upgrade(SqliteFile(frozen[1]))
    definitions = []
    for path in (frozen[1], empty_registry):
        with closing(sqlite3.connect(path)) as file:
            definitions.append(
                file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
            )
    assert definitions[0] == definitions[1]
