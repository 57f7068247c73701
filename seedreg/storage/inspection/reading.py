"""How an inspection reads: rows with any content, and a problem for each one that cannot be read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Float, Integer, Table

from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import parse
from seedreg.domain.problem import Problem, ProblemKind, problem
from seedreg.errors import RegistryError, SeedregError
from seedreg.storage.database import Database
from seedreg.storage.revisions import SchemaStatus


class Row(dict[str, Any]):
    """A row by column; one that it does not have cannot be inspected."""

    def __missing__(self, column: str) -> Any:
        raise RegistryError(f"a row has no column {column!r}")


# What reading a damaged document can raise; RecursionError and MemoryError from one nested too deeply.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SeedregError)


@dataclass
class Inspected:
    """A registry in one moment, and the problems that were found in it so far."""

    database: Database
    schema: SchemaStatus
    problems: list[Problem]

    def report(self, kind: ProblemKind, **fields: object) -> None:
        """Add a problem."""
        self.problems.append(problem(kind, **fields))

    def rows(self, table: Table) -> Iterator[Row]:
        """The table's rows by column, `rowid` among them; those with values of wrong types are reported.

        A registry of an older schema has fewer columns.
        """
        columns = list(table.columns)
        for row in map(Row, self.database.backend.rows_of(table.name)):
            wrong = [column.name for column in columns if column.name in row and not _fits(row, column)]
            for name in wrong:
                self.report(
                    ProblemKind.VALUE_TYPE,
                    table=table.name,
                    row=row["rowid"],
                    column=name,
                    found=type(row[name]).__name__,
                )
            if not wrong:
                yield row

    @contextmanager
    def reading(self, kind: ProblemKind, **fields: object) -> Iterator[None]:
        """Report a problem of this kind if a document cannot be read in the block."""
        try:
            yield
        except (ValueError, TypeError, *_UNREADABLE) as error:
            self.report(kind, error=f"{type(error).__name__}: {error}", **fields)


def _fits(row: Row, column: Column[Any]) -> bool:
    value = row[column.name]
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, Float):
        return isinstance(value, float) and math.isfinite(value)
    return isinstance(value, int if isinstance(column.type, Integer) else str)


def document_of(text: str) -> Any:
    """The JSON value of a stored document.

    Raises:
        ValueError: if it is not JSON, or not in the canonical form in which documents are stored.
    """
    document = parse(text)
    if canonical_json(document) != text:
        raise ValueError("it is not in its canonical form")
    return document
