"""The one guard against building entries of another project, or of a registry that is not trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.recipe import Recipe

if TYPE_CHECKING:
    from seedreg.executors import Executor

Refusal: TypeAlias = Callable[[Recipe], "BuildFailure | None"]
"""Why a recorded recipe is not built; None if it is."""


def refuse_nothing(recipe: Recipe) -> BuildFailure | None:
    """For recipes that the user names, or trusts."""
    return None


def is_refusal(outcome: object) -> bool:
    """Whether nothing was built because the registry is not trusted."""
    return isinstance(outcome, BuildFailure) and outcome.kind is FailureKind.UNTRUSTED


class OwnProject:
    """An `Executor` for entries of one project: a request of any other project fails without a build.

    The factory of such an entry may not exist here; worse, another factory may have its name.

    Args:
        executor: where builds run.
        project: the project that builds here.
        refusal: says which of its recipes are not built.
    """

    def __init__(self, executor: Executor, project: str, refusal: Refusal = refuse_nothing) -> None:
        self._executor = executor
        self._project = project
        self._refusal = refusal

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        own: list[BuildRequest] = []
        for request in requests:
            project = request.recipe.project
            if project != self._project:
                yield request, build_failure(FailureKind.PROJECT, project=project, here=self._project)
            elif (refused := self._refusal(request.recipe)) is not None:
                yield request, refused
            else:
                own.append(request)
        yield from self._executor.run(own)

    def close(self) -> None:
        """See `Executor.close`."""
        self._executor.close()
