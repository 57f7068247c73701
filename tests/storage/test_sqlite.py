from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from seedreg.storage import SqliteFile, open_repository

ENDED_WHILE_CLOSING = """
import sqlite3, sys
from pathlib import Path
from seedreg.storage.sqlite import SqliteBackend

class Interrupted(sqlite3.Connection):
    def close(self):
        raise SystemExit(143)

path = Path(sys.argv[1])
SqliteBackend(sqlite3.connect(path, factory=Interrupted), path, 1.0).close()
"""


def test_a_signal_while_a_registry_is_closed_prints_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    open_repository(SqliteFile(path), create=True).close()
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", ENDED_WHILE_CLOSING, str(path)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, "", "")
