"""Many entries at once: by selectors, or by what an audit found."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from .conftest import Project

DAY = "2999-12-31"
MOVES = """

def moves(by=1):
    import os
    return {"w": np.random.normal(size=4) + by * os.path.exists("drift")}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audited")


@pytest.fixture
def audited(project: Project, folder: Path) -> Project:
    """A project whose audit 1 found in `this` and `here` that `moves@0` … `moves@2` drifted."""
    project.write("models.py", (project.root / "models.py").read_text(encoding="utf-8") + MOVES)
    text = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    project.write(
        "pyproject.toml", f"{text}\n[tool.seedreg.envs.here]\npython = {json.dumps(sys.executable)}\n"
    )
    if (folder / "registry.db").exists():
        shutil.copy(folder / "registry.db", project.db)
        project.write("drift", "")
        return project
    assert project("register", "moves", "--seed", "0-2").code == 0
    project.write("drift", "")
    assert project("audit", "moves", "build@0", "--env", "this", "--env", "here").code == 1
    shutil.copy(project.db, folder / "registry.db")
    return project


def baselines(project: Project, selector: str) -> list[int]:
    return [one["number"] for one in project("history", selector, "--json").document["baselines"]]


def line(project: Project, word: str, seed: int, rest: str) -> str:
    return f"{word}  {project.id('moves', seed)}  models:moves@{seed}  {rest}\n"


def test_all_that_drifted_in_an_audit_is_accepted_with_one_reason(audited: Project) -> None:
    result = audited("accept", "--audit", "1", "--column", "here", "--reason", "tf 2.22")
    assert (result.code, result.err) == (0, "")
    lines = result.shown[1].splitlines()
    assert sorted(lines[:-1:2]) == sorted(
        line(audited, "accepted", seed, "baseline 2  sr1:64").strip() for seed in (0, 1, 2)
    )
    assert lines[-1] == "3 accepted"
    assert [baselines(audited, f"moves@{seed}") for seed in (0, 1, 2)] == [[1, 2]] * 3
    assert baselines(audited, "build@0") == [1]
    assert audited("audit", "moves", "--env", "here").code == 0
    again = audited("accept", "--audit", "1", "--column", "here", "--reason", "tf 2.22")
    assert (again.code, again.out.splitlines()[-1]) == (0, "3 unchanged")


def test_what_builds_other_weights_than_the_audit_saw_is_refused_and_the_rest_accepted(
    audited: Project,
) -> None:
    audited.edit("by * os.path.exists", "(by + np.random.get_state()[1][0] % 2) * os.path.exists")
    odd = [
        seed
        for seed in (0, 1, 2)
        if audited("verify", f"moves@{seed}", "--json").document["checks"][0]["fingerprint"]
        != audited("report", "1", "--format", "json").document["checks"][0]["fingerprint"]
    ]
    assert odd
    result = audited("accept", "--audit", "1", "--column", "this", "--reason", "x")
    refused = [one for one in result.out.splitlines() if one.startswith("refused  ")]
    accepted = [one for one in result.out.splitlines() if one.startswith("accepted  ")]
    assert len(refused) + len(accepted) == 3
    assert refused
    assert result.code == 1
    assert "  it builds sr1:" in result.out
    assert " now, and audit 1 saw sr1:" in result.out
    summary = f"{len(accepted)} accepted, " if accepted else ""
    assert result.out.splitlines()[-1] == f"{summary}{len(refused)} refused"


def test_one_entry_that_builds_other_weights_than_the_audit_saw_is_an_error(audited: Project) -> None:
    audited.edit("by * os", "2 * by * os")
    result = audited("accept", "moves@1", "--audit", "1", "--column", "this", "--reason", "x")
    assert (result.code, result.out) == (1, "")
    assert f"{audited.id('moves', 1)} models:moves@1 builds sr1:" in result.err
    assert baselines(audited, "moves@1") == [1]


def test_selectors_name_many_entries_to_accept(audited: Project) -> None:
    (audited.root / "drift").unlink()
    audited.edit("by * os.path.exists", "by + os.path.exists")
    result = audited("accept", "moves", "build@0", "--reason", "x", "--json")
    assert result.code == 0
    found = {
        (one["entry"]["recipe"]["seed"], one["entry"]["recipe"]["factory"], one["result"])
        for one in result.document["acceptances"]
    }
    assert found == {
        (0, "models:moves", "accepted"),
        (1, "models:moves", "accepted"),
        (2, "models:moves", "accepted"),
        (0, "models:build", "unchanged"),
    }


def test_what_cannot_be_built_is_refused_and_the_rest_accepted(audited: Project) -> None:
    audited.write("break", "")
    result = audited("accept", "moves", "flips", "--reason", "x")
    assert result.code == 125
    assert f"refused  {audited.id('flips')}  models:flips@0\n  raised: " in result.out
    assert result.out.splitlines()[-1] == "3 accepted, 1 refused"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["accept", "--reason", "x"], 2, "which entries? no SELECTOR is given"),
        (
            ["accept", "moves", "--column", "this", "--reason", "x"],
            2,
            "--column is an environment of an",
        ),
        (["accept", "--audit", "1", "--reason", "x"], 2, "made in several environments: this, here\n"),
        (["accept", "--audit", "1", "--column", "hre", "--reason", "x"], 2, "no environment 'hre'"),
        (["accept", "--audit", "7", "--reason", "x"], 4, "there is no audit 7"),
        (
            ["accept", "build@0", "--audit", "1", "--column", "this", "--reason", "x"],
            4,
            "nothing drifted in this of audit 1 among 'build@0'",
        ),
        (["retire", "build@0", "--audit", "1"], 4, "nothing failed in audit 1 among 'build@0'"),
        (["tag", "--add", "x"], 2, "which entries? no SELECTOR is given"),
        (
            ["waive", "build@0", "--audit", "1", "--reason", "x", "--until", DAY],
            4,
            "nothing drifted in audit",
        ),
    ],
)
def test_a_selection_that_names_nothing_says_so_and_changes_nothing(
    audited: Project, arguments: list[str], code: int, message: str
) -> None:
    before = audited("list", "--json").out
    result = audited(*arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert audited("list", "--json").out == before


def test_an_environment_that_is_no_longer_configured_is_named_by_options(audited: Project) -> None:
    text = (audited.root / "pyproject.toml").read_text(encoding="utf-8")
    audited.write("pyproject.toml", text[: text.index("[tool.seedreg.envs.here]")])
    arguments = ("accept", "--audit", "1", "--column", "here", "--reason", "x")
    result = audited(*arguments)
    assert result.code == 2
    assert "audit 1 was made in here, which no [tool.seedreg.envs] describes" in result.err
    assert audited(*arguments, "--python", sys.executable).code == 0


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["accept", "--audit", "1", "--column", "this"], "instead of baseline 1: sr1:12"),
        (["accept", "moves"], "instead of baseline 1: what it builds now"),
        (["retire", "--audit", "1"], ""),
        (["unretire", "moves"], ""),
        (["tag", "--audit", "1", "--add", "x"], ""),
        (["waive", "--audit", "1", "--reason", "x", "--until", DAY], "sr1:12"),
        (["waive", "moves", "--remove"], ""),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_dry_run_shows_each_entry_and_changes_nothing(
    audited: Project, arguments: list[str], shown: str
) -> None:
    before = audited("list", "--json").out, audited("waive", "--list", "--json").out
    code, out, err = audited(*arguments, "--dry-run").shown
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 3
    for seed, text in enumerate(lines):
        assert text.startswith("would ")
        assert f"{audited.id('moves', seed)}  models:moves@{seed}" in text
        assert text.endswith(shown)
    assert (audited("list", "--json").out, audited("waive", "--list", "--json").out) == before


def test_all_drifts_of_an_audit_are_waived_at_once(audited: Project) -> None:
    result = audited("waive", "--audit", "1", "--reason", "known", "--until", DAY)
    assert result.shown == (
        0,
        "".join(line(audited, f"waived until {DAY}", seed, "sr1:12") for seed in (0, 1, 2)),
        "",
    )
    assert audited("audit", "moves").code == 0
    removed = audited("waive", "moves", "--remove")
    assert removed.out == "".join(
        f"removed 1 waiver  {audited.id('moves', seed)}  models:moves@{seed}\n" for seed in (0, 1, 2)
    )
    assert audited("waive", "--list").out == ""


def test_of_many_entries_those_without_a_drift_are_named_and_the_others_waived(audited: Project) -> None:
    result = audited("waive", "moves@0", "build@1", "--reason", "known", "--until", DAY)
    assert result.shown == (
        0,
        line(audited, f"waived until {DAY}", 0, "sr1:12")
        + f"no drift  {audited.id('build', 1)}  models:build@1  it was never checked\n",
        "",
    )


def test_a_drift_that_was_accepted_since_the_audit_is_not_waived(audited: Project) -> None:
    assert audited("accept", "moves@1", "--reason", "x").code == 0
    result = audited("waive", "--audit", "1", "--reason", "known", "--until", DAY)
    assert result.code == 0
    assert line(audited, "no drift", 1, "baseline 2 is newer than the audit") in result.out
    assert result.out.count("waived until") == 2


def test_what_failed_in_an_audit_is_tagged_and_retired(audited: Project) -> None:
    assert audited("tag", "--audit", "1", "--column", "here", "--add", "upgrade").code == 0
    tagged = audited("list", "--tag", "upgrade", "--json").document["entries"]
    assert [entry["recipe"]["seed"] for entry in tagged] == [0, 1, 2]
    assert audited("retire", "moves@2", "moves@0", "--audit", "1", "--reason", "gone").out == (
        f"retired  {audited.id('moves', 2)}  models:moves@2\n"
        f"retired  {audited.id('moves', 0)}  models:moves@0\n"
    )
    assert audited("retire", "--audit", "1").out == f"retired  {audited.id('moves', 1)}  models:moves@1\n"
