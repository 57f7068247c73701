"""Runs commands and measures them; the comparisons themselves are in the other modules."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_S = 0.02
_TAIL_BYTES = 2000


class CommandFailed(Exception):
    """A measured command failed, so its time has no meaning."""


@dataclass(frozen=True)
class Command:
    """A command line with the folder and the environment that it runs in."""

    arguments: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]

    def run(self) -> float:
        """Seconds from before its start to after its end; its output is discarded.

        Raises:
            CommandFailed: if its exit status is not 0.
        """
        with tempfile.TemporaryFile() as log:
            started = time.perf_counter()
            process = self._start(log.fileno())
            status = process.wait()
            elapsed_s = time.perf_counter() - started
            self._require_success(status, log)
        return elapsed_s

    def peak_memory(self) -> float:
        """The largest memory, in MB, that it and all its descendants used together at one time.

        The sum of the proportional set sizes: a page that several processes share counts once. It is
        sampled every 20 ms, so shorter peaks may be missed.

        Raises:
            CommandFailed: if its exit status is not 0.
        """
        peak_kb = 0
        with tempfile.TemporaryFile() as log:
            process = self._start(log.fileno())
            known: set[int] = set()
            while process.poll() is None:
                started = time.perf_counter()
                known = _tree(process.pid, known)
                peak_kb = max(peak_kb, sum(map(_pss_kb, known)))
                time.sleep(max(0.0, _SAMPLE_S - (time.perf_counter() - started)))
            self._require_success(process.returncode, log)
        return peak_kb * 1024 / 1e6

    def cpu_time(self) -> float:
        """Seconds of one core, in user and system mode, used by it and by all processes that it waited for.

        Raises:
            CommandFailed: if its exit status is not 0.
        """
        with tempfile.TemporaryFile() as log:
            process = self._start(log.fileno())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self._require_success(process.returncode, log)
        return usage.ru_utime + usage.ru_stime

    def own_peak_memory(self) -> float:
        """The largest resident memory, in MB, of its process alone, without those that it starts.

        Raises:
            CommandFailed: if its exit status is not 0.
        """
        peak_kb = 0
        with tempfile.TemporaryFile() as log:
            process = self._start(log.fileno())
            while process.poll() is None:
                peak_kb = max(peak_kb, _high_water_kb(process.pid))
                time.sleep(_SAMPLE_S)
            self._require_success(process.returncode, log)
        return peak_kb * 1024 / 1e6

    def _start(self, log: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.arguments,
            cwd=self.folder,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )

    def _require_success(self, status: int, log: object) -> None:
        if status != 0:
            log.seek(0)  # type: ignore[attr-defined]
            tail = log.read()[-_TAIL_BYTES:].decode("utf-8", "replace")  # type: ignore[attr-defined]
            raise CommandFailed(f"{' '.join(self.arguments)} ended with status {status}:\n{tail}")


def run_together(commands: Sequence[Command], at_once: int) -> float:
    """Seconds to run all commands, `at_once` at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        started = time.perf_counter()
        for _ in pool.map(Command.run, commands):
            pass
        return time.perf_counter() - started


@dataclass(frozen=True)
class Pairs:
    """Measurements of two sides in turns, A B A B …; the ratio of each pair is numerator / denominator."""

    numerators: tuple[float, ...]
    denominators: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """One for each pair."""
        return tuple(a / b for a, b in zip(self.numerators, self.denominators, strict=True))

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)


def alternate(numerator: Callable[[], float], denominator: Callable[[], float], repeat: int) -> Pairs:
    """Measure both sides in turns, after one run of each that is not counted.

    In turns, because the speed of a machine changes while it is measured. The first run is not counted,
    because it writes the bytecode caches and reads the files from the disk.
    """
    numerator()
    denominator()
    measured = [(numerator(), denominator()) for _ in range(repeat)]
    return Pairs(tuple(a for a, _ in measured), tuple(b for _, b in measured))


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _tree(root: int, known: set[int]) -> set[int]:
    """The process, its living descendants, and those of `known` that have been given another parent."""
    parents = dict(_parents())
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root, *(known & parents.keys())]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_bytes()
            except OSError:  # it has just ended
                continue
            # The second field is the name in brackets, and may hold blanks and brackets itself.
            yield int(name), int(stat[stat.rindex(b")") + 2 :].split(maxsplit=2)[1])


def _pss_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as stream:
            for line in stream:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1])
    except OSError:  # it has just ended
        pass
    return 0


def _high_water_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", "rb") as stream:
            for line in stream:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1])
    except OSError:  # it has just ended
        pass
    return 0
