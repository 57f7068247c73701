from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.storage import SqliteFile, check, open_repository, status
from seedreg.storage.schema import create

from .values import baseline, entry

REPOSITORY_ROOT = Path(__file__).parents[2]

REGISTER = """
import importlib, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
values = importlib.import_module("storage.values")
from seedreg.storage import SqliteFile, open_repository
worker, path, start = int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
import alembic.command
time.sleep(max(0, start - time.time()))
with open_repository(SqliteFile(path), create=True) as repository:
    for number in range({entries}):
        stored = values.entry(worker * 100_000 + number, tags=("x",), note="n" * 500)
        letter = "0123456789abcdef"[number % 16]
        assert repository.entries.add(stored, values.baseline(letter=letter))
        repository.checks.add(values.found(values.check(stored.id), values.fingerprint(letter)))
        print(stored.id, flush=True)
    won = repository.entries.add(values.entry(99, alias="shared"), values.baseline())
    print("won" if won else "lost", flush=True)
"""


def start(worker: int, path: Path, entries: int, at: float = 0.0) -> subprocess.Popen[str]:
    program = REGISTER.format(tests=str(REPOSITORY_ROOT / "tests"), entries=entries)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, str(worker), str(path), str(at)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT)},
    )


def test_eight_processes_that_create_and_register_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".seedreg" / "registry.db"
    at = time.time() + 4
    workers = [start(worker, path, 5, at) for worker in range(1, 9)]
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [errors for _, errors in outputs] == [""] * 8
    lines = [line for output, _ in outputs for line in output.split()]
    ids = set(lines) - {"won", "lost"}
    assert (len(ids), lines.count("won"), lines.count("lost")) == (40, 1, 7)
    with open_repository(SqliteFile(path)) as repository:
        summaries = repository.entries.summaries()
        assert {summary.id for summary in summaries} == ids | {entry(99).id}
        assert sum(summary.last_verdict is not None for summary in summaries) == 40
        assert [found.id for found in repository.entries.select("shared")] == [entry(99).id]
        repository.entries.set_note(entry(99).id, "who does not have to wait removes the queue's file")
    assert check(SqliteFile(path)) == []
    assert sorted(os.listdir(path.parent)) == [".gitignore", "registry.db"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("after", [3, 20])
def test_what_was_reported_as_stored_survives_kill(path: Path, after: int) -> None:
    with start(1, path, 100_000) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        reported = [worker.stdout.readline() for _ in range(after)]
        worker.send_signal(signal.SIGKILL)
        # Not communicate(): it reads past the buffer that readline() has filled, and loses those lines.
        *rest, cut = worker.stdout.read().split("\n")
        assert worker.stderr.read() == ""
    assert worker.returncode == -signal.SIGKILL
    ids = {line.strip() for line in (*reported, *rest)}
    assert len(ids) == after + len(rest)
    assert cut == ""
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert check(SqliteFile(path)) == []
    with open_repository(SqliteFile(path)) as repository:
        stored = {summary.id for summary in repository.entries.summaries()}
        assert ids <= stored
        # It reports each entry before it begins the next: one may be stored that was not reported.
        assert len(stored - ids) <= 1
        assert repository.entries.add(entry(), baseline())


CREATE = """
import sys
from pathlib import Path
from seedreg.storage import SqliteFile
from seedreg.storage.schema import create
import alembic.command
print("ready", flush=True)
create(SqliteFile(Path(sys.argv[1])))
print("created", flush=True)
"""

UPGRADE = """
import sys
from pathlib import Path
from seedreg.storage import SqliteFile, upgrade
import alembic.command
print("ready", flush=True)
upgrade(SqliteFile(Path(sys.argv[1])))
print("upgraded", flush=True)
"""


def kill_after(program: str, path: Path, delay_s: float) -> str:
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY_ROOT)},
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    time.sleep(delay_s)
    worker.kill()
    output, _ = worker.communicate(timeout=60)
    return output


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.08])
def test_a_killed_creation_leaves_a_whole_registry_or_none(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "registry.db"
    said = kill_after(CREATE, path, delay_s)
    if said or path.exists():
        assert check(SqliteFile(path)) == []
    with open_repository(SqliteFile(path), create=True) as repository:
        assert repository.entries.add(entry(), baseline())


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("delay_s", [0.02, 0.06])
def test_a_killed_upgrade_leaves_the_schema_before_or_after(tmp_path: Path, delay_s: float) -> None:
    path = tmp_path / "registry.db"
    create(SqliteFile(path), revision="0001_initial")
    said = kill_after(UPGRADE, path, delay_s)
    assert status(SqliteFile(path)).state.value in (("current",) if said else ("older", "current"))
    assert check(SqliteFile(path)) == []


def test_a_baseline_accepted_by_another_process_meanwhile_is_not_overwritten(path: Path) -> None:
    from seedreg.errors import RegistryError

    with open_repository(SqliteFile(path)) as first, open_repository(SqliteFile(path)) as second:
        first.entries.add(entry(), baseline())
        second.baselines.add(entry().id, baseline(2, "a", "second"))
        with pytest.raises(RegistryError, match="takes baseline 3 next, not 2"):
            first.baselines.add(entry().id, baseline(2, "b", "first"))
        assert first.baselines.of_entry(entry().id) == (baseline(), baseline(2, "a", "second"))


def test_looking_at_a_registry_does_not_disturb_a_connection_of_the_same_process(path: Path) -> None:
    # Closing a descriptor of the file outside SQLite would drop this process's locks on it, and
    # another process could then remove the -wal under the open connection.
    with open_repository(SqliteFile(path)) as repository:
        repository.entries.add(entry(0), baseline())
        status(SqliteFile(path))
        open_repository(SqliteFile(path), write=False).close()
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"import sqlite3; sqlite3.connect({str(path)!r}).execute('SELECT 1 FROM tags')",
            ],
            check=True,
        )
        assert path.with_name("registry.db-wal").exists()
        repository.entries.add(entry(1), baseline())
    assert check(SqliteFile(path)) == []
