"""Rows that values of several kinds point to: entries and audits, and documents that are stored once.

Call all of it inside a transaction.
"""

from __future__ import annotations

from sqlalchemy import Table, bindparam, select

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import SCHEME, Fingerprint
from seedreg.errors import RegistryError
from seedreg.storage.database import Database
from seedreg.storage.tables import audits, entries, environments, fingerprints

# Statements that every check needs are made once: to make one takes longer than to run it.
_ENTRY_ID = select(entries.c.id).where(entries.c.id == bindparam("entry_id"))
_AUDIT_ID = select(audits.c.id).where(audits.c.id == bindparam("number"))
_FINGERPRINT_ID = select(fingerprints.c.id).where(fingerprints.c.document_sha256 == bindparam("sha256"))
_ENVIRONMENT_ID = select(environments.c.id).where(environments.c.digest == bindparam("digest"))


def has_entry(database: Database, entry_id: str) -> bool:
    """Whether there is an entry of that full id."""
    return database.scalar(_ENTRY_ID, entry_id=entry_id) is not None


def require_entry(database: Database, entry_id: str) -> None:
    """Make sure that there is an entry of that full id.

    Raises:
        RegistryError: if there is none.
    """
    if not has_entry(database, entry_id):
        raise RegistryError(f"no entry {entry_id[:12]} in registry {database.place}")


def require_audit(database: Database, number: int) -> None:
    """Make sure that there is an audit of that number.

    Raises:
        RegistryError: if there is none.
    """
    if database.scalar(_AUDIT_ID, number=number) is None:
        raise RegistryError(f"no audit {number} in registry {database.place}")


def fingerprint_id(database: Database, fingerprint: Fingerprint) -> int:
    """The row of the fingerprint, which is stored if it is new."""
    document = fingerprint.document()
    text = canonical_json(document)
    sha256 = sha256_text(text)
    found: int | None = database.scalar(_FINGERPRINT_ID, sha256=sha256)
    return found or database.insert_numbered(
        fingerprints,
        digest=document["digest"],
        scheme=SCHEME,
        tensor_count=len(fingerprint.tensors),
        parameter_count=fingerprint.parameter_count,
        document=text,
        document_sha256=sha256,
    )


def environment_id(database: Database, environment: Environment) -> int:
    """The row of the environment, which is stored if it is new."""
    text = canonical_json(environment.document())
    digest = sha256_text(text)
    found: int | None = database.scalar(_ENVIRONMENT_ID, digest=digest)
    return found or database.insert_numbered(
        environments,
        digest=digest,
        python=environment.python,
        tensorflow=environment.tensorflow,
        keras=environment.keras,
        keras_distribution=environment.keras_distribution,
        numpy=environment.numpy,
        document=text,
    )


def documents_of(database: Database, table: Table, ids: set[int]) -> dict[int, str]:
    """The documents of those rows of `fingerprints` or `environments`."""
    query = select(table.c.document).where(table.c.id == bindparam("id"))
    return {id_: database.scalar(query, id=id_) for id_ in sorted(ids)}
