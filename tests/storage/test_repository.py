from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.entry import Entry, Recipe, Source
from seedreg.domain.fingerprint import SCHEME
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Observed, Verdict
from seedreg.errors import RegistryError, UsageError
from seedreg.storage import ObjectStore, Repository, SqliteFile, open_repository

from .values import (
    AT,
    LATER,
    baseline,
    check,
    entry,
    environment,
    failed_check,
    fingerprint,
    full_entry,
    listed,
    recipe,
)

UNKNOWN = "0" * 64


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(query).fetchall()


# Entries


@pytest.mark.parametrize("stored", [entry(), full_entry()])
def test_an_entry_comes_back_as_it_was_stored(path: Path, stored: Entry) -> None:
    with open_repository(SqliteFile(path)) as repository:
        assert repository.entries.add(stored, baseline())
    with open_repository(SqliteFile(path), write=False) as repository:
        assert repository.entries.get(stored.id) == stored
        assert repository.entries.select(stored.id) == (stored,)
        assert repository.baselines.of_entry(stored.id) == (baseline(),)
        assert [listed(one) for one in repository.entries.summaries(retired=None)] == [stored]


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
    for change in (
        lambda: repository.entries.set_alias(UNKNOWN, "x"),
        lambda: repository.entries.set_note(UNKNOWN, "x"),
        lambda: repository.entries.set_retired(UNKNOWN, AT, None),
        lambda: repository.entries.add_tags(UNKNOWN, ["x"]),
        lambda: repository.entries.remove_tags(UNKNOWN, ["x"]),
        lambda: repository.baselines.add(UNKNOWN, baseline()),
    ):
        with pytest.raises(RegistryError, match="no entry 000000000000"):
            change()


def test_documents_are_stored_once(path: Path, repository: Repository) -> None:
    for seed in range(3):
        repository.entries.add(entry(seed), baseline())
        repository.checks.add(check(entry(seed).id))
    assert rows(path, "SELECT count(*) FROM fingerprints UNION ALL SELECT count(*) FROM environments") == [
        (1,),
        (1,),
    ]


def test_equal_weights_under_other_names_keep_both_documents(path: Path, repository: Repository) -> None:
    renamed = fingerprint(name="dense_1/kernel:0")
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1), replace(baseline(), fingerprint=renamed))
    assert renamed.digest == fingerprint().digest
    assert repository.baselines.current(entry(0).id).fingerprint == fingerprint()
    assert repository.baselines.current(entry(1).id).fingerprint == renamed
    assert rows(path, "SELECT digest FROM fingerprints") == [(renamed.digest,), (renamed.digest,)]


def test_sqlite3_users_can_query_the_versions(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    assert rows(
        path, "SELECT python, tensorflow, keras, keras_distribution, numpy, digest FROM environments"
    ) == [("3.11.7", "2.15.0", "2.15.0", "keras", "1.26.4", environment().digest)]
    assert rows(path, "SELECT digest, scheme, tensor_count, parameter_count FROM fingerprints") == [
        (fingerprint().digest, SCHEME, 2, 7)
    ]
    assert rows(path, "SELECT id, project, factory, seed FROM entries") == [
        (entry().id, "project", "pkg.models:build", 0)
    ]


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
    for text, why in (("{", "Expecting"), ("[]", "no attribute"), (other, "another id")):
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("UPDATE entries SET recipe = ?, id = ?", (text, UNKNOWN))
        with pytest.raises(RegistryError, match=f"is damaged: entry 000000000000 cannot be read .*{why}"):
            repository.entries.get(UNKNOWN)


def test_a_damaged_fingerprint_is_never_compared_with(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    repository.checks.add(check(entry().id))
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE fingerprints SET document = replace(document, 'ddd', 'fff')")
    for read in (repository.baselines.current, repository.baselines.of_entry, repository.checks.of_entry):
        with pytest.raises(RegistryError, match="is not the digest of its manifest"):
            read(entry().id)


def test_kept_weights_are_beside_the_registry(path: Path, repository: Repository) -> None:
    assert isinstance(repository.objects, ObjectStore)
    assert repository.objects.folder == path.parent / "objects"


def test_text_that_is_no_text_is_refused(repository: Repository) -> None:
    with pytest.raises(UsageError) as error:
        repository.entries.add(entry(note="a\udcff"), baseline())
    assert error.value.message == "'a\\udcff' is not valid text"
    assert repository.entries.summaries() == []
    with pytest.raises(UsageError):
        repository.entries.select("\udcff")


# Selectors


OTHER = "pkg.models:other"
FILE = "models/nets.py:build"


@pytest.fixture
def populated(repository: Repository) -> Repository:
    for stored in (
        entry(1, alias="golden"),
        entry(0, tags=("nightly",)),
        entry(10, retired_at=AT, alias="retired", tags=("nightly",)),
        entry(2, OTHER, tags=("nightly", "x")),
        entry(0, FILE),
    ):
        repository.entries.add(stored, baseline())
    return repository


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


# Summaries


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
        ({"retired": True}, ["pkg.models:build@10"]),
        ({"retired": None, "factory": "pkg.models:build", "seed": 10}, ["pkg.models:build@10"]),
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


# Baselines and checks


def test_baselines_are_numbered_and_the_last_one_is_current(repository: Repository) -> None:
    id_ = entry().id
    repository.entries.add(entry(), baseline())
    repository.baselines.add(id_, baseline(2, "f", "Keras 3"))
    assert repository.baselines.of_entry(id_) == (baseline(), baseline(2, "f", "Keras 3"))
    assert repository.baselines.current(id_) == baseline(2, "f", "Keras 3")


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_baseline_that_is_not_the_next_one_is_refused(repository: Repository, number: int) -> None:
    repository.entries.add(entry(), baseline())
    with pytest.raises(RegistryError) as error:
        repository.baselines.add(entry().id, baseline(number))
    assert (error.value.message, error.value.hint) == (
        f"entry {entry().short_id} takes baseline 2 next, not {number}: another command has changed it",
        "look at it again before accepting",
    )
    assert repository.baselines.of_entry(entry().id) == (baseline(),)


def test_an_entry_whose_baseline_is_refused_is_not_stored(repository: Repository) -> None:
    with pytest.raises(RegistryError, match="takes baseline 1 next, not 2"):
        repository.entries.add(entry(tags=("x",)), baseline(2))
    assert (repository.entries.get(entry().id), repository.entries.summaries()) == (None, [])


def test_checks_come_back_as_they_were_the_oldest_first(repository: Repository) -> None:
    id_ = entry().id
    repository.entries.add(entry(), baseline())
    repository.entries.add(entry(1), baseline())
    repository.baselines.add(id_, baseline(2, "f"))
    stored = (
        check(id_, Verdict.DRIFTED, at=LATER),
        failed_check(id_, at=AT),
        replace(
            check(id_, Verdict.NONDETERMINISTIC, number=2),
            outcome=Observed(fingerprint(), environment("2.21.0"), Source()),
        ),
    )
    for one in stored:
        repository.checks.add(one)
    repository.checks.add(check(entry(1).id))
    assert repository.checks.of_entry(id_) == stored


def test_a_check_of_a_baseline_that_is_not_there_is_refused(repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    for one in (check(entry().id, number=2), check(UNKNOWN)):
        with pytest.raises(
            RegistryError, match=f"entry {one.entry_id[:12]} has no baseline {one.baseline_number}"
        ):
            repository.checks.add(one)


def test_documents_of_a_later_seedreg_with_more_fields_are_read(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("""UPDATE baselines SET source = replace(source, '{"file"', '{"extra":[1],"file"')""")
        file.execute(
            """UPDATE baselines SET facts = '{"isolation":"fork","build_s":1.0,"fingerprint_s":2.0}'"""
        )
    found = repository.baselines.current(entry().id)
    assert found.source == baseline().source
    assert (found.facts.build_s, found.facts.random_state) == (1.0, ())


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
