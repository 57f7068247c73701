"""Several factories at once, by name, by pattern, or as the configuration lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Project

ENTRIES = """
[[tool.seedreg.entries]]
factory = "models:b[u]*"
seeds = "0-1"
tags = ["nightly"]

[[tool.seedreg.entries]]
factory = "slow"
params = {pause = 0.01}
alias = "golden"
note = "why"
"""


@pytest.fixture
def configured(empty_project: Project) -> Project:
    add(empty_project, ENTRIES)
    return empty_project


def add(project: Project, text: str) -> None:
    path: Path = project.root / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def words(out: str) -> list[tuple[str, str]]:
    """The first word of each line, and the recipe in it."""
    return sorted(
        (line.split("  ")[0], next(word for word in line.split("  ") if "@" in word))
        for line in out.splitlines()
    )


def test_seeds_and_options_apply_to_all_factories_of_the_command(empty_project: Project) -> None:
    result = empty_project("register", "build", "models:twins", "sl*", "-s", "0-1", "--tag", "t")
    assert result.code == 0
    assert words(result.out) == [
        ("registered", f"models:{name}@{seed}") for name in ("build", "slow", "twins") for seed in (0, 1)
    ]
    assert len(empty_project("list", "--tag", "t", "--json").document["entries"]) == 6


def test_a_factory_that_fails_does_not_stop_the_others(empty_project: Project) -> None:
    result = empty_project("register", "broken", "build", "-s", "0-2", "--json")
    assert result.code == 125
    found = [one["result"] for one in result.document["registrations"]]
    assert sorted(found) == ["not_tried", "refused", "registered", "registered", "registered"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x*"], "no factory fits 'x*'"),
        (["build", "twins", "--alias", "one"], "an alias names one entry"),
        (["--configured"], "no entries are listed in "),
        (["build", "--configured"], "--configured takes no FACTORY"),
        (["--configured", "--seed", "3"], "--configured takes no --seed"),
        (["build", "buil"], "there is no factory 'buil' in models.py"),
    ],
)
def test_what_names_no_factory_is_wrong_usage_and_nothing_is_built(
    empty_project: Project, arguments: list[str], message: str
) -> None:
    result = empty_project("register", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"seedreg: error: {message}")
    assert not empty_project.db.exists()


def test_what_is_configured_is_registered_once_and_left_then(configured: Project) -> None:
    result = configured("register", "--configured")
    assert result.code == 0
    recipes = ["models:build@0", "models:build@1", "models:slow@0"]
    assert words(result.out) == [("registered", recipe) for recipe in recipes]
    golden = configured("show", "golden", "--json").document["entry"]
    assert (golden["tags"], golden["note"], golden["recipe"]["params"]) == (
        ["configured"],
        "why",
        {"pause": 0.01},
    )
    assert configured("show", "build@1", "--json").document["entry"]["tags"] == ["configured", "nightly"]
    configured.write("break", "")
    again = configured("register", "--configured")
    assert (again.code, words(again.out)) == (0, [("already registered", recipe) for recipe in recipes])
    assert configured("history", "golden", "--json").document["checks"] == []


def test_what_is_new_is_registered_and_what_is_gone_is_named_and_kept(configured: Project) -> None:
    assert configured("register", "--configured").code == 0
    assert configured("register", "constant").code == 0
    text = (configured.root / "pyproject.toml").read_text(encoding="utf-8")
    configured.write("pyproject.toml", text.replace('"0-1"', '"1-2"'))
    id_ = configured.id("build")
    gone = (
        f"gone  {id_}  models:build@0  is no longer in the configuration; "
        f"`seedreg retire {id_}` takes it out of use"
    )
    dry = configured("register", "--configured", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines() == [
        f"already registered  {configured.id('build', 1)}  models:build@1",
        "would register  models:build@2",
        f"already registered  {configured.id('slow', params={'pause': 0.01})}  models:slow@0",
        gone,
    ]
    assert len(configured("list", "--json").document["entries"]) == 4
    result = configured("register", "--configured", "--json")
    assert result.code == 0
    found = sorted(
        (one["result"], one["entry"]["recipe"]["factory"], one["entry"]["recipe"]["seed"])
        for one in result.document["registrations"]
    )
    assert found == [
        ("gone", "models:build", 0),
        ("left", "models:build", 1),
        ("left", "models:slow", 0),
        ("registered", "models:build", 2),
    ]
    assert configured("show", id_, "--json").document["entry"]["retired_at"] is None
    assert configured("tag", id_, "--remove", "configured").code == 0
    assert "gone" not in configured("register", "--configured", "--dry-run").out


def test_a_dry_run_without_a_registry_makes_none(configured: Project) -> None:
    result = configured("register", "--configured", "--dry-run")
    assert result.shown == (
        0,
        "would register  models:build@0\nwould register  models:build@1\nwould register  models:slow@0\n",
        "",
    )
    assert configured("register", "slow", "--dry-run").out == "would register  models:slow@0\n"
    assert not configured.db.exists()


def test_one_recipe_that_is_listed_in_two_ways_is_wrong(configured: Project) -> None:
    add(configured, '\n[[tool.seedreg.entries]]\nfactory = "build"\nseeds = 1\ntags = ["other"]\n')
    result = configured("register", "--configured")
    assert (result.code, result.out) == (2, "")
    assert "models:build@1 is asked for twice, in two ways" in result.err
