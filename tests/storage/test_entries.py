from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry
from seedreg.domain.summary import EntryState
from seedreg.errors import RegistryError, UsageError
from seedreg.storage import (
    Repository,
    SqliteFile,
    open_repository,
)

from .files import rows
from .values import (
    AT,
    LATER,
    UNKNOWN,
    baseline,
    check,
    entry,
    full_entry,
    listed,
)


@pytest.mark.parametrize("stored", [entry(), full_entry()])
def test_an_entry_comes_back_as_it_was_stored(path: Path, stored: Entry) -> None:
    with open_repository(SqliteFile(path)) as repository:
        assert repository.entries.add(stored, baseline())
    with open_repository(SqliteFile(path), write=False) as repository:
        assert repository.entries.get(stored.id) == stored
        assert repository.entries.select(stored.id) == (stored,)
        assert repository.baselines.of_entry(stored.id) == (baseline(),)
        assert [listed(one) for one in repository.entries.summaries(state=EntryState.ANY)] == [stored]


def test_an_entry_is_stored_once_and_the_second_time_changes_nothing(
    path: Path, repository: Repository
) -> None:
    assert repository.entries.add(entry(note="first"), baseline())
    assert not repository.entries.add(entry(note="second", tags=("x",)), baseline(letter="f"))
    assert repository.entries.select("build") == (entry(note="first"),)
    assert rows(path, "SELECT count(*) FROM fingerprints UNION ALL SELECT count(*) FROM tags") == [(1,), (0,)]


def test_an_unknown_entry_is_none_or_nothing(repository: Repository) -> None:
    assert repository.entries.get(UNKNOWN) is None
    assert repository.baselines.of_entry(UNKNOWN) == ()
    assert repository.checks.of_entry(UNKNOWN) == ()
    with pytest.raises(RegistryError) as error:
        repository.baselines.current(UNKNOWN)
    assert error.value.message == f"no entry 000000000000 in registry {repository.location}"


def test_changing_an_unknown_entry_is_an_error(repository: Repository) -> None:
    changes: tuple[Callable[[], object], ...] = (
        lambda: repository.entries.set_alias(UNKNOWN, "x"),
        lambda: repository.entries.set_note(UNKNOWN, "x"),
        lambda: repository.entries.set_retired(UNKNOWN, AT, None),
        lambda: repository.entries.add_tags(UNKNOWN, ["x"]),
        lambda: repository.entries.remove_tags(UNKNOWN, ["x"]),
        lambda: repository.baselines.add(UNKNOWN, baseline()),
    )
    for change in changes:
        with pytest.raises(RegistryError, match="no entry 000000000000"):
            change()


def test_an_alias_is_one_entrys(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(0, alias="golden"), baseline())
    for take in (
        lambda: repository.entries.add(entry(1, alias="golden"), baseline()),
        lambda: repository.entries.set_alias(entry(1).id, "golden"),
    ):
        with pytest.raises(UsageError) as error:
            take()
        assert (
            error.value.message == f"alias 'golden' belongs to entry {entry(0).short_id} (pkg.models:build@0)"
        )
        repository.entries.add(entry(1), baseline())
    assert repository.entries.get(entry(1).id) == entry(1)


def test_an_alias_can_be_given_again_changed_and_taken_away(repository: Repository) -> None:
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1), baseline())
    for alias in ("golden", "golden", "silver", None):
        repository.entries.set_alias(entry(0).id, alias)
        assert repository.entries.get(entry(0).id) == entry(0, alias=alias)
    repository.entries.set_alias(entry(1).id, "golden")
    assert repository.entries.select("golden") == (entry(1, alias="golden"),)


def test_tags_are_added_and_removed(repository: Repository) -> None:
    repository.entries.add(entry(tags=("b",)), baseline())
    repository.entries.add_tags(entry().id, ["c", "a", "b", "a"])
    assert repository.entries.get(entry().id) == entry(tags=("a", "b", "c"))
    repository.entries.remove_tags(entry().id, ["a", "b", "never"])
    assert repository.entries.get(entry().id) == entry(tags=("c",))


def test_notes_and_retirement_come_and_go(repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    repository.entries.set_note(entry().id, "naïve ‘note’\n")
    repository.entries.set_retired(entry().id, LATER, "old")
    retired = entry(note="naïve ‘note’\n", retired_at=LATER, retired_reason="old")
    assert repository.entries.get(entry().id) == retired
    repository.entries.set_retired(entry().id, None, None)
    repository.entries.set_note(entry().id, None)
    assert repository.entries.get(entry().id) == entry()


def test_a_damaged_recipe_is_an_error_that_names_the_entry(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(0), baseline())
    other = rows(path, "SELECT recipe FROM entries")[0][0]
    for text, why in (("{", "Expecting"), ("[]", "a list is not an object"), (other, "another id")):
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("UPDATE entries SET recipe = ?, id = ?", (text, UNKNOWN))
        with pytest.raises(RegistryError, match=f"is damaged: entry 000000000000 cannot be read .*{why}"):
            repository.entries.get(UNKNOWN)


def test_text_that_is_no_text_is_refused(repository: Repository) -> None:
    with pytest.raises(UsageError) as error:
        repository.entries.add(entry(note="a\udcff"), baseline())
    assert error.value.message == "'a\\udcff' is not valid text"
    assert repository.entries.summaries() == []
    with pytest.raises(UsageError):
        repository.entries.select("\udcff")


def test_an_entry_whose_baseline_is_refused_is_not_stored(repository: Repository) -> None:
    with pytest.raises(RegistryError, match="takes baseline 1 next, not 2"):
        repository.entries.add(entry(tags=("x",)), baseline(2))
    assert (repository.entries.get(entry().id), repository.entries.summaries()) == (None, [])


def test_entry_ids_are_sorted_by_factory_seed_and_id_and_filtered(repository: Repository) -> None:
    other = replace(entry(0), recipe=replace(entry(0).recipe, project="another"))
    stored = [entry(10), entry(2), entry(5, "a:f"), entry(3, retired_at=AT), other]
    for one in stored:
        repository.entries.add(one, baseline())
    rank = sorted(stored, key=lambda one: (one.recipe.factory, one.recipe.seed, one.id))
    assert repository.entries.ids(state=EntryState.ANY) == [one.id for one in rank]
    assert repository.entries.ids() == [one.id for one in rank if one.retired_at is None]
    assert repository.entries.ids(state=EntryState.RETIRED) == [entry(3).id]
    assert repository.entries.ids(project="another") == [other.id]


def test_unchecked_entries_are_those_whose_latest_check_is_older(repository: Repository) -> None:
    for seed in range(4):
        repository.entries.add(entry(seed), baseline())
    for seed, times in ((1, [AT]), (2, [AT, LATER]), (3, [LATER])):
        for at in times:
            repository.checks.add(check(entry(seed).id, at=at))
    assert repository.entries.ids(unchecked_since=LATER) == [entry(0).id, entry(1).id]
    assert repository.entries.ids(unchecked_since=AT) == [entry(0).id]
    assert repository.entries.ids(unchecked_since="2027-01-01T00:00:00.000000Z") == [
        entry(seed).id for seed in range(4)
    ]


def test_a_check_of_a_clock_that_was_wrong_does_not_keep_an_entry_from_being_stale(
    repository: Repository,
) -> None:
    repository.entries.add(entry(0), baseline())
    repository.checks.add(check(entry(0).id, at=LATER))
    assert repository.entries.ids(unchecked_since=AT) == []
    assert repository.entries.ids(unchecked_since=AT, now=LATER) == []
    assert repository.entries.ids(unchecked_since=AT, now=AT) == [entry(0).id]
