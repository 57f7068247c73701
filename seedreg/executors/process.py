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
        try:
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=dict(environ),
                cwd=cwd,
                bufsize=0,
                start_new_session=True,
            )
        except OSError:
            self._log.close()
            raise
        assert self._popen.stdin is not None
        os.set_blocking(self._popen.stdin.fileno(), False)
        self._buffer = b""

    def fileno(self) -> int:
        """The descriptor that becomes readable when `read_lines` has something, or at the end."""
        assert self._popen.stdout is not None
        return self._popen.stdout.fileno()

    def send(self, line: bytes) -> None:
        """Send one line; if the worker is gone, the end of its output will tell."""
        assert self._popen.stdin is not None
        data = memoryview(line)
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[self._write(data) :]

    def _write(self, data: memoryview) -> int:
        assert self._popen.stdin is not None
        try:
            return os.write(self._popen.stdin.fileno(), data)
        except BlockingIOError:  # the pipe is full
            self._await_room()
            return 0

    def _await_room(self) -> None:
        """Wait until the worker takes more; read meanwhile, for it may itself wait to be read."""
        assert self._popen.stdin is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._popen.stdin, selectors.EVENT_WRITE)
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
        """Whether the worker has ended by itself."""
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
        """End the worker and what it started; its exit status and the end of what it printed."""
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._popen.stdin.close()
        try:
            self._popen.wait(_CLOSE_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
        self._popen.stdout.close()
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - _TAIL_BYTES))
        tail = self._log.read().decode("utf-8", "replace")
        self._log.close()
        return self._popen.returncode, tail
