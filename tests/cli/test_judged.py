"""What was judged decides about the exit code, whatever became of the registry meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import Project


@pytest.mark.parametrize(("rewritten", "code"), [("REPRODUCED", 1), ("NONDETERMINISTIC", 1)])
def test_the_exit_code_is_of_what_was_judged_not_of_what_the_registry_gives_back(
    project: Project, rewritten: str, code: int
) -> None:
    execute(
        project.db,
        "CREATE TRIGGER rewrites AFTER INSERT ON checks BEGIN"
        f" UPDATE checks SET verdict = '{rewritten}' WHERE id = NEW.id; END",
    )
    project.write("drift", "")
    for arguments in (["audit", "flips"], ["audit", "flips", "--format", "json"], ["verify", "flips"]):
        assert project(*arguments).code == code
    audited = project("audit", "flips")
    assert "is damaged: audit 3 has 1 verdict other than judged" in audited.err
    assert audited.out == ""


def test_an_audit_that_a_registry_stores_as_failed_is_an_error_of_the_registry(project: Project) -> None:
    execute(
        project.db,
        "CREATE TRIGGER rewrites AFTER INSERT ON checks BEGIN"
        " UPDATE checks SET verdict = 'DRIFTED' WHERE id = NEW.id; END",
    )
    assert project("audit", "build").code == 3


def test_what_storing_a_check_sets_off_excuses_no_drift(project: Project) -> None:
    execute(
        project.db,
        "CREATE TRIGGER waives AFTER INSERT ON checks BEGIN"
        " INSERT INTO waivers (entry_id, fingerprint, reason, until, created_at, after_check)"
        " SELECT NEW.entry_id, digest, 'fine', '2099-01-01', '2026-01-01T00:00:00.000000Z', 0"
        " FROM fingerprints WHERE id = NEW.fingerprint_id; END",
    )
    project.write("drift", "")
    audited = project("audit", "flips")
    assert audited.code == 1
    assert "is damaged: audit 1 has 1 verdict other than judged" in audited.err


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(statement)
