"""The workers of an executor: starting them, sending them builds, reading their messages, ending them."""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.entry import Source
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.executors import wire
from seedreg.executors.git import with_git
from seedreg.executors.hosting import WORTH_S, Hosting
from seedreg.executors.launch import Launch, Mode
from seedreg.executors.process import LineTooLongError, WorkerProcess, WorkerStuckError
from seedreg.executors.sharing import Next, Sharing, is_shared
from seedreg.executors.spool import Spool, discard
from seedreg.executors.watched import (
    LOOK_S,
    SILENT_S,
    Ended,
    ImportTooLong,
    Incomprehensible,
    Overdue,
    Running,
    Silent,
    Trouble,
    Worker,
)
from seedreg.executors.work import Work


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
        module_zygote_s: float = WORTH_S,
        sharing: Sharing | None = None,
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
        self.hosting = Hosting(module_zygote_s)
        self._sharing = sharing
        self._workers: dict[Launch, Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._git: dict[Source, Source] = {}
        self._spool = Spool()
        self._looked_at = time.monotonic()

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
            self._end_hosts()
            finished = True
        finally:
            if not finished:
                for launch in list(self._workers):
                    self._end(launch)

    def _end_hosts(self) -> None:
        """End every host: what they have imported may be edited before the next run."""
        shared = self._sharing is not None and self._sharing.forget_processes()
        if self.hosting.forget_hosts() or shared:
            for worker in self._workers.values():
                with contextlib.suppress(WorkerStuckError):  # as the next build will show
                    wire.send_end_of_hosts(worker.process)

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
                if worker is None or not worker.ready:
                    break
                following = self._next(launch, work, free=free > 0)
                if following is None:
                    break
                work.take(launch, following.request)
                self._send(launch, following, work)

    def _next(self, launch: Launch, work: Work, *, free: bool) -> Next | None:
        """The build that the worker is asked for next, if there is room for one."""
        if self._sharing is not None:
            return self._sharing.next(launch, work, free=free)
        return Next(next(work.waiting(launch))) if free else None

    def _send(self, launch: Launch, following: Next, work: Work) -> None:
        """Ask a worker for a build."""
        worker, request = self._workers[launch], following.request
        try:
            exported = None if request.export is None else self._spool.place(request.export)
        except OSError as error:
            work.finish(request, build_failure(FailureKind.WORKER, error=str(error)))
            return
        host = following.host or self.hosting.host_for(request, launch, work)
        worker.running[request.key] = Running(request, exported, host)
        try:
            wire.send_request(
                worker.process, request, self._root, self._import_paths, self._timeout_s, exported, host
            )
        except WorkerStuckError:
            self._give_up(launch, Silent(SILENT_S), work)

    def _start(self, launch: Launch) -> BuildFailure | None:
        try:
            folder = self._spool.worker_folder()
        except OSError as error:
            return build_failure(FailureKind.WORKER, error=str(error))
        command = launch.command(self._python, self._worker_folder, folder)
        try:
            process = WorkerProcess(command, launch.environment(self._environ, self._python), self._root)
        except OSError as error:
            discard(folder)
            return build_failure(
                FailureKind.INTERPRETER, python=self._python, error=error.strerror or str(error)
            )
        self._workers[launch] = Worker(process, folder, time.monotonic() + self._import_timeout_s)
        self._selector.register(process, selectors.EVENT_READ, launch)
        return None

    def _wait(self, work: Work) -> None:
        for launch in self._readable():
            worker = self._workers[launch]
            worker.silent_s = 0.0
            try:
                lines = worker.process.read_lines()
                if lines is None:
                    self._give_up(launch, Ended(), work)
                    continue
                for line in lines:
                    self._receive(wire.decode_message(line, self._root), launch, work)
                    if launch not in self._workers:
                        break  # it has ended
            except LineTooLongError:
                self._give_up(launch, Incomprehensible(wire.NoMessage(said="")), work)
            except wire.ProtocolError as error:
                self._give_up(launch, Incomprehensible(error), work)
        now = time.monotonic()
        # Of a time in which this process was stopped or its caller was busy, only a moment counts.
        passed_s, self._looked_at = min(now - self._looked_at, 2 * LOOK_S), now
        for launch, worker in list(self._workers.items()):
            trouble = worker.trouble(now, passed_s, self._timeout_s)
            if trouble is not None:
                self._give_up(launch, trouble, work)

    def _readable(self) -> list[Launch]:
        """The workers that have sent something; waits until one has, or they have to be looked at."""
        waiting = [launch for launch, worker in self._workers.items() if worker.process.has_lines]
        if waiting:
            return waiting
        now = time.monotonic()
        waits = [worker.deadline - now for worker in self._workers.values() if not worker.ready]
        waits += [LOOK_S for worker in self._workers.values() if worker.running]
        return [key.data for key, _ in self._selector.select(max(0.0, min(waits)) if waits else None)]

    def _receive(self, message: wire.Message, launch: Launch, work: Work) -> None:
        worker = self._workers[launch]
        match message:
            case wire.Ready(beat_s):
                worker.ready, worker.beats = True, beat_s is not None
            case wire.Alive():
                return
            case wire.Unusable(failure):
                self._end(launch)
                work.finish_all(work.take_all(launch), failure)
                return
            case wire.Finished(key, outcome, import_s):
                build = worker.answered(key)
                if build.host is not None and not self._confirms(build, outcome):
                    work.repeat(build.request, launch)
                else:
                    self._learn(build, outcome, import_s)
                    work.finish(build.request, self._completed(outcome, build))
                self._end_if_idle(build, launch, work)
            case wire.Unhosted(key, reason):
                build = worker.answered(key)
                if self._sharing is not None and build.host is not None and is_shared(build.host):
                    self._sharing.lost(build.request, build.host, reason)
                else:
                    self.hosting.is_unfit(build.request, reason)
                work.repeat(build.request, launch)
            case wire.FreshNeeded(key):
                build = worker.answered(key)
                discard(build.exported)
                if launch.mode is not Mode.ZYGOTE:
                    failure = build_failure(FailureKind.WORKER, python=self._python, asked=key)
                    work.finish(build.request, failure)
                else:
                    self.needs_fresh.add(build.request.recipe.factory)
                    work.move(build.request, launch, replace(launch, mode=Mode.FRESH))
        if launch.only_for is not None and worker.ready and not (worker.running or work.has(launch)):
            self._end(launch)

    def _confirms(self, build: Running, outcome: Outcome) -> bool:
        """Whether a build in a host has confirmed what is known; if not, its like have no host any more."""
        if self._sharing is not None and is_shared(build.host):
            return self._sharing.confirms(build.request, outcome)
        if build.request.is_confirmed_by(outcome):
            return True
        self.hosting.refuse(build.request)
        return False

    def _learn(self, build: Running, outcome: Outcome, import_s: float) -> None:
        """What the outcome of a build in a process of its own means for its like."""
        if is_shared(build.host):
            return
        self.hosting.ended(build.request, outcome, import_s)
        if self._sharing is not None:
            self._sharing.ended_alone(build.request, outcome)

    def _end_if_idle(self, build: Running, launch: Launch, work: Work) -> None:
        """End the process that the build has shared, if it has nothing more to do."""
        host = build.host
        if self._sharing is None or host is None or not is_shared(host) or launch not in self._workers:
            return
        if self._sharing.left(build.request, host, launch, work):
            with contextlib.suppress(WorkerStuckError):  # as the next build will show
                wire.send_end_of_hosts(self._workers[launch].process, host)

    def _completed(self, outcome: Outcome, build: Running) -> Outcome:
        """The outcome with what is known here, or without the weights of a build that has failed."""
        if isinstance(outcome, Built):
            return replace(outcome, source=self._source(outcome.source), exported=build.exported)
        discard(build.exported)
        return outcome

    def _source(self, source: Source) -> Source:
        """The source with what git knows of it, which is asked once."""
        if source not in self._git:
            self._git[source] = with_git(source, self._root)
        return self._git[source]

    def _give_up(self, launch: Launch, trouble: Trouble, work: Work) -> None:
        """End a worker that is gone, stuck or cannot be understood.

        A build fails if it was the only one, or the only one that is overdue. Which of several has harmed the
        worker is not known: each is repeated in a worker of its own. Another worker is started for the builds
        that wait, if this one had been ready and was building.
        """
        worker = self._workers[launch]
        status, output = self._end(launch)
        failure = replace(self._failure(trouble, worker, status), output=output or None)
        if self._sharing is not None:
            self._sharing.forget_processes(launch)
        failing = trouble.keys if isinstance(trouble, Overdue) else frozenset(worker.running)
        for key, build in worker.running.items():
            discard(build.exported)
            if failing == {key} and build.host is None:
                work.finish(build.request, failure)
            else:
                work.repeat(build.request, replace(launch, only_for=key))
        if not worker.ready or not worker.running:
            work.finish_all(work.take_all(launch), failure)

    def _failure(self, trouble: Trouble, worker: Worker, status: int) -> BuildFailure:
        python = self._python
        match trouble:
            case Ended():
                if status >= 0:
                    return build_failure(FailureKind.WORKER, python=python, status=status)
                return build_failure(FailureKind.WORKER, python=python, signal=-status)
            case Incomprehensible(wire.NoMessage() as error) if not worker.ready:
                return build_failure(FailureKind.INTERPRETER, python=python, **error.facts)
            case Incomprehensible(error):
                return build_failure(FailureKind.WORKER, python=python, **error.facts)
            case ImportTooLong():
                return build_failure(FailureKind.TIMEOUT, python=python, timeout_s=self._import_timeout_s)
            case Silent(silent_s):
                return build_failure(FailureKind.WORKER, python=python, silent_s=round(silent_s))
            case Overdue():
                return build_failure(FailureKind.TIMEOUT, timeout_s=self._timeout_s)

    def _end(self, launch: Launch) -> tuple[int, str]:
        worker = self._workers.pop(launch)
        self._selector.unregister(worker.process)
        ended = worker.process.close()
        discard(worker.folder)
        return ended
