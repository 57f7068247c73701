"""A row that cannot be read is a registry error that says which one; nothing crashes, and others are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from .conftest import Project

COIN = "alias = 'coin'"


@pytest.mark.parametrize(
    ("edit", "command", "what"),
    [
        (f"UPDATE entries SET note = x'00' WHERE {COIN}", ("show", "coin"), "entry {id} cannot be read"),
        (f"UPDATE entries SET note = x'00' WHERE {COIN}", ("list", "--json"), "entry {id} holds bytes"),
        (f"UPDATE entries SET recipe = '[]' WHERE {COIN}", ("verify", "coin"), "entry {id} cannot be read"),
        ("UPDATE baselines SET facts = '[]'", ("show", "coin"), "baseline 1 of entry {id} cannot be read"),
        ("UPDATE baselines SET fingerprint_id = 99", ("list",), "baseline 1 of entry "),
        ("UPDATE baselines SET created_at = x'00'", ("history", "coin"), "baseline 1 of entry {id} cannot"),
        ("UPDATE checks SET duration_s = 'long'", ("history", "build@0"), "the checks of entry "),
        ("UPDATE checks SET at = x'00'", ("show", "build@0"), "the checks of entry "),
        (
            "INSERT INTO waivers (entry_id, fingerprint, reason, until, created_at)"
            " VALUES ('gone', 'x', 'y', '2099-01-01', '2026-01-01T00:00:00.000000Z')",
            ("waive", "--list"),
            "a waiver of an entry that does not exist",
        ),
    ],
)
def test_a_damaged_row_is_an_error_that_names_it(
    project: Project, edit: str, command: tuple[str, ...], what: str
) -> None:
    with closing(sqlite3.connect(project.db)) as file, file:
        file.execute(edit)
    done = project(*command)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"seedreg: error: registry {project.db} is damaged: ")
    assert what.format(id=project.id("flips")) in done.err


@pytest.mark.parametrize(
    "edit",
    ["seed = 'abc'", "seed = -1", "params = '[1]'", "params = '['", "inputs = '[{}]'", "seeding = 'none/9'"],
)
def test_columns_that_are_no_recipe_are_an_error_that_names_the_entry(project: Project, edit: str) -> None:
    with closing(sqlite3.connect(project.db)) as file, file:
        file.execute(f"UPDATE entries SET {edit} WHERE {COIN}")
    done = project("list", "--json")
    assert (done.code, done.out) == (3, "")
    assert f"the recipe of entry {project.id('flips')} cannot be read" in done.err


def test_other_entries_are_read(project: Project) -> None:
    with closing(sqlite3.connect(project.db)) as file, file:
        file.execute(f"UPDATE entries SET note = x'00' WHERE {COIN}")
    assert project("show", "build@0").code == 0
    assert project("history", "build@1").code == 0


@pytest.mark.parametrize("offset", [0, 5, 13, 20])
@pytest.mark.parametrize("command", [("list",), ("verify", "coin"), ("db", "status"), ("db", "check")])
def test_a_flipped_byte_in_the_schemas_text_is_a_registry_error(
    project: Project, command: tuple[str, ...], offset: int
) -> None:
    content = bytearray(project.db.read_bytes())
    content[content.index(b"CREATE TABLE checks") + offset] ^= 0x80
    project.db.write_bytes(content)
    done = project(*command)
    assert done.code == 3
    assert "Traceback" not in done.err
