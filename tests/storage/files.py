"""Registry files as `sqlite3` sees them, beside seedreg."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query).fetchall()


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.executescript(statement)


def definitions(path: Path) -> list[tuple[object, ...]]:
    """All tables and indexes as they are defined."""
    return rows(path, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name")


def abandoned_name() -> str:
    """The name of a temporary file of a process that has ended."""
    script = "from seedreg.leftovers import temporary_name; print(temporary_name('.new'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()
