"""One worker process, as seen from seedreg: starting it, talking to it, ending it."""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from seedreg.executors.remains import MARK, descendants, end_remains

RESUME_S = 3.0
"""A worker that is silent for this long is resumed: a build may have stopped it."""

_READ_BYTES = 1 << 20
# More than the longest answer, written in ASCII.
_MAX_LINE_BYTES = 1 << 28
_CLOSE_S = 1.0
_TAIL_BYTES = 8192
# A worker that takes nothing is resumed, and given up in the end.
_SEND_S = 30.0


class WorkerStuckError(Exception):
    """The worker takes no requests."""


class LineTooLongError(Exception):
    """The worker has written a line without end."""


class WorkerProcess:
    """A running worker in a session of its own, so that Ctrl-C on the terminal does not reach it.

    Control goes over its standard input and output; what it prints goes to an unlinked file.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._mark = secrets.token_hex(16)
        its_input, self._requests = os.pipe()
        self._messages, its_output = os.pipe()
        try:
            self._popen = subprocess.Popen(
                list(command),
                stdin=its_input,
                stdout=its_output,
                stderr=self._log,
                env={**environ, MARK: self._mark},
                cwd=cwd,
                start_new_session=True,
            )
        except OSError:
            os.close(self._requests)
            os.close(self._messages)
            self._log.close()
            raise
        finally:
            os.close(its_input)
            os.close(its_output)
        os.set_blocking(self._requests, False)
        self._buffer = bytearray()

    def fileno(self) -> int:
        """The descriptor that becomes readable when `read_lines` has something, or at the end."""
        return self._messages

    def send(self, line: bytes) -> None:
        """Send one line; if the worker is gone, the end of its output shows it.

        Raises:
            WorkerStuckError: if the worker takes nothing for half a minute.
        """
        data = memoryview(line)
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[self._write(data) :]

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._requests, data)
        except BlockingIOError:  # the pipe is full
            self._await_room()
            return 0

    def _await_room(self) -> None:
        """Wait until the worker takes more; read meanwhile, as it may itself wait for that."""
        deadline = time.monotonic() + _SEND_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_WRITE)
            selector.register(self, selectors.EVENT_READ)
            while not (ready := {key.fileobj for key, _ in selector.select(RESUME_S)}):
                if time.monotonic() >= deadline:
                    raise WorkerStuckError
                self.resume()
        if self in ready:
            data = os.read(self.fileno(), _READ_BYTES)
            if not data:
                raise BrokenPipeError
            self._buffer += data

    def resume(self) -> None:
        """Resume the worker, if something has stopped it."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGCONT)

    @property
    def has_lines(self) -> bool:
        """Whether `read_lines` has something without waiting for `fileno`."""
        return b"\n" in self._buffer

    @property
    def has_ended(self) -> bool:
        """Whether the worker ended by itself."""
        return self._popen.poll() is not None

    def read_lines(self) -> list[bytes] | None:
        """The complete lines that have come; None at the end of the worker's output.

        Raises:
            LineTooLongError: if a line is longer than any message.
        """
        if not self.has_lines:
            data = os.read(self.fileno(), _READ_BYTES)
            if not data:
                return None
            self._buffer += data
            if b"\n" not in data:
                if len(self._buffer) > _MAX_LINE_BYTES:
                    raise LineTooLongError
                return []
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest
        return [bytes(line) for line in lines]

    def close(self, *, patience_s: float = _CLOSE_S) -> tuple[int, str]:
        """End the worker and what it started; gives its exit status and the end of what it printed.

        A worker that ends by itself, after the end of its input, has ended everything below it.
        """
        os.close(self._requests)
        self.resume()
        try:
            status = self._popen.wait(patience_s)
        except subprocess.TimeoutExpired:
            status = self._kill()
        if status != 0:
            end_remains(self._mark, self._popen.pid)
        os.close(self._messages)
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - _TAIL_BYTES))
        tail = self._log.read().decode("utf-8", "replace")
        self._log.close()
        return status, tail

    def _kill(self) -> int:
        below = descendants(self._popen.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return self._popen.wait()
