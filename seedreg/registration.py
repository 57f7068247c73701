"""What a registration builds, and why it is refused or warned of; nothing is stored here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seedreg.domain.build import BuildFailure, BuildRequest, Built, Export, Isolation, Outcome
from seedreg.domain.drift import compare
from seedreg.domain.entry import MAX_SEED, Recipe
from seedreg.domain.fingerprint import TensorRecord
from seedreg.domain.results import Refused


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
                export = Export("objects", str(spool / recipe.id))
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
    first, *others = sorted(built, key=lambda build: build.facts.isolation != "fresh")
    for other in others:
        drift = compare(first.fingerprint, other.fingerprint)
        if drift is None:
            continue
        difference = drift.differences[0]
        return None, Refused(
            recipe,
            BuildFailure(
                "nondeterministic",
                f"two builds of {recipe.label} differ in {len(drift.differences)} of {drift.tensor_count} "
                f"tensors; the first is {difference.tensor.name!r} ({difference.kind.value})",
                hint=_likely_reason(recipe, first, other),
                duration_s=other.duration_s,
            ),
            nondeterministic=True,
        )
    return first, None


_UNSEEDED = (
    (r"\bdefault_rng\(\s*\)", "numpy.random.default_rng() without a seed"),
    (r"\bRandomState\(\s*\)", "numpy.random.RandomState() without a seed"),
    (r"\bRandom\(\s*\)", "random.Random() without a seed"),
    (r"\bSystemRandom\b|\bsecrets\.|\burandom\b|\buuid[14]?\b", "the operating system's random source"),
    (r"\bfrom_non_deterministic_state\b", "a generator of non-deterministic state"),
    (r"\btime(_ns)?\(\)|\bnow\(|\butcnow\(|\bperf_counter\(", "the clock"),
    (r"\bgetpid\(", "the process id"),
)


def _likely_reason(recipe: Recipe, first: Built, other: Built) -> str:
    """Why two builds differ, as far as the recipe and the factory's source tell."""
    if recipe.seeding == "tf":
        return (
            "seeding protocol 'tf' seeds TensorFlow alone, and since TensorFlow 2.10 Keras draws its seeds "
            "from Python's random: use --seeding full"
        )
    for pattern, what in _UNSEEDED:
        if first.source.text and re.search(pattern, first.source.text):
            return f"the factory uses {what}"
    if first.facts.isolation != other.facts.isolation:
        return (
            "one build was a fresh interpreter that imports the factory's module first, one a fork made "
            "after TensorFlow was imported: random state that does not come from the seed, or an effect of "
            "import order"
        )
    return "something in the factory is random and does not come from the seed"


def not_finite(recipe: Recipe, bad: Sequence[TensorRecord]) -> BuildFailure:
    """Why weights with NaN or infinities are not kept; `bad` are the tensors that hold them."""
    stats = bad[0].stats
    assert stats is not None
    return BuildFailure(
        "nonfinite",
        f"{recipe.label} starts with weights that are not finite: {bad[0].name!r} holds {stats.nans} NaN and "
        f"{stats.infinities} infinite values" + (f" ({len(bad)} tensors do)" if len(bad) > 1 else ""),
        hint="--allow-nonfinite registers it all the same",
    )


def warnings_of(built: Built, neighbour: tuple[int, Outcome]) -> Iterator[str]:
    """What the user should know of a build that is kept; `neighbour` is another seed and its build."""
    seed, other = neighbour
    if isinstance(other, Built) and other.fingerprint.digest == built.fingerprint.digest:
        yield f"the factory ignores the seed: seed {seed} gives the same weights"
    for group in built.fingerprint.shared_starts():
        names = ", ".join(repr(tensor.name) for tensor in group[:4]) + (" …" if len(group) > 4 else "")
        yield f"{len(group)} variables start with identical values ({names}): is an initializer shared?"
    if built.source.git_commit is None:
        yield "the factory's source is not in git: a later change of it cannot be looked up"
    elif built.source.git_dirty:
        yield "the factory's source is not committed in git as it is"
