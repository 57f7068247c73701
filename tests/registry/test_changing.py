"""Names, tags, retirement and waivers, and that a command does all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module

import pytest

from seedreg.domain.summary import EntryState
from seedreg.domain.verdict import Verdict
from seedreg.errors import (
    NothingSelected,
    UsageError,
)
from seedreg.registry import RegisterOptions, Registry, utc_now

from .world import World, recipes


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
