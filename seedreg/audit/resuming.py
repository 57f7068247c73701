"""An interrupted audit is finished in the environment in which it began, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.verdict import AuditColumn
from seedreg.errors import UsageError

if TYPE_CHECKING:
    from seedreg.executors import Executor

_CHANGES_SHOWN = 5


class SameEnvironment:
    """An `Executor` that refuses to go on once a build finds another environment than before.

    Args:
        executor: where builds run.
        before: what the audit's latest build in this column ran on.
        column: the audit and its column.
    """

    def __init__(self, executor: Executor, before: Environment, column: AuditColumn) -> None:
        self._executor = executor
        self._before = before
        self._column = column

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`.

        Raises:
            UsageError: if a build finds other packages, another Python or another processor.
        """
        for request, outcome in self._executor.run(requests):
            if isinstance(outcome, Built):
                self._require_same(outcome.environment)
            yield request, outcome

    def close(self) -> None:
        """See `Executor.close`."""
        self._executor.close()

    def _require_same(self, now: Environment) -> None:
        # Not the operating system, which a restart may renew.
        found = [str(one) for one in changes(self._before.common(), now.common()) if one.name != "os"]
        if found:
            more = f" and {len(found) - _CHANGES_SHOWN} more" if len(found) > _CHANGES_SHOWN else ""
            raise UsageError(
                f"environment {self._column.label} has changed since audit {self._column.number} was "
                f"interrupted: {', '.join(found[:_CHANGES_SHOWN])}{more}",
                hint="start a new audit, or restore the environment",
            )
