"""One worker process, as seen from seedreg: starting it, talking to it, ending it."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_READ_BYTES = 1 << 20
_CLOSE_S = 1.0
_TAIL_BYTES = 8192


class WorkerProcess:
    """A running worker in a session of its own, so that Ctrl-C on the terminal does not reach it.

    Control goes over its standard input and output; what it prints goes to an unlinked file.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        its_input, self._requests = os.pipe()
        self._messages, its_output = os.pipe()
        try:
            self._popen = subprocess.Popen(
                list(command),
                stdin=its_input,
                stdout=its_output,
                stderr=self._log,
                env=dict(environ),
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
        self._buffer = b""

    def fileno(self) -> int:
        """The descriptor that becomes readable when `read_lines` has something, or at the end."""
        return self._messages

    def send(self, line: bytes) -> None:
        """Send one line; if the worker is gone, the end of its output shows it."""
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
        with selectors.DefaultSelector() as selector:
            selector.register(self._requests, selectors.EVENT_WRITE)
            selector.register(self, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select()}
        if self in ready:
            data = os.read(self.fileno(), _READ_BYTES)
            if not data:
                raise BrokenPipeError
            self._buffer += data

    @property
    def has_lines(self) -> bool:
        """Whether `read_lines` has something without waiting for `fileno`."""
        return b"\n" in self._buffer

    @property
    def has_ended(self) -> bool:
        """Whether the worker ended by itself."""
        return self._popen.poll() is not None

    def read_lines(self) -> list[bytes] | None:
        """The complete lines that have come; None at the end of the worker's output."""
        if not self.has_lines:
            data = os.read(self.fileno(), _READ_BYTES)
            if not data:
                return None
            self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        return lines

    def close(self) -> tuple[int, str]:
        """End the worker and what it started; gives its exit status and the end of what it printed."""
        os.close(self._requests)
        try:
            self._popen.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        os.close(self._messages)
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - _TAIL_BYTES))
        tail = self._log.read().decode("utf-8", "replace")
        self._log.close()
        return self._popen.returncode, tail
