"""Verifying: how often an entry is built, and what each verdict comes from."""

from __future__ import annotations

import pytest

from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Confirmed,
)
from seedreg.domain.verdict import Verdict
from seedreg.errors import (
    NothingSelected,
    NotJudged,
    Step,
)
from seedreg.registry import Registry

from .world import World, recipes


def test_what_reproduces_is_built_once(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.asked()
    (found,) = registry.verify("m:build")
    assert (found.verdict, found.drift, found.changes) == (Verdict.REPRODUCED, None, ())
    assert world.asked() == {("m:build", 0, "auto"): 1}


def test_a_drift_is_confirmed_by_a_second_build_one_of_each_factory_fresh(
    world: World, registry: Registry
) -> None:
    list(registry.register_all(recipes(0, 1)))
    world.asked()
    world.change(stream=2, tensorflow="3.0.0")
    found = registry.verify("m:build")
    assert [one.verdict for one in found] == [Verdict.DRIFTED, Verdict.DRIFTED]
    assert all([str(c) for c in one.changes] == ["tensorflow 2.99.0 → 3.0.0"] for one in found)
    asked = world.asked()
    assert sum(asked.values()) == 4
    assert sum(count for (_, _, isolation), count in asked.items() if isolation == "fresh") == 1


def test_two_builds_that_differ_now_are_nondeterministic(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.change(stream=2)
    streams = iter(range(10, 20))
    world.before_build = lambda: world.change(stream=next(streams))
    (found,) = registry.verify("m:build")
    assert found.verdict is Verdict.NONDETERMINISTIC
    assert found.drift is not None


def test_what_cannot_be_built_is_an_error_with_its_failure(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.change(fail="no data")
    (found,) = registry.verify("m:build")
    assert found.verdict is Verdict.ERROR
    assert found.check.failure is not None
    assert (found.check.failure.kind, found.check.failure.fact("error")) == (FailureKind.RAISED, "no data")
    assert found.check.observed is None


def test_names_alone_are_no_drift(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.change(names=["head/kernel", "head/bias"])
    (found,) = registry.verify("m:build")
    assert found.verdict is Verdict.REPRODUCED
    assert found.renamed == (("dense/kernel", "head/kernel"), ("dense/bias", "head/bias"))


def test_an_entry_of_another_project_is_an_error_and_is_not_built(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.asked()
    with world.open("q") as elsewhere:
        (found,) = elsewhere.verify("m:build")
        with pytest.raises(NotJudged, match="belongs to project 'p'"):
            elsewhere.accept("m:build", "x")
        with pytest.raises(NotJudged, match="belongs to project 'p'"):
            elsewhere.rebuild("m:build", world.root / "w.npz")
    assert found.verdict is Verdict.ERROR
    assert found.check.failure is not None
    assert found.check.failure.kind is FailureKind.PROJECT
    assert world.requests == []


def test_what_nobody_trusts_is_not_built_nor_recorded_and_others_go_on(
    world: World, registry: Registry
) -> None:
    registry.register("m:build")
    registry.register("m:other")
    world.asked()

    def refusal(recipe: Recipe) -> BuildFailure | None:
        if recipe.factory != "m:build":
            return None
        return build_failure(FailureKind.UNTRUSTED, factory=recipe.factory, distrust="elsewhere")

    with world.open(refusal=refusal) as elsewhere:
        found = elsewhere.verify("m:build", "m:other")
        assert [(one.entry.recipe.factory, one.verdict) for one in found] == [
            ("m:build", Verdict.ERROR),
            ("m:other", Verdict.REPRODUCED),
        ]
        for build in (
            lambda: elsewhere.accept("m:build", "x"),
            lambda: elsewhere.rebuild("m:build", world.root / "w.npz"),
        ):
            with pytest.raises(NotJudged, match="this registry was not created here") as caught:
                build()
            assert caught.value.step is Step.TRUST
        assert elsewhere.history("m:build").checks == ()
        assert set(world.asked()) == {("m:other", 0, "auto")}
        assert not (world.root / "w.npz").exists()
        # What the user names is the user's own word.
        assert isinstance(elsewhere.register("m:build"), Confirmed)


def test_every_check_is_recorded_when_it_is_yielded(world: World, registry: Registry) -> None:
    list(registry.register_all(recipes(0, 1)))
    found = registry.verify_all(registry.select(["m:build"]))
    first = next(found)
    assert registry.history(first.entry.id).checks == (first.check,)
    list(found)
    assert sum(summary.last_verdict is Verdict.REPRODUCED for summary in registry.entries()) == 2


def test_nothing_selected_is_an_error(registry: Registry) -> None:
    registry.register("m:build")
    with pytest.raises(NothingSelected):
        registry.verify("m:build", "nothing")
    assert registry.history("m:build").checks == ()
    assert registry.verify() == []
