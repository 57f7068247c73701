"""The one guard against building entries of another project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import FailureKind, build_failure

if TYPE_CHECKING:
    from seedreg.executors import Executor


class OwnProject:
    """An `Executor` for entries of one project: a request of any other project fails without a build.

    The factory of such an entry may not exist here; worse, another factory may have its name.
    """

    def __init__(self, executor: Executor, project: str) -> None:
        self._executor = executor
        self._project = project

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        own: list[BuildRequest] = []
        for request in requests:
            project = request.recipe.project
            if project == self._project:
                own.append(request)
            else:
                yield request, build_failure(FailureKind.PROJECT, project=project, here=self._project)
        yield from self._executor.run(own)

    def close(self) -> None:
        """See `Executor.close`."""
        self._executor.close()
