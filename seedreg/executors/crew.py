"""The workers of an executor: starting them, sending them builds, reading their messages, ending them."""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.entry import Source
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.executors import wire
from seedreg.executors.git import with_git
from seedreg.executors.launch import Launch, Mode
from seedreg.executors.process import WorkerProcess
from seedreg.executors.spool import Spool, discard
from seedreg.executors.work import Work


@dataclass(frozen=True)
class _Running:
    """A build that a worker was asked for, and where it writes its weights."""

    request: BuildRequest
    exported: Path | None


@dataclass
class _Worker:
    process: WorkerProcess
    deadline: float
    running: dict[int, _Running] = field(default_factory=dict)
    ready: bool = False

    @property
    def slots(self) -> int:
        """How many of the executor's jobs it occupies; importing TensorFlow takes one."""
        return len(self.running) if self.ready else 1

    def answered(self, key: int) -> _Running:
        """The build that it answered.

        Raises:
            ProtocolError: if it was not asked for that.
        """
        if key not in self.running:
            raise wire.ProtocolError(answered=key)
        return self.running.pop(key)


class Crew:
    """The workers that run builds, one for each way in which a worker can be started.

    `needs_fresh` has the factories that were found to need a fresh interpreter for each build. See
    `LocalExecutor` for the arguments.
    """

    def __init__(
        self,
        python: str,
        root: Path,
        import_paths: tuple[Path, ...],
        environ: Mapping[str, str],
        worker_folder: Path,
        *,
        jobs: int,
        timeout_s: float,
        import_timeout_s: float,
    ) -> None:
        self._python = python
        self._root = root
        self._import_paths = import_paths
        self._environ = environ
        self._worker_folder = worker_folder
        self._jobs = jobs
        self._timeout_s = timeout_s
        self._import_timeout_s = import_timeout_s
        self.needs_fresh: set[str] = set()
        self._workers: dict[Launch, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._git: dict[Source, Source] = {}
        self._spool = Spool()

    def close(self) -> None:
        """End every worker and build."""
        for launch in list(self._workers):
            self._end(launch)
        self._selector.close()
        self._spool.close()

    def has(self, launch: Launch) -> bool:
        """Whether this worker was started and has not ended."""
        worker = self._workers.get(launch)
        return worker is not None and not worker.process.has_ended

    def start_early(self, launch: Launch) -> None:
        """Start a worker before there is a build for it; if it fails, that is known with the first build."""
        if launch not in self._workers:
            self._start(launch)

    def run(self, work: Work) -> Iterator[tuple[BuildRequest, Outcome]]:
        """Run builds, each by the worker that it needs; see `Executor.run`."""
        for launch in [launch for launch, worker in self._workers.items() if worker.process.has_ended]:
            self._end(launch)  # it was killed while no build ran
        finished = False
        try:
            while work.is_waiting or work.is_known or any(w.running for w in self._workers.values()):
                while work.is_known:
                    self._dispatch(work)  # while the caller works on this one, builds go on
                    yield work.next_known()
                self._dispatch(work)
                if not work.is_known and any(worker.slots for worker in self._workers.values()):
                    self._wait(work)
            finished = True
        finally:
            if not finished:
                for launch in list(self._workers):
                    self._end(launch)

    def _dispatch(self, work: Work) -> None:
        """Start workers and send them builds, as far as the number of jobs allows."""
        for launch in list(work.launches()):
            while work.has(launch):
                worker = self._workers.get(launch)
                free = self._jobs - sum(w.slots for w in self._workers.values())
                if worker is None and free > 0:
                    failure = self._start(launch)
                    if failure is not None:
                        work.finish_all(work.take_all(launch), failure)
                    continue
                if worker is None or not worker.ready or free <= 0:
                    break
                self._send(worker, work.take(launch))

    def _send(self, worker: _Worker, request: BuildRequest) -> None:
        exported = None if request.export is None else self._spool.place(request.export)
        worker.running[request.key] = _Running(request, exported)
        wire.send_request(worker.process, request, self._root, self._import_paths, self._timeout_s, exported)

    def _start(self, launch: Launch) -> BuildFailure | None:
        command = launch.command(self._python, self._worker_folder)
        try:
            process = WorkerProcess(command, launch.environment(self._environ, self._python), self._root)
        except OSError as error:
            return build_failure(
                FailureKind.INTERPRETER, python=self._python, error=error.strerror or str(error)
            )
        self._workers[launch] = _Worker(process, time.monotonic() + self._import_timeout_s)
        self._selector.register(process, selectors.EVENT_READ, launch)
        return None

    def _wait(self, work: Work) -> None:
        for launch in self._readable():
            worker = self._workers[launch]
            lines = worker.process.read_lines()
            try:
                if lines is None:
                    raise EOFError
                for line in lines:
                    self._receive(wire.decode_message(line, self._root), launch, work)
                    if launch not in self._workers:
                        break  # it has ended
            except (wire.ProtocolError, EOFError) as error:
                self._fail_all(launch, error, work)
        now = time.monotonic()
        for launch, worker in list(self._workers.items()):
            if not worker.ready and now >= worker.deadline:
                self._fail_all(launch, TimeoutError(), work)

    def _readable(self) -> list[Launch]:
        """The workers that have sent something; waits until one has, or the time to import is over."""
        waiting = [launch for launch, worker in self._workers.items() if worker.process.has_lines]
        if waiting:
            return waiting
        deadlines = [worker.deadline for worker in self._workers.values() if not worker.ready]
        wait_s = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return [key.data for key, _ in self._selector.select(wait_s)]

    def _receive(self, message: wire.Message, launch: Launch, work: Work) -> None:
        worker = self._workers[launch]
        match message:
            case wire.Ready():
                worker.ready = True
            case wire.Unusable(failure):
                self._end(launch)
                work.finish_all(work.take_all(launch), failure)
            case wire.Finished(key, Built() as built):
                build = worker.answered(key)
                source = self._source(built.source)
                work.finish(build.request, replace(built, source=source, exported=build.exported))
            case wire.Finished(key, failure):
                build = worker.answered(key)
                discard(build.exported)
                work.finish(build.request, failure)
            case wire.FreshNeeded(key):
                if launch.mode is not Mode.ZYGOTE:
                    raise wire.ProtocolError(asked=key)
                build = worker.answered(key)
                discard(build.exported)
                self.needs_fresh.add(build.request.recipe.factory)
                work.move(build.request, launch, replace(launch, mode=Mode.FRESH))

    def _source(self, source: Source) -> Source:
        """The source with what git knows of it, which is asked once."""
        if source not in self._git:
            self._git[source] = with_git(source, self._root)
        return self._git[source]

    def _fail_all(
        self, launch: Launch, error: EOFError | TimeoutError | wire.ProtocolError, work: Work
    ) -> None:
        """The worker is gone or cannot be understood: its builds fail.

        Another is started for the builds that wait, if it had been ready and was building.
        """
        worker = self._workers[launch]
        status, output = self._end(launch)
        failure = replace(self._failure(error, worker, status), output=output or None)
        for build in worker.running.values():
            discard(build.exported)
            work.finish(build.request, failure)
        if not worker.ready or not worker.running:
            work.finish_all(work.take_all(launch), failure)

    def _failure(
        self, error: EOFError | TimeoutError | wire.ProtocolError, worker: _Worker, status: int
    ) -> BuildFailure:
        python, timeout_s = self._python, self._import_timeout_s
        match error:
            case EOFError() if status >= 0:
                return build_failure(FailureKind.WORKER, python=python, status=status)
            case EOFError():
                return build_failure(FailureKind.WORKER, python=python, signal=-status)
            case TimeoutError():
                return build_failure(FailureKind.TIMEOUT, python=python, timeout_s=timeout_s)
            case wire.NoMessage() if not worker.ready:
                return build_failure(FailureKind.INTERPRETER, python=python, **error.facts)
            case wire.ProtocolError():
                return build_failure(FailureKind.WORKER, python=python, **error.facts)

    def _end(self, launch: Launch) -> tuple[int, str]:
        worker = self._workers.pop(launch)
        self._selector.unregister(worker.process)
        return worker.process.close()
