"""Builds, a baseline, and what follows from them; nothing is built here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.build import Built, Outcome
from seedreg.domain.drift import compare
from seedreg.domain.entry import Baseline, BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import Change, ChangeKind, changes
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.statistics import TensorStats
from seedreg.domain.verdict import Observed, Verdict
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.judging import Judgement, Neighbour, agree, judge, keep, not_finite

RECIPE = Recipe("shop", "models:build", 7)
STATS = TensorStats(6, 0.5, 0.1, -1.0, 2.0, 2.5, 0, 0, 0, (0.25, 0.5))
HERE = Environment("3.11.7", "2.15.0", "2.15.0", "keras", "1.26.4", (("keras", "2.15.0"),), "Linux", "x86")
THERE = replace(HERE, keras="3.1.0", distributions=(("keras", "3.1.0"),))
SOURCE = Source("models.py", 1, "a" * 64, "b" * 64, "def build(): ...", "c" * 40, False)
FAILURE = build_failure(FailureKind.RAISED, error="no data")


def tensor(digest: str, name: str = "dense/kernel", stats: TensorStats = STATS) -> TensorRecord:
    return TensorRecord("float32", (2, 3), digest * 64, name, "dense", "Dense", None, stats)


def built(digest: str = "1", **others: object) -> Built:
    facts = BuildFacts(Isolation.FORK, 0.1, 0.1)
    build = Built(Fingerprint((tensor(digest),)), HERE, SOURCE, facts, 0.5)
    return replace(build, **others)  # type: ignore[arg-type]


FRESH = built(facts=BuildFacts(Isolation.FRESH, 0.1, 0.1))
BASELINE = Baseline(1, built().fingerprint, HERE, SOURCE, built().facts, "2026-01-02T03:04:05.000006Z")
OTHER_SEED = Neighbour(8, built("9"))


# The verdict on an entry --------------------------------------------------------------------------


def test_equal_weights_reproduce() -> None:
    assert judge(BASELINE, [built()]) == Judgement(
        Verdict.REPRODUCED, Observed(BASELINE.fingerprint, HERE, SOURCE), source_changed=False
    )


def test_other_weights_twice_are_a_drift_with_what_changed_since() -> None:
    edited = replace(SOURCE, sha256="d" * 64)
    last = built("2", environment=THERE, source=edited)
    assert judge(BASELINE, [built("2"), last]) == Judgement(
        Verdict.DRIFTED,
        Observed(last.fingerprint, THERE, edited),
        compare(BASELINE.fingerprint, last.fingerprint),
        changes(HERE, THERE),
        source_changed=True,
    )


def test_two_builds_that_differ_are_nondeterministic_even_if_one_of_them_reproduces() -> None:
    for first, last in (("2", "1"), ("1", "2"), ("2", "3")):
        found = judge(BASELINE, [built(first), built(last)])
        assert found.verdict is Verdict.NONDETERMINISTIC
        assert found.drift == compare(built(first).fingerprint, built(last).fingerprint)


@pytest.mark.parametrize("builds", [[FAILURE], [built("2"), FAILURE], [FAILURE, built()]])
def test_a_failed_build_leaves_nothing_to_compare(builds: list[Outcome]) -> None:
    assert judge(BASELINE, builds) == Judgement(Verdict.ERROR, FAILURE)


def test_of_a_failed_build_only_what_is_known_of_its_environment_changed() -> None:
    then = replace(HERE, keras_config=(("floatx", "float32"),), variables=(("KERAS_BACKEND", "tensorflow"),))
    now = replace(THERE, keras=None, keras_distribution=None, variables=(("TF_DETERMINISTIC_OPS", "1"),))
    failure = replace(FAILURE, environment=now)
    assert judge(replace(BASELINE, environment=then), [failure]) == Judgement(
        Verdict.ERROR,
        failure,
        changes=(
            Change(ChangeKind.DISTRIBUTION, "keras", "2.15.0", "3.1.0"),
            Change(ChangeKind.VARIABLE, "TF_DETERMINISTIC_OPS", None, "1"),
        ),
    )


def test_other_names_at_the_same_places_are_no_drift() -> None:
    renamed = built(fingerprint=Fingerprint((tensor("1", "head/kernel"),)))
    found = judge(BASELINE, [renamed])
    assert (found.verdict, found.drift) == (Verdict.REPRODUCED, None)
    assert found.renamed == (("dense/kernel", "head/kernel"),)


@pytest.mark.parametrize(("then", "now"), [(None, "a" * 64), ("a" * 64, None), (None, None)])
def test_of_an_unknown_source_it_is_not_known_whether_it_changed(then: str | None, now: str | None) -> None:
    baseline = replace(BASELINE, source=replace(SOURCE, sha256=then))
    assert judge(baseline, [built(source=replace(SOURCE, sha256=now))]).source_changed is None


# What a registration keeps ------------------------------------------------------------------------


def test_of_builds_that_agree_the_fresh_one_is_kept() -> None:
    assert agree(RECIPE, [built(), FRESH, built()]) is FRESH


def test_the_first_failure_is_why_builds_do_not_agree() -> None:
    other = build_failure(FailureKind.VANISHED, status=1)
    assert agree(RECIPE, [built(), FAILURE, other]) is FAILURE


UNSEEDED = "rng = numpy.random.default_rng()"


@pytest.mark.parametrize(
    ("recipe", "first", "other", "reason"),
    [
        (RECIPE, built(), built("2"), {"reason": "unknown"}),
        (RECIPE, FRESH, built("2"), {"reason": "isolation"}),
        (replace(RECIPE, seeding=Seeding.TF), FRESH, built("2"), {"reason": "tf-seeding"}),
        (
            RECIPE,
            built(source=replace(SOURCE, text=UNSEEDED)),
            built("2"),
            {"reason": "unseeded", "source": "numpy-default-rng"},
        ),
    ],
)
def test_builds_that_differ_are_refused_with_the_likely_reason(
    recipe: Recipe, first: Built, other: Built, reason: dict[str, str]
) -> None:
    assert agree(recipe, [first, other]) == build_failure(
        FailureKind.NONDETERMINISTIC,
        duration_s=0.5,
        factory="models:build",
        seed=7,
        differing=1,
        tensors=1,
        tensor="dense/kernel",
        difference="values",
        **reason,
    )


def test_what_is_kept_has_its_own_warnings_and_those_of_the_registration() -> None:
    noticed = build_warning(WarningKind.UNLISTED, factory="models:build")
    build = built(facts=replace(built().facts, warnings=(noticed,)), source=replace(SOURCE, git_dirty=True))
    kept = keep(RECIPE, [build, built()], Neighbour(8, built()))
    assert isinstance(kept, Built)
    assert kept.facts.warnings == (
        noticed,
        build_warning(WarningKind.IGNORES_SEED, seed=8),
        build_warning(WarningKind.NOT_COMMITTED),
    )
    assert replace(kept, facts=build.facts) == build


def test_a_neighbour_that_failed_says_nothing_about_the_seed() -> None:
    kept = keep(RECIPE, [built()], Neighbour(8, FAILURE))
    assert isinstance(kept, Built)
    assert kept.facts.warnings == ()


def test_a_source_outside_git_and_equal_starts_are_warned_of() -> None:
    names = [f"dense_{number}/kernel" for number in range(5)]
    twins = Fingerprint(tuple(tensor("1", name) for name in names))
    build = built(fingerprint=twins, source=replace(SOURCE, git_commit=None, git_dirty=None))
    kept = keep(RECIPE, [build], OTHER_SEED)
    assert isinstance(kept, Built)
    assert kept.facts.warnings == (
        build_warning(WarningKind.SHARED_START, count=5, tensors=names[:4], more=True),
        build_warning(WarningKind.NOT_IN_GIT),
    )


SAME_SEED = {"class": "GlorotUniform", "config": {"seed": 3}}
NO_SEED = {"class": "GlorotUniform", "config": {"seed": None}}
NO_CONFIG = {"class": "Zeros", "config": {}}
TABLE = {"class": "Constant", "config": {"value": [1.0, 2.0]}}


@pytest.mark.parametrize(
    ("neighbour", "initializer", "patterned", "warned"),
    [
        ("9", None, (), True),
        ("9", NO_CONFIG, ("1" * 64,), True),
        ("1", None, (), True),
        ("1", None, ("1" * 64,), False),
        ("1", NO_CONFIG, (), True),
        ("1", NO_CONFIG, ("1" * 64,), False),
        ("1", NO_SEED, ("1" * 64,), False),
        ("1", SAME_SEED, ("1" * 64,), True),
        ("1", TABLE, (), False),
    ],
)
def test_equal_starts_are_warned_of_where_they_are_random(
    neighbour: str, initializer: dict[str, object] | None, patterned: tuple[str, ...], warned: bool
) -> None:
    first, second = (
        replace(tensor("1", name), initializer=initializer, shape=shape)
        for name, shape in (("query", (2, 3)), ("output", (6,)))
    )
    build = built(
        fingerprint=Fingerprint((tensor("3", "head"), first, second)),
        facts=BuildFacts(Isolation.FORK, 0.1, 0.1, patterned=patterned),
    )
    others = Fingerprint((tensor("4", "head"), tensor(neighbour, "query"), tensor(neighbour, "output")))
    kept = keep(RECIPE, [build], Neighbour(8, built(fingerprint=others)))
    assert isinstance(kept, Built)
    expected = build_warning(WarningKind.SHARED_START, count=2, tensors=["query", "output"], more=False)
    assert kept.facts.warnings == ((expected,) if warned else ())


def test_weights_that_are_not_finite_are_refused_unless_they_are_allowed() -> None:
    weights = Fingerprint((tensor("1"), tensor("2", "bias", replace(STATS, nans=2, infinities=1))))
    refusal = build_failure(
        FailureKind.NONFINITE, factory="models:build", seed=7, tensor="bias", nans=2, infinities=1, tensors=1
    )
    assert not_finite(RECIPE, weights) == refusal
    assert keep(RECIPE, [built(fingerprint=weights)], OTHER_SEED) == refusal
    assert isinstance(keep(RECIPE, [built(fingerprint=weights)], OTHER_SEED, allow_nonfinite=True), Built)
    assert not_finite(RECIPE, BASELINE.fingerprint) is None
