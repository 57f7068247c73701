from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry
from seedreg.domain.recipe import Recipe
from seedreg.domain.summary import EntryState, EntrySummary
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
)

from .values import (
    AT,
    LATER,
    baseline,
    check,
    entry,
    environment,
    failed_check,
    fingerprint,
    recipe,
)


def test_a_summary_holds_the_current_baseline_and_the_latest_check(repository: Repository) -> None:
    id_ = entry().id
    repository.entries.add(entry(tags=("a", "b"), note="known"), baseline())
    repository.checks.add(check(id_, Verdict.DRIFTED))
    moved = replace(baseline(2, "f", "upgrade"), environment=environment("2.21.0"))
    repository.baselines.add(id_, moved)
    repository.checks.add(check(id_, Verdict.REPRODUCED, number=2, at=LATER))
    assert repository.entries.summaries() == [
        EntrySummary(
            id=id_,
            project="project",
            factory="pkg.models:build",
            seed=0,
            framework="tensorflow",
            params_json="{}",
            seeding="full/1",
            inputs_json="[]",
            device="cpu",
            created_at=AT,
            alias=None,
            note="known",
            retired_at=None,
            retired_reason=None,
            tags=("a", "b"),
            baseline_number=2,
            fingerprint=fingerprint("f").digest,
            python="3.11.7",
            tensorflow="2.21.0",
            keras="2.15.0",
            numpy="1.26.4",
            last_verdict=Verdict.REPRODUCED,
            last_check_at=LATER,
        )
    ]


def test_a_summary_of_an_entry_without_checks_has_no_verdict(repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    (summary,) = repository.entries.summaries()
    assert (summary.last_verdict, summary.last_check_at) == (None, None)


def test_a_list_with_an_entry_that_lost_its_baseline_is_an_error_that_names_it(
    path: Path, repository: Repository
) -> None:
    for seed in (0, 1):
        repository.entries.add(entry(seed), baseline())
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM baselines WHERE id = 2")
    with pytest.raises(RegistryError, match=f"cannot be read .entry {entry(1).short_id} has no baseline"):
        repository.entries.summaries()


def test_recipes_that_differ_only_in_seeds_and_such_are_told_apart(repository: Repository) -> None:
    recipes = [
        Recipe("project", "pkg:f", seed, params)
        for seed in (1, 2, 11)
        for params in ("{}", '{"seed":1}', '{"seed":2}', '{"text":"\\"seed\\":1,\\"seeding\\":"}')
    ]
    for one in recipes:
        repository.entries.add(Entry(one, AT), baseline())
    assert {summary.recipe for summary in repository.entries.summaries()} == set(recipes)
    assert {summary.id for summary in repository.entries.summaries()} == {one.id for one in recipes}
    assert {found.recipe for found in repository.entries.select("f")} == set(recipes)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["models/nets.py:build@0", "pkg.models:build@0", "pkg.models:build@1", "pkg.models:other@2"]),
        ({"state": EntryState.RETIRED}, ["pkg.models:build@10"]),
        ({"state": EntryState.ANY, "factory": "pkg.models:build", "seed": 10}, ["pkg.models:build@10"]),
        ({"factory": "build"}, ["models/nets.py:build@0", "pkg.models:build@0", "pkg.models:build@1"]),
        ({"seed": 0}, ["models/nets.py:build@0", "pkg.models:build@0"]),
        ({"tag": "nightly"}, ["pkg.models:build@0", "pkg.models:other@2"]),
        ({"tag": "nightly", "seed": 2}, ["pkg.models:other@2"]),
        ({"verdict": Verdict.ERROR}, ["pkg.models:build@1"]),
        ({"verdict": Verdict.REPRODUCED}, ["pkg.models:build@0"]),
        ({"verdict": Verdict.DRIFTED}, []),
        ({"project": "project", "seed": 2}, ["pkg.models:other@2"]),
        ({"project": "another"}, []),
    ],
)
def test_summaries_are_filtered_and_sorted(
    populated: Repository, filters: dict[str, object], found: list[str]
) -> None:
    populated.checks.add(check(entry(0).id))
    populated.checks.add(check(entry(1).id, Verdict.DRIFTED))
    populated.checks.add(failed_check(entry(1).id))
    summaries = populated.entries.summaries(**filters)  # type: ignore[arg-type]
    assert [summary.recipe.label for summary in summaries] == found


def test_ten_thousand_entries_are_listed_in_order(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(0), baseline())
    repository.checks.add(check(entry(0).id))
    others = range(1, 10_000)
    with closing(sqlite3.connect(path)) as file, file:
        (text,) = file.execute("SELECT recipe FROM entries").fetchone()
        file.executemany(
            "INSERT INTO entries (id, project, factory, seed, recipe, created_at)"
            " VALUES (?, 'project', 'pkg.models:build', ?, ?, '')",
            [(f"{seed:064x}", seed, text.replace('"seed":0,', f'"seed":{seed},')) for seed in others],
        )
        file.executemany(
            "INSERT INTO baselines"
            " (entry_id, number, fingerprint_id, environment_id, source, facts, created_at)"
            " VALUES (?, 1, 1, 1, '{}', '{}', '')",
            [(f"{seed:064x}",) for seed in others],
        )
    found = [summary.recipe for summary in repository.entries.summaries()]
    assert found == [recipe(seed) for seed in range(10_000)]
