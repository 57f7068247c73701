from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError

from seedreg.errors import RegistryError, SchemaError, Step
from seedreg.storage import SqliteFile
from seedreg.storage.database import Database
from seedreg.storage.opening import opened
from seedreg.storage.revisions import SCHEMA_REVISION, VERSION_TABLE
from seedreg.storage.tables import environments

from .files import execute, rows


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with opened(SqliteFile(path), write=True) as database:
        yield database


def add(database: Database, digest: str) -> int:
    return database.insert_numbered(environments, digest=digest, python="3.11", document="{}")


def digests(database: Database) -> list[str]:
    with database.reading():
        return [digest for (digest,) in database.rows(select(environments.c.digest))]


def stored(path: Path) -> list[tuple[object, ...]]:
    return rows(path, "SELECT digest FROM environments ORDER BY id")


def test_what_is_written_is_seen_by_others_when_all_of_it_is_there(path: Path, database: Database) -> None:
    with database.writing():
        assert [add(database, digest) for digest in "ab"] == [1, 2]
        assert stored(path) == []
    assert stored(path) == [("a",), ("b",)]


def test_an_error_undoes_all_that_was_written(path: Path, database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing():
        add(database, str(1 / (add(database, "a") - 1)))
    assert stored(path) == []
    with database.writing():
        add(database, "b")
    assert stored(path) == [("b",)]


def test_writing_inside_writing_is_part_of_it(path: Path, database: Database) -> None:
    def add_and_fail() -> None:
        with database.writing():
            with database.writing():
                number = add(database, "a")
            add(database, str(1 / (number - 1)))

    with pytest.raises(ZeroDivisionError):
        add_and_fail()
    assert stored(path) == []


def test_reading_inside_writing_sees_what_was_written(database: Database) -> None:
    with database.writing():
        add(database, "a")
        assert digests(database) == ["a"]


def test_reading_sees_one_moment(path: Path, database: Database) -> None:
    with database.reading():
        assert digests(database) == []
        execute(path, "INSERT INTO environments (digest, python, document) VALUES ('a', '3.11', '{}')")
        assert digests(database) == []
    assert digests(database) == ["a"]


def test_writing_inside_reading_is_a_programming_error(database: Database) -> None:
    with database.reading(), pytest.raises(InvalidRequestError), database.writing():
        pass


def test_the_schema_is_looked_at_under_the_lock_of_each_writer(path: Path, database: Database) -> None:
    assert database.schema.revision == SCHEMA_REVISION
    execute(path, f"UPDATE {VERSION_TABLE} SET version_num = '0099_future'")
    with pytest.raises(SchemaError), database.writing():
        add(database, "a")
    assert stored(path) == []


def test_a_document_that_cannot_be_read_back_is_damage_of_the_registry(database: Database) -> None:
    with pytest.raises(RegistryError) as error, database.parsing("a thing"):
        int("x")
    assert (error.value.message, error.value.step) == (
        f"registry {database.place} is damaged: a thing cannot be read "
        "(invalid literal for int() with base 10: 'x')",
        Step.CHECK_REGISTRY,
    )


def test_rows_are_streamed_while_others_are_read(database: Database) -> None:
    with database.writing():
        for number in range(600):
            add(database, f"{number:03}")
    query = select(environments.c.id).order_by(environments.c.id)
    with database.reading():
        found = [(id_, database.scalar(select(environments.c.python))) for (id_,) in database.stream(query)]
    assert found == [(number, "3.11") for number in range(1, 601)]
