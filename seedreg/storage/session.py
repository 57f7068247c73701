"""One connection to an open registry: its transactions, and the rows that several kinds of value share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Select, Table, bindparam, insert, select

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import SCHEME, Fingerprint
from seedreg.errors import RegistryError, UsageError
from seedreg.storage import schema
from seedreg.storage.engine import engine_on, transaction, translated
from seedreg.storage.objects import ObjectStore
from seedreg.storage.tables import entries, environments, fingerprints

# Statements that every check needs are made once: to make one takes longer than to run it.
_ENTRY_ID = select(entries.c.id).where(entries.c.id == bindparam("entry_id"))
_FINGERPRINT_ID = select(fingerprints.c.id).where(fingerprints.c.document_sha256 == bindparam("sha256"))
_ENVIRONMENT_ID = select(environments.c.id).where(environments.c.digest == bindparam("digest"))

DAMAGED_HINT = "`seedreg db check` looks at all of it; a backup can take its place"

_Self = TypeVar("_Self", bound="Session")


class Session:
    """A connection, and the transactions on it; use it in one thread, and close it."""

    def __init__(
        self, path: Path, file: sqlite3.Connection, status: schema.SchemaStatus, *, busy_timeout_s: float
    ) -> None:
        self.path = path
        self.objects = ObjectStore.beside(path)
        self._has_audits = status.has_audits
        self._busy_timeout_s = busy_timeout_s
        self._engine = engine_on(file)
        self._connection = self._engine.connect()

    def close(self) -> None:
        """Close the file; the repository cannot be used afterwards."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Transactions

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with translated(self.path, self._busy_timeout_s), transaction(self._connection, write=False):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with translated(self.path, self._busy_timeout_s), transaction(self._connection, write=True):
            # Another process may have upgraded the file since it was opened.
            revisions = list(self._connection.exec_driver_sql(schema.VERSION_QUERY).scalars())
            schema.as_status(revisions, self.path).require(self.path, write=True)
            yield

    @contextmanager
    def _parsing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError, KeyError, AttributeError, UsageError) as error:
            raise RegistryError(
                f"registry {self.path} is damaged: {what} cannot be read ({error})", hint=DAMAGED_HINT
            ) from error

    # Rows, inside a transaction

    def _rows(self, query: Select[Any], **parameters: object) -> list[Any]:
        return list(self._connection.execute(query, parameters).all())

    def _insert(self, table: Table, **values: object) -> int:
        result = self._connection.execute(insert(table), values)
        key = result.inserted_primary_key
        assert key is not None
        return key[0]  # type: ignore[no-any-return]

    def _has_entry(self, entry_id: str) -> bool:
        return self._connection.scalar(_ENTRY_ID, {"entry_id": entry_id}) is not None

    def _require_entry(self, entry_id: str) -> None:
        if not self._has_entry(entry_id):
            raise RegistryError(f"no entry {entry_id[:12]} in registry {self.path}")

    def _fingerprint_id(self, fingerprint: Fingerprint) -> int:
        document = fingerprint.document()
        text = canonical_json(document)
        sha256 = sha256_text(text)
        found = self._connection.scalar(_FINGERPRINT_ID, {"sha256": sha256})
        return found or self._insert(
            fingerprints,
            digest=document["digest"],
            scheme=SCHEME,
            tensor_count=len(fingerprint.tensors),
            parameter_count=fingerprint.parameter_count,
            document=text,
            document_sha256=sha256,
        )

    def _environment_id(self, environment: Environment) -> int:
        text = canonical_json(environment.document())
        digest = sha256_text(text)
        found = self._connection.scalar(_ENVIRONMENT_ID, {"digest": digest})
        return found or self._insert(
            environments,
            digest=digest,
            python=environment.python,
            tensorflow=environment.tensorflow,
            keras=environment.keras,
            keras_distribution=environment.keras_distribution,
            numpy=environment.numpy,
            document=text,
        )

    def _documents(self, table: Table, ids: set[int]) -> dict[int, str]:
        query = select(table.c.id, table.c.document)
        return {id_: text for one in sorted(ids) for id_, text in self._rows(query.where(table.c.id == one))}
