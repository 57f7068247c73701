"""Entries and environments: whether ids, columns, names and times agree with the documents."""

from __future__ import annotations

from seedreg.domain.canonical import sha256_text
from seedreg.domain.entry import check_name
from seedreg.domain.environment import Environment
from seedreg.domain.problem import ProblemKind
from seedreg.domain.recipe import Recipe
from seedreg.errors import UsageError
from seedreg.storage.entry_rows import RECIPE_COLUMNS, recipe_columns
from seedreg.storage.inspection.reading import Inspected, Row, document_of
from seedreg.storage.inspection.times import inspect_order, inspect_time
from seedreg.storage.tables import entries, environments, tags

_VERSIONS = {column.name for column in environments.columns} - {"id", "digest", "document"}


def inspect_entries(found: Inspected) -> None:
    """Entries whose id, columns, names or times are not those of their recipe, or cannot be theirs."""
    aliases: dict[str, str] = {}
    factories: set[str] = set()
    for row in found.rows(entries):
        _inspect_recipe(found, row)
        _inspect_retirement(found, row)
        factories.update((row["factory"], row["factory"].rpartition(":")[2]))
        if row["alias"] is not None:
            aliases[row["id"]] = row["alias"]
    for entry_id, alias in aliases.items():
        _inspect_name(found, entry_id, "alias", alias)
        if alias in factories:
            found.report(ProblemKind.ALIAS_OF_FACTORY, entry=entry_id, name=alias)
    for row in found.rows(tags):
        _inspect_name(found, row["entry_id"], "tag", row["name"])


def _inspect_recipe(found: Inspected, row: Row) -> None:
    with found.reading(ProblemKind.ENTRY_DOCUMENT, entry=row["id"]):
        recipe = Recipe.from_document(document_of(row["recipe"]))
        if recipe.id != row["id"]:
            found.report(ProblemKind.ENTRY_ID, entry=row["id"], found=recipe.id)
        expected = recipe_columns(recipe)
        differing = tuple(name for name in RECIPE_COLUMNS if name in row and row[name] != expected[name])
        if differing:
            found.report(ProblemKind.ENTRY_COLUMNS, entry=row["id"], columns=differing)


def _inspect_retirement(found: Inspected, row: Row) -> None:
    created = inspect_time(found, "entries", row["rowid"], "created_at", row["created_at"])
    if row["retired_at"] is None:
        if row["retired_reason"] is not None:
            found.report(ProblemKind.ENTRY_RETIREMENT, entry=row["id"])
        return
    retired = inspect_time(found, "entries", row["rowid"], "retired_at", row["retired_at"])
    than = "entries.created_at"
    inspect_order(found, "entries", row["rowid"], "retired_at", earlier=created, later=retired, than=than)


def _inspect_name(found: Inspected, entry_id: str, kind: str, name: str) -> None:
    try:
        check_name(kind, name)
    except UsageError:
        found.report(ProblemKind.NAME, entry=entry_id, what=kind, name=name)


def inspect_environments(found: Inspected) -> None:
    """Environments whose digest or columns are not those of their document."""
    for row in found.rows(environments):
        number = row["id"]
        with found.reading(ProblemKind.ENVIRONMENT_DOCUMENT, number=number):
            if sha256_text(row["document"]) != row["digest"]:
                found.report(ProblemKind.ENVIRONMENT_DIGEST, number=number)
            environment = Environment.from_document(document_of(row["document"]))
            if any(row[name] != getattr(environment, name) for name in _VERSIONS):
                found.report(ProblemKind.ENVIRONMENT_COLUMNS, number=number)
