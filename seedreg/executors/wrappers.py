"""Executors around others: in an environment that was made, opened when needed, chosen by the factory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.domain.kinds import facts_from

if TYPE_CHECKING:
    from seedreg.domain.recipe import Recipe
    from seedreg.environments.cached import HeldEnvironment
    from seedreg.executors import Executor


class EnvironmentExecutor:
    """Builds in a created environment; adds to a failure what is known of the environment."""

    def __init__(self, environment: HeldEnvironment, executor: Executor) -> None:
        self._environment = environment
        self._executor = executor

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        for request, outcome in self._executor.run(requests):
            if isinstance(outcome, BuildFailure):
                yield request, self._explained(outcome)
            else:
                yield request, outcome

    def close(self) -> None:
        """End every build and let the environment be removed."""
        self._executor.close()
        self._environment.close()

    def _explained(self, failure: BuildFailure) -> BuildFailure:
        label = self._environment.label
        if not self._environment.is_intact():
            facts = {**dict(failure.facts), "environment": label, "cause": failure.kind.value}
            return replace(failure, kind=FailureKind.ENVIRONMENT, facts=facts_from(facts), details=None)
        if failure.kind is FailureKind.NO_TENSORFLOW:
            return replace(failure, facts=facts_from({**dict(failure.facts), "environment": label}))
        return failure


class DeferredExecutor:
    """An `Executor` that is opened when the first build is asked for."""

    def __init__(self, opened: Callable[[], Executor]) -> None:
        self._open = opened
        self._executor: Executor | None = None

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        if not requests:
            return
        if self._executor is None:
            self._executor = self._open()
        yield from self._executor.run(requests)

    def close(self) -> None:
        """Close the executor, if it was ever opened."""
        if self._executor is not None:
            self._executor.close()


class RoutedExecutor:
    """Builds of most factories in one interpreter, and of some in others.

    Args:
        default: where builds run that no other interpreter is named for.
        python_of: the interpreter that a build needs instead; None if it needs none.
        opened: opens an executor of an interpreter.
    """

    def __init__(
        self,
        default: Executor,
        python_of: Callable[[Recipe], str | None],
        opened: Callable[[str], Executor],
    ) -> None:
        self._default = default
        self._python_of = python_of
        self._opened = opened
        self._others: dict[str, Executor] = {}

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`; one interpreter after the other."""
        routes: dict[str | None, list[BuildRequest]] = {}
        for request in requests:
            routes.setdefault(self._python_of(request.recipe), []).append(request)
        for python, some in routes.items():
            yield from self._executor(python).run(some)

    def _executor(self, python: str | None) -> Executor:
        if python is None:
            return self._default
        if python not in self._others:
            self._others[python] = self._opened(python)
        return self._others[python]

    def close(self) -> None:
        """Close every executor."""
        for executor in (self._default, *self._others.values()):
            executor.close()
