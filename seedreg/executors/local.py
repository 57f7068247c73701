"""Builds on this machine, in the interpreter of the user's choice: forked from a zygote, or fresh."""

from __future__ import annotations

import math
import os
import selectors
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.entry import Source
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.executors import wire
from seedreg.executors.git import with_git
from seedreg.executors.process import WorkerProcess
from seedreg.worker.frameworks import fork_is_safe

WORKER_FOLDER = Path(__file__).parent.parent / "worker"


@dataclass(frozen=True)
class _Launch:
    """What a worker must be started with for a build to be right; builds that agree share one."""

    mode: str
    hash_seed: str
    hide_gpus: bool


@dataclass
class _Worker:
    process: WorkerProcess
    waiting: deque[BuildRequest] = field(default_factory=deque)
    running: dict[int, BuildRequest] = field(default_factory=dict)
    ready: bool = False
    deadline: float = math.inf

    @property
    def slots(self) -> int:
        """How many of the executor's jobs it occupies; importing TensorFlow takes one."""
        return len(self.running) if self.ready else 1


class LocalExecutor:
    """An `Executor` of worker processes: a zygote and a supervisor of fresh interpreters a launch.

    Args:
        python: path of the interpreter that builds; it needs TensorFlow, not seedreg.
        root: the project's root, where builds run.
        import_paths: folders put before the interpreter's own on `sys.path`.
        jobs: builds at once.
        timeout_s: seconds after which a build is ended.
        import_timeout_s: seconds that a worker may take to import TensorFlow before its first build.
        isolation: `FORK` or `FRESH` for every build, or `AUTO`: what each request asks for; where it
            leaves it open too, fork if there are several builds to run, else fresh.
        environ: variables of the worker; the process's own if None.
        worker_folder: where the worker program is; tests put a stand-in there.
    """

    def __init__(
        self,
        python: str,
        root: Path,
        import_paths: Sequence[Path] = (),
        *,
        jobs: int = 1,
        timeout_s: float = 600.0,
        import_timeout_s: float = 600.0,
        isolation: Isolation = Isolation.AUTO,
        environ: Mapping[str, str] | None = None,
        worker_folder: Path = WORKER_FOLDER,
    ) -> None:
        self._python = python
        self._root = root
        self._import_paths = tuple(import_paths) or (root,)
        self._jobs = max(1, jobs)
        self._timeout_s = timeout_s
        self._import_timeout_s = import_timeout_s
        self._isolation = isolation
        self._environ = dict(os.environ if environ is None else environ)
        self._worker_folder = worker_folder
        self._workers: dict[_Launch, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._needs_fresh: set[str] = set()
        self._git: dict[Source, Source] = {}

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and build."""
        for launch in list(self._workers):
            self._end(launch)
        self._selector.close()

    def warm_up(self) -> None:
        """Start importing TensorFlow now for forks on the CPU, which are then to be expected."""
        launch = _Launch("zygote", "0", hide_gpus=True)
        wanted = self._isolation is not Isolation.FRESH and fork_is_safe()
        if wanted and launch not in self._workers:
            self._start(launch)

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        for launch in [launch for launch, worker in self._workers.items() if worker.process.has_ended]:
            self._end(launch)  # it was killed while there was nothing to build
        queues: dict[_Launch, deque[BuildRequest]] = {}
        several = len(requests) > 1
        for request in requests:
            queues.setdefault(self._launch(request, several), deque()).append(request)
        done: deque[tuple[BuildRequest, Outcome]] = deque()
        finished = False
        try:
            while any(queues.values()) or any(w.running for w in self._workers.values()) or done:
                while done:
                    self._dispatch(queues, done)  # no build waits for what the caller does with this one
                    yield done.popleft()
                self._dispatch(queues, done)
                if not done and any(worker.slots for worker in self._workers.values()):
                    self._wait(queues, done)
            finished = True
        finally:
            if not finished:
                for launch in list(self._workers):
                    self._end(launch)

    def _launch(self, request: BuildRequest, several: bool) -> _Launch:
        isolation = request.isolation if self._isolation is Isolation.AUTO else self._isolation
        if isolation is Isolation.AUTO:
            isolation = Isolation.FORK if several or self._zygote_is_up(request) else Isolation.FRESH
        if not fork_is_safe() or request.recipe.factory in self._needs_fresh:
            isolation = Isolation.FRESH
        return self._launch_of("zygote" if isolation is Isolation.FORK else "fresh", request)

    @staticmethod
    def _launch_of(mode: str, request: BuildRequest) -> _Launch:
        recipe = request.recipe
        return _Launch(mode, "0" if recipe.seeding == "full" else "random", recipe.device == "cpu")

    def _zygote_is_up(self, request: BuildRequest) -> bool:
        return self._launch_of("zygote", request) in self._workers

    def _dispatch(
        self, queues: dict[_Launch, deque[BuildRequest]], done: deque[tuple[BuildRequest, Outcome]]
    ) -> None:
        for launch, queue in queues.items():
            while queue:
                worker = self._workers.get(launch)
                free = self._jobs - sum(w.slots for w in self._workers.values())
                if worker is None and free > 0:
                    failure = self._start(launch)
                    if failure is not None:
                        done.extend((request, failure) for request in queue)
                        queue.clear()
                    continue
                if worker is None or not worker.ready or free <= 0:
                    break
                request = queue.popleft()
                worker.running[request.key] = request
                wire.send_request(worker.process, request, self._root, self._import_paths, self._timeout_s)

    def _start(self, launch: _Launch) -> BuildFailure | None:
        environ = {**self._environ, "PYTHONHASHSEED": launch.hash_seed}
        if launch.hide_gpus:
            environ["CUDA_VISIBLE_DEVICES"] = "-1"
        # The supervisor of fresh interpreters needs no site-packages; each build's interpreter gets them.
        flags = ["-S"] if launch.mode == "fresh" else []
        command = [self._python, *flags, str(self._worker_folder), launch.mode, str(os.getpid())]
        try:
            process = WorkerProcess(command, environ, self._root)
        except OSError as error:
            return build_failure(
                FailureKind.INTERPRETER, python=self._python, error=error.strerror or str(error)
            )
        self._workers[launch] = _Worker(process, deadline=time.monotonic() + self._import_timeout_s)
        self._selector.register(process, selectors.EVENT_READ, launch)
        return None

    def _wait(
        self, queues: dict[_Launch, deque[BuildRequest]], done: deque[tuple[BuildRequest, Outcome]]
    ) -> None:
        for launch in self._readable():
            worker = self._workers[launch]
            lines = worker.process.read_lines()
            try:
                if lines is None:
                    raise EOFError
                for line in lines:
                    self._receive(wire.decode_message(line, self._root), launch, queues, done)
                    if launch not in self._workers:
                        break  # it said that it ends
            except (wire.ProtocolError, EOFError) as error:
                self._fail_all(launch, error, queues, done)
        now = time.monotonic()
        for launch, worker in list(self._workers.items()):
            if not worker.ready and now >= worker.deadline:
                self._fail_all(launch, TimeoutError(), queues, done)

    def _readable(self) -> list[_Launch]:
        """The workers that have said something; waits until one has, or one's time to import is over."""
        waiting = [launch for launch, worker in self._workers.items() if worker.process.has_lines]
        if waiting:
            return waiting
        deadlines = [worker.deadline for worker in self._workers.values() if not worker.ready]
        wait_s = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return [key.data for key, _ in self._selector.select(wait_s)]

    def _receive(
        self,
        message: wire.Message,
        launch: _Launch,
        queues: dict[_Launch, deque[BuildRequest]],
        done: deque[tuple[BuildRequest, Outcome]],
    ) -> None:
        worker = self._workers[launch]
        match message:
            case wire.Ready():
                worker.ready = True
            case wire.Unusable(failure):
                self._end(launch)
                done.extend((request, failure) for request in queues.get(launch, ()))
                queues.pop(launch, None)
            case wire.Finished(key, outcome):
                request = self._answered(worker, key)
                done.append((request, self._with_git(outcome)))
            case wire.FreshNeeded(key):
                if launch.mode != "zygote":
                    raise wire.ProtocolError(asked=key)
                request = self._answered(worker, key)
                self._needs_fresh.add(request.recipe.factory)
                self._move_to_fresh(request, launch, queues)

    @staticmethod
    def _answered(worker: _Worker, key: int) -> BuildRequest:
        if key not in worker.running:
            raise wire.ProtocolError(answered=key)
        return worker.running.pop(key)

    def _move_to_fresh(
        self, request: BuildRequest, launch: _Launch, queues: dict[_Launch, deque[BuildRequest]]
    ) -> None:
        """This build, and those of its factory that wait for the same zygote, go to fresh interpreters."""
        waiting = queues.get(launch, deque())
        same = [other for other in waiting if other.recipe.factory == request.recipe.factory]
        queues[launch] = deque(other for other in waiting if other.recipe.factory != request.recipe.factory)
        queues.setdefault(self._launch_of("fresh", request), deque()).extend([request, *same])

    def _with_git(self, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Built):
            return outcome
        source = outcome.source
        if source not in self._git:
            self._git[source] = with_git(source, self._root)
        return replace(outcome, source=self._git[source])

    def _fail_all(
        self,
        launch: _Launch,
        error: EOFError | TimeoutError | wire.ProtocolError,
        queues: dict[_Launch, deque[BuildRequest]],
        done: deque[tuple[BuildRequest, Outcome]],
    ) -> None:
        """The worker is gone or talks nonsense: its builds fail; another is started if it had been ready."""
        worker = self._workers[launch]
        status, output = self._end(launch)
        python, timeout_s = self._python, self._import_timeout_s
        match error:
            case EOFError() if status >= 0:
                failure = build_failure(FailureKind.WORKER, python=python, status=status)
            case EOFError():
                failure = build_failure(FailureKind.WORKER, python=python, signal=-status)
            case TimeoutError():
                failure = build_failure(FailureKind.TIMEOUT, python=python, timeout_s=timeout_s)
            case wire.NoMessage() if not worker.ready:
                failure = build_failure(FailureKind.INTERPRETER, python=python, **error.facts)
            case wire.ProtocolError():
                failure = build_failure(FailureKind.WORKER, python=python, **error.facts)
        failure = replace(failure, output=output or None)
        lost = list(worker.running.values())
        if not worker.ready or not lost:
            lost.extend(queues.pop(launch, ()))
        done.extend((request, failure) for request in lost)

    def _end(self, launch: _Launch) -> tuple[int, str]:
        worker = self._workers.pop(launch)
        self._selector.unregister(worker.process)
        return worker.process.close()
