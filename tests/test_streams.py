"""Standard streams that are missing or fail, and programs that print all the same."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seedreg.streams import LenientRaw, is_closed_pipe


class Failing(io.RawIOBase):
    """Fails after some bytes."""

    def __init__(self, takes: int, number: int) -> None:
        super().__init__()
        self.taken = b""
        self._takes = takes
        self._number = number

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(data)[: self._takes - len(self.taken)]  # type: ignore[call-overload]
        if not piece:
            raise OSError(self._number, os.strerror(self._number))
        self.taken += piece
        return len(piece)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EBADF, errno.EIO])
def test_what_follows_a_failure_is_dropped_and_the_failure_is_remembered(number: int) -> None:
    below = Failing(5, number)
    raw = LenientRaw(below)
    stream = io.TextIOWrapper(io.BufferedWriter(raw), "utf-8")
    for _ in range(3):
        stream.write("line\n")
        stream.flush()
    stream.write("x" * 100_000)
    stream.close()
    assert below.taken == b"line\n"
    assert raw.failure is not None
    assert (raw.failure.errno, is_closed_pipe(raw.failure)) == (number, number == errno.EPIPE)


def test_a_pipe_that_another_program_made_non_blocking_is_waited_for() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    read: list[bytes] = []

    def drain() -> None:
        with open(reader, "rb") as file:
            read.append(file.read())

    with io.FileIO(writer, "w") as below:
        stream = io.BufferedWriter(raw := LenientRaw(below))
        thread = threading.Thread(target=drain)
        thread.start()
        stream.write(b"x" * 1_000_000)
        stream.flush()
    thread.join(10)
    assert (raw.failure, [len(data) for data in read]) == (None, [1_000_000])


SCRIPT = """\
import os, sys
from seedreg.streams import open_standard_streams
open_standard_streams()
number = os.open({file!r}, os.O_RDWR)
print("out", flush=True)
print("error", file=sys.stderr)
sys.stdin.read()
os.system("echo child; echo child >&2")
sys.exit(number)
"""


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the descriptors")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_the_next_file_never_becomes_a_standard_stream(tmp_path: Path, closed: str) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "-", sys.executable, "-c", SCRIPT.format(file=str(file))],
        capture_output=True,
        text=True,
        input="",
        check=False,
    )
    assert done.returncode > 2
    assert file.read_text() == "content"
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else "out\nchild\n")
    assert done.stderr == ("" if "2>&-" in closed else "error\nchild\n")
