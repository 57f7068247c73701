"""Ending what a worker has left that was killed before it could end its builds and their descendants."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

MARK = "SEEDREG_WORKER"
"""The environment variable that every process below a worker inherits; its value is one of that worker."""

_PATIENCE_S = 5.0
_PAUSE_S = 0.005
_PROC = Path("/proc")


def end_remains(mark: str, leader: int) -> None:
    """Kill every process that has the worker's mark, is in its session, or descends from such a process.

    Repeated until there is none, because those that are killed last may have started others. A process that
    has both a session and an environment of its own, and whose parents are gone, is not found.

    Args:
        mark: the value of `MARK` in the worker's environment.
        leader: the process id of the worker, which led a session.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while (found := _of_worker(mark, leader)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def descendants(pid: int) -> set[int]:
    """The processes below this one."""
    return _below({pid}, _parents())


def _of_worker(mark: str, leader: int) -> set[int]:
    entry = f"{MARK}={mark}".encode()
    parents = _parents()
    roots = {pid for pid in parents if pid == leader or _session(pid) == leader or entry in _environment(pid)}
    found = roots | _below(roots, parents)
    return {pid for pid in found if pid != os.getpid() and not _has_ended(pid)}


def _below(roots: Iterable[int], parents: dict[int, int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        nearest = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(nearest)
        waiting += nearest
    return found


def _parents() -> dict[int, int]:
    """Every process and its parent."""
    if not _PROC.joinpath("self").exists():
        return _parents_by_ps()
    found = {}
    for name in os.listdir(_PROC):
        fields = _status(int(name)) if name.isdigit() else ()
        if fields:
            found[int(name)] = int(fields[1])
    return found


def _parents_by_ps() -> dict[int, int]:
    command = ["ps", "-axo", "pid=,ppid="]
    try:
        listed = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    pairs = (line.split() for line in listed.splitlines())
    return {int(pid): int(parent) for pid, parent in pairs}


def _status(pid: int) -> tuple[bytes, ...]:
    """State, parent, group and session of a process, and more; nothing if there is no such process."""
    try:
        return tuple(_PROC.joinpath(str(pid), "stat").read_bytes().rpartition(b")")[2].split())
    except OSError:
        return ()


def _has_ended(pid: int) -> bool:
    fields = _status(pid)
    return _PROC.exists() and (not fields or fields[0] in (b"Z", b"X"))


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _environment(pid: int) -> list[bytes]:
    """The variables that a process, or the one that it was forked from, was started with."""
    try:
        return _PROC.joinpath(str(pid), "environ").read_bytes().split(b"\0")
    except OSError:
        return []
