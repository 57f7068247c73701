"""The builds of a registration: what is built of each recipe, and when all of it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from seedreg.domain.build import BuildRequest, Built, ExportFormat, Outcome
from seedreg.domain.failure import BuildFailure
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import MAX_SEED, Recipe
from seedreg.judging import Neighbour

if TYPE_CHECKING:
    from seedreg.executors import Executor

# Factories whose first builds run at a time, beside all builds of those before: results keep coming, and
# no core waits.
_FACTORIES = 4


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


@dataclass(frozen=True)
class FirstFailed:
    """The first build of a factory failed; `others`, its recipes with other seeds, were not built."""

    recipe: Recipe
    failure: BuildFailure
    others: tuple[Recipe, ...]


Ended: TypeAlias = Settled | FirstFailed


def build_all(
    recipes: Sequence[Recipe], executor: Executor, *, keep_weights: bool = False
) -> Iterator[Ended]:
    """Build every recipe twice, and its next seed once; yields each as soon as all of it is known.

    Of each factory one build is fresh and one forked, so that the fork is checked together with the
    determinism. The rest of recipes that differ in their seeds alone is built once the first build of them
    has succeeded.

    Args:
        recipes: what is registered, each once.
        executor: where builds run.
        keep_weights: whether the first build of each recipe writes its weights.
    """
    export = ExportFormat.OBJECTS if keep_weights else None
    families: dict[Recipe, list[Recipe]] = {}
    for recipe in recipes:
        families.setdefault(recipe.with_seed(0), []).append(recipe)
    fresh_done: set[str] = set()
    waiting: list[_Plan] = []
    for family in families.values():
        first = Isolation.FORK if family[0].factory in fresh_done else Isolation.FRESH
        fresh_done.add(family[0].factory)
        waiting.append(_Plan(family, first, export))
    begun: list[_Plan] = []
    while waiting or begun:
        beginning, waiting = waiting[:_FACTORIES], waiting[_FACTORIES:]
        yield from _round(begun, beginning, executor)
        begun = [plan for plan in beginning if plan.rest]


def _round(begun: Sequence[_Plan], beginning: Sequence[_Plan], executor: Executor) -> Iterator[Ended]:
    """Run the rest of the plans that have begun, and the first builds of others."""
    wanted = [(plan, request) for plan in begun for request in plan.rest]
    wanted += [(plan, plan.first) for plan in beginning]
    requests = [replace(request, key=key) for key, (_, request) in enumerate(wanted)]
    for request, outcome in executor.run(requests):
        yield from wanted[request.key][0].settle(request.recipe, outcome)


class _Plan:
    """Which builds are needed of recipes that differ in their seeds alone, and what is settled with each.

    `first` is built before the `rest`, which is empty once it has failed.
    """

    def __init__(
        self, recipes: Sequence[Recipe], first: Isolation, export: ExportFormat | None = None
    ) -> None:
        self._recipes = tuple(recipes)
        self._outcomes: dict[str, list[Outcome]] = {}
        self._left: dict[str, int] = {}
        self._waiting_for: dict[str, list[Recipe]] = {}
        requests: list[BuildRequest] = []
        for recipe in recipes:
            requests.append(BuildRequest(0, recipe, Isolation.FORK if requests else first, export))
            requests.append(BuildRequest(0, recipe, Isolation.FORK))
            self._left[recipe.id] = 2
        for recipe in recipes:
            neighbour = _neighbour(recipe)
            if neighbour.id not in self._left:
                requests.append(BuildRequest(0, neighbour, Isolation.FORK))
                self._left[neighbour.id] = 1
            for needed in (recipe, neighbour):
                self._waiting_for.setdefault(needed.id, []).append(recipe)
        self.first, *self.rest = requests

    def settle(self, built: Recipe, outcome: Outcome) -> Iterator[Ended]:
        """The recipes of which all is known now that one of their builds has ended."""
        if not self._outcomes and isinstance(outcome, BuildFailure):
            self.rest = []
            yield FirstFailed(built, outcome, self._recipes[1:])
            return
        self._outcomes.setdefault(built.id, []).append(outcome)
        self._left[built.id] -= 1
        if self._left[built.id]:
            return
        for recipe in self._waiting_for[built.id]:
            neighbour = _neighbour(recipe)
            if not self._left[recipe.id] and not self._left[neighbour.id]:
                builds = tuple(self._outcomes[recipe.id])
                yield Settled(recipe, builds, Neighbour(neighbour.seed, self._outcomes[neighbour.id][0]))


def _neighbour(recipe: Recipe) -> Recipe:
    return recipe.with_seed(recipe.seed + 1 if recipe.seed < MAX_SEED else recipe.seed - 1)
