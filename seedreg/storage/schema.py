"""The registry file as a whole: which schema it has, how it is created, upgraded, copied and examined.

Alembic costs 0.7 s to import: only `create` and `upgrade` do. Rows as values are in `repository.py`.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from seedreg.domain.audit import AuditPlan
from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.entry import Recipe
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import SCHEME, Fingerprint
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistryError, SchemaError, SeedregError
from seedreg.files import put_in_place, temporary_beside
from seedreg.storage import documents
from seedreg.storage.engine import (
    APPLICATION_ID,
    BUSY_TIMEOUT_S,
    connect,
    engine_on,
    require_registry,
    transaction,
    translated,
)
from seedreg.storage.objects import ObjectStore

REVISIONS = ("0001_initial", "0002_audits", "0003_waivers")
SCHEMA_REVISION = "0003_waivers"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
VERSION_TABLE = "seedreg_alembic_version"
VERSION_QUERY = f"SELECT version_num FROM {VERSION_TABLE}"


@dataclass(frozen=True)
class SchemaStatus:
    """Which schema a registry has, and which one this seedreg writes."""

    revision: str
    latest: str

    @property
    def state(self) -> Literal["current", "older", "newer"]:
        """How the file stands to this seedreg; what it does not know is newer."""
        if self.revision == self.latest:
            return "current"
        return "older" if self.revision in REVISIONS else "newer"

    @property
    def has_audits(self) -> bool:
        """Whether audits and waivers can be in it; before, no check had a column."""
        return self.revision in REVISIONS[2:]

    def require(self, path: Path, *, write: bool) -> None:
        """Make sure that this seedreg may read the file, or write it.

        Raises:
            SchemaError: if it may not.
        """
        if self.state == "newer":
            raise SchemaError(
                f"registry {path} has schema {self.revision}, newer than this seedreg's {self.latest}",
                hint="upgrade seedreg",
            )
        if write and self.state == "older":
            raise SchemaError(
                f"registry {path} has schema {self.revision}; this seedreg writes {self.latest}",
                hint="run `seedreg db upgrade` (takes a backup first)",
            )


class Upgraded(NamedTuple):
    """What an upgrade did; `backup` is None when there was nothing to do."""

    before: str
    after: str
    backup: Path | None


def status(path: Path) -> SchemaStatus:
    """The schema of the registry at the path.

    Raises:
        RegistryError: if there is no readable registry.
    """
    with _opened(path, write=False) as file:
        return status_of(file, path)


def status_of(file: sqlite3.Connection, path: Path) -> SchemaStatus:
    """The schema of the registry that a connection of the driver is open on."""
    with translated(path):
        return as_status([revision for (revision,) in file.execute(VERSION_QUERY)], path)


def as_status(revisions: list[str], path: Path) -> SchemaStatus:
    """What the rows of the version table say.

    Raises:
        RegistryError: if they are not one row.
    """
    if len(revisions) != 1:
        raise RegistryError(f"registry {path} is damaged: it has {len(revisions)} schema revisions, not one")
    return SchemaStatus(revisions[0], SCHEMA_REVISION)


def create(path: Path, *, wait_s: float = BUSY_TIMEOUT_S, revision: str = SCHEMA_REVISION) -> bool:
    """Create an empty registry, and its folder; False when another file has that name by then.

    The file appears complete or not at all. A folder named `.seedreg` is kept out of git.

    Raises:
        RegistryError: if it cannot be created there.
    """
    path = Path(os.path.realpath(path))
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name == ".seedreg" and not (path.parent / ".gitignore").exists():
            (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        with temporary_beside(path) as temporary:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as file:
                # Nobody else sees this file and it is synced as a whole when it is complete.
                file.execute("PRAGMA synchronous=OFF")
                file.execute(f"PRAGMA application_id={APPLICATION_ID}")
                with engine_on(file).connect() as connection, transaction(connection, write=True):
                    _migrate(connection, revision)
                file.execute("PRAGMA journal_mode=WAL")
            return put_in_place(temporary, path, wait_s=wait_s)


def upgrade(path: Path, *, at: str | None = None, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Upgraded:
    """Bring a registry to the newest schema, all the way or not at all, after a backup beside it.

    The backup is `<name>.<revision before>-<time>.bak`; `at` is the UTC time of its name, now by default.

    Raises:
        SchemaError: if the file is newer than this seedreg.
        RegistryError: if it cannot be written, or the backup cannot be made.
    """
    at = at or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    with _opened(path, write=True, busy_timeout_s=busy_timeout_s) as file, translated(path, busy_timeout_s):
        # SQLite makes a table anew to change it, and ignores this inside a transaction.
        file.execute("PRAGMA foreign_keys=OFF")
        with engine_on(file).connect() as connection, transaction(connection, write=True):
            # Under the lock: another process may have upgraded in the meantime, and none can now.
            before = as_status(list(connection.exec_driver_sql(VERSION_QUERY).scalars()), path)
            before.require(path, write=False)
            if before.state == "current":
                return Upgraded(before.revision, before.latest, None)
            stamp = at.replace("-", "").replace(":", "")
            target = path.with_name(f"{path.name}.{before.revision}-{stamp}.bak")
            backup(path, target)
            _migrate(connection, before.latest)
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise RegistryError(
                    f"registry {path} was not upgraded: rows point to rows that do not exist",
                    hint="`seedreg db check` lists them",
                )
        return Upgraded(before.revision, before.latest, target)


def backup(path: Path, target: Path) -> None:
    """Copy the registry as it is at one moment, while others may go on writing.

    Raises:
        RegistryError: if the target exists, or cannot be written.
    """
    exists = RegistryError(f"{target} exists already", hint="a backup never overwrites; give another name")
    with _opened(path, write=False) as file, translated(target):
        if os.path.lexists(target):
            raise exists
        with temporary_beside(target) as temporary:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as copy:
                copy.execute("PRAGMA synchronous=OFF")
                file.backup(copy)
                copy.execute("PRAGMA journal_mode=WAL")
            if not put_in_place(temporary, target, wait_s=BUSY_TIMEOUT_S):
                raise exists


def check(path: Path) -> list[str]:
    """Everything that is wrong with a registry, one line each; empty when all of it is sound.

    Every digest is computed anew, those of the kept weights included.

    Raises:
        SchemaError: if it is newer than this seedreg.
        RegistryError: if there is no registry that can be opened.
    """
    problems: list[str] = []
    with _opened(path, write=False) as file:
        try:
            file.execute("BEGIN")  # one moment, whatever others write meanwhile
            problems.extend(_damages(file))
            found = as_status([revision for (revision,) in file.execute(VERSION_QUERY)], path)
            found.require(path, write=False)
            problems.extend(_problems(file))
            if found.has_audits:
                problems.extend(_audit_problems(file))
                problems.extend(_waiver_problems(file))
        except sqlite3.DatabaseError as error:
            problems.append(f"the file is damaged: {error}")
    problems.extend(ObjectStore.beside(path).problems())
    return problems


def migrations_folder() -> Path:
    """Where the revisions are: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _migrate(connection: Connection, revision: str) -> None:
    """Run the revisions up to the one given inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic keeps its options in a ConfigParser, to which a single % means something.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@contextmanager
def _opened(
    path: Path, *, write: bool, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Iterator[sqlite3.Connection]:
    require_registry(path)
    with closing(connect(path, write=write, busy_timeout_s=busy_timeout_s)) as file:
        yield file


def _damages(file: sqlite3.Connection) -> Iterator[str]:
    for (line,) in file.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"the file is damaged: {line}"


def _problems(file: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in file.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points to a row of {parent} that does not exist"
    for row in file.execute("SELECT id, project, factory, seed, recipe FROM entries ORDER BY id"):
        yield from _found(f"entry {row[0][:12]}", _entry_problems, *row)
    for row in file.execute(
        "SELECT id, digest, scheme, tensor_count, parameter_count, document, document_sha256"
        " FROM fingerprints ORDER BY id"
    ):
        yield from _found(f"fingerprint {row[0]}", _fingerprint_problems, *row[1:])
    for row in file.execute(
        "SELECT id, digest, python, tensorflow, keras, keras_distribution, numpy, document"
        " FROM environments ORDER BY id"
    ):
        yield from _found(f"environment {row[0]}", _environment_problems, *row[1:])
    yield from _baseline_problems(file)
    yield from _check_problems(file)


def _found(what: str, examine: Callable[..., Iterator[str]], *columns: Any) -> Iterator[str]:
    try:
        for problem in examine(*columns):
            yield f"{what}: {problem}"
    except (ValueError, TypeError, KeyError, AttributeError, SeedregError) as error:
        yield f"{what}: its document cannot be read ({type(error).__name__}: {error})"


def _entry_problems(id_: str, project: str, factory: str, seed: int, recipe_text: str) -> Iterator[str]:
    recipe = Recipe.from_document(json.loads(recipe_text))
    if recipe.id != id_:
        yield f"its recipe has the id {recipe.id}"
    if (project, factory, seed) != (recipe.project, recipe.factory, recipe.seed):
        yield "its columns are not those of its recipe"


def _fingerprint_problems(
    digest: str, scheme: str, tensors: int, parameters: int, text: str, text_sha256: str
) -> Iterator[str]:
    if sha256_text(text) != text_sha256:
        yield "its document is not the one that was stored"
    fingerprint = Fingerprint.from_document(json.loads(text))
    if (digest, scheme) != (fingerprint.digest, SCHEME):
        yield f"its document has the digest {fingerprint}"
    if (tensors, parameters) != (len(fingerprint.tensors), fingerprint.parameter_count):
        yield "its counts are not those of its document"


def _environment_problems(digest: str, *columns: str | None) -> Iterator[str]:
    *versions, text = columns
    document = json.loads(text or "")
    if sha256_text(canonical_json(document)) != digest:
        yield "its document does not have its digest"
    environment = Environment.from_document(document)
    if versions != [
        environment.python,
        environment.tensorflow,
        environment.keras,
        environment.keras_distribution,
        environment.numpy,
    ]:
        yield "its columns are not those of its document"


def _baseline_problems(file: sqlite3.Connection) -> Iterator[str]:
    numbers: dict[str, list[int]] = {id_: [] for (id_,) in file.execute("SELECT id FROM entries ORDER BY id")}
    for entry_id, number, source, facts in file.execute(
        "SELECT entry_id, number, source, facts FROM baselines ORDER BY entry_id, number"
    ):
        numbers.setdefault(entry_id, []).append(number)
        what = f"baseline {number} of entry {entry_id[:12]}"
        yield from _found(what, _reads_as, (documents.source, source), (documents.facts, facts))
    for entry_id, found in numbers.items():
        if not found or found != list(range(1, len(found) + 1)):
            yield f"entry {entry_id[:12]}: its baselines are numbered {found}, not from 1 without gaps"


def _check_problems(file: sqlite3.Connection) -> Iterator[str]:
    known = {verdict.value for verdict in Verdict}
    for id_, verdict, source, failure, same in file.execute(
        "SELECT checks.id, verdict, checks.source, failure, checks.entry_id = baselines.entry_id"
        " FROM checks JOIN baselines ON baselines.id = baseline_id ORDER BY checks.id"
    ):
        what = f"check {id_}"
        if verdict not in known:
            yield f"{what}: its verdict {verdict!r} is unknown"
        if not same:
            yield f"{what}: its baseline is another entry's"
        yield from _found(what, _reads_as, (documents.source, source), (documents.failure, failure))


def _audit_problems(file: sqlite3.Connection) -> Iterator[str]:
    for number, text in file.execute("SELECT id, document FROM audits ORDER BY id"):
        yield from _found(f"audit {number}", _plan_problems, file, number, text)


def _plan_problems(file: sqlite3.Connection, number: int, text: str) -> Iterator[str]:
    plan = AuditPlan.from_document(json.loads(text))
    ids, columns = set(plan.entry_ids), {column.label for column in plan.columns}
    for id_, entry_id, column in file.execute(
        "SELECT id, entry_id, column_label FROM checks WHERE audit_id = ? ORDER BY id", (number,)
    ):
        if entry_id not in ids or column not in columns:
            yield f"its plan has no check of entry {entry_id[:12]} in {column!r}, as check {id_} is"


def _waiver_problems(file: sqlite3.Connection) -> Iterator[str]:
    for id_, fingerprint, until in file.execute("SELECT id, fingerprint, until FROM waivers ORDER BY id"):
        if not _DIGEST.fullmatch(fingerprint):
            yield f"waiver {id_}: {fingerprint!r} is not the digest of a fingerprint"
        if not _DAY.fullmatch(until):  # in another form days do not sort as text
            yield f"waiver {id_}: {until!r} is not a day"


def _reads_as(*readings: tuple[Callable[[str], object], str | None]) -> Iterator[str]:
    for read, text in readings:
        if text is not None:
            read(text)
    yield from ()
