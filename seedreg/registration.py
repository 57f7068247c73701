"""What a registration builds, and why it is refused or warned of; nothing is stored here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seedreg.domain.build import BuildRequest, Built, Export, ExportFormat, Outcome
from seedreg.domain.drift import compare
from seedreg.domain.entry import MAX_SEED, Recipe
from seedreg.domain.failure import BuildFailure, Difference, FailureKind, RandomSource, build_failure
from seedreg.domain.fingerprint import TensorRecord
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Refused
from seedreg.domain.warning import BuildWarning, WarningKind, build_warning


class RegistrationPlan:
    """Which builds a registration needs, and which recipes are settled when one of them ends."""

    def __init__(self, recipes: Sequence[Recipe], spool: Path | None) -> None:
        self.requests: list[BuildRequest] = []
        self._outcomes: dict[str, list[Outcome]] = {}
        self._left: dict[str, int] = {}
        self._waiting_for: dict[str, list[Recipe]] = {}
        fresh_done: set[str] = set()
        for recipe in recipes:
            first = Isolation.FORK if recipe.factory in fresh_done else Isolation.FRESH
            fresh_done.add(recipe.factory)
            export = None
            if spool is not None:
                (spool / recipe.id).mkdir()
                export = Export(ExportFormat.OBJECTS, str(spool / recipe.id))
            self._add(recipe, first, export)
            self._add(recipe, Isolation.FORK, None)
        for recipe in recipes:
            neighbour = _neighbour(recipe)
            if neighbour.id not in self._left:
                self._add(neighbour, Isolation.FORK, None)
            for needed in (recipe, neighbour):
                self._waiting_for.setdefault(needed.id, []).append(recipe)

    def _add(self, recipe: Recipe, isolation: Isolation, export: Export | None) -> None:
        self.requests.append(BuildRequest(len(self.requests), recipe, isolation, export))
        self._left[recipe.id] = self._left.get(recipe.id, 0) + 1

    def settle(
        self, request: BuildRequest, outcome: Outcome
    ) -> Iterator[tuple[Recipe, list[Outcome], tuple[int, Outcome]]]:
        """The recipes whose builds are now all known, with them and the neighbouring seed's build."""
        ended = request.recipe.id
        self._outcomes.setdefault(ended, []).append(outcome)
        self._left[ended] -= 1
        if self._left[ended]:
            return
        for recipe in self._waiting_for[ended]:
            neighbour = _neighbour(recipe)
            if not self._left[recipe.id] and not self._left[neighbour.id]:
                yield recipe, self._outcomes[recipe.id], (neighbour.seed, self._outcomes[neighbour.id][0])


def _neighbour(recipe: Recipe) -> Recipe:
    return recipe.with_seed(recipe.seed + 1 if recipe.seed < MAX_SEED else recipe.seed - 1)


def agreed(recipe: Recipe, builds: Sequence[Outcome]) -> tuple[Built | None, Refused | None]:
    """The build on which all agree, or why there is none."""
    for build in builds:
        if isinstance(build, BuildFailure):
            return None, Refused(recipe, build)
    built = [build for build in builds if isinstance(build, Built)]
    first, *others = sorted(built, key=lambda build: build.facts.isolation is not Isolation.FRESH)
    for other in others:
        drift = compare(first.fingerprint, other.fingerprint)
        if drift is None:
            continue
        difference = drift.differences[0]
        return None, Refused(
            recipe,
            build_failure(
                FailureKind.NONDETERMINISTIC,
                duration_s=other.duration_s,
                factory=recipe.factory,
                seed=recipe.seed,
                differing=len(drift.differences),
                tensors=drift.tensor_count,
                tensor=difference.tensor.name,
                difference=difference.kind.value,
                **_likely_reason(recipe, first, other),
            ),
            nondeterministic=True,
        )
    return first, None


_UNSEEDED = (
    (r"\bdefault_rng\(\s*\)", RandomSource.DEFAULT_RNG),
    (r"\bRandomState\(\s*\)", RandomSource.RANDOM_STATE),
    (r"\bRandom\(\s*\)", RandomSource.RANDOM),
    (r"\bSystemRandom\b|\bsecrets\.|\burandom\b|\buuid[14]?\b", RandomSource.SYSTEM),
    (r"\bfrom_non_deterministic_state\b", RandomSource.NON_DETERMINISTIC_STATE),
    (r"\btime(_ns)?\(\)|\bnow\(|\butcnow\(|\bperf_counter\(", RandomSource.CLOCK),
    (r"\bgetpid\(", RandomSource.PROCESS_ID),
)


def _likely_reason(recipe: Recipe, first: Built, other: Built) -> dict[str, str]:
    """The facts on why two builds differ, as far as the recipe and the factory's source show."""
    if recipe.seeding == "tf":
        return {"reason": Difference.TF_SEEDING.value}
    for pattern, source in _UNSEEDED:
        if first.source.text and re.search(pattern, first.source.text):
            return {"reason": Difference.UNSEEDED.value, "source": source.value}
    if first.facts.isolation is not other.facts.isolation:
        return {"reason": Difference.ISOLATION.value}
    return {"reason": Difference.UNKNOWN.value}


def not_finite(recipe: Recipe, bad: Sequence[TensorRecord]) -> BuildFailure:
    """Why weights with NaN or infinities are not kept; `bad` are the tensors that hold them."""
    stats = bad[0].stats
    assert stats is not None
    return build_failure(
        FailureKind.NONFINITE,
        factory=recipe.factory,
        seed=recipe.seed,
        tensor=bad[0].name,
        nans=stats.nans,
        infinities=stats.infinities,
        tensors=len(bad),
    )


_NAMED = 4


def warnings_of(built: Built, neighbour: tuple[int, Outcome]) -> Iterator[BuildWarning]:
    """What the user should know of a build that is kept; `neighbour` is another seed and its build."""
    seed, other = neighbour
    if isinstance(other, Built) and other.fingerprint.digest == built.fingerprint.digest:
        yield build_warning(WarningKind.IGNORES_SEED, seed=seed)
    for group in built.fingerprint.shared_starts():
        names = [tensor.name for tensor in group[:_NAMED]]
        more = len(group) > _NAMED
        yield build_warning(WarningKind.SHARED_START, count=len(group), tensors=names, more=more)
    if built.source.git_commit is None:
        yield build_warning(WarningKind.NOT_IN_GIT)
    elif built.source.git_dirty:
        yield build_warning(WarningKind.NOT_COMMITTED)
