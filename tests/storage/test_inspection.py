from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.audit import AuditPlan, Waiver
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.domain.verdict import AuditColumn
from seedreg.storage import Repository, SqliteFile, check

from .files import execute
from .values import AT, baseline, entry, fingerprint
from .values import check as a_check

ID = entry().id
OTHER = entry(1).id


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "UPDATE entries SET seed = 5, device = 'gpu'",
            problem(ProblemKind.ENTRY_COLUMNS, entry=ID, columns=("seed", "device")),
        ),
        (
            """UPDATE entries SET recipe = replace(recipe, '"seed":0', '"seed":1'), seed = 1""",
            problem(ProblemKind.ENTRY_ID, entry=ID, found=OTHER),
        ),
        (
            "UPDATE entries SET recipe = '{'",
            problem(
                ProblemKind.ENTRY_DOCUMENT,
                entry=ID,
                error="JSONDecodeError: "
                "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            ),
        ),
        (
            "UPDATE fingerprints SET digest = 'x'",
            problem(ProblemKind.FINGERPRINT_DIGEST, number=1, found=str(fingerprint())),
        ),
        (
            "UPDATE fingerprints SET parameter_count = 1",
            problem(ProblemKind.FINGERPRINT_COUNTS, number=1),
        ),
        (
            "UPDATE fingerprints SET document = document || ' '",
            problem(ProblemKind.FINGERPRINT_TEXT, number=1),
        ),
        ("UPDATE environments SET numpy = '3'", problem(ProblemKind.ENVIRONMENT_COLUMNS, number=1)),
        ("UPDATE environments SET digest = 'x'", problem(ProblemKind.ENVIRONMENT_DIGEST, number=1)),
        (
            "UPDATE baselines SET number = 2",
            problem(ProblemKind.BASELINE_NUMBERS, entry=ID, found=(2,)),
        ),
        (
            "UPDATE baselines SET facts = 'x'",
            problem(
                ProblemKind.BASELINE_DOCUMENT,
                entry=ID,
                number=1,
                error="DecodingError: not JSON: Expecting value: line 1 column 1 (char 0)",
            ),
        ),
        (
            "UPDATE checks SET verdict = 'GOOD'",
            problem(ProblemKind.CHECK_VERDICT, number=1, verdict="GOOD"),
        ),
        (
            "UPDATE checks SET source = 'x'",
            problem(
                ProblemKind.CHECK_DOCUMENT,
                number=1,
                error="DecodingError: not JSON: Expecting value: line 1 column 1 (char 0)",
            ),
        ),
        (
            "INSERT INTO tags VALUES ('nobody', 'x')",
            problem(ProblemKind.DANGLING, row=1, table="tags", parent="entries"),
        ),
    ],
)
def test_every_damage_of_a_row_is_found(
    path: Path, repository: Repository, damage: str, found: Problem
) -> None:
    repository.entries.add(entry(), baseline())
    repository.checks.add(a_check(ID))
    assert check(SqliteFile(path)) == []
    execute(path, damage)
    assert check(SqliteFile(path)) == [found]


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "UPDATE audits SET document = '{}'",
            problem(ProblemKind.AUDIT_DOCUMENT, number=1, error="DecodingError: format: it is missing"),
        ),
        (
            "UPDATE checks SET column_label = 'there'",
            problem(ProblemKind.AUDIT_CHECK, number=1, check=1, entry=ID, column="there"),
        ),
        (
            f"UPDATE checks SET entry_id = '{OTHER}', baseline_id = 2",
            problem(ProblemKind.AUDIT_CHECK, number=1, check=1, entry=OTHER, column="here"),
        ),
        (
            "UPDATE checks SET audit_id = 2",
            problem(ProblemKind.DANGLING, row=1, table="checks", parent="audits"),
        ),
        (
            "UPDATE waivers SET entry_id = 'nobody'",
            problem(ProblemKind.DANGLING, row=1, table="waivers", parent="entries"),
        ),
        ("UPDATE waivers SET until = 'Friday'", problem(ProblemKind.WAIVER_DAY, number=1, found="Friday")),
        ("UPDATE waivers SET fingerprint = 'x'", problem(ProblemKind.WAIVER_DIGEST, number=1, found="x")),
    ],
)
def test_every_damage_of_an_audit_or_waiver_is_found(
    path: Path, repository: Repository, damage: str, found: Problem
) -> None:
    for seed in (0, 1):
        repository.entries.add(entry(seed), baseline())
    repository.audits.start(AuditPlan("project", (ID,), (EnvironmentSpec("here"),)), AT)
    repository.checks.add(replace(a_check(ID), audit=AuditColumn(1, "here")))
    repository.waivers.add(Waiver(ID, "d" * 64, "known", "2026-12-31", AT))
    assert check(SqliteFile(path)) == []
    execute(path, damage)
    assert check(SqliteFile(path)) == [found]


def test_a_check_of_another_entrys_baseline_is_found(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1), baseline())
    repository.checks.add(a_check(ID))
    execute(path, f"UPDATE checks SET entry_id = '{OTHER}'")
    assert check(SqliteFile(path)) == [problem(ProblemKind.CHECK_BASELINE, number=1)]


def test_damaged_weights_are_found(path: Path) -> None:
    (path.parent / "objects" / "ab").mkdir(parents=True)
    (path.parent / "objects" / "ab" / ("c" * 62)).write_bytes(b"not that")
    (path.parent / "objects" / "ab" / "notes").write_bytes(b"")
    folder = f"{path.parent}/objects/ab"
    assert check(SqliteFile(path)) == [
        problem(ProblemKind.WEIGHTS_DIFFER, path=f"{folder}/{'c' * 62}"),
        problem(ProblemKind.NO_OBJECT, path=f"{folder}/notes"),
    ]


def test_a_page_that_cannot_be_read_ends_the_inspection(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 20480 + whole[24576:])
    assert check(SqliteFile(path)) == [
        problem(
            ProblemKind.UNFINISHED, message=f"registry {path} is damaged: database disk image is malformed"
        )
    ]


def test_a_damaged_index_is_found_and_the_rows_are_inspected_all_the_same(
    path: Path, repository: Repository
) -> None:
    repository.entries.add(entry(tags=("needle",)), baseline())
    execute(path, "UPDATE entries SET seed = 5")
    repository.close()
    before, _, after = path.read_bytes().rpartition(b"needle")
    path.write_bytes(before + b"noodle" + after)
    pages, row = check(SqliteFile(path))
    assert pages.kind is ProblemKind.PAGES
    assert "row 1 missing from index" in str(pages.fields)
    assert row == problem(ProblemKind.ENTRY_COLUMNS, entry=ID, columns=("seed",))
