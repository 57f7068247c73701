from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.audit import AuditPlan, Shard, Waiver
from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.domain.verdict import AuditColumn, Verdict
from seedreg.errors import RegistryError, Step
from seedreg.storage import ObjectStore, Repository, SqliteFile, check, open_repository, status, upgrade
from seedreg.storage.inspection import inspect_content

from .files import execute
from .values import AT, LATER, baseline, drifted, entry, failed_check, fingerprint
from .values import check as a_check

ID = entry().id
OTHER = entry(1).id
DRIFT = fingerprint("f").digest
HOUR = "2026-01-02T05:00:00.000000Z"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with an accepted drift, a waived one, a failure, and an audit that is complete."""
    path = tmp_path_factory.mktemp("made") / "registry.db"
    with open_repository(SqliteFile(path), create=True) as repository:
        for seed, tags in ((0, ("nightly",)), (1, ())):
            repository.entries.add(entry(seed, tags=tags), baseline())
        repository.checks.add(a_check(ID))
        repository.checks.add(drifted(OTHER))
        repository.waivers.add(Waiver(OTHER, DRIFT, "known", "2026-12-31", AT))
        repository.checks.add(failed_check(ID))
        repository.baselines.add(ID, replace(baseline(2, "a", "why"), created_at=LATER))
        plan = AuditPlan("project", (ID, OTHER), (EnvironmentSpec("here"),), (), Shard(1, 1))
        repository.audits.start(plan, LATER)
        place = AuditColumn(1, "here")
        one = replace(failed_check(ID), baseline_number=2, audit=place)
        repository.checks.add(one)
        repository.checks.add(replace(drifted(OTHER, at=LATER), audit=place))
        repository.audits.finish(1, LATER)
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    path = tmp_path / "registry.db"
    path.write_bytes(made.read_bytes())
    return path


def document(change: Callable[[dict[str, object]], object], number: int = 1) -> Callable[[Path], None]:
    """An edit of a fingerprint's document by somebody who knows of its hash."""

    def edit(path: Path) -> None:
        with closing(sqlite3.connect(path)) as file, file:
            query = "SELECT document FROM fingerprints WHERE id = ?"
            (text,) = file.execute(query, (number,)).fetchone()
            found = json.loads(text)
            change(found)
            text = canonical_json(found)
            file.execute(
                "UPDATE fingerprints SET document = ?, document_sha256 = ? WHERE id = ?",
                (text, sha256_text(text), number),
            )

    return edit


def stats(**values: object) -> Callable[[Path], None]:
    return document(lambda found: found["tensors"][0]["stats"].update(values))  # type: ignore[index]


def time_order(table: str, row: int, column: str, than: str) -> Problem:
    return problem(ProblemKind.TIME_ORDER, table=table, row=row, column=column, than=than)


NOT_JSON = "DecodingError: not JSON: Expecting value: line 1 column 1 (char 0)"
EDITS: list[tuple[str | Callable[[Path], None], Problem]] = [
    # Values
    (
        "UPDATE entries SET note = x'00ff' WHERE seed = 0",
        problem(ProblemKind.VALUE_TYPE, table="entries", row=1, column="note", found="bytes"),
    ),
    (
        "UPDATE entries SET note = CAST(x'ff' AS TEXT) WHERE seed = 0",
        problem(ProblemKind.VALUE_TYPE, table="entries", row=1, column="note", found="bytes"),
    ),
    (
        "UPDATE checks SET duration_s = 9e999 WHERE id = 1",
        problem(ProblemKind.VALUE_TYPE, table="checks", row=1, column="duration_s", found="float"),
    ),
    # Structure
    (
        "DROP INDEX ix_tags_name",
        problem(ProblemKind.SCHEMA_MISSING, what="index", name="ix_tags_name"),
    ),
    ("CREATE TABLE more (id INTEGER)", problem(ProblemKind.SCHEMA_EXTRA, what="table", name="more")),
    (
        "CREATE TRIGGER good AFTER INSERT ON checks BEGIN UPDATE checks SET verdict = 'REPRODUCED'; END",
        problem(ProblemKind.SCHEMA_EXTRA, what="trigger", name="good"),
    ),
    (
        "ALTER TABLE tags ADD COLUMN more TEXT",
        problem(ProblemKind.SCHEMA_DIFFERS, what="table", name="tags"),
    ),
    ("PRAGMA user_version = 7", problem(ProblemKind.SCHEMA_DIFFERS, what="setting", name="user_version")),
    ("UPDATE registry SET identity = 'me'", problem(ProblemKind.IDENTITY)),
    ("DELETE FROM registry", problem(ProblemKind.IDENTITY)),
    (
        "DELETE FROM checks WHERE id = 3",
        problem(ProblemKind.ROW_NUMBERS, table="checks", count=4, first=1, last=5),
    ),
    (
        "INSERT INTO tags VALUES ('nobody', 'x')",
        problem(ProblemKind.DANGLING, row=2, table="tags", parent="entries"),
    ),
    (
        "UPDATE baselines SET fingerprint_id = 2 WHERE id = 3",
        problem(ProblemKind.ORPHAN, table="fingerprints", row=3),
    ),
    # Entries
    (
        "UPDATE entries SET seed = 5, device = 'gpu' WHERE seed = 0",
        problem(ProblemKind.ENTRY_COLUMNS, entry=ID, columns=("seed", "device")),
    ),
    (
        "UPDATE entries SET recipe = 'x' WHERE seed = 0",
        problem(
            ProblemKind.ENTRY_DOCUMENT,
            entry=ID,
            error=NOT_JSON,
        ),
    ),
    (
        "UPDATE entries SET recipe = recipe || ' ' WHERE seed = 0",
        problem(ProblemKind.ENTRY_DOCUMENT, entry=ID, error="ValueError: it is not in its canonical form"),
    ),
    (
        """UPDATE entries SET seed = 2, recipe = replace(recipe, '"seed":0', '"seed":2') WHERE seed = 0""",
        problem(ProblemKind.ENTRY_ID, entry=ID, found=entry(2).id),
    ),
    (
        "UPDATE entries SET retired_reason = 'x' WHERE seed = 0",
        problem(ProblemKind.ENTRY_RETIREMENT, entry=ID),
    ),
    (
        "UPDATE entries SET alias = 'a b' WHERE seed = 0",
        problem(ProblemKind.NAME, entry=ID, what="alias", name="a b"),
    ),
    ("UPDATE tags SET name = ''", problem(ProblemKind.NAME, entry=ID, what="tag", name="")),
    (
        "UPDATE entries SET alias = 'build' WHERE seed = 0",
        problem(ProblemKind.ALIAS_OF_FACTORY, entry=ID, name="build"),
    ),
    (
        "UPDATE entries SET retired_at = 'then' WHERE seed = 0",
        problem(ProblemKind.TIME_FORM, table="entries", row=1, column="retired_at", found="then"),
    ),
    (
        "UPDATE entries SET retired_at = '2025-01-01T00:00:00.000000Z' WHERE seed = 0",
        time_order("entries", 1, "retired_at", "entries.created_at"),
    ),
    (
        "UPDATE entries SET retired_at = '9026-01-01T00:00:00.000000Z' WHERE seed = 0",
        problem(
            ProblemKind.TIME_AHEAD,
            table="entries",
            row=1,
            column="retired_at",
            found="9026-01-01T00:00:00.000000Z",
        ),
    ),
    # Fingerprints
    (
        "UPDATE fingerprints SET digest = 'x' WHERE id = 1",
        problem(ProblemKind.FINGERPRINT_DIGEST, number=1, found=str(fingerprint())),
    ),
    (
        "UPDATE fingerprints SET parameter_count = 1 WHERE id = 1",
        problem(ProblemKind.FINGERPRINT_COUNTS, number=1),
    ),
    (
        "UPDATE fingerprints SET document_sha256 = 'x' WHERE id = 1",
        problem(ProblemKind.FINGERPRINT_TEXT, number=1),
    ),
    (
        "UPDATE fingerprints SET document = 'x' WHERE id = 1",
        problem(ProblemKind.FINGERPRINT_DOCUMENT, number=1, error=NOT_JSON),
    ),
    *(
        (stats(**{name: value}), problem(ProblemKind.TENSOR, number=1, tensor=0, fields=wrong))
        for name, value, wrong in (
            ("count", 7, ("count", "samples")),
            ("zeros", 5, ("zeros, nans, infinities",)),
            ("samples", [0.5], ("samples",)),
            ("minimum", 0.3, ("minimum, maximum",)),
            ("mean", 0.8, ("mean",)),
            ("std", 0.3, ("std",)),
            ("l2", 9.0, ("l2",)),
        )
    ),
    # Environments
    (
        "UPDATE environments SET numpy = '3' WHERE id = 1",
        problem(ProblemKind.ENVIRONMENT_COLUMNS, number=1),
    ),
    (
        "UPDATE environments SET digest = 'x' WHERE id = 1",
        problem(ProblemKind.ENVIRONMENT_DIGEST, number=1),
    ),
    (
        "UPDATE environments SET document = 'x' WHERE id = 1",
        problem(ProblemKind.ENVIRONMENT_DOCUMENT, number=1, error=NOT_JSON),
    ),
    # Baselines
    (
        "UPDATE baselines SET number = 3, reason = 'x' WHERE id = 2",
        problem(ProblemKind.BASELINE_NUMBERS, entry=OTHER, found=(3,)),
    ),
    (
        "UPDATE baselines SET facts = 'x' WHERE id = 1",
        problem(ProblemKind.BASELINE_DOCUMENT, entry=ID, number=1, error=NOT_JSON),
    ),
    (
        """UPDATE baselines SET source = replace(source, 'def ', 'def  ') WHERE id = 1""",
        problem(ProblemKind.BASELINE_SOURCE, entry=ID, number=1, fields=("text",)),
    ),
    (
        """UPDATE baselines SET facts = replace(facts, '"build_s":0.25', '"build_s":-0.25') WHERE id = 1""",
        problem(ProblemKind.BASELINE_FACTS, entry=ID, number=1),
    ),
    ("UPDATE baselines SET reason = NULL", problem(ProblemKind.BASELINE_REASON, entry=ID, number=2)),
    (
        "UPDATE baselines SET fingerprint_id = 1 WHERE id = 3",
        problem(ProblemKind.BASELINE_SAME, entry=ID, number=2),
    ),
    (
        f"UPDATE baselines SET created_at = '{HOUR}' WHERE id = 1",
        problem(ProblemKind.BASELINE_TIME, entry=ID),
    ),
    (
        "UPDATE baselines SET created_at = '2025-01-01T00:00:00.000000Z' WHERE id = 3",
        time_order("baselines", 3, "created_at", "baselines.created_at"),
    ),
    # Checks
    *(
        (
            f"UPDATE checks SET verdict = '{verdict}' WHERE id = {number}",
            problem(ProblemKind.CHECK_VERDICT, number=number, verdict=verdict, fields=fields),
        )
        for number, verdict, fields in (
            (1, "GOOD", ("verdict",)),
            (1, "DRIFTED", ("fingerprint",)),
            (2, "REPRODUCED", ("fingerprint",)),
            (1, "ERROR", ("failure", "fingerprint")),
            (3, "REPRODUCED", ("failure", "fingerprint_id", "environment_id", "source", "fingerprint")),
        )
    ),
    (
        f"UPDATE checks SET entry_id = '{OTHER}' WHERE id = 1",
        problem(ProblemKind.CHECK_BASELINE, number=1),
    ),
    (
        "UPDATE checks SET source = 'x' WHERE id = 1",
        problem(ProblemKind.CHECK_DOCUMENT, number=1, error=NOT_JSON),
    ),
    (
        "UPDATE checks SET source = replace(source, 'def ', 'def  ') WHERE id = 1",
        problem(ProblemKind.CHECK_SOURCE, number=1, fields=("text",)),
    ),
    ("UPDATE checks SET duration_s = -1 WHERE id = 1", problem(ProblemKind.CHECK_DURATION, number=1)),
    (
        "UPDATE checks SET at = '2025-01-01T00:00:00.000000Z' WHERE id = 1",
        time_order("checks", 1, "at", "baselines.created_at"),
    ),
    (
        "UPDATE checks SET at = '2026-01-02T00:00:00.000000Z' WHERE id = 2",
        time_order("checks", 2, "at", "checks.at"),
    ),
    # Audits
    (
        "UPDATE audits SET document = '{}'",
        problem(ProblemKind.AUDIT_DOCUMENT, number=1, error="DecodingError: format: it is missing"),
    ),
    (
        "UPDATE checks SET column_label = 'there' WHERE id = 4",
        problem(ProblemKind.AUDIT_CHECK, number=1, check=4, entry=ID, column="there"),
    ),
    (
        "UPDATE checks SET audit_id = NULL, column_label = NULL WHERE id = 4",
        problem(ProblemKind.AUDIT_UNFINISHED, number=1, missing=1),
    ),
    (
        f"""UPDATE audits SET document = replace(document, '"{ID}"', '"{ID}","{ID}"')""",
        problem(ProblemKind.AUDIT_PLAN, number=1),
    ),
    (
        f"""UPDATE audits SET document = replace(document, '"{ID}"', '"{"0" * 64}","{ID}"')""",
        problem(ProblemKind.AUDIT_ENTRY, number=1, entry="0" * 64),
    ),
    (
        """UPDATE audits SET document = replace(document, '"shard":[1,1]', '"shard":[1,9999]')""",
        problem(ProblemKind.AUDIT_SHARD, number=1),
    ),
    (
        "UPDATE audits SET started_at = '2026-03-01T00:00:00.000000Z', finished_at = NULL",
        time_order("checks", 4, "at", "audits.started_at"),
    ),
    (
        f"UPDATE audits SET finished_at = '{AT}', started_at = '{AT}'",
        time_order("checks", 4, "at", "audits.finished_at"),
    ),
    # Waivers
    (
        "UPDATE waivers SET entry_id = 'nobody'",
        problem(ProblemKind.DANGLING, row=1, table="waivers", parent="entries"),
    ),
    ("UPDATE waivers SET until = 'Friday'", problem(ProblemKind.WAIVER_DAY, number=1, found="Friday")),
    (
        "UPDATE waivers SET until = '2026-13-01'",
        problem(ProblemKind.WAIVER_DAY, number=1, found="2026-13-01"),
    ),
    (
        "UPDATE waivers SET until = '2025-12-31'",
        problem(ProblemKind.WAIVER_DAY, number=1, found="2025-12-31"),
    ),
    ("UPDATE waivers SET fingerprint = 'x'", problem(ProblemKind.WAIVER_DIGEST, number=1, found="x")),
    (
        f"UPDATE waivers SET fingerprint = '{'0' * 64}'",
        problem(ProblemKind.WAIVER_DRIFT, number=1, entry=OTHER),
    ),
    ("UPDATE waivers SET reason = ' '", problem(ProblemKind.WAIVER_REASON, number=1)),
    ("UPDATE waivers SET after_check = 99", problem(ProblemKind.WAIVER_PLACE, number=1)),
    (f"UPDATE waivers SET removed_at = '{LATER}'", problem(ProblemKind.WAIVER_PLACE, number=1)),
]


@pytest.mark.parametrize(("edit", "expected"), EDITS, ids=range(len(EDITS)))
def test_an_edit_is_noticed(copy: Path, edit: str | Callable[[Path], None], expected: Problem) -> None:
    assert inspect_content(SqliteFile(copy)) == []
    if isinstance(edit, str):
        execute(copy, edit)
    else:
        edit(copy)
    assert expected in inspect_content(SqliteFile(copy))


def test_an_edit_of_one_value_is_one_problem(copy: Path) -> None:
    execute(copy, "UPDATE environments SET numpy = '3' WHERE id = 1")
    assert check(SqliteFile(copy)) == [problem(ProblemKind.ENVIRONMENT_COLUMNS, number=1)]


def test_every_kind_of_problem_can_be_found() -> None:
    elsewhere = {
        ProblemKind.CHECK_AUDIT,  # a rule of the table forbids it, too
        ProblemKind.NO_OBJECT,
        ProblemKind.PAGES,
        ProblemKind.UNFINISHED,
        ProblemKind.WEIGHTS_DIFFER,
        ProblemKind.WEIGHTS_MISSING,
        ProblemKind.WEIGHTS_UNREADABLE,
    }
    assert {expected.kind for _, expected in EDITS} == set(ProblemKind) - elsewhere


def test_a_check_with_an_audit_and_no_environment_of_it_is_found(copy: Path) -> None:
    execute(copy, "PRAGMA ignore_check_constraints = ON; UPDATE checks SET column_label = NULL WHERE id = 4")
    assert problem(ProblemKind.CHECK_AUDIT, number=4) in check(SqliteFile(copy))


def test_a_view_in_place_of_a_table_is_found(copy: Path) -> None:
    execute(copy, "ALTER TABLE tags RENAME TO real_tags; CREATE VIEW tags AS SELECT * FROM real_tags")
    found = check(SqliteFile(copy))
    assert problem(ProblemKind.SCHEMA_MISSING, what="table", name="tags") in found
    assert problem(ProblemKind.SCHEMA_EXTRA, what="view", name="tags") in found


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"


@pytest.mark.parametrize("table", ["tags", "entries", "registry", "seedreg_alembic_version"])
def test_a_view_without_an_end_is_not_read(copy: Path, table: str) -> None:
    execute(copy, f"ALTER TABLE {table} RENAME TO hidden; CREATE VIEW {table} AS {ENDLESS} SELECT x FROM n")
    assert problem(ProblemKind.SCHEMA_EXTRA, what="view", name=table) in check(SqliteFile(copy))
    uses: list[Callable[[], object]] = [
        lambda: status(SqliteFile(copy)),
        lambda: upgrade(SqliteFile(copy)),
        lambda: open_repository(SqliteFile(copy), write=False),
        lambda: open_repository(SqliteFile(copy)),
    ]
    for use in uses:
        with pytest.raises(RegistryError, match=f"view '{table}' was not made by seedreg") as caught:
            use()
        assert caught.value.step is Step.CHECK_REGISTRY


def test_the_rest_is_inspected_when_a_table_is_missing(copy: Path) -> None:
    execute(copy, "DROP TABLE tags; UPDATE environments SET numpy = '3' WHERE id = 1")
    found = check(SqliteFile(copy))
    assert problem(ProblemKind.SCHEMA_MISSING, what="table", name="tags") in found
    assert problem(ProblemKind.ENVIRONMENT_COLUMNS, number=1) in found


def test_a_document_nested_too_deeply_is_one_that_cannot_be_read(copy: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    execute(copy, f"UPDATE checks SET source = '{deep}' WHERE id = 1")
    assert [one.kind for one in check(SqliteFile(copy))] == [ProblemKind.CHECK_DOCUMENT]


@pytest.mark.parametrize("finished", ["2026-02-03T04:04:05.000000Z", "2026-02-03T03:06:05.000000Z"])
def test_a_clock_that_was_corrected_is_no_problem(copy: Path, finished: str) -> None:
    execute(copy, f"UPDATE audits SET finished_at = '{finished}'")
    assert check(SqliteFile(copy)) == []


def test_a_reason_with_another_text_cannot_be_noticed(copy: Path) -> None:
    execute(copy, "UPDATE baselines SET reason = 'because' WHERE id = 3; UPDATE waivers SET reason = 'so'")
    assert check(SqliteFile(copy)) == []


class TestKeptWeights:
    @pytest.fixture
    def kept(self, repository: Repository, path: Path) -> ObjectStore:
        import hashlib
        import io

        texts = (b"first", b"second")
        digests = [hashlib.sha256(text).hexdigest() for text in texts]
        weights = fingerprint()
        tensors = tuple(
            replace(tensor, sha256=digest) for tensor, digest in zip(weights.tensors, digests, strict=True)
        )
        repository.entries.add(entry(), replace(baseline(), fingerprint=replace(weights, tensors=tensors)))
        for text, digest in zip(texts, digests, strict=True):
            repository.objects.adopt(io.BytesIO(text), digest)
        repository.baselines.mark_kept(ID, 1)
        assert check(SqliteFile(path)) == []
        return repository.objects

    def test_a_missing_object_is_found(self, kept: ObjectStore, path: Path) -> None:
        next(kept.folder.glob("*/*")).unlink()
        assert check(SqliteFile(path)) == [
            problem(ProblemKind.WEIGHTS_MISSING, entry=ID, number=1, missing=1, tensors=2)
        ]

    def test_a_missing_folder_is_found(self, kept: ObjectStore, path: Path) -> None:
        kept.folder.rename(path.parent / "elsewhere")
        assert check(SqliteFile(path)) == [
            problem(ProblemKind.WEIGHTS_MISSING, entry=ID, number=1, missing=2, tensors=2)
        ]

    def test_damaged_objects_are_found(self, kept: ObjectStore, path: Path) -> None:
        one = next(kept.folder.glob("*/*"))
        one.write_bytes(b"not that")
        (one.parent / "notes").write_bytes(b"")
        assert sorted(check(SqliteFile(path)), key=str) == [
            problem(ProblemKind.NO_OBJECT, path=str(one.parent / "notes")),
            problem(ProblemKind.WEIGHTS_DIFFER, path=str(one)),
        ]


def test_pages_that_cannot_be_read_are_found(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * 20480 + whole[24576:])
    message = f"registry {path} is damaged: database disk image is malformed"
    assert problem(ProblemKind.UNFINISHED, message=message) in check(SqliteFile(path))


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


def test_every_verdict_that_is_possible_is_sound(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    for one in (
        a_check(ID),
        drifted(ID),
        a_check(ID, Verdict.NONDETERMINISTIC),
        replace(drifted(ID), verdict=Verdict.NONDETERMINISTIC),
        failed_check(ID),
    ):
        repository.checks.add(one)
    assert check(SqliteFile(path)) == []
