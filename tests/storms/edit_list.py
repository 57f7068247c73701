"""The edits of a registry that the storm `edits` makes, each alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedreg.domain.canonical import canonical_json, sha256_text

_FREE = "a free text, and there is no key"


@dataclass(frozen=True)
class Edit:
    """A change of a registry's file or of what lies beside it.

    `undecidable` says why nothing in the registry contradicts it; None if something does.
    """

    name: str
    make: Callable[[Path], None]
    undecidable: str | None = None


def _sql(script: str, undecidable: str | None = None) -> Edit:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.executescript(script)

    return Edit(script, make, undecidable)


def _row(table: str, change: str, which: str = "id = 1", undecidable: str | None = None) -> Edit:
    return _sql(f"UPDATE {table} SET {change} WHERE {which}", undecidable)


def _document(name: str, change: Callable[[Any], object]) -> Edit:
    """An edit of a fingerprint by somebody who knows of the hash of its document."""

    def make(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            (text,) = file.execute("SELECT document FROM fingerprints WHERE id = 1").fetchone()
            document = json.loads(text)
            change(document)
            text = canonical_json(document)
            file.execute(
                "UPDATE fingerprints SET document = ?, document_sha256 = ? WHERE id = 1",
                (text, sha256_text(text)),
            )

    return Edit(f"fingerprint 1: {name}", make)


def _tensor(**values: object) -> Edit:
    return _document(f"tensor 0 has {values}", lambda found: found["tensors"][0].update(values))


def _stats(**values: object) -> Edit:
    return _document(f"statistics {values}", lambda found: found["tensors"][0]["stats"].update(values))


def _environment(name: str, change: Callable[[Any], object], undecidable: str | None) -> Edit:
    """An edit of an environment by somebody who knows of its digest and its columns."""

    def make(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            (text,) = file.execute("SELECT document FROM environments WHERE id = 1").fetchone()
            document = json.loads(text)
            change(document)
            text = canonical_json(document)
            file.execute(
                "UPDATE environments SET document = ?, digest = ?, python = ? WHERE id = 1",
                (text, sha256_text(text), document["python"]),
            )

    return Edit(f"environment 1: {name}", make, undecidable)


def _bytes(name: str, change: Callable[[bytearray], object], undecidable: str | None = None) -> Edit:
    def make(path: Path) -> None:
        content = bytearray(path.read_bytes())
        change(content)
        path.write_bytes(content)

    return Edit(name, make, undecidable)


def _put(offset: int, value: bytes) -> Callable[[bytearray], object]:
    def change(content: bytearray) -> None:
        content[offset : offset + len(value)] = value

    return change


def _flip(text: bytes, inside: int = 0) -> Callable[[bytearray], object]:
    """Change one byte of the first place where the text is."""

    def change(content: bytearray) -> None:
        at = content.index(text) + inside
        content[at] ^= 0x81

    return change


def _first_object(path: Path) -> Path:
    return min((path.parent / "objects").glob("??/*"))


def _objects(name: str, change: Callable[[Path], object]) -> Edit:
    return Edit(f"objects: {name}", lambda path: (change(path), None)[1])


def _remove_objects(path: Path) -> None:
    (path.parent / "objects").rename(path.parent / "elsewhere")


_CHECK = "id = (SELECT min(id) FROM checks WHERE verdict = '{}')"
_COIN = "alias = 'coin'"
_OTHER = "(SELECT id FROM entries WHERE alias IS NULL ORDER BY id LIMIT 1)"
_COIN_ID = "(SELECT id FROM entries WHERE alias = 'coin')"
_LONG_AGO = "'2001-01-01T00:00:00.000000Z'"
_LATER = "'2999-01-01T00:00:00.000000Z'"
_DEEP = "'" + "[" * 3000 + "]" * 3000 + "'"
_DRIFTED, _SAME = _CHECK.format("DRIFTED"), _CHECK.format("REPRODUCED")
_FAILED, _NOISY = _CHECK.format("ERROR"), _CHECK.format("NONDETERMINISTIC")

EDITS: tuple[Edit, ...] = (
    # Entries
    _row("entries", "seed = 77", _COIN),
    _row("entries", "factory = 'models:build'", _COIN),
    _row("entries", "project = 'other'", _COIN),
    _row("entries", "device = 'gpu'", _COIN),
    _row("entries", "params = '{\"a\":1}'", _COIN),
    _row("entries", "seeding = 'tf/1'", _COIN),
    _row("entries", "framework = 'jax'", _COIN),
    _row("entries", "recipe = replace(recipe, '\"seed\":0', '\"seed\":9'), seed = 9", _COIN),
    _row("entries", "recipe = recipe || char(10)", _COIN),
    _row("entries", "recipe = '{'", _COIN),
    _row("entries", f"recipe = {_DEEP}", _COIN),
    _row("entries", "recipe = CAST(x'ff7b7d' AS TEXT)", _COIN),
    _row("entries", "recipe = x'7b7d'", _COIN),
    _row("entries", "recipe = replace(recipe, '\"seed\":0', '\"seed\":1e400')", _COIN),
    _row("entries", "alias = 'a b'", _COIN),
    _row("entries", "alias = 'build'", _COIN),
    _row("entries", "alias = 'abcd'", _COIN),
    _row("entries", "alias = 'medal'", _COIN, "a name is free, and there is no key"),
    _row("entries", "note = x'00'", _COIN),
    _row("entries", "note = 'another'", _COIN, _FREE),
    _row("entries", "retired_reason = 'old'", "retired_at IS NULL"),
    _row("entries", "retired_at = 'yesterday'", "retired_at IS NOT NULL"),
    _row("entries", f"retired_at = {_LONG_AGO}", "retired_at IS NOT NULL"),
    _row(
        "entries",
        "retired_at = NULL, retired_reason = NULL",
        "retired_at IS NOT NULL",
        "an entry may be taken back into use",
    ),
    _row("entries", f"created_at = {_LATER}", _COIN),
    _row("entries", f"created_at = {_LONG_AGO}", _COIN),
    _row("entries", "created_at = '2026-02-30T00:00:00.000000Z'", _COIN),
    _row("entries", "id = 'short'", _COIN),
    _row("tags", "name = 'two words'", "true"),
    _row("tags", "name = 'weekly'", "true", "a name is free, and there is no key"),
    _sql("DELETE FROM tags", "tags may be removed"),
    _sql("INSERT INTO tags VALUES ('nobody', 'nightly')"),
    _sql("DELETE FROM entries WHERE alias = 'coin'"),
    # Fingerprints
    _row("fingerprints", f"digest = '{'0' * 64}'"),
    _row("fingerprints", "scheme = 'sr2'"),
    _row("fingerprints", "tensor_count = 5"),
    _row("fingerprints", "parameter_count = 9223372036854775807"),
    _row("fingerprints", "tensor_count = 'many'"),
    _row("fingerprints", "document = document || ' '"),
    _row("fingerprints", "document = x'00'"),
    _row("fingerprints", f"document = {_DEEP}"),
    _row("fingerprints", f"document_sha256 = '{'0' * 64}'"),
    _tensor(sha256="0" * 64),
    _tensor(dtype="FLOAT"),
    _tensor(dtype="float32"),
    _tensor(shape=[12]),
    _tensor(shape=[-3, 4]),
    _tensor(shape="3,4"),
    _tensor(name=7),
    _tensor(layer=["a"]),
    _stats(count=5),
    _stats(nans=99),
    _stats(zeros=-1),
    _stats(mean=99.0),
    _stats(std=-1.0),
    _stats(l2=1e9),
    _stats(minimum=5.0),
    _stats(maximum=-5.0),
    _stats(samples=[1.0]),
    _stats(mean="much"),
    _sql("DELETE FROM fingerprints WHERE id = 1"),
    # Environments
    _row("environments", f"digest = '{'0' * 64}'"),
    _row("environments", "numpy = '0.1'"),
    _row("environments", "keras = 'x'"),
    _row("environments", "document = '{}'"),
    _row("environments", "document = document || ' '"),
    _environment(
        "another processor", lambda found: found.update(cpu="abacus"), "no key, and it fits its digest"
    ),
    _environment("a version that is none", lambda found: found.update(python=3), None),
    # Baselines
    _row("baselines", "number = 5"),
    _row("baselines", "number = -1"),
    _row("baselines", "fingerprint_id = 2"),
    _row("baselines", "fingerprint_id = 999"),
    _row("baselines", "fingerprint_id = 'one'"),
    _row("baselines", f"entry_id = {_COIN_ID}, number = 3"),
    _row("baselines", "source = '[]'"),
    _row("baselines", "source = replace(source, 'def ', 'def  ')"),
    _row("baselines", "source = replace(source, '\"line\":', '\"line\":-')"),
    _row(
        "baselines",
        'source = replace(source, \'"file":"models.py"\', \'"file":"other.py"\')',
        undecidable="the path of a file is free, and there is no key",
    ),
    _row("baselines", "facts = 'x'"),
    _row("baselines", "facts = replace(facts, '\"build_s\":', '\"build_s\":-')"),
    _row("baselines", "reason = NULL", "number = 2"),
    _row("baselines", "reason = 'because'", "number = 1"),
    _row("baselines", "reason = 'another'", "number = 2", _FREE),
    _row("baselines", f"created_at = {_LONG_AGO}", "number = 2"),
    _row("baselines", f"created_at = {_LATER}", "number = 2"),
    _sql("DELETE FROM baselines WHERE id = 1"),
    # Checks
    _row("checks", "verdict = 'REPRODUCED'", _DRIFTED),
    _row("checks", "verdict = 'DRIFTED'", _SAME),
    _row("checks", "verdict = 'ERROR'", _DRIFTED),
    _row("checks", "verdict = 'REPRODUCED'", _FAILED),
    _row("checks", "verdict = 'FINE'", _SAME),
    _row("checks", "verdict = 1", _SAME),
    _row("checks", "verdict = 'NONDETERMINISTIC'", _DRIFTED, "the two builds are not recorded"),
    _row(
        "checks",
        "verdict = 'REPRODUCED', fingerprint_id = (SELECT fingerprint_id FROM baselines WHERE "
        "baselines.id = checks.baseline_id)",
        _DRIFTED,
        "all that a check says of its weights was changed together, and there is no key",
    ),
    _row("checks", "fingerprint_id = 2", _SAME),
    _row("checks", "fingerprint_id = NULL", _SAME),
    _row("checks", "environment_id = NULL", _SAME),
    _row("checks", "failure = '{}'", _SAME),
    _row("checks", "failure = NULL", _FAILED),
    _row("checks", "failure = replace(failure, 'raised', 'razed')", _FAILED),
    _row("checks", f"entry_id = {_OTHER}", _DRIFTED),
    _row("checks", "baseline_id = (SELECT id FROM baselines WHERE number = 2)", _SAME),
    _row("checks", "at = '12:00'", _SAME),
    _row("checks", f"at = {_LONG_AGO}", _SAME),
    _row("checks", f"at = {_LATER}", _SAME),
    _row("checks", "at = replace(at, 'Z', '+00:00')", _SAME),
    _row("checks", "duration_s = -1", _SAME),
    _row("checks", "duration_s = 'long'", _SAME),
    _row("checks", "duration_s = 9e999", _SAME),
    _row("checks", "duration_s = duration_s + 1", _SAME, "a duration is free, and there is no key"),
    _row("checks", "source = '3'", _SAME),
    _row("checks", "source = replace(source, 'def ', 'def  ')", _SAME),
    _sql("DELETE FROM checks WHERE id = 2"),
    _sql(
        "DELETE FROM checks WHERE id = (SELECT max(id) FROM checks)",
        "the last rows of a table, to which nothing refers",
    ),
    _sql(
        "INSERT INTO checks SELECT 999, entry_id, baseline_id, verdict, at, duration_s, fingerprint_id,"
        " environment_id, source, failure, NULL, NULL FROM checks WHERE id = 1"
    ),
    # Audits
    _row("audits", "document = '{}'"),
    _row("audits", f'document = replace(document, \'"entries":[\', \'"entries":["{"0" * 64}",\')'),
    _row(
        "audits", f"document = replace(document, '\"entries\":[', '\"entries\":[\"' || {_COIN_ID} || '\",')"
    ),
    _row("audits", 'document = replace(document, \'"label":"\', \'"label":"other \')'),
    _row("audits", "document = replace(document, '\"shard\":null', '\"shard\":[1,97]')"),
    _row("audits", "document = replace(document, '\"shard\":null', '\"shard\":[1]')"),
    _row("audits", f"document = {_DEEP}"),
    _row("audits", f"started_at = {_LATER}"),
    _row("audits", f"finished_at = {_LONG_AGO}"),
    _row("audits", "finished_at = 'soon'"),
    _row("audits", "finished_at = NULL", undecidable="an audit may be interrupted after its last check"),
    _sql(
        "UPDATE checks SET audit_id = NULL, column_label = NULL WHERE id = (SELECT min(id) FROM checks WHERE"
        " audit_id = 1)"
    ),
    _sql("UPDATE checks SET column_label = 'there' WHERE audit_id = 1"),
    _sql("DELETE FROM audits WHERE id = 1"),
    # Waivers
    _row("waivers", "until = '2099-99-99'"),
    _row("waivers", "until = 'for ever'"),
    _row("waivers", "until = '2001-01-01'"),
    _row("waivers", "until = '2098-12-31'", undecidable="a day is free, and there is no key"),
    _row("waivers", f"fingerprint = '{'0' * 64}'", "removed_at IS NULL"),
    _row("waivers", "fingerprint = 'x'"),
    _row("waivers", f"entry_id = {_OTHER}", "removed_at IS NULL"),
    _row("waivers", "reason = ''"),
    _row("waivers", "reason = 'so'", undecidable=_FREE),
    _row("waivers", "after_check = 999"),
    _row("waivers", "removed_at = NULL", "removed_at IS NOT NULL"),
    _row("waivers", f"removed_at = {_LONG_AGO}", "removed_at IS NOT NULL"),
    _row("waivers", f"created_at = {_LATER}"),
    # Structure
    _sql("DROP TABLE tags"),
    _sql("DROP TABLE waivers"),
    _sql("DROP INDEX ix_tags_name"),
    _sql("DROP INDEX ix_checks_audit_id_entry_id_column_label"),
    _sql("CREATE INDEX mine ON checks (verdict)"),
    _sql("CREATE TABLE mine (id INTEGER)"),
    _sql("CREATE VIEW mine AS SELECT 1"),
    _sql(
        "CREATE TRIGGER good AFTER INSERT ON checks BEGIN"
        " UPDATE checks SET verdict = 'REPRODUCED', failure = NULL; END"
    ),
    _sql("ALTER TABLE tags RENAME TO hidden; CREATE VIEW tags AS SELECT * FROM hidden"),
    _sql("ALTER TABLE entries ADD COLUMN mine TEXT"),
    _sql("ALTER TABLE entries DROP COLUMN note"),
    _sql("ALTER TABLE checks RENAME COLUMN duration_s TO seconds"),
    _sql(
        "PRAGMA writable_schema = ON; UPDATE sqlite_master"
        " SET sql = replace(sql, 'FLOAT', 'TEXT') WHERE name = 'checks'"
    ),
    _sql(
        "PRAGMA writable_schema = ON; UPDATE sqlite_master"
        " SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'entries'"
    ),
    _sql("PRAGMA user_version = 5"),
    _sql("PRAGMA application_id = 5"),
    _sql("UPDATE seedreg_alembic_version SET version_num = '0003_waivers'"),
    _sql("UPDATE seedreg_alembic_version SET version_num = '9999_future'"),
    _sql("UPDATE seedreg_alembic_version SET version_num = x'00'"),
    _sql("DELETE FROM seedreg_alembic_version"),
    _sql("INSERT INTO seedreg_alembic_version VALUES ('0001_initial')"),
    _sql("DROP TABLE seedreg_alembic_version"),
    _sql("DELETE FROM registry"),
    _sql("UPDATE registry SET identity = 'me'"),
    _sql("UPDATE registry SET identity = lower(hex(randomblob(16)))", "a random number, and there is no key"),
    # Kept weights
    _objects("one is missing", lambda path: _first_object(path).unlink()),
    _objects("all are missing", _remove_objects),
    _objects("one is damaged", lambda path: _first_object(path).write_bytes(b"x")),
    _objects("a file that is none", lambda path: (_first_object(path).parent / "notes").write_text("x")),
    _sql("DELETE FROM kept_weights", "nothing else says that weights were kept"),
    _sql("INSERT INTO kept_weights SELECT max(id) FROM baselines"),
    # Bytes
    _bytes(
        "the file is cut in the middle", lambda content: content.__delitem__(slice(len(content) // 2, None))
    ),
    _bytes("the last page is gone", lambda content: content.__delitem__(slice(-4096, None))),
    _bytes("the last page is empty", lambda content: content.__setitem__(slice(-4096, None), bytes(4096))),
    _bytes("the file begins with something else", _put(0, b"no registry at all")),
    _bytes("another size of pages", _put(16, b"\x02\x00")),
    _bytes("another encoding", _put(56, b"\x00\x00\x00\x02")),
    _bytes("another format of the schema", _put(44, b"\x00\x00\x00\x09")),
    _bytes("more free pages than there are", _put(36, b"\x00\x00\x00\x63")),
    _bytes("another change counter", _put(24, b"\x00\x00\x10\x00"), "a number that SQLite counts up"),
    _bytes("a byte of a table's definition", _flip(b"CREATE TABLE entries", 13)),
    _bytes("a byte of the word CREATE", _flip(b"CREATE TABLE checks", 1)),
    _bytes("a byte of a column's definition", _flip(b"duration_s FLOAT", 12)),
    _bytes("a byte of an index's definition", _flip(b"CREATE INDEX ix_tags_name", 20)),
    _bytes("a byte of a document", _flip(b'"scheme":"sr1"', 3)),
    _bytes("a byte of a verdict", _flip(b"REPRODUCED", 2)),
    _bytes("a byte of an alias", _flip(b"coin", 1)),
    _bytes("a page of 0xff", lambda content: content.__setitem__(slice(8192, 12288), b"\xff" * 4096)),
)
