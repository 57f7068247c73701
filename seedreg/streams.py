"""The standard streams of the process: all three exist, and a write that fails interrupts nothing.

What a command found, and its exit code, must not depend on whether somebody could read its output.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputLost(Exception):
    """The output, which is the only product of the command, could not be written; `__cause__` says why."""


class LenientRaw(io.RawIOBase):
    """Writes to another raw stream until that fails for the first time, and drops all that follows.

    Args:
        raw: what is written to; it is not closed.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self.failure: OSError | None = None
        """Why a write failed."""

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The descriptor of the other stream."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Whether the other stream is a terminal."""
        return self._raw.isatty()

    def write(self, data: ReadableBuffer, /) -> int:
        """Write some of the data and give its size; all of it is dropped after a failure."""
        if self.failure is None:
            try:
                return self._write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def _write(self, data: ReadableBuffer) -> int:
        while (written := self._raw.write(data)) is None:
            # Whoever shares the pipe made it non-blocking.
            select.select([], [self._raw], [])
        return written


def open_standard_streams() -> None:
    """Make the standard streams ones that any program can write to.

    A missing descriptor is opened on the null device: otherwise the next file that is opened, e.g. the
    registry, would get its number, and be written to by whatever prints.
    """
    for descriptor in (0, 1, 2):
        if not _is_open(descriptor):
            null = os.open(os.devnull, os.O_RDWR)
            if null == descriptor:
                os.set_inheritable(null, True)
            else:
                os.dup2(null, descriptor)
                os.close(null)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115
    sys.stdout = _lenient(sys.stdout, 1)
    sys.stderr = _lenient(sys.stderr, 2)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _lenient(stream: TextIO | None, descriptor: int) -> TextIO:
    if isinstance(stream, io.TextIOWrapper):
        buffer = stream.buffer
        # Python's option -u leaves out the buffer.
        raw = cast("io.RawIOBase", getattr(buffer, "raw", buffer))
        encoding, at_once = stream.encoding, stream.line_buffering
    else:
        raw = io.FileIO(descriptor, "w", closefd=False)
        encoding, at_once = "utf-8", False
    return io.TextIOWrapper(
        io.BufferedWriter(LenientRaw(raw)),
        encoding,
        # A terminal of another encoding gets an arrow's escape, not a traceback.
        errors="backslashreplace",
        line_buffering=at_once,
    )


def output_failure() -> OSError | None:
    """Why standard output could not be written, once everything printed so far has been; None if it could."""
    return _failure(sys.stdout)


def _failure(stream: TextIO) -> OSError | None:
    stream.flush()
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.failure if isinstance(raw, LenientRaw) else None


def is_closed_pipe(error: OSError) -> bool:
    """Whether nobody reads the stream any more, e.g. in `seedreg list | head`."""
    return error.errno == errno.EPIPE


def write_error(text: str) -> None:
    """Write lines on standard error, for errors that must be reported without the rest of the program."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
