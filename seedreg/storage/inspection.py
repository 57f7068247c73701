"""What can be wrong with a registry's content; every digest is computed again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from seedreg.domain.audit import AuditPlan
from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import SCHEME, Fingerprint
from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.domain.recipe import Recipe
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistryError, SchemaError, SeedregError
from seedreg.storage import documents
from seedreg.storage.database import Database
from seedreg.storage.entry_rows import RECIPE_COLUMNS, RECIPE_COLUMNS_BEFORE, recipe_columns
from seedreg.storage.location import Location
from seedreg.storage.opening import objects_of, opened
from seedreg.storage.revisions import SchemaStatus
from seedreg.storage.tables import audits, baselines, checks, entries, environments, fingerprints, waivers

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def check(location: Location) -> list[Problem]:
    """Everything that is wrong with a registry; empty when all of it is sound, kept weights included.

    Raises:
        SchemaError: if it is newer than this seedreg.
        RegistryError: if there is no registry that can be opened.
    """
    found: list[Problem] = []
    with opened(location, write=False) as database:
        try:
            with database.reading():  # one moment, whatever others write meanwhile
                found.extend(_problems(database))
        except SchemaError:
            raise
        except RegistryError as error:
            found.append(problem(ProblemKind.UNFINISHED, message=error.message))
    found.extend(objects_of(location).problems())
    return found


def _problems(database: Database) -> Iterator[Problem]:
    for text in database.backend.damages():
        yield problem(ProblemKind.PAGES, text=text)
    schema = database.current_schema()
    schema.require(database.place, write=False)
    for table, row, parent in database.backend.dangling():
        yield problem(ProblemKind.DANGLING, table=table, row=row, parent=parent)
    yield from _entry_problems(database, schema)
    yield from _fingerprint_problems(database)
    yield from _environment_problems(database)
    yield from _baseline_problems(database)
    yield from _check_problems(database)
    if schema.has_audits:
        yield from _audit_problems(database)
        yield from _waiver_problems(database)


def _entry_problems(database: Database, schema: SchemaStatus) -> Iterator[Problem]:
    names = RECIPE_COLUMNS if schema.has_recipe_columns else RECIPE_COLUMNS_BEFORE
    query = select(entries.c.id, entries.c.recipe, *(entries.c[name] for name in names))
    for id_, text, *columns in database.stream(query.order_by(entries.c.id)):
        with _reading(ProblemKind.ENTRY_DOCUMENT, entry=id_) as unreadable:
            recipe = Recipe.from_document(json.loads(text))
            if recipe.id != id_:
                yield problem(ProblemKind.ENTRY_ID, entry=id_, found=recipe.id)
            expected = recipe_columns(recipe)
            stored = zip(names, columns, strict=True)
            if differing := tuple(name for name, value in stored if value != expected[name]):
                yield problem(ProblemKind.ENTRY_COLUMNS, entry=id_, columns=differing)
        yield from unreadable


def _fingerprint_problems(database: Database) -> Iterator[Problem]:
    for row in database.stream(select(fingerprints).order_by(fingerprints.c.id)):
        if sha256_text(row.document) != row.document_sha256:
            yield problem(ProblemKind.FINGERPRINT_TEXT, number=row.id)
        with _reading(ProblemKind.FINGERPRINT_DOCUMENT, number=row.id) as unreadable:
            fingerprint = Fingerprint.from_document(json.loads(row.document))
            if (row.digest, row.scheme) != (fingerprint.digest, SCHEME):
                yield problem(ProblemKind.FINGERPRINT_DIGEST, number=row.id, found=str(fingerprint))
            counts = (len(fingerprint.tensors), fingerprint.parameter_count)
            if (row.tensor_count, row.parameter_count) != counts:
                yield problem(ProblemKind.FINGERPRINT_COUNTS, number=row.id)
        yield from unreadable


def _environment_problems(database: Database) -> Iterator[Problem]:
    for row in database.stream(select(environments).order_by(environments.c.id)):
        with _reading(ProblemKind.ENVIRONMENT_DOCUMENT, number=row.id) as unreadable:
            document = json.loads(row.document)
            if sha256_text(canonical_json(document)) != row.digest:
                yield problem(ProblemKind.ENVIRONMENT_DIGEST, number=row.id)
            found = Environment.from_document(document)
            columns = (row.python, row.tensorflow, row.keras, row.keras_distribution, row.numpy)
            if columns != (
                found.python,
                found.tensorflow,
                found.keras,
                found.keras_distribution,
                found.numpy,
            ):
                yield problem(ProblemKind.ENVIRONMENT_COLUMNS, number=row.id)
        yield from unreadable


def _baseline_problems(database: Database) -> Iterator[Problem]:
    numbers: dict[str, list[int]] = {
        id_: [] for (id_,) in database.rows(select(entries.c.id).order_by(entries.c.id))
    }
    query = select(baselines.c.entry_id, baselines.c.number, baselines.c.source, baselines.c.facts)
    for row in database.stream(query.order_by(baselines.c.entry_id, baselines.c.number)):
        numbers.setdefault(row.entry_id, []).append(row.number)
        with _reading(ProblemKind.BASELINE_DOCUMENT, entry=row.entry_id, number=row.number) as unreadable:
            documents.source(row.source)
            documents.facts(row.facts)
        yield from unreadable
    for entry_id, found in numbers.items():
        if not found or found != list(range(1, len(found) + 1)):
            yield problem(ProblemKind.BASELINE_NUMBERS, entry=entry_id, found=tuple(found))


def _check_problems(database: Database) -> Iterator[Problem]:
    known = {verdict.value for verdict in Verdict}
    query = (
        select(
            checks.c.id,
            checks.c.verdict,
            checks.c.source,
            checks.c.failure,
            (checks.c.entry_id == baselines.c.entry_id).label("same"),
        )
        .join(baselines, baselines.c.id == checks.c.baseline_id)
        .order_by(checks.c.id)
    )
    for row in database.stream(query):
        if row.verdict not in known:
            yield problem(ProblemKind.CHECK_VERDICT, number=row.id, verdict=row.verdict)
        if not row.same:
            yield problem(ProblemKind.CHECK_BASELINE, number=row.id)
        with _reading(ProblemKind.CHECK_DOCUMENT, number=row.id) as unreadable:
            if row.source is not None:
                documents.source(row.source)
            if row.failure is not None:
                documents.failure(row.failure)
        yield from unreadable


def _audit_problems(database: Database) -> Iterator[Problem]:
    for row in database.rows(select(audits.c.id, audits.c.document).order_by(audits.c.id)):
        with _reading(ProblemKind.AUDIT_DOCUMENT, number=row.id) as unreadable:
            plan = AuditPlan.from_document(json.loads(row.document))
            yield from _plan_problems(database, row.id, plan)
        yield from unreadable


def _plan_problems(database: Database, number: int, plan: AuditPlan) -> Iterator[Problem]:
    ids, labels = set(plan.entry_ids), {column.label for column in plan.columns}
    query = select(checks.c.id, checks.c.entry_id, checks.c.column_label).where(checks.c.audit_id == number)
    for id_, entry_id, label in database.stream(query.order_by(checks.c.id)):
        if entry_id not in ids or label not in labels:
            yield problem(ProblemKind.AUDIT_CHECK, number=number, check=id_, entry=entry_id, column=label)


def _waiver_problems(database: Database) -> Iterator[Problem]:
    query = select(waivers.c.id, waivers.c.fingerprint, waivers.c.until).order_by(waivers.c.id)
    for id_, fingerprint, until in database.stream(query):
        if not _DIGEST.fullmatch(fingerprint):
            yield problem(ProblemKind.WAIVER_DIGEST, number=id_, found=fingerprint)
        if not _DAY.fullmatch(until):  # in another form days do not sort as text
            yield problem(ProblemKind.WAIVER_DAY, number=id_, found=until)


@contextmanager
def _reading(kind: ProblemKind, **fields: object) -> Iterator[list[Problem]]:
    """A list that holds one problem after the block if a document in it could not be read back."""
    unreadable: list[Problem] = []
    try:
        yield unreadable
    except (ValueError, TypeError, KeyError, AttributeError, SeedregError) as error:
        unreadable.append(problem(kind, error=f"{type(error).__name__}: {error}", **fields))
