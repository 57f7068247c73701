"""Entries, baselines and checks in and out of the registry; rows of the database stop here.

Every method is one transaction. What a drift is, or whether an entry may be accepted, is not known here.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, delete, func, insert, select, update

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.entry import Baseline, Entry, Recipe, looks_like_id
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import SCHEME, Fingerprint
from seedreg.domain.verdict import Check, EntrySummary, Verdict
from seedreg.errors import RegistryError, UsageError
from seedreg.storage import documents, schema
from seedreg.storage.engine import (
    BUSY_TIMEOUT_S,
    connect,
    engine_on,
    require_registry,
    transaction,
    translated,
)
from seedreg.storage.objects import ObjectStore
from seedreg.storage.tables import baselines, checks, entries, environments, fingerprints, tags

_TAG_PREFIX = "tag:"
_CANDIDATES_SHOWN = 10

_ENTRY_COLUMNS = (
    entries.c.id,
    entries.c.recipe,
    entries.c.created_at,
    entries.c.alias,
    entries.c.note,
    entries.c.retired_at,
    entries.c.retired_reason,
)
_ORDER = (entries.c.factory, entries.c.seed, entries.c.id)


def open_repository(
    path: Path, *, create: bool = False, write: bool = True, busy_timeout_s: float = BUSY_TIMEOUT_S
) -> Repository:
    """The registry at the path, to be closed by the caller (it is a context manager).

    `create` makes an empty one where there is none. Without `write` a registry of an older schema,
    or in a read-only place, can be read.

    Raises:
        SchemaError: if its schema is not the one this seedreg writes (or, to read, is newer).
        RegistryError: if it is missing, locked, damaged or not a seedreg registry.
    """
    if create and not os.path.exists(path):
        schema.create(path, wait_s=busy_timeout_s)  # False when another process was faster: the same to us
    require_registry(path)
    file = connect(path, write=write, busy_timeout_s=busy_timeout_s)
    try:
        schema.status_of(file, path).require(path, write=write)
        return Repository(path, file, busy_timeout_s=busy_timeout_s)
    except BaseException:
        file.close()
        raise


class Repository:
    """An open registry; use it in the thread that opened it, and close it."""

    def __init__(self, path: Path, file: sqlite3.Connection, *, busy_timeout_s: float) -> None:
        self.path = path
        self.objects = ObjectStore.beside(path)
        self._busy_timeout_s = busy_timeout_s
        self._engine = engine_on(file)
        self._connection = self._engine.connect()

    def close(self) -> None:
        """Close the file; the repository cannot be used afterwards."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Entries

    def add_entry(self, entry: Entry, baseline: Baseline) -> bool:
        """Store an entry with its tags and first baseline; False, and nothing changed, if it is there.

        Raises:
            UsageError: if another entry has its alias.
        """
        with self._writing():
            if self._has_entry(entry.id):
                return False
            self._require_free_alias(entry.alias, entry.id)
            self._insert(
                entries,
                id=entry.id,
                project=entry.recipe.project,
                factory=entry.recipe.factory,
                seed=entry.recipe.seed,
                recipe=canonical_json(entry.recipe.document()),
                alias=entry.alias,
                note=entry.note,
                created_at=entry.created_at,
                retired_at=entry.retired_at,
                retired_reason=entry.retired_reason,
            )
            for name in set(entry.tags):
                self._insert(tags, entry_id=entry.id, name=name)
            self._insert_baseline(entry.id, baseline)
            return True

    def entry(self, entry_id: str) -> Entry | None:
        """The entry of that full id."""
        with self._reading():
            found = self._entries(entries.c.id == entry_id)
        return found[0] if found else None

    def select(self, selector: str, *, include_retired: bool = False) -> tuple[Entry, ...]:
        """The entries that a selector names, ordered by factory, seed and id; none if nothing fits.

        Tried in this order: `tag:NAME`, alias, id prefix, `factory` or `factory@seed` (with the
        full address or the bare name of the callable). An alias or id finds a retired entry too.

        Raises:
            UsageError: if an id prefix fits several entries.
        """
        with self._reading():
            retired = None if include_retired else False
            if selector.startswith(_TAG_PREFIX):
                return self._entries(_has_tag(selector.removeprefix(_TAG_PREFIX)), *_retired(retired))
            if found := self._entries(entries.c.alias == selector):
                return found
            if looks_like_id(selector) and (found := self._entries_of_prefix(selector)):
                return found
            if found := self._entries(self._is_factory(selector), *_retired(retired)):
                return found
            factory, at, seed = selector.rpartition("@")
            if not (at and seed.isascii() and seed.isdigit() and len(seed) <= 10):
                return ()
            return self._entries(self._is_factory(factory), entries.c.seed == int(seed), *_retired(retired))

    def summaries(
        self,
        *,
        project: str | None = None,
        factory: str | None = None,
        tag: str | None = None,
        seed: int | None = None,
        verdict: Verdict | None = None,
        retired: bool | None = False,
    ) -> list[EntrySummary]:
        """One line for each entry that fits all that is given, ordered by factory, seed and id.

        `factory` is a full address or the bare name of a callable, `verdict` that of the latest
        check; `retired` of None gives all entries, True only the retired ones. A summary's
        `fingerprint` is the digest alone: 64 hexadecimal digits.
        """
        numbered, checked = baselines.alias(), checks.alias()
        newest = select(func.max(numbered.c.number)).where(numbered.c.entry_id == entries.c.id)
        latest = select(func.max(checked.c.id)).where(checked.c.entry_id == entries.c.id)
        current: FromClause = (
            entries.join(
                baselines,
                and_(baselines.c.entry_id == entries.c.id, baselines.c.number == newest.scalar_subquery()),
            )
            .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
            .join(environments, environments.c.id == baselines.c.environment_id)
            .outerjoin(checks, checks.c.id == latest.scalar_subquery())
        )
        query = select(
            *_ENTRY_COLUMNS,
            entries.c.seed,
            baselines.c.number,
            fingerprints.c.digest,
            environments.c.python,
            environments.c.tensorflow,
            environments.c.keras,
            environments.c.numpy,
            checks.c.verdict,
            checks.c.at,
        ).select_from(current)
        with self._reading():
            conditions = _retired(retired)
            if project is not None:
                conditions.append(entries.c.project == project)
            if factory is not None:
                conditions.append(self._is_factory(factory))
            if tag is not None:
                conditions.append(_has_tag(tag))
            if seed is not None:
                conditions.append(entries.c.seed == seed)
            if verdict is not None:
                conditions.append(checks.c.verdict == verdict.value)
            rows = self._rows(query.where(*conditions).order_by(*_ORDER))
            names = self._tags()
        with self._parsing("a summary of its entries"):
            return list(_summaries(rows, names))

    def set_alias(self, entry_id: str, alias: str | None) -> None:
        """Give the entry another alias, or none.

        Raises:
            UsageError: if another entry has it.
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_free_alias(alias, entry_id)
            self._update_entry(entry_id, alias=alias)

    def set_note(self, entry_id: str, note: str | None) -> None:
        """Give the entry another note, or none.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._update_entry(entry_id, note=note)

    def set_retired(self, entry_id: str, at: str | None, reason: str | None) -> None:
        """Retire the entry at that UTC time, or take it back into use (both None).

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._update_entry(entry_id, retired_at=at, retired_reason=reason)

    def add_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Tag the entry; tags it has already stay.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(entry_id)
            present = set(self._tags(tags.c.entry_id == entry_id).get(entry_id, ()))
            for name in set(names) - present:
                self._insert(tags, entry_id=entry_id, name=name)

    def remove_tags(self, entry_id: str, names: Iterable[str]) -> None:
        """Take tags off the entry, as far as it has them.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._writing():
            self._require_entry(entry_id)
            for name in set(names):
                self._connection.execute(delete(tags).where(tags.c.entry_id == entry_id, tags.c.name == name))

    # Baselines

    def current_baseline(self, entry_id: str) -> Baseline:
        """The newest baseline.

        Raises:
            RegistryError: if there is no such entry.
        """
        with self._reading():
            self._require_entry(entry_id)
            rows = self._rows(_baselines_of(entry_id).order_by(baselines.c.number.desc()).limit(1))
        if not rows:
            raise RegistryError(f"entry {entry_id[:12]} has no baseline", hint=_DAMAGED_HINT)
        return self._as_baselines(entry_id, rows)[0]

    def baselines(self, entry_id: str) -> tuple[Baseline, ...]:
        """All baselines of the entry, from number 1 on; none if there is no such entry."""
        with self._reading():
            rows = self._rows(_baselines_of(entry_id).order_by(baselines.c.number))
        return self._as_baselines(entry_id, rows)

    def add_baseline(self, entry_id: str, baseline: Baseline) -> None:
        """Add the entry's next baseline.

        Raises:
            RegistryError: if there is no such entry, or its number is not the next one, because
                another process has added one since the caller looked.
        """
        with self._writing():
            self._require_entry(entry_id)
            self._insert_baseline(entry_id, baseline)

    # Checks

    def add_check(self, check: Check) -> None:
        """Append a check.

        Raises:
            RegistryError: if there is no such entry or baseline.
        """
        with self._writing():
            baseline_id = self._connection.scalar(
                select(baselines.c.id).where(
                    baselines.c.entry_id == check.entry_id, baselines.c.number == check.baseline_number
                )
            )
            if baseline_id is None:
                raise RegistryError(
                    f"entry {check.entry_id[:12]} has no baseline {check.baseline_number} in {self.path}"
                )
            self._insert(
                checks,
                entry_id=check.entry_id,
                baseline_id=baseline_id,
                verdict=check.verdict.value,
                at=check.at,
                duration_s=check.duration_s,
                fingerprint_id=check.fingerprint and self._fingerprint_id(check.fingerprint),
                environment_id=check.environment and self._environment_id(check.environment),
                source=check.source and documents.text_of(check.source),
                failure=check.failure and documents.text_of(check.failure),
            )

    def checks(self, entry_id: str) -> tuple[Check, ...]:
        """All checks of the entry, the oldest first; none if there is no such entry."""
        with self._reading():
            rows = self._rows(
                select(
                    baselines.c.number,
                    checks.c.verdict,
                    checks.c.at,
                    checks.c.duration_s,
                    checks.c.fingerprint_id,
                    checks.c.environment_id,
                    checks.c.source,
                    checks.c.failure,
                )
                .join(baselines, baselines.c.id == checks.c.baseline_id)
                .where(checks.c.entry_id == entry_id)
                .order_by(checks.c.id)
            )
            # Most checks of an entry share their documents: each is fetched and parsed once.
            texts = {
                table: self._documents(table, {row[column] for row in rows} - {None})
                for table, column in ((fingerprints, 4), (environments, 5))
            }
        with self._parsing(f"the checks of entry {entry_id[:12]}"):
            prints = {id_: Fingerprint.from_document(json.loads(t)) for id_, t in texts[fingerprints].items()}
            places = {id_: Environment.from_document(json.loads(t)) for id_, t in texts[environments].items()}
            return tuple(
                Check(
                    entry_id=entry_id,
                    baseline_number=number,
                    verdict=Verdict(verdict),
                    at=at,
                    duration_s=duration_s,
                    fingerprint=None if fingerprint_id is None else prints[fingerprint_id],
                    environment=None if environment_id is None else places[environment_id],
                    source=None if source is None else documents.source(source),
                    failure=None if failure is None else documents.failure(failure),
                )
                for number, verdict, at, duration_s, fingerprint_id, environment_id, source, failure in rows
            )

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
                f"registry {self.path} is damaged: {what} cannot be read ({error})", hint=_DAMAGED_HINT
            ) from error

    # Rows, inside a transaction

    def _rows(self, query: Select[Any]) -> list[Any]:
        return list(self._connection.execute(query).all())

    def _insert(self, table: Table, **values: object) -> int:
        result = self._connection.execute(insert(table).values(**values))
        key = result.inserted_primary_key
        assert key is not None
        return key[0]  # type: ignore[no-any-return]

    def _has_entry(self, entry_id: str) -> bool:
        return self._connection.scalar(select(entries.c.id).where(entries.c.id == entry_id)) is not None

    def _require_entry(self, entry_id: str) -> None:
        if not self._has_entry(entry_id):
            raise RegistryError(f"no entry {entry_id[:12]} in registry {self.path}")

    def _update_entry(self, entry_id: str, **values: object) -> None:
        self._require_entry(entry_id)
        self._connection.execute(update(entries).where(entries.c.id == entry_id).values(**values))

    def _require_free_alias(self, alias: str | None, entry_id: str) -> None:
        if alias is None:
            return
        rows = self._rows(
            select(entries.c.id, entries.c.factory, entries.c.seed).where(
                entries.c.alias == alias, entries.c.id != entry_id
            )
        )
        for id_, factory, seed in rows:
            raise UsageError(
                f"alias {alias!r} belongs to entry {id_[:12]} ({factory}@{seed})",
                hint="choose another one, or take it from that entry first",
            )

    def _entries(self, *conditions: ColumnElement[bool]) -> tuple[Entry, ...]:
        rows = self._rows(select(*_ENTRY_COLUMNS).where(*conditions).order_by(*_ORDER))
        if not rows:
            return ()
        names = self._tags(tags.c.entry_id == rows[0][0]) if len(rows) == 1 else self._tags()
        found = []
        for row in rows:
            with self._parsing(f"entry {row[0][:12]}"):
                entry = _entry(Recipe.from_document(json.loads(row[1])), row, names)
                if entry.id != row[0]:
                    raise ValueError("its recipe has another id")
            found.append(entry)
        return tuple(found)

    def _entries_of_prefix(self, prefix: str) -> tuple[Entry, ...]:
        # A range, not LIKE, which is blind to case in SQLite and makes no use of the index. The
        # letter g comes after all hexadecimal digits.
        rows = self._rows(
            select(entries.c.id, entries.c.factory, entries.c.seed)
            .where(entries.c.id >= prefix, entries.c.id < f"{prefix}g")
            .order_by(*_ORDER)
        )
        if len(rows) > 1:
            shown = [f"{id_[:12]} ({factory}@{seed})" for id_, factory, seed in rows[:_CANDIDATES_SHOWN]]
            if len(rows) > len(shown):
                shown.append(f"{len(rows) - len(shown)} more")
            raise UsageError(
                f"id prefix {prefix!r} fits {len(rows)} entries: {', '.join(shown)}", hint="give more digits"
            )
        return self._entries(entries.c.id == rows[0][0]) if rows else ()

    def _is_factory(self, name: str) -> ColumnElement[bool]:
        # There are few factories. Matching them here is exact, LIKE would be blind to case.
        known = self._connection.scalars(select(entries.c.factory).distinct())
        return entries.c.factory.in_([f for f in known if f == name or f.rpartition(":")[2] == name])

    def _tags(self, *conditions: ColumnElement[bool]) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        query = select(tags.c.entry_id, tags.c.name).where(*conditions).order_by(tags.c.entry_id, tags.c.name)
        for entry_id, name in self._rows(query):
            names[entry_id] = (*names.get(entry_id, ()), name)
        return names

    def _insert_baseline(self, entry_id: str, baseline: Baseline) -> None:
        newest = self._connection.scalar(
            select(func.max(baselines.c.number)).where(baselines.c.entry_id == entry_id)
        )
        number = (newest or 0) + 1
        if baseline.number != number:
            raise RegistryError(
                f"entry {entry_id[:12]} takes baseline {number} next, not {baseline.number}:"
                " another command has changed it",
                hint="look at it again before accepting",
            )
        self._insert(
            baselines,
            entry_id=entry_id,
            number=number,
            fingerprint_id=self._fingerprint_id(baseline.fingerprint),
            environment_id=self._environment_id(baseline.environment),
            source=documents.text_of(baseline.source),
            facts=documents.text_of(baseline.facts),
            reason=baseline.reason,
            created_at=baseline.created_at,
        )

    def _fingerprint_id(self, fingerprint: Fingerprint) -> int:
        document = fingerprint.document()
        text = canonical_json(document)
        sha256 = sha256_text(text)
        found = self._connection.scalar(
            select(fingerprints.c.id).where(fingerprints.c.document_sha256 == sha256)
        )
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
        found = self._connection.scalar(select(environments.c.id).where(environments.c.digest == digest))
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

    def _as_baselines(self, entry_id: str, rows: list[Any]) -> tuple[Baseline, ...]:
        with self._parsing(f"the baselines of entry {entry_id[:12]}"):
            return tuple(
                Baseline(
                    number=number,
                    fingerprint=Fingerprint.from_document(json.loads(fingerprint)),
                    environment=Environment.from_document(json.loads(environment)),
                    source=documents.source(source),
                    facts=documents.facts(facts),
                    created_at=created_at,
                    reason=reason,
                )
                for number, fingerprint, environment, source, facts, created_at, reason in rows
            )


_DAMAGED_HINT = "`seedreg db check` looks at all of it; a backup can take its place"


def _retired(retired: bool | None) -> list[ColumnElement[bool]]:
    if retired is None:
        return []
    return [entries.c.retired_at.is_not(None) if retired else entries.c.retired_at.is_(None)]


def _has_tag(name: str) -> ColumnElement[bool]:
    return entries.c.id.in_(select(tags.c.entry_id).where(tags.c.name == name))


def _baselines_of(entry_id: str) -> Select[Any]:
    return (
        select(
            baselines.c.number,
            fingerprints.c.document,
            environments.c.document,
            baselines.c.source,
            baselines.c.facts,
            baselines.c.created_at,
            baselines.c.reason,
        )
        .join(fingerprints, fingerprints.c.id == baselines.c.fingerprint_id)
        .join(environments, environments.c.id == baselines.c.environment_id)
        .where(baselines.c.entry_id == entry_id)
    )


def _entry(recipe: Recipe, row: Any, names: dict[str, tuple[str, ...]]) -> Entry:
    id_, _, created_at, alias, note, retired_at, retired_reason = row[:7]
    return Entry(recipe, created_at, alias, note, names.get(id_, ()), retired_at, retired_reason)


def _summaries(rows: list[Any], names: dict[str, tuple[str, ...]]) -> Iterator[EntrySummary]:
    # A range of seeds differs in nothing but the seed: what is around it is parsed once. Canonical
    # JSON has "seeding" after "seed" at the end of the recipe, after all that a user can name.
    known: dict[tuple[str, str], Recipe] = {}
    verdicts = {verdict.value: verdict for verdict in Verdict}
    for row in rows:
        seed, number, digest, python, tensorflow, keras, numpy, verdict, at = row[7:]
        head, _, tail = row[1].rpartition(f'"seed":{seed},"seeding":')
        like = known.get((head, tail))
        if like is None:
            like = known[head, tail] = Recipe.from_document(json.loads(row[1]))
        # By position: dataclasses.replace() and keywords double the time of a long list.
        recipe = Recipe(
            like.project,
            like.factory,
            seed,
            like.params_json,
            like.seeding,
            like.inputs,
            like.device,
            like.framework,
        )
        last = None if verdict is None else verdicts[verdict]
        entry = _entry(recipe, row, names)
        yield EntrySummary(entry, number, digest, python, tensorflow, keras, numpy, last, at)
