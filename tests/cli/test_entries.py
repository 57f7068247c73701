"""The commands that look at entries, or change what is around their baselines."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy
import pytest

from .conftest import Project, Result


def error(message: str, hint: str | None = None) -> str:
    return f"seedreg: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def rows(result: Result) -> list[list[str]]:
    """The cells of a list, without its head."""
    assert (result.code, result.err) == (0, "")
    return [re.split(r"  +", line) for line in result.out.splitlines()[1:]]


# list ---------------------------------------------------------------------------------------------


def test_list_is_sorted_by_factory_and_seed(project: Project) -> None:
    result = project("list")
    found = rows(result)
    assert [row[:4] for row in found] == [
        *([project.id("build", seed), f"models:build@{seed}", "-", "nightly"] for seed in range(3)),
        [project.id("flips"), "models:flips@0", "coin", "-"],
    ]
    assert {row[4] for row in found} == {"tf 2.99.0, keras 3.99.0", "tf 2.99.0, keras -"}
    assert [row[6] for row in found] == ["REPRODUCED", "not checked", "not checked", "not checked"]
    assert [row[7] == "-" for row in found] == [False, True, True, True]
    assert result.out.splitlines()[0].split("  ")[0] == "ID"


@pytest.mark.parametrize(
    ("filters", "labels"),
    [
        (["--factory", "build"], ["build@0", "build@1", "build@2"]),
        (["--factory", "models:flips"], ["flips@0"]),
        (["--seed", "0"], ["build@0", "flips@0"]),
        (["--tag", "nightly", "--seed", "2"], ["build@2"]),
        (["--project", "shop"], ["build@0", "build@1", "build@2", "flips@0"]),
        (["--verdict", "reproduced"], ["build@0"]),
    ],
)
def test_list_filters(project: Project, filters: list[str], labels: list[str]) -> None:
    assert [row[1] for row in rows(project("list", *filters))] == [f"models:{label}" for label in labels]


def test_an_empty_list_is_no_error(project: Project) -> None:
    assert project("list", "--project", "other").shown == (0, "", "no entries\n")
    assert project("list", "--project", "other", "--json").document == {
        "format": "seedreg.list/1",
        "entries": [],
    }


@pytest.mark.parametrize("seed", ["-1", "4294967296", "99999999999999999999", "x"])
def test_list_refuses_what_is_no_seed(project: Project, seed: str) -> None:
    result = project("list", "--seed", seed)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("seedreg: error: --seed: ")


# show and history ---------------------------------------------------------------------------------


def test_show_tells_then_and_now(project: Project) -> None:
    project("verify", "build@0", FAKE_TF_STREAM="other", FAKE_TF_VERSION="3.0.0")
    result = project("show", "build@0")
    lines = result.out.splitlines()
    assert (result.code, result.err, len(lines[0])) == (0, "", 64)
    assert "  then          python" in result.out
    now = next(index for index, line in enumerate(lines) if line.startswith("  now  "))
    assert "tensorflow 3.0.0" in lines[now]
    assert lines[now + 1 : now + 3] == [
        "                environment: tensorflow 2.99.0 → 3.0.0",
        "                2 of 4 tensors differ from baseline 1; layers: dense, dense_1",
    ]
    assert [line[:3].strip() for line in lines[-6:]] == ["", "*", "", "*", "", "* d"]


def test_show_takes_one_entry(project: Project) -> None:
    ids = [f"{project.id('build', seed)} (models:build@{seed})" for seed in range(3)]
    assert project("show", "build").shown == (
        2,
        "",
        error(f"'build' names 3 entries: {', '.join(ids)}", "this command takes one: give its id"),
    )


def test_show_of_nothing(project: Project) -> None:
    assert project("show", "0000").code == 4


def test_show_needs_no_python_that_builds(project: Project) -> None:
    assert project("show", "coin", SEEDREG_PYTHON="/nowhere/python").code == 0


def test_history_is_in_the_order_of_time(project: Project) -> None:
    project.write("drift", "")
    project("verify", "coin")
    project("accept", "coin", "--reason", "moved by one")
    project.write("break", "")
    project("verify", "coin")
    code, out, err = project("history", "coin").shown
    assert (code, err) == (0, "")
    assert [re.sub(r"^\S+Z  ", "", line) for line in out.splitlines() if not line.startswith("  ")] == [
        f"{project.id('flips')}  models:flips@0",
        "baseline 1  sr1:12",
        "DRIFTED  against baseline 1  N s  sr1:12",
        "baseline 2  sr1:12: moved by one",
        "REPRODUCED  against baseline 2  N s  sr1:12",
        "ERROR  against baseline 2  N s  raised: models:flips raised KeyError: 'weights'",
    ]


# accept -------------------------------------------------------------------------------------------


def test_accept_adds_a_baseline_with_its_reason(project: Project) -> None:
    project.write("drift", "")
    id_ = project.id("flips")
    assert project("accept", "coin", "--reason", "moved by one").shown == (
        0,
        f"accepted  {id_}  models:flips@0  baseline 2  sr1:64\n"
        "  1 of 1 tensors differ from baseline 1; layers: w\n",
        "",
    )
    baselines = project("history", "coin", "--json").document["baselines"]
    assert [(baseline["number"], baseline["reason"]) for baseline in baselines] == [
        (1, None),
        (2, "moved by one"),
    ]
    assert project("verify", "coin").code == 0


def test_an_accepted_entry_is_listed_as_reproducing_its_new_baseline(project: Project) -> None:
    project.write("drift", "")
    project("verify", "coin")
    project("accept", "coin", "--reason", "moved by one")
    assert [row[-2] for row in rows(project("list", "--factory", "flips"))] == ["REPRODUCED"]


def test_there_is_nothing_to_accept_where_nothing_drifted(project: Project) -> None:
    assert project("accept", "coin", "--reason", "why not").shown == (
        0,
        f"{project.id('flips')}  models:flips@0  still reproduces baseline 1: nothing to accept\n",
        "",
    )
    assert len(project("history", "coin", "--json").document["baselines"]) == 1


@pytest.mark.parametrize("arguments", [[], ["--reason", " "]])
def test_accept_wants_a_reason(project: Project, arguments: list[str]) -> None:
    result = project("accept", "coin", *arguments)
    assert (result.code, result.out) == (2, "")
    assert "--reason" in result.err


def test_what_is_not_deterministic_cannot_be_accepted(project: Project) -> None:
    project.edit("np.random.normal(size=4) + os", "np.random.RandomState().normal(size=4) + os")
    assert project("accept", "coin", "--reason", "x").shown == (
        1,
        "",
        error(
            "two builds of models:flips@0 differ in 1 of 1 tensors; the first is 'w' (values)",
            "the factory uses numpy.random.RandomState() without a seed",
        ),
    )


def test_what_cannot_be_built_cannot_be_accepted(project: Project) -> None:
    project.write("break", "")
    assert project("accept", "coin", "--reason", "x").shown == (
        125,
        "",
        error(
            "models:flips raised KeyError: 'weights'",
            f"`seedreg verify {project.id('flips')} --verbose` shows the traceback",
        ),
    )


# retire, tag, alias -------------------------------------------------------------------------------


def test_retiring_takes_entries_out_of_use_and_back(project: Project) -> None:
    ids = [project.id("build", seed) for seed in range(3)]
    assert project("retire", "build", "--reason", "replaced").shown == (
        0,
        "".join(f"retired  {id_}  models:build@{seed}\n" for seed, id_ in enumerate(ids)),
        "",
    )
    assert [row[1] for row in rows(project("list"))] == ["models:flips@0"]
    assert len(rows(project("list", "--retired"))) == 3
    assert len(rows(project("list", "--all"))) == 4
    assert project("verify", "build").code == 4
    assert re.search(r"\n  retired       \S+Z: replaced\n", project("show", ids[0]).out)
    assert project("register", "build").out == (
        f"already registered  {ids[0]}  models:build@0  reproduces\n"
        f"  it is retired; `seedreg unretire {ids[0]}` brings it back\n"
    )
    assert project("unretire", "build").shown == (
        0,
        "".join(f"active  {id_}  models:build@{seed}\n" for seed, id_ in enumerate(ids)),
        "",
    )
    assert len(rows(project("list"))) == 4


def test_tags_are_added_and_removed(project: Project) -> None:
    id_ = project.id("build")
    assert project("tag", "build@0", "--add", "b", "-a", "a", "--remove", "nightly").shown == (
        0,
        f"{id_}  models:build@0  tags: a, b\n",
        "",
    )
    assert project("tag", "build@0", "-r", "a", "-r", "b").shown == (
        0,
        f"{id_}  models:build@0  tags: -\n",
        "",
    )
    assert [row[1] for row in rows(project("list", "--tag", "nightly"))] == [
        "models:build@1",
        "models:build@2",
    ]


def test_tag_wants_a_tag(project: Project) -> None:
    assert project("tag", "coin").shown == (
        2,
        "",
        error("no tag is given", "add one with --add NAME, or remove one with --remove NAME"),
    )
    assert project("tag", "coin", "--add", "a b").shown == (
        2,
        "",
        error("tag 'a b' is empty, or has white space or one of : @ ,"),
    )


def test_an_alias_is_given_moved_and_taken_off(project: Project) -> None:
    id_ = project.id("build")
    assert project("alias", "build@0", "golden").shown == (0, f"{id_}  models:build@0  alias: golden\n", "")
    assert project("show", "golden").code == 0
    assert project("alias", "golden", "--remove").shown == (0, f"{id_}  models:build@0  alias: -\n", "")
    assert project("show", "golden").code == 4


def test_a_factorys_name_never_means_another_entry(project: Project) -> None:
    assert project("alias", "build@0", "flips").shown == (
        2,
        "",
        error("alias 'flips' is the name of the factory models:flips", "choose another alias"),
    )
    assert project("register", "constant", "--alias", "constant").shown == (
        2,
        "",
        error("alias 'constant' is the name of the factory models:constant", "choose another alias"),
    )
    assert project("alias", "build@0", "constant").code == 0
    # Before it is built, and it would hang.
    project.edit("def constant():", "def constant():\n    time.sleep(600)")
    assert project("register", "constant").shown == (
        2,
        "",
        error(
            "'constant', the name of the factory models:constant, is the alias of entry "
            f"{project.id('build')} (models:build@0)",
            f"choose another one, or remove it first: seedreg alias {project.id('build')} --remove",
        ),
    )
    with closing(sqlite3.connect(project.db)) as file, file:
        file.execute("UPDATE entries SET alias = 'flips' WHERE alias = 'constant'")
    for command in (("verify", "flips"), ("audit", "flips"), ("show", "flips"), ("retire", "flips")):
        result = project(*command)
        assert result.code == 2
        assert "'flips' is ambiguous; it fits " in result.err
        assert f"{project.id('build')} (models:build@0, alias flips), {project.id('flips')} " in result.err


def test_a_wrong_alias_is_told(project: Project) -> None:
    assert project("alias", "build@0", "coin").shown == (
        2,
        "",
        error(
            f"alias 'coin' belongs to entry {project.id('flips')} (models:flips@0)",
            f"choose another one, or remove it first: seedreg alias {project.id('flips')} --remove",
        ),
    )
    missing = (2, "", error("give either a NAME or --remove", "seedreg alias SELECTOR NAME"))
    assert project("alias", "coin").shown == missing
    assert project("alias", "coin", "x", "--remove").shown == missing
    assert project("alias", "coin", "cafe").shown == (
        2,
        "",
        error(
            "alias 'cafe' could be mistaken for the beginning of an id",
            "use at least one character that is not one of 0-9 a-f",
        ),
    )


# rebuild ------------------------------------------------------------------------------------------


def test_rebuild_writes_the_registered_weights(project: Project) -> None:
    target = project.root / "weights.npz"
    assert project("rebuild", "coin", "-o", "weights.npz").shown == (
        0,
        "wrote  weights.npz  models:flips@0  sr1:64\n  these are the registered weights (baseline 1)\n",
        "",
    )
    with numpy.load(target) as arrays:
        assert {name: arrays[name].shape for name in arrays} == {"w": (4,)}


def test_rebuild_writes_safetensors(project: Project) -> None:
    assert project("rebuild", "coin", "-o", "weights.safetensors").code == 0
    assert (project.root / "weights.safetensors").read_bytes()[8:13] == b'{"w":'


def test_rebuild_says_when_the_weights_are_not_the_registered_ones(project: Project) -> None:
    project.write("drift", "")
    assert project("rebuild", "coin", "-o", "weights.npz").shown == (
        1,
        "wrote  weights.npz  models:flips@0  sr1:64\n"
        "  these are NOT the registered weights (baseline 1: sr1:64)\n"
        "  1 of 1 tensors differ from baseline 1; layers: w\n"
        f"  next: seedreg verify {project.id('flips')}\n",
        "",
    )
    assert (project.root / "weights.npz").exists()


def test_a_rebuild_that_fails_leaves_no_file_and_no_folder(project: Project) -> None:
    project.write("break", "")
    before = sorted(project.root.iterdir())
    assert project("rebuild", "coin", "-o", "weights.npz").code == 125
    assert [path for path in sorted(project.root.iterdir()) if path.name != "__pycache__"] == before


def test_a_rebuild_that_fails_leaves_the_file_that_was_there(project: Project) -> None:
    target = project.write("weights.npz", "mine")
    project.write("break", "")
    assert project("rebuild", "coin", "-o", "weights.npz").code == 125
    assert target.read_text() == "mine"


def test_h5_is_for_keras_models(project: Project) -> None:
    assert project("rebuild", "coin", "-o", "w.weights.h5").shown == (
        125,
        "",
        error("only a Keras model can be written as .h5", "write .safetensors or .npz instead"),
    )
    assert not (project.root / "w.weights.h5").exists()


@pytest.mark.parametrize("name", ["weights.txt", "weights", "weights.h5", ".npz.bak"])
def test_an_unknown_suffix_is_told_before_anything_is_built(project: Project, name: str) -> None:
    assert project("rebuild", "coin", "-o", name).shown == (
        2,
        "",
        error(
            f"{name!r} has no suffix that names a format",
            "end it in one of: .safetensors, .npz, .weights.h5",
        ),
    )


def test_a_target_that_cannot_be_written_is_told_before_anything_is_built(project: Project) -> None:
    project.write("break", "")
    assert project("rebuild", "coin", "-o", "nowhere/weights.npz").shown == (
        2,
        "",
        error("cannot write nowhere/weights.npz: No such file or directory"),
    )
    (project.root / "folder.npz").mkdir()
    result = project("rebuild", "coin", "-o", "folder.npz")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("seedreg: error: --output: file 'folder.npz' is a directory\n")


# db -----------------------------------------------------------------------------------------------


def test_db_status_says_where_and_how_much(project: Project) -> None:
    project("retire", "build@2")
    code, out, err = project("db", "status").shown
    assert (code, err) == (0, "")
    where, size, schema, entries = out.splitlines()
    assert where == f"registry  {project.db}"
    assert size == f"size      {project.db.stat().st_size:,} bytes"
    assert re.fullmatch(r"schema    (\w+) \(current; this seedreg writes \1\)", schema)
    assert entries == "entries   3 active, 1 retired"


def test_db_backup_never_overwrites(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    assert project("db", "backup", str(target)).shown == (0, f"backup    {target}\n", "")
    assert project("list", "--db", str(target)).out == project("list").out
    assert project("db", "backup", str(target)).shown == (
        3,
        "",
        error(f"{target} exists already", "a backup never overwrites; give another name"),
    )


def test_db_check_finds_what_is_wrong(project: Project) -> None:
    sound = "ok        every page, reference, digest and kept weight is as it should be\n"
    assert project("db", "check").shown == (0, sound, "")
    project("register", "build", "--keep-weights")
    kept = next((project.root / ".seedreg" / "objects").glob("*/*"))
    kept.chmod(0o644)
    kept.write_bytes(b"other")
    code, out, err = project("db", "check").shown
    assert (code, err) == (3, "")
    assert out.startswith("problem   ")
    assert kept.parent.name + kept.name in out.replace("/", "")
    assert out.endswith("  next: seedreg db restore BACKUP\n")


def test_db_upgrade_of_a_current_registry_does_nothing(project: Project) -> None:
    code, out, err = project("db", "upgrade").shown
    assert (code, err) == (0, "")
    assert re.fullmatch(r"the schema is \w+ already: nothing to do\n", out)
