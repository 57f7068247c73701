from __future__ import annotations

import importlib.util
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from seedreg.domain.entry import Entry, Recipe
from seedreg.storage import Repository, check, open_repository, status, upgrade
from seedreg.storage.schema import REVISIONS, SCHEMA_REVISION

DATA = Path(__file__).parents[1] / "data"


def load_values() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_registry", DATA / "make_registry.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


values = load_values()


@pytest.fixture(params=REVISIONS)
def frozen(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A schema, and a copy of the registry that a seedreg of that schema wrote."""
    copy = shutil.copy(DATA / f"registry-{request.param[:4]}.db", tmp_path / "registry.db")
    return request.param, Path(copy)


def expect_the_values(repository: Repository, revision: str) -> None:
    audited = values.has_audits(revision)
    for entry in (values.PLAIN, values.FULL):
        assert repository.select(entry.id[:4]) == (entry,)
        assert repository.baselines(entry.id) == values.BASELINES[entry.id]
        assert repository.current_baseline(entry.id) == values.BASELINES[entry.id][-1]
        assert repository.checks(entry.id) == values.CHECKS[entry.id] + (
            values.AUDIT_CHECKS if audited and entry == values.PLAIN else ()
        )
    assert repository.select("golden") == (values.FULL,)
    found = repository.summaries(retired=None)
    assert [(summary.entry, summary.baseline_number) for summary in found] == [
        (values.FULL, 1),
        (values.PLAIN, 2),
    ]
    assert repository.entry_ids(retired=None) == [values.FULL.id, values.PLAIN.id]
    assert repository.audits() == (values.AUDITS[::-1] if audited else ())
    assert repository.audit(1) == (values.AUDITS[0] if audited else None)
    assert tuple(repository.audit_checks(1)) == (values.AUDIT_CHECKS if audited else ())
    assert repository.checked_in(1) == {(c.entry_id, c.column) for c in values.AUDIT_CHECKS if audited}
    interrupted = repository.last_interrupted_audit("sample", (values.HERE,))
    assert interrupted == (values.AUDITS[1] if audited else None)
    assert repository.waivers(removed=True) == (values.WAIVERS if audited else ())
    waiver = repository.waiver_of(values.AUDIT_CHECKS[0])
    assert waiver == (values.WAIVERS[1] if audited else None)


def test_the_registry_of_every_schema_is_read_for_ever(frozen: tuple[str, Path]) -> None:
    revision, path = frozen
    before = path.read_bytes()
    assert status(path).revision == revision
    with open_repository(path, write=False) as repository:
        expect_the_values(repository, revision)
    assert check(path) == []
    assert path.read_bytes() == before


def test_the_registry_of_every_schema_is_upgraded_for_ever(frozen: tuple[str, Path]) -> None:
    revision, path = frozen
    assert upgrade(path)[:2] == (revision, SCHEMA_REVISION)
    assert check(path) == []
    with open_repository(path) as repository:
        expect_the_values(repository, revision)
        new = Entry(Recipe("sample", "models:new", 1), "2027-01-01T00:00:00.000000Z")
        assert repository.add_entry(new, values.BASELINES[values.FULL.id][0])
        number = repository.start_audit(values.AUDITS[1].plan, "2027-01-01T00:00:00.000000Z")
        again = replace(values.AUDIT_CHECKS[0], audit_number=number)
        assert (repository.add_check(again), repository.add_check(again)) == (True, False)


def test_a_frozen_registry_is_defined_as_a_new_one_after_its_upgrade(
    frozen: tuple[str, Path], empty_registry: Path
) -> None:
    upgrade(frozen[1])
    definitions = []
    for path in (frozen[1], empty_registry):
        with closing(sqlite3.connect(path)) as file:
            definitions.append(
                file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
            )
    assert definitions[0] == definitions[1]
