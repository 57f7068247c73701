"""Registering: what is built, what is refused, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from seedreg.cli.hints import hint_of
from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.entry import Entry
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Confirmed,
    NotConfirmed,
    NotTried,
    Refused,
    Registered,
)
from seedreg.domain.summary import EntryState
from seedreg.domain.verdict import Verdict
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.errors import (
    NotJudged,
    RegistrationRefused,
    UsageError,
)
from seedreg.registry import RegisterOptions, Registry
from seedreg.storage import SqliteFile, open_repository

from .world import World, recipes


def test_one_recipe_takes_a_fresh_and_a_forked_build_and_one_of_the_next_seed(
    world: World, registry: Registry
) -> None:
    registry.register("m:build", 5)
    assert world.asked() == {
        ("m:build", 5, "fresh"): 1,
        ("m:build", 5, "fork"): 1,
        ("m:build", 6, "fork"): 1,
    }


def test_a_range_takes_one_fresh_build_and_looks_for_the_seeds_effect_in_its_siblings(
    world: World, registry: Registry
) -> None:
    assert len(list(registry.register_all(recipes(0, 1, 2)))) == 3
    assert world.asked() == {
        ("m:build", 0, "fresh"): 1,
        ("m:build", 0, "fork"): 1,
        ("m:build", 1, "fork"): 2,
        ("m:build", 2, "fork"): 2,
        ("m:build", 3, "fork"): 1,
    }


def test_every_factory_of_a_command_has_a_fresh_build(world: World, registry: Registry) -> None:
    list(registry.register_all([*recipes(0, 1), *recipes(0, 1, factory="m:other")]))
    asked = world.asked()
    assert {key[:2] for key in asked if key[2] == "fresh"} == {("m:build", 0), ("m:other", 0)}


def test_the_first_failure_of_a_factory_stops_its_other_builds_and_no_others(
    world: World, registry: Registry
) -> None:
    failing = [Recipe("p", "m:fail", seed) for seed in (4, 5, 6)]
    wider = Recipe("p", "m:fail", 1, '{"units":2}')
    found = list(registry.register_all([*failing, wider, *recipes(4)]))
    assert [one for one in found if isinstance(one, NotTried)] == [NotTried(failing[0], tuple(failing[1:]))]
    refused = {one.recipe for one in found if isinstance(one, Refused)}
    assert refused == {failing[0], wider}
    assert [type(one) for one in found[-1:]] == [Registered]
    assert world.asked() == {
        ("m:fail", 4, "fresh"): 1,
        ("m:fail", 1, "fork"): 1,
        ("m:build", 4, "fresh"): 1,
        ("m:build", 4, "fork"): 1,
        ("m:build", 5, "fork"): 1,
    }


def test_a_known_entry_whose_factory_fails_is_checked_and_its_other_seeds_are_not_tried(
    world: World, registry: Registry
) -> None:
    assert len(list(registry.register_all(recipes(0, 1)))) == 2
    world.change(fail="ValueError: no data")
    first, others = registry.register_all(recipes(0, 1))
    assert isinstance(first, NotConfirmed)
    assert first.verification.verdict is Verdict.ERROR
    assert others == NotTried(recipes(0)[0], tuple(recipes(1)))
    assert len(registry.history("m:build@1").checks) == 0
    with pytest.raises(NotJudged, match="no data"):
        registry.register("m:build")


def test_a_factory_that_does_not_exist_is_a_mistake_of_who_registers_it(world: World) -> None:
    class NoSuchName:
        def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
            for request in requests:
                yield request, build_failure(FailureKind.NAME_NOT_FOUND, factory=request.recipe.factory)

        def close(self) -> None:
            pass

    repository = open_repository(SqliteFile(world.db), create=True)
    with Registry(repository, NoSuchName(), "p") as registry, pytest.raises(UsageError):
        registry.register("m:buil")


def test_the_last_seed_is_compared_with_the_one_before(world: World, registry: Registry) -> None:
    registry.register("m:build", 2**32 - 1)
    assert ("m:build", 2**32 - 2, "fork") in world.asked()


def test_a_recipe_that_is_given_twice_is_registered_once(registry: Registry) -> None:
    assert len(list(registry.register_all(recipes(1, 1)))) == 1


def test_results_come_as_soon_as_they_are_known(registry: Registry) -> None:
    slow = Recipe("p", "m:slow", 0, '{"sleep_s":1}')
    found = registry.register_all([*recipes(0, 1, 2), slow])
    assert isinstance(next(found), Registered)
    assert len(registry.entries()) == 1
    found.close()  # type: ignore[attr-defined]


def test_what_was_registered_is_what_was_built(registry: Registry) -> None:
    result = registry.register("m:build", 3, params={"units": 2}, options=RegisterOptions("a", ("t",), "n"))
    assert isinstance(result, Registered)
    assert [tensor.shape for tensor in result.baseline.fingerprint.tensors] == [(2, 2), (2,)]
    assert result.baseline.facts.isolation is Isolation.FRESH
    (summary,) = registry.entries()
    recipe = Recipe("p", "m:build", 3, '{"units":2}')
    assert result.entry == Entry(recipe, result.entry.created_at, "a", "n", ("t",))
    assert (summary.id, summary.recipe, summary.created_at) == (recipe.id, recipe, result.entry.created_at)
    assert (summary.alias, summary.note, summary.tags) == ("a", "n", ("t",))
    assert (summary.baseline_number, summary.fingerprint) == (1, result.baseline.fingerprint.digest)


@pytest.mark.parametrize(
    ("factory", "kind", "nondeterministic", "hint"),
    [
        ("m:nondeterministic", "nondeterministic", True, "one build was a fresh interpreter"),
        ("m:fail", "raised", False, "None"),
        ("m:nonfinite", "nonfinite", False, "--allow-nonfinite"),
        ("m:die", "worker", False, "--isolation fresh"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    registry: Registry, factory: str, kind: str, nondeterministic: bool, hint: str
) -> None:
    (result,) = registry.register_all(recipes(0, factory=factory))
    assert isinstance(result, Refused)
    assert result.failure.kind.value == kind
    assert registry.entries(state=EntryState.ANY) == []
    error = RegistrationRefused if nondeterministic else NotJudged
    with pytest.raises(error) as caught:
        registry.register(factory)
    assert hint in str(hint_of(caught.value))


def test_a_refusal_does_not_keep_others_from_being_registered(registry: Registry) -> None:
    results = list(registry.register_all([*recipes(0, factory="m:fail"), *recipes(0)]))
    assert {type(result) for result in results} == {Refused, Registered}


def test_a_factory_that_ignores_its_seed_is_registered_with_a_warning(registry: Registry) -> None:
    result = registry.register("m:ignores_seed")
    assert isinstance(result, Registered)
    assert build_warning(WarningKind.IGNORES_SEED, seed=1) in result.baseline.facts.warnings


def test_registering_again_checks_and_changes_no_baseline(world: World, registry: Registry) -> None:
    first = registry.register("m:build")
    assert isinstance(first, Registered)
    again = registry.register("m:build", options=RegisterOptions(tags=("t",)))
    assert isinstance(again, Confirmed)
    assert again.verification.verdict is Verdict.REPRODUCED
    assert again.verification.entry.tags == ("t",)
    world.change(stream=2)
    (drifted,) = registry.register_all(recipes(0))
    assert isinstance(drifted, NotConfirmed)
    assert drifted.verification.verdict is Verdict.DRIFTED
    with pytest.raises(RegistrationRefused, match="no longer reproduces: DRIFTED"):
        registry.register("m:build")
    (summary,) = registry.entries()
    assert (summary.baseline_number, summary.fingerprint) == (1, first.baseline.fingerprint.digest)
    assert len(registry.history("m:build@0").checks) == 3


def test_another_command_that_registers_first_is_no_error(world: World, registry: Registry) -> None:
    def other() -> None:
        world.before_build = lambda: None
        with world.open() as faster:
            faster.register("m:build")

    world.before_build = other
    (result,) = registry.register_all(recipes(0), RegisterOptions(tags=("mine",)))
    assert isinstance(result, Confirmed)
    assert [summary.tags for summary in registry.entries()] == [("mine",)]


@pytest.mark.parametrize(
    ("options", "seeds"), [(RegisterOptions("x"), (0, 1)), (RegisterOptions("taken"), (1,))]
)
def test_an_alias_that_cannot_be_given_is_told_before_anything_is_built(
    world: World, registry: Registry, options: RegisterOptions, seeds: tuple[int, ...]
) -> None:
    registry.register("m:build", options=RegisterOptions("taken"))
    world.asked()
    with pytest.raises(UsageError, match="alias"):
        list(registry.register_all(recipes(*seeds), options))
    assert world.requests == []


@pytest.mark.parametrize(("alias", "tags"), [("a b", ()), ("beef", ()), (None, ("a:b",))])
def test_wrong_options_are_told_when_they_are_made(alias: str | None, tags: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        RegisterOptions(alias, tags)


def test_kept_weights_are_adopted_under_their_hashes(world: World, registry: Registry) -> None:
    results = list(registry.register_all(recipes(0, 1), RegisterOptions(keep_weights=True)))
    store = world.root / "objects"
    kept = {path.parent.name + path.name for path in store.glob("*/*")}
    tensors = [t.sha256 for r in results if isinstance(r, Registered) for t in r.baseline.fingerprint.tensors]
    assert kept == set(tensors)
    assert len(tensors) == len(kept) + 1  # both biases are the same zeros


def test_weights_of_a_known_entry_are_kept_if_it_still_reproduces(world: World, registry: Registry) -> None:
    registry.register("m:build")
    registry.register("m:build", options=RegisterOptions(keep_weights=True))
    assert len(list((world.root / "objects").glob("*/*"))) == 2


def test_no_weights_are_kept_of_what_is_refused(world: World, registry: Registry) -> None:
    list(registry.register_all(recipes(0, factory="m:nondeterministic"), RegisterOptions(keep_weights=True)))
    assert list(world.root.glob("objects/*/*")) == []
