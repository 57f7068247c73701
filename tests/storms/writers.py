"""32 processes that register, verify and accept in one registry at the same time.

Their builds are answered at once, so that all they do is to write.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from storage.values import FACTS, SOURCE, environment

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.results import Accepted, Registered
from seedreg.errors import SeedregError
from seedreg.registry import Registry
from seedreg.storage import SqliteFile, check, open_repository
from seedreg.storage.sqlite import SqliteBackend
from storms.storm import Storm, Tally

_PROCESSES = 32
_P99_S = 3.0
_ENOUGH = 1000
"""Waits of which the 99th percentile says something."""


@dataclass
class Instant:
    """An `Executor` that has built everything already."""

    stream: str = "first"

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`; other seeds and streams give other weights."""
        for request in requests:
            digest = hashlib.sha256(f"{self.stream} {request.recipe.seed}".encode()).hexdigest()
            weights = Fingerprint((TensorRecord("float32", (2, 3), digest, "kernel"),))
            yield request, Built(weights, environment(), SOURCE, FACTS, 0.01)

    def close(self) -> None:
        """See `Executor.close`."""


@dataclass
class Done:
    """What one process has stored, and how long it waited."""

    registered: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)


def _write(registry_file: Path, process: int, count: int, seed: int) -> Done:
    done, rng = Done(), random.Random(f"{seed} {process}")
    _measure(done.waits_s)
    streams: dict[str, int] = {}
    for number in range(count):
        kind = rng.choice(("register", "verify", "accept")) if streams else "register"
        executor = Instant()
        try:
            with Registry(open_repository(SqliteFile(registry_file)), executor, "project") as registry:
                if kind == "register":
                    result = registry.register("m:build", process * 100_000 + 2 * number)
                    assert isinstance(result, Registered)
                    entry_id = result.entry.id
                    streams[entry_id] = 0
                    done.registered.append(entry_id)
                    continue
                entry_id = rng.choice(list(streams))
                streams[entry_id] += kind == "accept"
                executor.stream = f"stream {streams[entry_id]}" if streams[entry_id] else "first"
                if kind == "verify":
                    registry.verify(entry_id)
                    done.verified.append(entry_id)
                elif isinstance(registry.accept(entry_id, "new"), Accepted):
                    done.accepted.append(entry_id)
        except SeedregError as error:
            done.failed.append(f"{kind}: {error.message}")
    return done


def _measure(waits_s: list[float]) -> None:
    """Note how long this process waits before it may write."""
    turn, begin = SqliteBackend.turn, SqliteBackend.begin
    asked: list[float] = []

    @contextmanager
    def asking(backend: SqliteBackend) -> Iterator[None]:
        asked.append(time.monotonic())
        with turn(backend):
            yield

    def beginning(backend: SqliteBackend, *, write: bool) -> None:
        begin(backend, write=write)
        if write:
            waits_s.append(time.monotonic() - asked.pop())

    for name, method in (("turn", asking), ("begin", beginning)):
        setattr(SqliteBackend, name, method)


def run(count: int, seed: int, folder: Path) -> Tally:
    """Let 32 processes do `count` things in all, and look whether everything they did is there."""
    path = folder / "registry.db"
    open_repository(SqliteFile(path), create=True).close()
    shares = [count // _PROCESSES + (number < count % _PROCESSES) for number in range(_PROCESSES)]
    processes = [_start(path, number, share, seed) for number, share in enumerate(shares)]
    for process in processes:  # all are ready, and begin together
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in processes]
    return _judged(path, [Done(**json.loads(output)) for output in outputs])


def _start(path: Path, number: int, count: int, seed: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "storms.writers", str(path), str(number), str(count), str(seed)],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _judged(path: Path, all_done: list[Done]) -> Tally:
    tally = Tally()
    with open_repository(SqliteFile(path), write=False) as repository:
        for process, done in enumerate(all_done):
            lost = [id_ for id_ in done.registered if repository.entries.get(id_) is None]
            for id_ in set(done.registered) - set(lost):
                wanted = done.accepted.count(id_), done.accepted.count(id_) + done.verified.count(id_)
                checks = len(repository.checks.of_entry(id_))
                if (len(repository.baselines.of_entry(id_)) - 1, checks) != wanted:
                    lost.append(id_)
            tally.broken += [f"process {process} lost what it stored for {id_[:12]}" for id_ in lost]
            tally.broken += [f"process {process} failed to {text}" for text in done.failed]
            for name in ("registered", "verified", "accepted", "failed"):
                tally.counts[name] += len(getattr(done, name))
    tally.broken += [f"db check: {problem}" for problem in check(SqliteFile(path))]
    waits_s = sorted(wait_s for done in all_done for wait_s in done.waits_s)
    p50, p99 = (waits_s[int(len(waits_s) * part)] for part in (0.5, 0.99))
    figures = f"median {p50:.2f} s, 99th percentile {p99:.2f} s, longest {waits_s[-1]:.2f} s"
    tally.notes.append(f"waits for the lock: {figures}")
    if len(waits_s) >= _ENOUGH and p99 > _P99_S:
        tally.broken.append(f"waits for the lock: {figures}")
    return tally


STORM = Storm(
    name="writers",
    title="Writes of 32 processes to one registry at the same time",
    promise=f"Nothing is lost and no process fails. Of 100 writes, 99 wait at most {_P99_S:g} s.",
    in_ci=128,
    by_hand=3200,
    run=run,
    needs=lambda: None if os.name == "posix" else "turns need POSIX's locks",
)

if __name__ == "__main__":
    import seedreg.storage.repository

    assert seedreg
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    did = _write(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    sys.stdout.write(json.dumps(asdict(did)))
