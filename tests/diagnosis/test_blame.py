from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from seedreg.diagnosis.blame import Blamer
from seedreg.domain.diagnosis import Blame, Cause, LeftOut, Mixture, NotMovable, Obstacle, Result
from seedreg.domain.diagnosis_facts import FactKind, fact
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.verdict import Observed, Verdict
from seedreg.reports.words.failures import failure_message

from .worlds import SOURCE, TODAY_PYTHON, World, print_of

THEN = {"tensorflow": "2.15.0", "keras": "2.15.0", "numpy": "1.26.4", "wheel": "0.40"}
NOW = {"tensorflow": "2.16.1", "keras": "3.3.3", "numpy": "2.0.0", "wheel": "0.43", "optree": "0.11"}

# Of these two, as they are tried: likely ones first.
PACKAGES = ("keras", "tensorflow", "numpy", "optree", "wheel")


def blame(world: World, builds: int = 40) -> Blame:
    blamer = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON, builds)
    return blamer.blame(world.verification())


def table(found: Blame) -> list[tuple[str, Result, str | None]]:
    return [(trial.attempt.label, trial.result, trial.letter) for trial in found.trials]


def known(found: Blame) -> list[tuple[FactKind, dict[str, Any]]]:
    """The facts; changes by their names, failures by their words."""

    def shown(value: Any) -> Any:
        if isinstance(value, BuildFailure):
            return failure_message(value)
        return tuple(change.name for change in value) if isinstance(value, tuple) else value

    return [(one.kind, {name: shown(value) for name, value in one.fields}) for one in found.known]


def culprits(found: Blame) -> list[str]:
    return [str(change) for change in found.culprits]


def test_one_package_is_named_by_a_build_with_it_and_a_build_without_it() -> None:
    found = blame(World(lambda versions: versions["keras"], THEN, NOW))
    assert (found.cause, culprits(found)) == (Cause.FOUND, ["keras 2.15.0 → 3.3.3"])
    assert table(found) == [
        ("today", Result.TODAY, "B"),
        ("today + 5 changes", Result.BASELINE, "A"),
        ("today + keras 2.15.0", Result.BASELINE, "A"),
        ("baseline + keras 3.3.3", Result.TODAY, "B"),
    ]
    assert found.backward is found.trials[2]
    assert found.forward is found.trials[3]
    assert found.known == ()


def test_each_trial_tells_what_moved_from_todays_environment() -> None:
    found = blame(World(lambda versions: versions["keras"], THEN, NOW))
    assert [str(change) for change in found.trials[2].moved] == ["keras 3.3.3 → 2.15.0"]
    assert [str(change) for change in found.trials[3].moved] == [
        "numpy 2.0.0 → 1.26.4",
        "optree 0.11 → (none)",
        "tensorflow 2.16.1 → 2.15.0",
        "wheel 0.43 → 0.40",
    ]


def test_an_unlikely_package_is_found_among_the_rest() -> None:
    names = [f"p{number}" for number in range(20)]
    world = World(
        lambda versions: versions["p13"],
        {**THEN, **dict.fromkeys(names, "1")},
        {**NOW, **dict.fromkeys(names, "2")},
    )
    found = blame(world)
    assert culprits(found) == ["p13 1 → 2"]
    assert found.forward is not None
    assert found.forward.result is Result.TODAY
    assert len(found.trials) <= 18


def test_the_rest_is_excluded_by_one_build() -> None:
    names = [f"p{number}" for number in range(20)]
    world = World(
        lambda versions: "old" if versions["keras"] < "3" and versions["numpy"] < "2" else "new",
        {**THEN, **dict.fromkeys(names, "1")},
        {**NOW, **dict.fromkeys(names, "2")},
    )
    found = blame(world)
    assert culprits(found) == ["keras 2.15.0 → 3.3.3", "numpy 1.26.4 → 2.0.0"]
    assert len(found.trials) <= 20
    assert found.backward is not None
    assert (found.backward.result, found.forward and found.forward.result) == (Result.BASELINE, Result.TODAY)


def test_an_added_package_is_taken_out_and_a_removed_one_put_back() -> None:
    found = blame(World(lambda versions: str("optree" in versions), THEN, NOW))
    assert culprits(found) == ["optree (none) → 0.11"]
    found = blame(World(lambda versions: str("optree" in versions), NOW, THEN))
    assert culprits(found) == ["optree 0.11 → (none)"]


def test_a_group_of_three_is_told_from_its_parts() -> None:
    needed = ("keras", "tensorflow", "wheel")
    world = World(lambda now: str(all(now[name] == THEN[name] for name in needed)), THEN, NOW)
    found = blame(world)
    assert [change.name for change in found.culprits] == ["keras", "tensorflow", "wheel"]


def test_what_cannot_run_moved_back_alone_is_moved_forward_alone() -> None:
    def weights(versions: dict[str, str]) -> str:
        if versions["keras"] < "3" and versions["tensorflow"] >= "2.16":
            return "fail: keras 2 needs an older tensorflow"
        return versions["keras"]

    found = blame(World(weights, {**THEN, "wheel": "0.43"}, {**NOW, "tensorflow": "2.16.1"}))
    assert culprits(found) == ["keras 2.15.0 → 3.3.3"]
    assert found.backward is not None
    assert (found.backward.result, found.forward and found.forward.result) == (Result.FAILED, Result.TODAY)


def test_what_runs_in_neither_direction_alone_is_named_with_what_it_needs() -> None:
    def weights(versions: dict[str, str]) -> str:
        if (versions["keras"] < "3") != (versions["tensorflow"] < "2.16"):
            return "fail: keras and tensorflow do not fit"
        return versions["keras"]

    found = blame(World(weights, THEN, NOW))
    assert [change.name for change in found.culprits] == ["keras", "tensorflow"]


def test_a_third_value_gets_a_letter_of_its_own() -> None:
    def weights(versions: dict[str, str]) -> str:
        return f"{versions['keras'][0]} {versions['numpy'][0]}"

    found = blame(World(weights, THEN, NOW))
    assert [change.name for change in found.culprits] == ["keras", "numpy"]
    letters = {trial.attempt.label: (trial.result, trial.letter) for trial in found.trials}
    assert letters["today + keras 2.15.0"] == (Result.OTHER, "C")
    assert letters["today + numpy 1.26.4"] == (Result.OTHER, "D")


def test_python_is_moved_when_packages_do_not_explain_it() -> None:
    world = World(
        lambda versions: versions["python"][:4],
        {**THEN, "python": "3.9.18"},
        {**NOW, "python": "3.11.7"},
        pythons=["3.9.18"],
    )
    found = blame(world)
    assert culprits(found) == ["python 3.9.18 → 3.11.7"]
    assert known(found) == [(FactKind.ALL_BACK_IS_TODAY, {"changes": PACKAGES})]
    assert table(found)[-1] == ("today + python 3.9.18", Result.BASELINE, "A")


def test_another_patch_release_of_python_is_used_instead() -> None:
    world = World(
        lambda versions: versions["python"][:4],
        {**THEN, "python": "3.9.2"},
        {**THEN, "python": "3.11.7"},
        pythons=["3.9.18"],
    )
    found = blame(world)
    assert culprits(found) == ["python 3.9.2 → 3.11.7"]
    assert known(found) == [(FactKind.PYTHON_REPLACED, {"used": "3.9", "version": "3.9.2"})]


def test_a_python_that_is_not_there_is_told_and_nothing_is_named() -> None:
    world = World(
        lambda versions: versions["python"][:4], {**THEN, "python": "3.9.2"}, {**NOW, "python": "3.11.7"}
    )
    found = blame(world)
    assert (found.cause, found.culprits) == (Cause.NOT_FOUND, ())
    assert known(found) == [
        (FactKind.ALL_BACK_IS_TODAY, {"changes": PACKAGES}),
        (FactKind.PYTHON_MISSING, {"version": "3.9.2"}),
        (FactKind.NOTHING_ELSE_CHANGED, {}),
    ]


def test_old_packages_that_only_the_old_python_runs_are_moved_with_it() -> None:
    def weights(versions: dict[str, str]) -> str:
        if versions["tensorflow"] < "2.16" and versions["python"] == "3.11.7":
            return "fail: no wheel"
        return versions["keras"]

    world = World(weights, {**THEN, "python": "3.9.18"}, {**NOW, "python": "3.11.7"}, pythons=["3.9.18"])
    found = blame(world)
    assert culprits(found) == ["keras 2.15.0 → 3.3.3"]
    assert known(found) == [(FactKind.ALL_BACK_FAILED, {"changes": PACKAGES, "failure": "no wheel"})]


def test_what_is_gone_from_the_index_is_told_and_stays_as_it_is() -> None:
    world = World(lambda versions: versions["keras"], THEN, NOW, gone=["numpy==1.26.4"])
    found = blame(world)
    assert culprits(found) == ["keras 2.15.0 → 3.3.3"]
    numpy = Change(ChangeKind.DISTRIBUTION, "numpy", "1.26.4", "2.0.0")
    assert found.fixed == (NotMovable(numpy, Obstacle.NOT_OFFERED, "there is no version of numpy==1.26.4"),)
    assert all(versions["numpy"] == "2.0.0" for versions in world.made)


def test_nothing_is_named_when_the_one_that_did_it_is_gone() -> None:
    found = blame(World(lambda versions: versions["keras"], THEN, NOW, gone=["keras==2.15.0"]))
    assert (found.cause, found.culprits) == (Cause.NOT_FOUND, ())
    assert known(found)[0] == (FactKind.ALL_BACK_IS_TODAY, {"changes": PACKAGES[1:]})


def test_what_of_today_cannot_be_installed_again_is_left_out() -> None:
    then, now = {**THEN, "mine": "0.1.dev1"}, {**NOW, "mine": "0.1.dev1"}
    world = World(lambda versions: versions["keras"], then, now, gone=["mine==0.1.dev1"])
    found = blame(world)
    assert culprits(found) == ["keras 2.15.0 → 3.3.3"]
    assert found.left_out == (LeftOut("mine", "there is no version of mine==0.1.dev1"),)
    assert found.trials[0].moved == ()


def test_an_environment_that_cannot_be_made_is_evidence_of_nothing() -> None:
    found = blame(World(lambda versions: versions["keras"], THEN, NOW, unmakeable=["numpy==1.26.4"]))
    words = "numpy==1.26.4 does not build"
    assert (found.cause, found.culprits) == (Cause.NOT_FOUND, ())
    assert isinstance(found.trials[1].attempt, Mixture)
    assert found.trials[1].failure is not None
    assert words in failure_message(found.trials[1].failure)
    assert found.known[0] == fact(
        FactKind.ALL_BACK_FAILED, changes=found.trials[1].attempt.changes, failure=found.trials[1].failure
    )


def test_a_cause_outside_of_packages_is_told_with_what_changed() -> None:
    world = World(
        lambda versions: versions.get("hidden", "today"),
        {**THEN, "hidden": "0.9"},
        NOW,
        variables=({"TF_USE_LEGACY_KERAS": "1"}, {}),
        source=replace(SOURCE, sha256="c" * 64),
    )
    verification = world.verification()
    world.weights = lambda versions: "today"
    blamer = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON)
    found = blamer.blame(verification)
    assert found.cause is Cause.NOT_A_PACKAGE
    assert known(found) == [
        (FactKind.ALL_BACK_IS_TODAY, {"changes": (*PACKAGES[:3], "hidden", *PACKAGES[3:])}),
        (FactKind.SOURCE_CHANGED, {}),
        (FactKind.VARIABLES_CHANGED, {"changes": ("TF_USE_LEGACY_KERAS",)}),
    ]


def test_todays_packages_installed_again_may_show_that_versions_are_not_the_cause() -> None:
    world = World(lambda versions: versions["keras"], THEN, NOW)
    verification = world.verification()
    world.weights = lambda versions: THEN["keras"]
    found = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON).blame(verification)
    assert found.cause is Cause.NOT_A_PACKAGE
    assert len(found.trials) == 1
    assert known(found)[0] == (FactKind.AGAIN_IS_BASELINE, {})


def test_nothing_is_built_when_no_package_changed() -> None:
    world = World(lambda versions: versions["keras"], THEN, NOW)
    verification = replace(world.verification(), changes=())
    found = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON).blame(verification)
    assert (found.cause, found.trials, world.made) == (Cause.NOT_A_PACKAGE, (), [])


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [
        (Verdict.REPRODUCED, Cause.NOTHING_CHANGED),
        (Verdict.NONDETERMINISTIC, Cause.NONDETERMINISTIC),
        (Verdict.ERROR, Cause.NOT_JUDGED),
    ],
)
def test_only_a_drift_is_looked_into(verdict: Verdict, cause: Cause) -> None:
    world = World(lambda versions: versions["keras"], THEN, NOW)
    verification = world.verification()
    outcome = verification.check.outcome
    if verdict is Verdict.ERROR:
        outcome = build_failure(FailureKind.VANISHED, status=1)
    check = replace(verification.check, verdict=verdict, outcome=outcome)
    verification = replace(verification, check=check)
    found = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON).blame(verification)
    assert (found.cause, found.trials, world.made) == (cause, (), [])


def test_weights_that_are_chance_are_no_third_value() -> None:
    def weights(versions: dict[str, str]) -> str:
        return "random" if versions["keras"] < "3" <= versions["numpy"] else versions["keras"]

    world = World(lambda versions: versions["keras"], THEN, {**NOW, "numpy": "3.0"})
    verification = world.verification()
    world.weights = weights
    found = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON).blame(verification)
    assert (found.trials[2].result, found.trials[2].letter) == (Result.NONDETERMINISTIC, None)


def test_the_search_ends_after_so_many_builds_and_tells_what_it_knows() -> None:
    world = World(
        lambda versions: "old" if versions["keras"] < "3" and versions["numpy"] < "2" else "new", THEN, NOW
    )
    found = blame(world, builds=4)
    assert (found.cause, found.culprits, len(found.trials)) == (Cause.NOT_FOUND, (), 4)
    assert known(found)[:2] == [
        (FactKind.BUILDS_SPENT, {"builds": 4}),
        (FactKind.TOGETHER_BACK, {"changes": PACKAGES}),
    ]


def test_no_environment_is_built_twice() -> None:
    world = World(lambda now: str(all(now[name] == THEN[name] for name in THEN)), THEN, NOW)
    blame(world)
    settings = [tuple(sorted(versions.items())) for versions in world.made]
    assert len(settings) == len(set(settings))


def test_a_module_that_hides_its_version_from_the_installer_cannot_be_moved() -> None:
    world = World(lambda versions: versions["keras"], THEN, NOW)
    verification = world.verification()
    assert isinstance(verification.check.outcome, Observed)
    outcome = replace(verification.check.outcome, fingerprint=print_of("x"))
    hidden = replace(verification.changes[0], name="tensorflow", before="9.9", after="9.8")
    found = Blamer(world.open_executor, world, world.find_python, TODAY_PYTHON).blame(
        replace(verification, changes=(hidden,), check=replace(verification.check, outcome=outcome))
    )
    assert found.cause is Cause.NOT_FOUND
    assert found.fixed == (NotMovable(hidden, Obstacle.NO_METADATA),)


def test_what_may_not_be_installed_is_not_even_asked_for() -> None:
    world = World(lambda versions: versions["keras"], {**THEN, "zoo": "1", "declared": "1"}, NOW)
    verification = world.verification()
    world.weights = lambda versions: str("zoo" in versions)
    asked: list[str] = []
    missing = world.missing

    def listening(pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        asked.extend(name for name, _ in pins)
        return missing(pins, python)

    world.missing = listening  # type: ignore[method-assign]
    blamer = Blamer(
        world.open_executor,
        world,
        world.find_python,
        TODAY_PYTHON,
        may_add=lambda name: name == "declared",
    )
    found = blamer.blame(verification)
    (zoo,) = (change for change in verification.changes if change.name == "zoo")
    assert found.fixed == (NotMovable(zoo, Obstacle.UNTRUSTED),)
    assert found.cause is Cause.NOT_FOUND
    assert "declared" in asked
    assert "zoo" not in asked
    assert all("zoo" not in versions for versions in world.made)


def test_what_no_model_needs_is_never_moved() -> None:
    world = World(
        lambda versions: versions["sqlalchemy"], {**NOW, "sqlalchemy": "1"}, {**NOW, "sqlalchemy": "2"}
    )
    assert [change.name for change in blame(world).culprits] == ["sqlalchemy"]
    world.made.clear()
    blamer = Blamer(
        world.open_executor,
        world,
        world.find_python,
        TODAY_PYTHON,
        unused=lambda name: name == "sqlalchemy",
    )
    found = blamer.blame(world.verification())
    assert (found.cause, found.fixed, world.made) == (Cause.NOT_A_PACKAGE, (), [])
    assert next(kind for kind, _ in known(found)) is FactKind.NOTHING_TO_MOVE


def test_what_an_upgrade_brought_along_is_kept_where_nothing_runs_without_it() -> None:
    def weights(versions: dict[str, str]) -> str:
        keras3 = versions["keras"] > "3"
        if keras3 and "optree" not in versions:
            return "fail: No module named 'optree'"
        if not keras3 and versions["tensorflow"] > "2.16":
            return "fail: tensorflow 2.16 needs keras 3"
        return versions["keras"]

    found = blame(World(weights, THEN, NOW))
    assert culprits(found) == ["keras 2.15.0 → 3.3.3"]
    assert found.forward is not None
    assert found.forward.result is Result.TODAY
    assert found.forward.attempt.label == "baseline_and_additions + keras 3.3.3"
    assert "optree" not in [change.name for change in found.forward.moved]
    assert known(found) == [(FactKind.ADDITIONS_KEPT, {"changes": ("optree",)})]


def test_a_part_of_the_rest_that_cannot_run_is_halved() -> None:
    names = [f"p{number}" for number in range(16)]

    def weights(versions: dict[str, str]) -> str:
        return "fail: p3 and p4" if versions["p3"] == "1" != versions["p4"] else versions["p12"]

    world = World(weights, {**THEN, **dict.fromkeys(names, "1")}, {**NOW, **dict.fromkeys(names, "2")})
    assert culprits(blame(world)) == ["p12 1 → 2"]


def test_two_that_are_needed_together_are_both_named_though_undoing_one_is_enough() -> None:
    def weights(versions: dict[str, str]) -> str:
        return "new" if versions["keras"] > "3" and versions["wheel"] == "0.43" else "old"

    found = blame(World(weights, THEN, NOW))
    assert [change.name for change in found.culprits] == ["keras", "wheel"]
    assert known(found)[0] == (FactKind.ENOUGH_BACK, {"changes": ("keras",)})
    assert found.backward is not None
    assert (found.backward.result, found.forward and found.forward.result) == (Result.BASELINE, Result.TODAY)


def test_what_was_found_stands_when_no_build_is_left_for_the_other_side() -> None:
    found = blame(World(lambda versions: versions["keras"], THEN, NOW), builds=3)
    assert (found.cause, culprits(found), found.forward) == (Cause.FOUND, ["keras 2.15.0 → 3.3.3"], None)
    assert known(found) == [(FactKind.ONE_SIDE_ONLY, {})]


EVIL = "1.0\n--index-url https://evil.example/simple"


def test_a_recorded_version_that_is_none_is_shown_and_never_becomes_a_requirement() -> None:
    then = {**THEN, "wheel": EVIL}
    world = World(lambda versions: versions["keras"], then, {**NOW, "grain": "unknown"})
    found = blame(world)
    assert (found.cause, culprits(found)) == (Cause.FOUND, ["keras 2.15.0 → 3.3.3"])
    assert found.fixed == (
        NotMovable(Change(ChangeKind.DISTRIBUTION, "wheel", EVIL, "0.43"), Obstacle.NOT_A_RELEASE),
    )
    assert found.left_out == (LeftOut("grain"),)
    assert all("\n" not in version for versions in world.made for version in versions.values())
    assert all("grain" not in versions for versions in world.made)


def test_a_python_version_that_nobody_could_look_for_is_not_looked_for() -> None:
    world = World(
        lambda versions: versions["keras"][0] + versions["python"][:4],
        {**THEN, "python": "3.10.0rc2+"},
        {**NOW, "python": "3.11.7"},
        pythons=("3.10.14",),
    )
    found = blame(world)
    assert (FactKind.PYTHON_REPLACED, {"version": "3.10.0rc2+", "used": "3.10"}) in known(found)
    hostile = World(world.weights, {**THEN, "python": "--help\nx"}, world.now, pythons=("3.10.14",))
    assert (FactKind.PYTHON_MISSING, {"version": "--help\nx"}) in known(blame(hostile))
