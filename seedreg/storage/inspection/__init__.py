"""What can be wrong with a registry's content; every digest is computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.domain.trust import is_identity
from seedreg.errors import RegistryError, SchemaError
from seedreg.storage.database import Database
from seedreg.storage.inspection.audits import inspect_audits
from seedreg.storage.inspection.baselines import Head, inspect_baselines
from seedreg.storage.inspection.checks import inspect_checks
from seedreg.storage.inspection.entries import inspect_entries, inspect_environments
from seedreg.storage.inspection.fingerprints import inspect_fingerprints
from seedreg.storage.inspection.reading import Inspected
from seedreg.storage.inspection.structure import (
    inspect_definitions,
    inspect_numbers,
    inspect_orphans,
    inspect_pages,
    inspect_references,
)
from seedreg.storage.inspection.waivers import inspect_waivers
from seedreg.storage.inspection.weights import missing_weights
from seedreg.storage.location import Location
from seedreg.storage.opening import objects_of, opened
from seedreg.storage.revisions import VERSION_TABLE
from seedreg.storage.tables import registry


def check(location: Location) -> list[Problem]:
    """Everything that is wrong with a registry; empty when all of it is sound, kept weights included.

    Raises:
        SchemaError: if it is newer than this seedreg.
        RegistryError: if there is no registry that can be opened.
    """
    store = objects_of(location)
    found = inspect_content(location)
    with opened(location, write=False) as database:
        if not _views(database):
            _inspect(database, found, lambda: found.extend(missing_weights(database, store)))
    found.extend(store.problems())
    return list(dict.fromkeys(found))


def inspect_content(location: Location) -> list[Problem]:
    """Everything that is wrong with the registry's own content, whatever became of kept weights.

    Raises:
        SchemaError: if it is newer than this seedreg.
        RegistryError: if there is no registry that can be opened.
    """
    problems: list[Problem] = []
    with opened(location, write=False) as database:
        try:
            with database.reading():  # one moment, whatever others write meanwhile
                _inspect_all(database, problems)
        except SchemaError:
            raise
        except RegistryError as error:  # of a file that is too damaged even to end the reading
            problems.append(problem(ProblemKind.UNFINISHED, message=error.message))
    return list(dict.fromkeys(problems))


def _inspect_all(database: Database, problems: list[Problem]) -> None:
    _inspect(database, problems, lambda: inspect_pages(database, problems))
    views = _views(database)
    problems.extend(problem(ProblemKind.SCHEMA_EXTRA, what="view", name=name) for name in views)
    if VERSION_TABLE in views:
        return
    schema = database.current_schema()
    schema.require(database.place, write=False)
    for section in _sections(Inspected(database, schema, problems), reads_rows=not views):
        _inspect(database, problems, section)


def _views(database: Database) -> list[str]:
    """The views in place of tables, or beside them: the rows that they give may have no end."""
    views: list[str] = []
    _inspect(database, [], lambda: views.extend(database.backend.views()))
    return views


def _inspect(database: Database, problems: list[Problem], section: Callable[[], None]) -> None:
    """Inspect one section; where it cannot be read, that is a problem of its own."""
    try:
        with database.backend.explaining():
            section()
    except RegistryError as error:
        problems.append(problem(ProblemKind.UNFINISHED, message=error.message))


def _sections(found: Inspected, *, reads_rows: bool) -> Iterator[Callable[[], None]]:
    """What is inspected, in this order; each may fail without the others."""
    heads: dict[int, Head] = {}
    yield partial(inspect_definitions, found)
    if not reads_rows:
        return
    yield from (
        partial(inspect, found)
        for inspect in (
            inspect_references,
            inspect_numbers,
            inspect_orphans,
            inspect_entries,
            inspect_fingerprints,
            inspect_environments,
        )
    )
    yield lambda: heads.update(inspect_baselines(found))
    yield lambda: inspect_checks(found, heads)
    if found.schema.has_audits:
        yield partial(inspect_audits, found)
        yield partial(inspect_waivers, found)
    if found.schema.has_identity:
        yield partial(_inspect_identity, found)


def _inspect_identity(found: Inspected) -> None:
    identities = [row["identity"] for row in found.rows(registry)]
    if len(identities) != 1 or not is_identity(identities[0]):
        found.report(ProblemKind.IDENTITY)
