"""Turns of the processes that write to one registry file: first come, first served.

SQLite lets every waiting process try again after ever longer pauses, at most 0.1 s, so that those who come
later overtake those who wait: of 32 processes the unluckiest one in a hundred writes waited 9 s. A lock in a
file beside the registry is given in the order in which it was asked for. It ends with the process that has
it, whatever ends that. Where there is no such lock, SQLite alone decides, as it does beside an older seedreg.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedreg.storage.permissions import take_permissions

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class TurnTimeout(Exception):
    """Others have been writing for longer than this process would wait."""


class Turns:
    """The place of one connection in the queue of a registry; use it in one thread, and close it.

    Args:
        queue: the file that is locked; it is created when it is needed, and removed when nobody waited.
        registry: the file whose permissions it gets.
    """

    def __init__(self, queue: Path, registry: Path) -> None:
        self._queue = queue
        self._registry = registry
        self._descriptor: int | None = None
        self._has_waited = False

    @contextmanager
    def turn(self, timeout_s: float) -> Iterator[None]:
        """Wait for this connection's turn; it ends with the block.

        Raises:
            TurnTimeout: if it did not come in time.
        """
        locked = fcntl is not None and self._lock(timeout_s)
        try:
            yield
        finally:
            if locked and self._descriptor is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave the queue, and remove its file if nobody else is in it."""
        if self._descriptor is None:
            return
        # A lock that is free may be about to be taken by the next one. Where processes wait, the file stays:
        # those who wait for a file that is removed have to ask again, and lose their place.
        if not self._has_waited:
            with suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_current(self._descriptor):
                    self._queue.unlink()
        self._forget()

    def _lock(self, timeout_s: float) -> bool:
        """Whether the lock was taken; False where files cannot be locked."""
        while True:
            try:
                descriptor = self._open()
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    self._wait(descriptor, timeout_s)
            except OSError:
                self._forget()
                return False
            if self._is_current(descriptor):
                return True
            self._forget()  # who was last has removed the file while this process waited

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._queue, os.O_RDWR | os.O_CREAT, 0o600)
            if os.fstat(self._descriptor).st_uid == os.geteuid():
                take_permissions(self._queue, self._registry)
        return self._descriptor

    def _wait(self, descriptor: int, timeout_s: float) -> None:
        self._has_waited = True
        ticket = _Ticket(descriptor)
        try:
            granted = ticket.wait(timeout_s)
        except BaseException:
            self._descriptor = None
            ticket.give_up()
            raise
        if not granted:
            self._descriptor = None
            ticket.give_up()
            raise TurnTimeout

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._queue.stat())
        except OSError:
            return False

    def _forget(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _Ticket:
    """A lock that a thread waits for: the system call has no limit of time, and trying again is not fair."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decided = threading.Lock()
        self._answered = threading.Event()
        self._given_up = False
        self._error: OSError | None = None
        threading.Thread(target=self._ask, name="seedreg-turn", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Whether the lock came in time.

        Raises:
            OSError: if files cannot be locked here.
        """
        if not self._answered.wait(timeout_s):
            return False
        if self._error is not None:
            raise self._error
        return True

    def give_up(self) -> None:
        """Nobody wants the lock any more; the descriptor is closed as soon as that is possible."""
        with self._decided:
            self._given_up = True
            if not self._answered.is_set():
                return
        os.close(self._descriptor)

    def _ask(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            self._error = error
        with self._decided:
            if not self._given_up:
                self._answered.set()
                return
        os.close(self._descriptor)
