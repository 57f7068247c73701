from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry
from seedreg.errors import UsageError
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


def test_an_alias_comes_before_a_factory_of_that_name(repository: Repository) -> None:
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1, OTHER, alias="build"), baseline())
    assert labels(repository.entries.select("build")) == ["pkg.models:other@1"]


def test_a_factory_whose_name_reads_as_an_id_is_found_when_no_id_begins_so(repository: Repository) -> None:
    repository.entries.add(entry(0, "pkg:facade"), baseline())
    assert labels(repository.entries.select("facade")) == ["pkg:facade@0"]
