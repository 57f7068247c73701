"""Accepting: what entries build today becomes their new baselines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seedreg.domain.results import (
    Accepted,
    NothingToAccept,
    OtherWeights,
    SeenInAudit,
)
from seedreg.domain.verdict import Verdict
from seedreg.errors import (
    RegistryError,
    UsageError,
)
from seedreg.registry import RegisterOptions, Registry
from seedreg.registry.checking import Checker

from .world import World, recipes


def test_accepting_adds_the_next_baseline_and_records_what_was_built(
    world: World, registry: Registry
) -> None:
    registry.register("m:build")
    world.change(stream=2)
    world.asked()
    result = registry.accept("m:build", " upgrade ")
    assert isinstance(result, Accepted)
    assert (result.before.number, result.baseline.number, result.baseline.reason) == (1, 2, "upgrade")
    assert world.asked() == {("m:build", 0, "fresh"): 1, ("m:build", 0, "fork"): 1}
    (check,) = registry.history("m:build").checks
    assert (check.verdict, check.baseline_number) == (Verdict.REPRODUCED, 2)
    (summary,) = registry.entries()
    assert (summary.baseline_number, summary.last_verdict) == (2, Verdict.REPRODUCED)


def test_nothing_is_accepted_where_nothing_drifted(registry: Registry) -> None:
    registry.register("m:build")
    assert isinstance(registry.accept("m:build", "x"), NothingToAccept)
    assert [summary.baseline_number for summary in registry.entries()] == [1]


def test_another_command_that_accepted_meanwhile_is_not_overruled(world: World, registry: Registry) -> None:
    registry.register("m:build")
    world.change(stream=2)

    def accept_elsewhere() -> None:
        world.before_build = lambda: None
        with world.open() as faster:
            assert isinstance(faster.accept("m:build", "theirs"), Accepted)

    world.before_build = accept_elsewhere
    result = registry.accept("m:build", "mine")
    assert isinstance(result, NothingToAccept)
    assert (result.baseline.number, result.baseline.reason) == (2, "theirs")
    assert [one.number for one in registry.history("build").baselines] == [1, 2]


def test_a_baseline_is_not_accepted_without_its_check(
    world: World, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register("m:build")
    world.change(stream=2)

    def fails(*arguments: object) -> None:
        raise RegistryError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Checker, "record", fails)
        with pytest.raises(RegistryError):
            registry.accept("m:build", "x")
    history = registry.history("m:build")
    assert (len(history.baselines), history.checks) == (1, ())


def test_what_became_nonfinite_is_not_accepted(world: World, registry: Registry) -> None:
    registry.register("m:nonfinite", options=RegisterOptions(allow_nonfinite=True))
    world.change(stream=2)
    assert isinstance(registry.accept("m:nonfinite", "was so before"), Accepted)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_accepting_wants_a_reason_before_it_builds(world: World, registry: Registry, reason: str) -> None:
    registry.register("m:build")
    world.asked()
    with pytest.raises(UsageError, match="reason"):
        registry.accept("m:build", reason)
    assert world.requests == []


def test_accepting_many_takes_one_fresh_build_for_each_factory(world: World, registry: Registry) -> None:
    assert len(list(registry.register_all([*recipes(0, 1), *recipes(0, factory="m:other")]))) == 3
    world.change(stream=2)
    world.asked()
    proposed = registry.proposals(["m:build", "m:other"])
    assert world.requests == []
    found = list(registry.accept_all(proposed, "upgrade"))
    assert {type(one) for one in found} == {Accepted}
    assert world.asked() == {
        ("m:build", 0, "fresh"): 1,
        ("m:build", 0, "fork"): 1,
        ("m:build", 1, "fork"): 2,
        ("m:other", 0, "fresh"): 1,
        ("m:other", 0, "fork"): 1,
    }
    assert [summary.baseline_number for summary in registry.entries()] == [2, 2, 2]


def test_one_entry_that_cannot_be_accepted_leaves_its_baseline_and_the_others_are_accepted(
    registry: Registry, world: World
) -> None:
    assert len(list(registry.register_all([*recipes(0), *recipes(0, factory="m:other")]))) == 2
    world.change(stream=2)
    proposed = registry.proposals(["m:build", "m:other"])
    odd = replace(proposed[0], expected=SeenInAudit(3, "0" * 64))
    found = {type(one): one for one in registry.accept_all([odd, proposed[1]], "upgrade")}
    assert set(found) == {OtherWeights, Accepted}
    assert len(registry.history("m:build").baselines) == 1
    assert registry.history("m:build").checks == ()
    assert len(registry.history("m:other").baselines) == 2
