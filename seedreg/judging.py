"""From builds to a verdict, and from the builds of a registration to what is kept.

Pure: nothing is built or stored here, and there is no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from seedreg.domain.build import Built, Outcome
from seedreg.domain.drift import Drift, compare, names_differ
from seedreg.domain.entry import Baseline
from seedreg.domain.environment_changes import Change, changes, known_changes
from seedreg.domain.failure import BuildFailure, Difference, FailureKind, RandomSource, build_failure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.verdict import Observed, Verdict
from seedreg.domain.warning import BuildWarning, WarningKind, build_warning

_NAMED = 4

_UNSEEDED = (
    (r"\bdefault_rng\(\s*\)", RandomSource.DEFAULT_RNG),
    (r"\bRandomState\(\s*\)", RandomSource.RANDOM_STATE),
    (r"\bRandom\(\s*\)", RandomSource.RANDOM),
    (r"\bSystemRandom\b|\bsecrets\.|\burandom\b|\buuid[14]?\b", RandomSource.SYSTEM),
    (r"\bfrom_non_deterministic_state\b", RandomSource.NON_DETERMINISTIC_STATE),
    (r"\btime(_ns)?\(\)|\bnow\(|\butcnow\(|\bperf_counter\(", RandomSource.CLOCK),
    (r"\bgetpid\(", RandomSource.PROCESS_ID),
)


@dataclass(frozen=True)
class Judgement:
    """What builds of an entry show when they are compared with its baseline.

    `drift` is from the baseline, or for NONDETERMINISTIC from the first build to the last. `changes` is
    what differs between the baseline's environment and the build's, also where the build failed and its
    environment is known; `source_changed` whether the factory's source text differs (None: not known),
    `renamed` the pairs of tensor names that differ although the position is the same. All others are empty
    where a build failed.
    """

    verdict: Verdict
    outcome: Observed | BuildFailure
    drift: Drift | None = None
    changes: tuple[Change, ...] = ()
    source_changed: bool | None = None
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Neighbour:
    """A build with another seed, which shows whether the factory uses the seed."""

    seed: int
    outcome: Outcome


def judge(baseline: Baseline, builds: Sequence[Outcome]) -> Judgement:
    """The verdict on an entry from one build or more, the latest last."""
    built: list[Built] = []
    for build in builds:
        if isinstance(build, BuildFailure):
            known = known_changes(baseline.environment, build.environment)
            return Judgement(Verdict.ERROR, build, changes=known)
        built.append(build)
    last = built[-1]
    if any(build.fingerprint.digest != last.fingerprint.digest for build in built):
        verdict, drift = Verdict.NONDETERMINISTIC, compare(built[0].fingerprint, last.fingerprint)
    else:
        drift = compare(baseline.fingerprint, last.fingerprint)
        verdict = Verdict.REPRODUCED if drift is None else Verdict.DRIFTED
    then, now = baseline.source.sha256, last.source.sha256
    return Judgement(
        verdict,
        Observed(last.fingerprint, last.environment, last.source),
        drift,
        changes(baseline.environment, last.environment),
        None if then is None or now is None else then != now,
        names_differ(baseline.fingerprint, last.fingerprint),
    )


def agree(recipe: Recipe, builds: Sequence[Outcome]) -> Built | BuildFailure:
    """The build that all others repeat, a fresh one if there is one; or why there is none."""
    built: list[Built] = []
    for build in builds:
        if isinstance(build, BuildFailure):
            return build
        built.append(build)
    first, *others = sorted(built, key=lambda build: build.facts.isolation is not Isolation.FRESH)
    for other in others:
        drift = compare(first.fingerprint, other.fingerprint)
        if drift is not None:
            return _nondeterministic(recipe, first, other, drift)
    return first


def keep(
    recipe: Recipe, builds: Sequence[Outcome], neighbour: Neighbour, *, allow_nonfinite: bool = False
) -> Built | BuildFailure:
    """The build that a registration keeps, with all its warnings; or why it is refused."""
    build = agree(recipe, builds)
    if isinstance(build, BuildFailure):
        return build
    refusal = None if allow_nonfinite else not_finite(recipe, build.fingerprint)
    if refusal is not None:
        return refusal
    warnings = (*build.facts.warnings, *_warnings(build, neighbour))
    return replace(build, facts=replace(build.facts, warnings=warnings))


def not_finite(recipe: Recipe, fingerprint: Fingerprint) -> BuildFailure | None:
    """Why weights with NaN or infinities are not kept; None if there are none."""
    found = fingerprint.not_finite()
    for tensor in found:
        if tensor.stats is not None:
            return build_failure(
                FailureKind.NONFINITE,
                factory=recipe.factory,
                seed=recipe.seed,
                tensor=tensor.name,
                nans=tensor.stats.nans,
                infinities=tensor.stats.infinities,
                tensors=len(found),
            )
    return None


def _nondeterministic(recipe: Recipe, first: Built, other: Built, drift: Drift) -> BuildFailure:
    difference = drift.differences[0]
    return build_failure(
        FailureKind.NONDETERMINISTIC,
        duration_s=other.duration_s,
        factory=recipe.factory,
        seed=recipe.seed,
        differing=len(drift.differences),
        tensors=drift.tensor_count,
        tensor=difference.tensor.name,
        difference=difference.kind.value,
        **_likely_reason(recipe, first, other),
    )


def _likely_reason(recipe: Recipe, first: Built, other: Built) -> dict[str, str]:
    """The facts on why two builds differ, as far as the recipe and the factory's source show."""
    if recipe.seeding is Seeding.TF:
        return {"reason": Difference.TF_SEEDING.value}
    for pattern, source in _UNSEEDED:
        if first.source.text and re.search(pattern, first.source.text):
            return {"reason": Difference.UNSEEDED.value, "source": source.value}
    if first.facts.isolation is not other.facts.isolation:
        return {"reason": Difference.ISOLATION.value}
    return {"reason": Difference.UNKNOWN.value}


def _warnings(built: Built, neighbour: Neighbour) -> Iterator[BuildWarning]:
    """What the user should know about a build that is kept, beside what the build itself noticed."""
    other = neighbour.outcome
    if isinstance(other, Built) and other.fingerprint.digest == built.fingerprint.digest:
        yield build_warning(WarningKind.IGNORES_SEED, seed=neighbour.seed)
    for group in built.fingerprint.shared_starts():
        drawn = [built.fingerprint.tensors[at].name for at in group if _is_drawn(built, other, at)]
        if len(drawn) > 1:
            names, more = drawn[:_NAMED], len(drawn) > _NAMED
            yield build_warning(WarningKind.SHARED_START, count=len(drawn), tensors=names, more=more)
    if built.source.git_commit is None:
        yield build_warning(WarningKind.NOT_IN_GIT)
    elif built.source.git_dirty:
        yield build_warning(WarningKind.NOT_COMMITTED)


def _is_drawn(built: Built, neighbour: Outcome, position: int) -> bool:
    """Whether the tensor at the position starts with random values.

    It does if the neighbouring seed gives others. If it gives the same, the tensor is random if its
    initializer has a seed of its own, and it is not if its initializer has other settings but no seed. If
    neither is known, its values decide: those that follow a pattern were not drawn.
    """
    tensor = built.fingerprint.tensors[position]
    if isinstance(neighbour, Built):
        others = neighbour.fingerprint.tensors
        if len(others) == len(built.fingerprint.tensors) and others[position].sha256 != tensor.sha256:
            return True
    config = (tensor.initializer or {}).get("config")
    if isinstance(config, dict) and config:
        seed = config.get("seed")
        if seed is not None or "seed" not in config:
            return seed is not None
    return tensor.sha256 not in built.facts.patterned
