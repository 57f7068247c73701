"""The builds of a registration: what is built of each recipe, and when all of it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Built, ExportFormat, Outcome
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import MAX_SEED, Recipe
from seedreg.judging import Neighbour

if TYPE_CHECKING:
    from seedreg.executors import Executor


@dataclass(frozen=True)
class Settled:
    """A recipe whose builds are all known, and the build of its neighbouring seed."""

    recipe: Recipe
    builds: tuple[Outcome, ...]
    neighbour: Neighbour

    @property
    def weights(self) -> Path | None:
        """The folder of weights that one of the builds wrote; None if none was asked to."""
        for build in self.builds:
            if isinstance(build, Built) and build.exported is not None:
                return build.exported
        return None


def build_all(
    recipes: Sequence[Recipe], executor: Executor, *, keep_weights: bool = False
) -> Iterator[Settled]:
    """Build every recipe twice, and its next seed once; yields each as soon as all of it is known.

    Of each factory one build is fresh and one forked, so that the fork is checked together with the
    determinism.

    Args:
        recipes: what is registered, each once.
        executor: where builds run.
        keep_weights: whether the first build of each recipe writes its weights.
    """
    plan = _Plan(recipes, keep_weights=keep_weights)
    for request, outcome in executor.run(plan.requests):
        yield from plan.settle(request, outcome)


class _Plan:
    """Which builds are needed, and which recipes are settled when one of them ends."""

    def __init__(self, recipes: Sequence[Recipe], *, keep_weights: bool = False) -> None:
        self.requests: list[BuildRequest] = []
        self._outcomes: dict[str, list[Outcome]] = {}
        self._left: dict[str, int] = {}
        self._waiting_for: dict[str, list[Recipe]] = {}
        fresh_done: set[str] = set()
        for recipe in recipes:
            first = Isolation.FORK if recipe.factory in fresh_done else Isolation.FRESH
            fresh_done.add(recipe.factory)
            self._add(recipe, first, ExportFormat.OBJECTS if keep_weights else None)
            self._add(recipe, Isolation.FORK)
        for recipe in recipes:
            neighbour = _neighbour(recipe)
            if neighbour.id not in self._left:
                self._add(neighbour, Isolation.FORK)
            for needed in (recipe, neighbour):
                self._waiting_for.setdefault(needed.id, []).append(recipe)

    def _add(self, recipe: Recipe, isolation: Isolation, export: ExportFormat | None = None) -> None:
        self.requests.append(BuildRequest(len(self.requests), recipe, isolation, export))
        self._left[recipe.id] = self._left.get(recipe.id, 0) + 1

    def settle(self, request: BuildRequest, outcome: Outcome) -> Iterator[Settled]:
        """The recipes whose builds are all known now that this one has ended."""
        ended = request.recipe.id
        self._outcomes.setdefault(ended, []).append(outcome)
        self._left[ended] -= 1
        if self._left[ended]:
            return
        for recipe in self._waiting_for[ended]:
            neighbour = _neighbour(recipe)
            if not self._left[recipe.id] and not self._left[neighbour.id]:
                builds = tuple(self._outcomes[recipe.id])
                yield Settled(recipe, builds, Neighbour(neighbour.seed, self._outcomes[neighbour.id][0]))


def _neighbour(recipe: Recipe) -> Recipe:
    return recipe.with_seed(recipe.seed + 1 if recipe.seed < MAX_SEED else recipe.seed - 1)
