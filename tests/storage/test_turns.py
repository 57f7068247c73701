from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedreg.errors import RegistryError
from seedreg.storage import SqliteFile, open_repository
from seedreg.storage.companions import queue_file
from seedreg.storage.turns import Turns, TurnTimeout

from .values import baseline, entry

fcntl = pytest.importorskip("fcntl")

HOLD = """
import sys
from pathlib import Path
from seedreg.storage.turns import Turns
with Turns(Path(sys.argv[1]), Path(sys.argv[2])).turn(10):
    print("has it", flush=True)
    input()
"""


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose turn it is, until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(queue_file(path)), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "has it\n"
    yield process
    process.kill()
    process.communicate()


def wait_until_waiting(queue: Path, count: int) -> None:
    """Until this many wait for the lock: /proc/locks lists them with an arrow (proc(5)). Else a second."""
    locks, inode = Path("/proc/locks"), f":{queue.stat().st_ino} "
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        lines = locks.read_text().splitlines() if locks.exists() else []
        if sum("->" in line and inode in line for line in lines) >= count:
            return
        time.sleep(0.005)


def turns(path: Path) -> Turns:
    return Turns(queue_file(path), path)


def test_turns_are_given_in_the_order_in_which_they_are_asked_for(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    order: list[int] = []
    queue = [turns(path) for _ in range(8)]

    def ask(number: int) -> None:
        with queue[number].turn(10):
            order.append(number)

    waiting = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for number, thread in enumerate(waiting, 1):
        thread.start()
        wait_until_waiting(queue_file(path), number)
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    for thread in waiting:
        thread.join(10)
    assert order == list(range(8))
    for one in queue:
        one.close()
    assert queue_file(path).exists()  # until a command comes that does not have to wait
    last = turns(path)
    use(last)
    last.close()
    assert os.listdir(path.parent) == ["registry.db"]


def test_a_turn_ends_with_the_process_that_has_it(path: Path, holder: subprocess.Popen[str]) -> None:
    threading.Timer(0.1, holder.send_signal, [signal.SIGKILL]).start()
    with turns(path).turn(10):
        pass


def test_who_waits_too_long_says_so_and_keeps_nobody_waiting(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    impatient, patient = turns(path), turns(path)
    with pytest.raises(TurnTimeout), impatient.turn(0.05):
        pass
    impatient.close()
    holder.kill()
    with patient.turn(10):
        pass
    with impatient.turn(10):
        pass


def test_a_command_that_waits_too_long_for_its_turn_says_that_the_registry_is_locked(
    path: Path, holder: subprocess.Popen[str]
) -> None:
    with (
        open_repository(SqliteFile(path), busy_timeout_s=0.05) as repository,
        pytest.raises(RegistryError) as error,
    ):
        repository.entries.add(entry(), baseline())
    assert error.value.message == f"registry {path} is locked by another process (waited 0.05 s)"


def test_whoever_leaves_while_others_are_in_the_queue_leaves_the_file(path: Path) -> None:
    first, second = turns(path), turns(path)
    use(first)
    with second.turn(1):
        first.close()
        assert queue_file(path).exists()
    second.close()
    assert os.listdir(path.parent) == ["registry.db"]


def use(turns: Turns) -> None:
    with turns.turn(10):
        pass


def test_a_file_that_was_removed_meanwhile_is_created_again(path: Path) -> None:
    mine, other = turns(path), turns(path)
    use(mine)
    queue_file(path).unlink()
    with mine.turn(1):
        assert queue_file(path).exists()
        with pytest.raises(TurnTimeout), other.turn(0.05):
            pass


@pytest.mark.parametrize("wanted", [0o600, 0o660])
def test_who_may_write_the_registry_may_take_a_turn(path: Path, wanted: int) -> None:
    path.chmod(wanted)
    use(turns(path))
    assert queue_file(path).stat().st_mode & 0o777 == wanted


def test_without_locks_sqlite_alone_decides(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("locks are not supported here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open_repository(SqliteFile(path)) as repository:
        assert repository.entries.add(entry(), baseline())
