"""Which builds share a process, and which waiting build runs next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.entry import Source
from seedreg.domain.environment import Environment
from seedreg.domain.recipe import Recipe
from seedreg.executors.launch import Launch, Mode
from seedreg.executors.work import Work

MAX_BUILDS = 100
"""A process that has run this many builds is replaced by another."""

# A second one waits in the worker, so that the process has something to do while seedreg takes a result.
_AT_ONCE = 2
# A second process for the same builds costs one fork and one first build, as much as eight later ones.
_WORTH_ANOTHER = 16

_PREFIX = "shared:"


def is_shared(host: str | None) -> bool:
    """Whether a host of this name runs builds in its own process."""
    return host is not None and host.startswith(_PREFIX)


def places(hosts: Iterable[str | None]) -> int:
    """How many processes build, where each running build has the host of that name, or none."""
    found = list(hosts)
    return sum(not is_shared(host) for host in found) + len({host for host in found if is_shared(host)})


@dataclass
class _Process:
    """A process of a group: how many builds it was asked for, and how many of them are left."""

    name: str
    launch: Launch
    asked: int = 0
    left: int = 0

    @property
    def has_room(self) -> bool:
        return self.left < _AT_ONCE and self.asked < MAX_BUILDS


@dataclass(frozen=True)
class Next:
    """The build that runs next, and the name of the process that it shares; None if it has one of its own."""

    request: BuildRequest
    host: str | None = None


class Sharing:
    """What is known of groups of builds that differ in their seeds alone, and their processes.

    A group shares processes once a build in a process of its own has confirmed what was known of it, until a
    shared build does not. A shared build confirms only with the environment and the source of that one.
    """

    def __init__(self) -> None:
        self._proved: dict[Recipe, tuple[Environment, Source]] = {}
        self._refused: set[Recipe] = set()
        self._proving: dict[int, Recipe] = {}
        self._processes: dict[Recipe, list[_Process]] = {}
        self._count = 0

    def next(self, launch: Launch, work: Work, *, free: bool) -> Next | None:
        """The build that runs next in a worker, if any can; `free` says whether it may use another core."""
        for group, processes in self._processes.items():
            for process in processes:
                if process.launch == launch and process.left and process.has_room:
                    found = self._first_of(group, launch, work)
                    if found is not None:
                        return self._in(process, found)
        return self._in_another(launch, work) if free else None

    def _in_another(self, launch: Launch, work: Work) -> Next | None:
        """The first build that has to wait for no other; else the first that could run all the same."""
        fallback: BuildRequest | None = None
        seen: set[Recipe] = set()
        serves = launch.mode is Mode.ZYGOTE and launch.only_for is None
        for request in work.waiting(launch):
            if not serves or not self._is_sharable(request):
                return Next(request)
            if request.group in seen:
                continue
            seen.add(request.group)
            if request.group not in self._proved:
                if request.group not in self._proving.values():
                    return self._alone(request)
            else:
                processes = self._processes.setdefault(request.group, [])
                for process in processes:
                    if not process.left and process.has_room:
                        return self._in(process, request)
                waiting = sum(one.group == request.group for one in work.waiting(launch))
                if waiting >= _WORTH_ANOTHER or not any(process.left for process in processes):
                    return self._in(self._another(launch, processes), request)
                continue
            fallback = fallback or request
        return None if fallback is None else self._alone(fallback)

    def _alone(self, request: BuildRequest) -> Next:
        self._proving[request.key] = request.group
        return Next(request)

    def _another(self, launch: Launch, processes: list[_Process]) -> _Process:
        self._count += 1
        processes.append(_Process(f"{_PREFIX}{self._count}", launch))
        return processes[-1]

    def _in(self, process: _Process, request: BuildRequest) -> Next:
        process.asked += 1
        process.left += 1
        return Next(request, process.name)

    def _first_of(self, group: Recipe, launch: Launch, work: Work) -> BuildRequest | None:
        """The first waiting build of the group that may share a process."""
        waiting = work.waiting(launch)
        return next((one for one in waiting if one.group == group and self._is_sharable(one)), None)

    def _is_sharable(self, request: BuildRequest) -> bool:
        return request.expected is not None and request.export is None and request.group not in self._refused

    def ended_alone(self, request: BuildRequest, outcome: Outcome) -> None:
        """A build in a process of its own has ended: whether its like may share one."""
        self._proving.pop(request.key, None)
        if request.expected is None:
            return  # it shows nothing of its like
        if isinstance(outcome, Built) and request.is_confirmed_by(outcome):
            self._proved.setdefault(request.group, (outcome.environment, outcome.source))
        elif request.group not in self._proved:
            self._refused.add(request.group)

    def confirms(self, request: BuildRequest, outcome: Outcome) -> bool:
        """Whether a shared build confirms what is known; if not, its like share no process any more."""
        if (
            isinstance(outcome, Built)
            and request.is_confirmed_by(outcome)
            and (outcome.environment, outcome.source) == self._proved[request.group]
        ):
            return True
        self._refused.add(request.group)
        return False

    def left(self, request: BuildRequest, host: str, launch: Launch, work: Work) -> bool:
        """A shared build has ended; whether its process has nothing more to do, and is to be ended."""
        processes = self._processes.get(request.group, [])
        for process in processes:
            if process.name == host:
                process.left -= 1
                more = process.has_room and self._first_of(request.group, launch, work) is not None
                if process.left or more:
                    return False
                processes.remove(process)
                return True
        return False

    def lost(self, request: BuildRequest, host: str, reason: str) -> None:
        """The process has ended; unless it was only too large, no other is started for its builds."""
        processes = self._processes.get(request.group, [])
        self._processes[request.group] = [process for process in processes if process.name != host]
        if reason != "full":
            self._refused.add(request.group)

    def forget_processes(self, launch: Launch | None = None) -> bool:
        """The processes of this worker, or of all, are ended now; whether there was any."""
        found = False
        for group, processes in list(self._processes.items()):
            kept = [process for process in processes if launch is not None and process.launch != launch]
            found = found or len(kept) < len(processes)
            self._processes[group] = kept
        self._proving.clear()
        return found
