from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from seedreg.diagnosis.bisection import Bisector
from seedreg.domain.diagnosis import Bisection, Boundary, Gap, LeftOut, Resolve, Result
from seedreg.domain.diagnosis_facts import FactKind, fact
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.verdict import Verdict
from seedreg.errors import Step, UsageError

from .worlds import TODAY_PYTHON, World

RELEASES = [f"3.{number}" for number in range(16)]
THEN = {"keras": "3.0", "tensorflow": "2.16.1"}
NOW = {"keras": "3.15", "tensorflow": "2.16.1"}


def number(versions: dict[str, str]) -> int:
    return int(versions["keras"].partition(".")[2])


def bisect(
    world: World, package: str = "keras", first: str | None = None, last: str | None = None, **options: Any
) -> Bisection:
    bisector = Bisector(world.open_executor, world, TODAY_PYTHON, **options)
    return bisector.bisect(world.verification(), package, first, last)


def letters(found: Bisection) -> str:
    """A letter for each release, `!` where it could not run, `.` where it was not tried."""
    tried = {one.release: one.trial.letter or "!" for one in found.tried}
    return "".join(tried.get(release, ".") for release in found.releases)


def test_one_boundary_is_found_by_halving_and_then_every_release_is_tried() -> None:
    world = World(lambda now: str(number(now) >= 5), THEN, NOW, listed=RELEASES)
    found = bisect(world)
    assert letters(found) == "AAAAABBBBBBBBBBB"
    assert found.boundaries == (Boundary("3.4", "3.5", ("A", "B")),)
    assert (found.gaps, found.known) == ((), ())


def test_the_boundary_comes_first_and_other_gaps_are_filled_as_far_as_builds_allow() -> None:
    world = World(lambda now: str(number(now) >= 5), THEN, NOW, listed=RELEASES)
    found = bisect(world, builds=6)
    assert letters(found) == "A...ABB.B......B"
    assert found.boundaries == (Boundary("3.4", "3.5", ("A", "B")),)
    assert found.gaps == (
        Gap("3.0", "3.4", "A", ("3.1", "3.2", "3.3")),
        Gap("3.6", "3.8", "B", ("3.7",)),
        Gap("3.8", "3.15", "B", tuple(RELEASES[9:15])),
    )
    assert found.known == (fact(FactKind.RELEASES_LEFT, builds=6),)


def test_the_largest_gap_is_filled_first() -> None:
    world = World(lambda now: str(number(now) >= 5), THEN, NOW, listed=RELEASES)
    assert letters(bisect(world, builds=7)) == "A...ABB.B...B..B"


def test_a_change_that_was_undone_and_made_again_is_found() -> None:
    world = World(lambda now: str(number(now) in (6, 7, 8, 12, 13, 14, 15)), THEN, NOW, listed=RELEASES)
    found = bisect(world)
    assert letters(found) == "AAAAAABBBAAABBBB"
    assert found.boundaries == (
        Boundary("3.5", "3.6", ("A", "B")),
        Boundary("3.8", "3.9", ("B", "A"), back=True),
        Boundary("3.11", "3.12", ("A", "B"), back=True),
    )


def test_a_third_value_has_a_letter_and_boundaries_of_its_own() -> None:
    world = World(lambda now: str(min(2, number(now) // 5)), THEN, NOW, listed=RELEASES)
    found = bisect(world)
    assert letters(found) == "AAAAACCCCCBBBBBB"
    assert {one.trial.result for one in found.tried if one.trial.letter == "C"} == {Result.OTHER}
    assert [boundary.letters for boundary in found.boundaries] == [("A", "C"), ("C", "B")]


def test_releases_that_cannot_run_are_stepped_over() -> None:
    def weights(now: dict[str, str]) -> str:
        return "fail: broken" if number(now) in (4, 5, 6) else str(number(now) > 5)

    found = bisect(World(weights, THEN, NOW, listed=RELEASES), resolve=Resolve.NEVER)
    assert letters(found) == "AAAA!!!BBBBBBBBB"
    assert found.boundaries == (Boundary("3.3", "3.7", ("A", "B"), failed=("3.4", "3.5", "3.6")),)


def test_the_first_release_that_runs_is_looked_for_by_halving() -> None:
    def weights(now: dict[str, str]) -> str:
        return "fail: broken" if 0 <= number(now) < 9 else str(number(now) >= 12)

    world = World(lambda now: str(number(now)), THEN, NOW, listed=RELEASES)
    verification = world.verification()
    world.weights = weights
    bisector = Bisector(world.open_executor, world, TODAY_PYTHON, builds=8, resolve=Resolve.NEVER)
    found = bisector.bisect(verification, "keras")
    assert letters(found)[8:] == "!DDDC..C"


def test_what_was_not_built_inside_a_boundary_is_told() -> None:
    world = World(lambda now: str(number(now) >= 5), THEN, NOW, listed=RELEASES)
    (boundary,) = bisect(world, builds=3).boundaries
    assert (boundary.before, boundary.after) == ("3.0", "3.8")
    assert boundary.untested == tuple(RELEASES[1:8])


def test_the_installer_moves_other_packages_where_a_release_cannot_run_without() -> None:
    def weights(now: dict[str, str]) -> str:
        if number(now) < 8 and now["tensorflow"] == "2.16.1":
            return "fail: needs tensorflow 2.15"
        return str(number(now) >= 4)

    def resolved(now: dict[str, str]) -> dict[str, str]:
        return {**now, "tensorflow": "2.15.0"} if number(now) < 8 else now

    world = World(weights, {**THEN, "tensorflow": "2.15.0"}, NOW, listed=RELEASES, resolved=resolved)
    found = bisect(world, builds=40)
    assert letters(found) == "AAAABBBBBBBBBBBB"
    assert [one.release for one in found.tried if one.resolved] == RELEASES[:8]
    assert [str(change) for change in found.tried[1].trial.moved] == [
        "keras 3.15 → 3.1",
        "tensorflow 2.16.1 → 2.15.0",
    ]
    assert "!" in letters(bisect(world, resolve=Resolve.NEVER))
    assert len(world.made) > 0


def test_an_upgrade_can_be_bisected_backwards() -> None:
    found = bisect(World(lambda now: str(number(now) >= 5), NOW, THEN, listed=RELEASES))
    assert letters(found) == "BBBBBAAAAAAAAAAA"


def test_named_ends_may_be_pre_releases() -> None:
    world = World(lambda now: now["keras"], THEN, NOW, listed=RELEASES)
    found = bisect(world, first="3.14rc1", last="3.15")
    assert found.releases == ("3.14rc1", "3.14", "3.15")


def test_an_entry_that_reproduces_is_only_bisected_when_an_end_is_named() -> None:
    world = World(lambda now: str(3 < number(now) < 6), THEN, NOW, listed=RELEASES)
    found = bisect(world)
    assert (found.tried, world.made) == ((), [])
    assert found.known == (fact(FactKind.STILL_REPRODUCES),)
    assert letters(bisect(world, first="3.0")) == "AAAABBAAAAAAAAAA"


def test_nothing_is_tried_when_today_cannot_be_told() -> None:
    world = World(lambda now: str(number(now)), THEN, NOW, listed=RELEASES)
    lost = {"verdict": Verdict.ERROR, "outcome": build_failure(FailureKind.TIMEOUT, timeout_s=1)}
    for outcome in (lost, {"verdict": Verdict.NONDETERMINISTIC}):
        verification = world.verification()
        verification = replace(verification, check=replace(verification.check, **outcome))
        found = Bisector(world.open_executor, world, TODAY_PYTHON).bisect(verification, "keras")
        assert (found.tried, world.made) == ((), [])


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("jax", "jax is not among the distributions of the baseline's environment"),
        ("tensorflow", "tensorflow is 2.16.1 both in the baseline's environment and today"),
    ],
)
def test_ends_that_are_not_known_have_to_be_named(package: str, words: str) -> None:
    world = World(lambda now: str(number(now)), THEN, NOW, listed=RELEASES)
    with pytest.raises(UsageError, match=words) as caught:
        bisect(world, package)
    assert caught.value.step in (Step.NAME_RELEASE, Step.NAME_RELEASES)


@pytest.mark.parametrize("version", ["3.0\n-e /tmp/evil", "latest"])
def test_a_recorded_end_that_is_no_version_is_an_error_before_the_index_is_asked(version: str) -> None:
    world = World(lambda now: now["keras"], {**THEN, "keras": version}, NOW, listed=RELEASES)
    with pytest.raises(UsageError, match="is not the name and version of a distribution") as caught:
        bisect(world)
    assert caught.value.step is Step.NAME_RELEASES
    assert world.made == []


def test_other_packages_with_a_version_that_is_none_are_left_out() -> None:
    now = {**NOW, "grain": "1.0\n-e /tmp/evil"}
    world = World(lambda now: str(number(now) >= 5), {**THEN, "grain": "1.0"}, now, listed=RELEASES)
    found = bisect(world)
    assert found.left_out == (LeftOut("grain"),)
    assert found.boundaries == (Boundary("3.4", "3.5", ("A", "B")),)
    assert all("grain" not in versions for versions in world.made)
