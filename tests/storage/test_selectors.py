from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry
from seedreg.errors import Step, UsageError
from seedreg.storage import (
    Repository,
)

from .values import (
    AT,
    OTHER,
    baseline,
    entry,
)


def labels(entries: tuple[Entry, ...]) -> list[str]:
    return [found.recipe.label for found in entries]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("golden", ["pkg.models:build@1"]),
        ("retired", ["pkg.models:build@10"]),
        ("pkg.models:build", ["pkg.models:build@0", "pkg.models:build@1"]),
        ("build", ["models/nets.py:build@0", "pkg.models:build@0", "pkg.models:build@1"]),
        ("build@0", ["models/nets.py:build@0", "pkg.models:build@0"]),
        ("pkg.models:build@0", ["pkg.models:build@0"]),
        ("pkg.models:build@10", []),
        ("models/nets.py:build@0", ["models/nets.py:build@0"]),
        ("tag:nightly", ["pkg.models:build@0", "pkg.models:other@2"]),
        ("tag:x", ["pkg.models:other@2"]),
        ("tag:golden", []),
        ("GOLDEN", []),
        ("Build", []),
        ("buil", []),
        ("%", []),
        ("", []),
        ("@0", []),
        ("build@", []),
        ("build@-1", []),
        ("build@²", []),
        ("build@99999999999999999999", []),
        ("nothing", []),
        ("0" * 12, []),
    ],
)
def test_a_selector_names_entries_in_their_order(
    populated: Repository, selector: str, found: list[str]
) -> None:
    assert labels(populated.entries.select(selector)) == found


def test_retired_entries_can_be_included(populated: Repository) -> None:
    assert labels(populated.entries.select("pkg.models:build", include_retired=True)) == [
        "pkg.models:build@0",
        "pkg.models:build@1",
        "pkg.models:build@10",
    ]
    assert labels(populated.entries.select("build@10", include_retired=True)) == ["pkg.models:build@10"]
    assert labels(populated.entries.select("tag:nightly", include_retired=True)) == [
        "pkg.models:build@0",
        "pkg.models:build@10",
        "pkg.models:other@2",
    ]


def test_a_unique_prefix_of_four_digits_names_an_entry_even_a_retired_one(populated: Repository) -> None:
    for stored in (entry(1), entry(10)):
        for length in (4, 12, 63, 64):
            assert labels(populated.entries.select(stored.id[:length])) == [stored.recipe.label]
        assert populated.entries.select(stored.id[:3]) == ()


def entries_that_share_a_prefix(length: int = 4) -> tuple[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for seed in range(10_000):
        same = found.setdefault(entry(seed).id[:length], [])
        same.append(entry(seed))
        if len(same) == 2:
            return entry(seed).id[:length], same
    raise AssertionError("no two")


def test_an_ambiguous_prefix_lists_the_candidates(repository: Repository) -> None:
    prefix, both = entries_that_share_a_prefix()
    for stored in both:
        repository.entries.add(stored, baseline())
    with pytest.raises(UsageError) as error:
        repository.entries.select(prefix)
    first, second = (f"{stored.short_id} ({stored.recipe.label})" for stored in both)
    assert (error.value.message, error.value.hint) == (
        f"id prefix '{prefix}' fits 2 entries: {first}, {second}",
        "give more digits",
    )


def test_a_long_list_of_candidates_is_cut(repository: Repository, path: Path) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        for number in range(13):
            file.execute(
                "INSERT INTO entries (id, project, factory, seed, recipe, created_at) VALUES (?,?,?,?,?,?)",
                (f"abcd{number:060}", "p", "f", number, "{}", AT),
            )
    with pytest.raises(UsageError, match=r"fits 13 entries: abcd00000000 \(f@0\), .* \(f@9\), 3 more$"):
        repository.entries.select("abcd")


def set_alias(path: Path, stored: Entry, alias: str) -> None:
    """Give an alias that `set_alias` refuses, as an older seedreg did."""
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE entries SET alias = ? WHERE id = ?", (alias, stored.id))


@pytest.mark.parametrize(
    "selector", ["build", "pkg.models:build", "build@0", "pkg.models:build@0", "tag:nightly", "ID"]
)
def test_an_alias_that_means_something_else_too_is_an_error_that_lists_both(
    repository: Repository, path: Path, selector: str
) -> None:
    named, other = entry(0, tags=("nightly",)), entry(1, OTHER)
    for stored in (named, other):
        repository.entries.add(stored, baseline())
    selector = named.id[:6] if selector == "ID" else selector
    set_alias(path, other, selector)
    with pytest.raises(UsageError) as error:
        repository.entries.select(selector)
    assert (error.value.message, error.value.hint) == (
        f"{selector!r} is ambiguous; it fits {other.short_id} ({other.recipe.label}, alias {selector}), "
        f"{named.short_id} ({named.recipe.label})",
        "give an id of 12 digits, or factory@seed",
    )
    # The same entry in two ways is no question.
    set_alias(path, other, "golden")
    set_alias(path, named, selector)
    assert labels(repository.entries.select(selector)) == [named.recipe.label]


def test_an_alias_is_ambiguous_even_where_all_of_the_factory_is_retired(
    repository: Repository, path: Path
) -> None:
    repository.entries.add(entry(0, retired_at=AT), baseline())
    repository.entries.add(entry(1, OTHER), baseline())
    set_alias(path, entry(1, OTHER), "build")
    with pytest.raises(UsageError, match="'build' is ambiguous"):
        repository.entries.select("build")


def test_a_factory_whose_name_begins_an_id_is_ambiguous(repository: Repository) -> None:
    seed = next(seed for seed in range(1000) if entry(seed).id[0] in "abcdef")
    repository.entries.add(entry(seed), baseline())
    prefix = entry(seed).id[:12]
    repository.entries.add(entry(0, f"pkg:{prefix}"), baseline())
    with pytest.raises(UsageError, match=f"'{prefix}' is ambiguous; it fits "):
        repository.entries.select(prefix)
    assert labels(repository.entries.select(f"pkg:{prefix}")) == [f"pkg:{prefix}@0"]


@pytest.mark.parametrize("alias", ["build", "other"])
def test_an_alias_cannot_be_the_name_of_a_factory(repository: Repository, alias: str) -> None:
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1, OTHER, retired_at=AT), baseline())
    named = f"pkg.models:{alias}"
    with pytest.raises(UsageError, match=f"^alias '{alias}' is the name of the factory {named}$"):
        repository.entries.set_alias(entry(0).id, alias)
    with pytest.raises(UsageError, match=f"^alias '{alias}' is the name of the factory {named}$"):
        repository.entries.add(entry(2, alias=alias), baseline())
    assert repository.entries.get(entry(2).id) is None


def test_an_entry_cannot_have_the_name_of_its_own_factory(repository: Repository) -> None:
    with pytest.raises(UsageError, match=r"^alias 'build' is the name of the factory pkg\.models:build$"):
        repository.entries.add(entry(0, alias="build"), baseline())


def test_a_factory_cannot_have_the_name_of_an_alias(repository: Repository) -> None:
    repository.entries.add(entry(0, alias="other"), baseline())
    with pytest.raises(UsageError) as error:
        repository.entries.add(entry(1, OTHER), baseline())
    assert error.value.message == (
        f"'other', the name of the factory pkg.models:other, is the alias of entry {entry(0).short_id} "
        "(pkg.models:build@0)"
    )
    assert (error.value.step, error.value.fields) == (Step.FREE_ALIAS, {"entry": entry(0).short_id})


def test_a_factory_whose_name_reads_as_an_id_is_found_when_no_id_begins_so(repository: Repository) -> None:
    repository.entries.add(entry(0, "pkg:facade"), baseline())
    assert labels(repository.entries.select("facade")) == ["pkg:facade@0"]
