"""What a registry is made of: pages, tables and indexes, numbered rows, and references between them."""

from __future__ import annotations

from functools import cache

from sqlalchemy import func, select

from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.storage.database import Database
from seedreg.storage.inspection.reading import Inspected
from seedreg.storage.opening import scratch_database
from seedreg.storage.schema import migrate
from seedreg.storage.tables import audits, baselines, checks, environments, fingerprints, waivers

# Rows of these are only ever appended, and a transaction that fails uses up no number.
_NUMBERED = (fingerprints, environments, baselines, audits, checks, waivers)
_OF_AUDITS = (audits, waivers)


def inspect_pages(database: Database, problems: list[Problem]) -> None:
    """Damage that the database itself notices."""
    problems.extend(problem(ProblemKind.PAGES, text=line) for line in database.backend.damages())


def inspect_definitions(found: Inspected) -> None:
    """Tables, indexes and settings that the migrations to this schema did not make, or made otherwise."""
    expected = definitions_of(found.schema.revision)
    stored = dict(found.database.backend.definitions())
    for (kind, name), definition in expected.items():
        if (kind, name) not in stored:
            found.report(ProblemKind.SCHEMA_MISSING, what=kind, name=name)
        elif stored[kind, name] != definition:
            found.report(ProblemKind.SCHEMA_DIFFERS, what=kind, name=name)
    for kind, name in sorted(stored.keys() - expected.keys()):
        found.report(ProblemKind.SCHEMA_EXTRA, what=kind, name=name)


@cache
def definitions_of(revision: str) -> dict[tuple[str, str], str]:
    """Kind and name of everything that the migrations to this revision make, with its definition."""
    database = scratch_database()
    try:
        with database.migrating() as connection:
            migrate(connection, revision)
        return dict(database.backend.definitions())
    finally:
        database.close()


def inspect_references(found: Inspected) -> None:
    """References to rows that do not exist."""
    for table, row, parent in found.database.backend.dangling():
        found.report(ProblemKind.DANGLING, table=table, row=row, parent=parent)


def inspect_numbers(found: Inspected) -> None:
    """Rows that were deleted from the middle of a table, or added with a number of their own."""
    for table in _NUMBERED:
        if table in _OF_AUDITS and not found.schema.has_audits:
            continue
        query = select(func.count(), func.min(table.c.id), func.max(table.c.id))
        ((count, first, last),) = found.database.stream(query)
        if count and (first, last) != (1, count):
            found.report(ProblemKind.ROW_NUMBERS, table=table.name, count=count, first=first, last=last)


def inspect_orphans(found: Inspected) -> None:
    """Fingerprints and environments that nothing refers to: what referred to them was changed or deleted."""
    for table, name in ((fingerprints, "fingerprint_id"), (environments, "environment_id")):
        of_checks = select(checks.c[name]).where(checks.c[name].is_not(None))
        used = select(baselines.c[name]).union(of_checks)
        query = select(table.c.id).where(table.c.id.not_in(used)).order_by(table.c.id)
        for (number,) in found.database.rows(query):
            found.report(ProblemKind.ORPHAN, table=table.name, row=number)
