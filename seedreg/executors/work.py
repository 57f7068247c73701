"""The builds of one run: those that wait for a worker, and those whose outcome is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.executors.launch import Launch

if TYPE_CHECKING:
    from seedreg.executors.crew import Crew


def run_all(
    requests: Iterable[tuple[Launch, BuildRequest]], crew: Crew
) -> Iterator[tuple[BuildRequest, Outcome]]:
    """Run builds, each by the worker that it needs; see `Executor.run`."""
    yield from crew.run(Work(requests))


class Work:
    """What is left to build, by the worker that it needs, and what is done."""

    def __init__(self, requests: Iterable[tuple[Launch, BuildRequest]]) -> None:
        self._waiting: dict[Launch, deque[BuildRequest]] = {}
        self._done: deque[tuple[BuildRequest, Outcome]] = deque()
        for launch, request in requests:
            self._waiting.setdefault(launch, deque()).append(request)

    @property
    def is_waiting(self) -> bool:
        """Whether a build waits for a worker."""
        return any(self._waiting.values())

    @property
    def is_known(self) -> bool:
        """Whether an outcome is known that was not taken yet."""
        return bool(self._done)

    def launches(self) -> Iterator[Launch]:
        """The workers that builds wait for; builds may be taken in between."""
        for launch, waiting in self._waiting.items():
            if waiting:
                yield launch

    def has(self, launch: Launch) -> bool:
        """Whether a build waits for this worker."""
        return bool(self._waiting.get(launch))

    def waiting(self, launch: Launch) -> Iterator[BuildRequest]:
        """The builds that wait for this worker."""
        yield from self._waiting.get(launch, ())

    def take(self, launch: Launch, request: BuildRequest) -> None:
        """This build waits for this worker no more."""
        self._waiting[launch].remove(request)

    def take_all(self, launch: Launch) -> list[BuildRequest]:
        """Every build for this worker."""
        taken = list(self._waiting.get(launch, ()))
        self._waiting.get(launch, deque()).clear()
        return taken

    def move(self, request: BuildRequest, old: Launch, new: Launch) -> None:
        """This build needs another worker, as do those of its factory that wait for the same one."""
        factory = request.recipe.factory
        waiting = self.take_all(old)
        moved = [request, *(one for one in waiting if one.recipe.factory == factory)]
        self._waiting[old] = deque(one for one in waiting if one.recipe.factory != factory)
        self._waiting.setdefault(new, deque()).extend(moved)

    def repeat(self, request: BuildRequest, launch: Launch) -> None:
        """This build is to be run once more, by this worker."""
        self._waiting.setdefault(launch, deque()).append(request)

    def finish(self, request: BuildRequest, outcome: Outcome) -> None:
        """The outcome of a build is known."""
        self._done.append((request, outcome))

    def finish_all(self, requests: Iterable[BuildRequest], outcome: Outcome) -> None:
        """Builds end with the same outcome."""
        self._done.extend((request, outcome) for request in requests)

    def next_known(self) -> tuple[BuildRequest, Outcome]:
        """The build whose outcome has been known longest."""
        return self._done.popleft()
