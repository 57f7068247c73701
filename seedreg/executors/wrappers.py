"""Executors around another one: in an environment that was made, and opened when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildFailure, BuildRequest, Outcome

if TYPE_CHECKING:
    from seedreg.environments.cached import HeldEnvironment
    from seedreg.executors import Executor


class EnvironmentExecutor:
    """Builds in an environment that was made; tells what only its making can explain."""

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
            return BuildFailure(
                "environment",
                f"environment {label} was deleted while it was in use ({failure.message})",
                hint="run the command again: it is made anew",
                output=failure.output,
                duration_s=failure.duration_s,
            )
        if failure.kind == "no-tensorflow":
            return replace(
                failure,
                hint=f"environment {label} holds what was asked for and nothing else: add tensorflow to it",
            )
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
