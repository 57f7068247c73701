"""The use cases, on a real registry file and with the stand-in worker, which needs no TensorFlow."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path

import pytest

import seedreg
from seedreg.cli.hints import hint_of
from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.entry import Entry
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Accepted,
    Confirmed,
    NotConfirmed,
    NothingToAccept,
    NotTried,
    OtherWeights,
    Refused,
    Registered,
    SeenInAudit,
)
from seedreg.domain.summary import EntryState
from seedreg.domain.verdict import Verdict
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.errors import (
    NothingSelected,
    NotJudged,
    RegistrationRefused,
    RegistryError,
    SeedregError,
    Step,
    UsageError,
)
from seedreg.executors.local import LocalExecutor
from seedreg.registry import RegisterOptions, Registry, utc_now
from seedreg.registry.checking import Checker
from seedreg.registry.own import Refusal, refuse_nothing
from seedreg.storage import SqliteFile, open_repository


class World:
    """A project's folder, its registry, and what the builds of it were asked for."""

    def __init__(self, root: Path, worker: Path) -> None:
        self.root = root
        self.worker = worker
        self.db = root / "registry.db"
        self.requests: list[BuildRequest] = []
        self.before_build: Callable[[], None] = lambda: None

    def open(self, project: str = "p", refusal: Refusal = refuse_nothing) -> Registry:
        executor = LocalExecutor(
            sys.executable, self.root, jobs=2, timeout_s=20, environ={}, worker_folder=self.worker
        )
        repository = open_repository(SqliteFile(self.db), create=True)
        return Registry(repository, _Watched(executor, self), project, refusal=refusal)

    def change(self, **world: object) -> None:
        """Change the world between two commands: see the stand-in worker."""
        (self.root / "stand-in.json").write_text(json.dumps(world), encoding="utf-8")

    def asked(self) -> Counter[tuple[str, int, str]]:
        """How often each factory, seed and isolation was asked for since the last time."""
        asked = Counter((r.recipe.factory, r.recipe.seed, r.isolation.value) for r in self.requests)
        self.requests.clear()
        return asked


class _Watched:
    def __init__(self, executor: LocalExecutor, world: World) -> None:
        self._executor = executor
        self._world = world
        self.close = executor.close

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        self._world.requests += requests
        for found in self._executor.run(requests):
            self._world.before_build()
            yield found


@pytest.fixture
def world(tmp_path: Path, stand_in_worker: Path) -> World:
    return World(tmp_path, stand_in_worker)


@pytest.fixture
def registry(world: World) -> Iterator[Registry]:
    with world.open() as registry:
        yield registry


def recipes(*seeds: int, factory: str = "m:build") -> list[Recipe]:
    return [Recipe("p", factory, seed) for seed in seeds]


# Registering --------------------------------------------------------------------------------------


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


# Verifying ----------------------------------------------------------------------------------------


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


# Accepting ----------------------------------------------------------------------------------------


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


# Rebuilding ---------------------------------------------------------------------------------------


def test_a_rebuild_says_whether_the_weights_are_the_registered_ones(world: World, registry: Registry) -> None:
    registry.register("m:build")
    target = world.root / "w.safetensors"
    result = registry.rebuild("m:build", target)
    assert (result.path, result.drift) == (str(target), None)
    world.change(stream=2)
    assert registry.rebuild("m:build", target).drift is not None
    assert sorted(
        path.name for path in world.root.iterdir() if path.name.startswith((".seedreg-", "w."))
    ) == ["w.safetensors"]


def test_a_rebuild_that_fails_leaves_what_was_there(world: World, registry: Registry) -> None:
    registry.register("m:build")
    target = world.root / "w.npz"
    target.write_text("mine")
    world.change(fail="no data")
    with pytest.raises(NotJudged, match="no data"):
        registry.rebuild("m:build", target)
    assert target.read_text() == "mine"
    assert not list(world.root.glob(".seedreg-*"))


def test_a_rebuild_onto_a_disk_that_takes_no_change_any_more_names_the_file(
    world: World, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **settings: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    registry.register("m:build")
    target = world.root / "w.npz"
    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir"):  # the file is not put in place, the folder cannot go
            patch.setattr(os, name, refuse)
        with pytest.raises(UsageError, match=r"^cannot write .*w\.npz: Read-only file system$"):
            registry.rebuild("m:build", target)
    assert not target.exists()


# Changing -----------------------------------------------------------------------------------------


def test_entries_are_retired_tagged_and_named_and_come_back_as_they_are_then(registry: Registry) -> None:
    list(registry.register_all(recipes(0, 1), RegisterOptions(tags=("old",))))
    retired = registry.retire(["build@0"], "superseded")
    assert [(entry.recipe.seed, entry.retired_reason) for entry in retired] == [(0, "superseded")]
    assert retired == registry.select([retired[0].id])
    message = f"every entry that 'build@0' names is retired: {retired[0].short_id} (m:build@0)"
    with pytest.raises(NothingSelected, match=re.escape(message)):
        registry.select(["build@0"])
    tagged = registry.tag(["tag:old"], add=["new"], remove=["old", "never"])
    assert [entry.tags for entry in tagged] == [("new",), ("new",)]
    named = registry.alias("build@1", "best")
    assert (named.alias, registry.select(["best"])) == ("best", (named,))
    assert registry.alias("best", None).alias is None
    assert [entry.retired_at for entry in registry.unretire(["build@0"])] == [None]
    assert [summary.seed for summary in registry.entries(tag="new")] == [0, 1]


def test_a_wrong_name_changes_nothing(registry: Registry) -> None:
    registry.register("m:build")
    for change in (
        lambda: registry.tag(["build"], add=["fine", "a b"]),
        lambda: registry.tag(["build"], remove=["a:b"]),
        lambda: registry.alias("build", "beef"),
    ):
        with pytest.raises(UsageError):
            change()
    assert [(summary.tags, summary.alias) for summary in registry.entries()] == [((), None)]


def test_every_selector_is_offered_for_completion(registry: Registry) -> None:
    entry = registry.register("m:build", options=RegisterOptions("best", ("t",))).entry  # type: ignore[union-attr]
    assert set(registry.selectors()) == {entry.short_id, "m:build", "m:build@0", "tag:t", "best"}
    for selector in registry.selectors():
        assert registry.select([selector]) == (entry,)


def test_an_entry_is_shown_with_what_its_last_check_found(world: World, registry: Registry) -> None:
    registry.register("m:build")
    shown = registry.show("build")
    assert (shown.last, shown.drift, shown.waivers) == (None, None, ())
    world.change(stream=2)
    (found,) = registry.verify("build")
    shown = registry.show("build")
    assert (shown.last, shown.drift, shown.baseline) == (found.check, found.drift, found.baseline)
    world.change(fail="no data")
    registry.verify("build")
    assert registry.show("build").drift is None
    assert [check.verdict for check in registry.history("build").checks] == [Verdict.DRIFTED, Verdict.ERROR]


def test_a_drift_is_waived_up_to_and_including_a_day(world: World, registry: Registry) -> None:
    registry.register("m:build")
    today = date.fromisoformat(utc_now()[:10])
    with pytest.raises(UsageError, match="has no drift to waive: it was never checked"):
        registry.waive("build", "known", today)
    world.change(stream=2)
    (found,) = registry.verify("build")
    with pytest.raises(UsageError, match="has passed: today is"):
        registry.waive("build", "known", today - timedelta(days=1))
    with pytest.raises(UsageError, match="a waiver needs a reason"):
        registry.waive("build", " ", today)
    entry, waiver = registry.waive("build", " known ", today)
    assert (waiver.reason, waiver.until, waiver.fingerprint) == (
        "known",
        today.isoformat(),
        found.check.observed and found.check.observed.fingerprint.digest,
    )
    assert registry.waivers() == registry.waivers("build") == ((entry, waiver),)
    assert registry.remove_waivers("build") == ((entry, 1),)
    assert registry.waivers() == ()


# All or nothing ----------------------------------------------------------------------------------


class Stopped(BaseException):
    """What ends a command at some point, like a kill."""


@pytest.mark.parametrize(
    ("last_write", "use"),
    [
        ("Checks.add", lambda registry: registry.accept("build@0", "new")),
        (
            "Checks.add",
            lambda registry: registry.register("m:build", options=RegisterOptions("a", ("t",), "note")),
        ),
        ("Entries.set_retired", lambda registry: registry.retire(["build"])),
        ("Entries.remove_tags", lambda registry: registry.tag(["build"], add=["t"], remove=["u"])),
        (
            "Baselines.mark_kept",
            lambda registry: registry.register("m:build", 7, options=RegisterOptions(keep_weights=True)),
        ),
    ],
    ids=["accept", "confirm", "retire", "tag", "register"],
)
def test_a_command_that_ends_half_way_leaves_all_or_nothing(
    world: World,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
    last_write: str,
    use: Callable[[Registry], object],
) -> None:
    list(registry.register_all(recipes(0, 1)))
    world.change(stream=2)
    before = everything(registry)
    name, method = last_write.split(".")
    owner = getattr(import_module(f"seedreg.storage.{name.lower()}"), name)
    real, calls = getattr(owner, method), []

    def stop(*arguments: object) -> None:
        calls.append(method)
        if len(calls) == (2 if method == "set_retired" else 1):
            raise Stopped
        real(*arguments)

    monkeypatch.setattr(owner, method, stop)
    with pytest.raises(Stopped):
        use(registry)
    assert everything(registry) == before


def everything(registry: Registry) -> list[object]:
    summaries = registry.entries(state=EntryState.ANY)
    return [summaries, [registry.history(summary.id) for summary in summaries]]


# The Python interface -----------------------------------------------------------------------------


def test_the_interface_opens_the_projects_own_registry(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", fake_tensorflow_environ["PYTHONPATH"])
    (tmp_path / "pyproject.toml").write_text('[tool.seedreg]\nproject = "p"\n')
    (tmp_path / "models.py").write_text(
        "import numpy as np\n\ndef build(seed):\n    return {'w': np.random.normal(size=3)}\n"
    )
    with seedreg.open_registry(cwd=tmp_path, jobs=2, timeout_s=30) as registry:
        result = registry.register("models:build", 4, options=seedreg.RegisterOptions(alias="four"))
        assert isinstance(result, Registered)
        assert [one.verdict for one in registry.verify("four", "models:build@4")] == [Verdict.REPRODUCED]
        assert [summary.alias for summary in registry.entries(seed=4)] == ["four"]
        assert [check.verdict for check in registry.history("four").checks] == [Verdict.REPRODUCED]
        with pytest.raises(seedreg.SeedregError, match="no entry is named by 'five'"):
            registry.verify("five")
    assert (tmp_path / ".seedreg" / "registry.db").exists()


def test_the_interface_raises_what_the_command_line_tells(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no registry at "):
        seedreg.open_registry(tmp_path / "none.db", create=False, cwd=tmp_path)
    with pytest.raises(SeedregError, match="there is no interpreter /nowhere"):
        seedreg.open_registry(cwd=tmp_path, python="/nowhere")
    (tmp_path / "some.db").write_text("text")
    with pytest.raises(RegistryError, match="is not a seedreg registry"):
        seedreg.open_registry(tmp_path / "some.db", cwd=tmp_path)
    assert not (tmp_path / ".seedreg").exists()


def test_importing_seedreg_imports_nothing_heavy() -> None:
    script = (
        "import sys, seedreg\n"
        "heavy = {'numpy', 'click', 'sqlalchemy', 'tensorflow', 'alembic', 'dataclasses', 'json'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found\n"
        "for name in seedreg.__all__: getattr(seedreg, name)\n"
        "assert not {'numpy', 'click', 'sqlalchemy', 'tensorflow', 'alembic'} & set(sys.modules)\n"
        "assert set(seedreg.__all__) <= set(dir(seedreg))\n"
        "try:\n    seedreg.nothing\n"
        "except AttributeError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "module 'seedreg' has no attribute 'nothing'\n",
        "",
    )


def test_an_executor_is_any_object_with_its_two_methods(world: World) -> None:
    class Lost:
        def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
            for request in requests:
                yield request, build_failure(FailureKind.WORKER, error=f"{request.recipe.label} was lost")

        def close(self) -> None:
            pass

    with Registry(open_repository(SqliteFile(world.db), create=True), Lost(), "p") as registry:
        with pytest.raises(NotJudged, match="m:build@0 was lost"):
            registry.register("m:build")
        assert Isolation.AUTO.value == "auto"
