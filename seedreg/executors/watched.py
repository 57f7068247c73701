"""A worker of a crew, the builds that it was asked for, and how long it has been silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from seedreg.domain.build import BuildRequest
from seedreg.executors.process import RESUME_S, WorkerProcess
from seedreg.executors.sharing import is_shared, places
from seedreg.executors.wire import ProtocolError

LOOK_S = 1.0
"""How often workers are looked at while they build."""

SILENT_S = 30.0
"""A worker that is silent for this long is given up; it shows every second that it is alive."""

GRACE_S = 15.0
"""How long after its deadline a build is left to its worker, which ends it at the deadline."""


@dataclass(frozen=True)
class Ended:
    """The worker has ended."""


@dataclass(frozen=True)
class Incomprehensible:
    """The worker said what no worker says."""

    error: ProtocolError


@dataclass(frozen=True)
class ImportTooLong:
    """The worker took too long to become ready."""


@dataclass(frozen=True)
class Silent:
    """The worker has been silent for this time."""

    silent_s: float


@dataclass(frozen=True)
class Overdue:
    """The worker has not ended these builds, by their keys, at their deadline."""

    keys: frozenset[int]


Trouble: TypeAlias = Ended | Incomprehensible | ImportTooLong | Silent | Overdue


@dataclass
class Running:
    """A build that a worker was asked for, where it writes its weights, its host, and how long it has run."""

    request: BuildRequest
    exported: Path | None
    host: str | None = None
    waited_s: float = 0.0


@dataclass
class Worker:
    """A worker; `folder` is where its builds have their files."""

    process: WorkerProcess
    folder: Path
    deadline: float
    running: dict[int, Running] = field(default_factory=dict)
    ready: bool = False
    beats: bool = False
    silent_s: float = 0.0

    @property
    def slots(self) -> int:
        """How many of the executor's jobs it occupies; importing TensorFlow takes one."""
        return places(build.host for build in self.running.values()) if self.ready else 1

    def answered(self, key: int) -> Running:
        """The build that it answered.

        Raises:
            ProtocolError: if it was not asked for that.
        """
        if key not in self.running:
            raise ProtocolError(answered=key)
        build = self.running.pop(key)
        for other in self.running.values():
            if is_shared(build.host) and other.host == build.host:
                other.waited_s = 0.0  # it has waited for this one
        return build

    def trouble(self, now: float, passed_s: float, timeout_s: float) -> Trouble | None:
        """What is wrong with it, if anything; `passed_s` more have passed since the last look.

        A worker that may have been stopped is resumed here.
        """
        if not self.ready:
            return ImportTooLong() if now >= self.deadline else None
        if not self.running:
            self.silent_s = 0.0
            return None
        self.silent_s += passed_s
        for build in self.running.values():
            build.waited_s += passed_s
        if self.process.has_ended and not self.process.has_lines and self.silent_s > LOOK_S:
            return Ended()  # and a process below it has kept its output open
        overdue = {key for key, build in self.running.items() if build.waited_s >= timeout_s + GRACE_S}
        if overdue:
            return Overdue(frozenset(overdue))
        if self.beats and self.silent_s >= RESUME_S:
            self.process.resume()
        return Silent(self.silent_s) if self.beats and self.silent_s >= SILENT_S else None
