"""Building in environments that are made, from the command line; TensorFlow is a stand-in's release."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from package_index import add_keras, add_numpy, add_tensorflow, add_wheel, index_variables

import seedreg
from seedreg.errors import EnvironmentFailed

from .conftest import Project, Result

pytest.importorskip("uv")

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
PYTHON = "{}.{}.{}".format(*sys.version_info[:3])


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, uv_cache: Path) -> dict[str, str]:
    """Variables of a package index with TensorFlow 9.1 and 9.2, whose Keras start otherwise."""
    folder = tmp_path_factory.mktemp("index")
    add_numpy(folder, folder / "links")
    add_keras(folder, "9.1")
    add_keras(folder, "9.2", stream="new")
    add_tensorflow(folder, "9.1", ["keras==9.1"])
    add_tensorflow(folder, "9.2", ["keras==9.2"])
    add_wheel(folder, "alpha", "1.0", {"alpha.py": ""})
    cache = tmp_path_factory.mktemp("environments")
    return {**index_variables(folder, uv_cache), "SEEDREG_CACHE_DIR": str(cache)}


@pytest.fixture(scope="session")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What several tests begin with: a registry, a cache."""
    return tmp_path_factory.mktemp("begun")


@pytest.fixture
def shop(empty_project: Project, index: dict[str, str], begun: Path) -> Project:
    """A project on whose own Python there is no TensorFlow, with one entry of TensorFlow 9.1."""
    environ = {name: value for name, value in empty_project.environ.items() if not name.startswith("UV_")}
    del environ["PYTHONPATH"]
    shop = replace(empty_project, environ={**environ, **index})
    if not (begun / "registry").exists():
        result = shop("register", "build", "--with", "tensorflow==9.1")
        assert (result.code, result.out.split()[:2]) == (0, ["registered", shop.id("build")])
        shutil.copytree(shop.db.parent, begun / "registry")
    else:
        shutil.copytree(begun / "registry", shop.db.parent)
    return shop


def error(message: str, hint: str | None = None) -> str:
    return f"seedreg: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def verdict(result: Result) -> str:
    return result.out.split()[0]


def test_an_entry_is_held_against_a_release_that_is_not_installed(shop: Project) -> None:
    assert verdict(shop("verify", "build", "--with", "tensorflow==9.1")) == "REPRODUCED"
    result = shop("verify", "build", "--with", "tensorflow==9.2")
    assert (result.code, verdict(result)) == (1, "DRIFTED")
    assert "keras 9.1 → 9.2" in result.out
    assert shop("verify", "build", "--with", "tensorflow==9.1").err == ""


def test_what_is_made_is_told_before_it_takes_its_time(shop: Project, tmp_path: Path) -> None:
    result = shop("verify", "build", "--with", "tensorflow==9.1", SEEDREG_CACHE_DIR=str(tmp_path / "new"))
    assert (result.code, result.err) == (
        0,
        f"seedreg: creating environment tensorflow==9.1 (3 packages, Python {PYTHON}) …\n",
    )


def test_every_command_that_builds_takes_an_environment(shop: Project) -> None:
    shop.write("old.txt", "tensorflow==9.1\n")
    shop.write("new/new.txt", "tensorflow==9.2\n")
    assert shop("rebuild", "build", "-o", "w.npz", "--requirements", "old.txt").code == 0
    assert shop("rebuild", "build", "-o", "w.npz", "--requirements", "new/new.txt").code == 1
    accepted = shop("accept", "build", "--reason", "upgrade", "--requirements", "new/new.txt")
    assert (accepted.code, accepted.out.split()[0]) == (0, "accepted")
    assert verdict(shop("verify", "build", "--requirements", "new/new.txt")) == "REPRODUCED"


def test_environments_have_names_in_the_configuration(shop: Project) -> None:
    shop.write(
        "pyproject.toml",
        '[tool.seedreg]\nproject = "shop"\n'
        '[tool.seedreg.envs.old]\nwith = ["tensorflow==9.1"]\n'
        '[tool.seedreg.envs.new]\nrequirements = "new.txt"\n'
        f'[tool.seedreg.envs.made]\npython = "{sys.executable}"\n',
    )
    shop.write("new.txt", "tensorflow\n")
    assert verdict(shop("verify", "build", "--env", "old")) == "REPRODUCED"
    assert verdict(shop("verify", "build", "--env", "new")) == "DRIFTED"
    assert shop("verify", "build", "--env", "nwe").shown == (
        2,
        "",
        error("there is no environment 'nwe'", "did you mean 'new'?"),
    )
    assert shop("verify", "build", "--env", "qqq").shown == (
        2,
        "",
        error(
            "there is no environment 'qqq'",
            "known: old, new, made, this; describe one in [tool.seedreg.envs.qqq]",
        ),
    )
    assert shop("verify", "build", "--env", "old", "--env", "new").shown == (
        2,
        "",
        error(
            "2 environments are named: old, new",
            "this command builds in one; `seedreg audit` takes several",
        ),
    )
    assert shop("verify", "build", "--env", "old", "--env", "old").shown == (
        2,
        "",
        error("environment 'old' is named twice", "name each environment once"),
    )


def test_two_names_of_the_same_environment_are_told(shop: Project) -> None:
    shop.write(
        "pyproject.toml",
        "[tool.seedreg.envs.a]\nwith = ['tensorflow']\n[tool.seedreg.envs.b]\nwith = ['tensorflow']\n",
    )
    assert shop("verify", "build", "--env", "a", "--env", "b").shown == (
        2,
        "",
        error("environment 'b' is named twice (it is the same as 'a')", "name each environment once"),
    )


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            ["--env", "this", "--with", "tensorflow"],
            "--env this describes the whole environment, and other options add to it",
            "leave out --python, --with, --requirements, --python-version and --exclude-newer",
        ),
        (
            ["--python", "/usr/bin/env", "--python-version", "3.7", "--with", "tensorflow"],
            "Python 3.7 is asked for, and /usr/bin/env",
            "give one of the two",
        ),
        (
            ["--python-version", "3.7"],
            "no packages are named for the environment (Python 3.7)",
            "name packages: --with 'tensorflow==2.15.*' or --requirements FILE",
        ),
        (
            ["--exclude-newer", "2020-02-01"],
            "no packages are named for the environment (before 2020-02-01)",
            "name packages: --with 'tensorflow==2.15.*' or --requirements FILE",
        ),
        (
            ["--with", "tensorflow", "--exclude-newer", "yesterday"],
            "'yesterday' is not a date",
            "write it as 2020-02-01, or 2020-02-01T12:00:00Z",
        ),
        (
            ["--with", "tensorflow", "--python-version", "2.7"],
            "'2.7' is not a Python version of at least 3.6",
            "write it as 3.10, or 3.10.13",
        ),
        (
            ["--with", "--index-url=http://localhost"],
            "'--index-url=http://localhost' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (
            ["--with", "tensorflow\n-r x"],
            "'tensorflow\\n-r x' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (["--requirements", "/no/such.txt"], "there is no requirements file /no/such.txt", None),
    ],
)
def test_a_wrong_environment_is_wrong_usage(
    shop: Project, options: list[str], message: str, hint: str | None
) -> None:
    assert shop("verify", "build", *options).shown == (2, "", error(message, hint))


def test_what_cannot_be_resolved_is_wrong_usage_in_uvs_words(shop: Project) -> None:
    before = shop("history", "build", "--json").document
    result = shop("verify", "build", "--with", "tensorflow==9.3")
    assert (result.code, result.out) == (2, "")
    first, *others = result.err.splitlines()
    assert first == (
        "seedreg: error: environment tensorflow==9.3 could not be resolved: "
        "No solution found when resolving dependencies"
    )
    assert "tensorflow==9.3" in others[0]
    assert shop("history", "build", "--json").document == before


def test_a_python_that_is_not_there_is_told_with_those_that_are(shop: Project) -> None:
    result = shop("verify", "build", "--with", "tensorflow==9.1", "--python-version", "3.99")
    assert result.code == 2
    assert result.err.startswith(
        "seedreg: error: no Python 3.99 was found by uv, in pyenv or on the search path; found were: 3."
    )


def test_a_missing_tensorflow_is_told_with_what_adds_it(shop: Project) -> None:
    result = shop("verify", "build", "--with", "alpha")
    assert (result.code, verdict(result)) == (125, "ERROR")
    assert "environment alpha has only the packages that were asked for: add tensorflow to it" in result.out


def test_nothing_is_made_where_nothing_is_to_be_built(shop: Project, tmp_path: Path) -> None:
    cache = tmp_path / "none"
    variables = {"SEEDREG_CACHE_DIR": str(cache)}
    assert shop("verify", "nothing", "--with", "tensorflow==9.1", **variables).code == 4
    assert shop("verify", "x", "--db", "no.db", "--with", "tensorflow==9.1", **variables).code == 3
    assert not cache.exists()


def test_without_uv_the_command_that_installs_it_is_told(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    variables = {"PATH": str(tmp_path), "SEEDREG_CACHE_DIR": str(tmp_path / "new")}
    assert shop("verify", "build", "--with", "tensorflow==9.1", **variables).shown == (
        2,
        "",
        error("uv, which creates environments, is not installed", "pip install 'seedreg[envs]'"),
    )


def test_a_cache_that_cannot_be_written_is_told(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = shop("verify", "build", "--with", "alpha", SEEDREG_CACHE_DIR=str(tmp_path / "file" / "x"))
    assert result.shown == (
        125,
        "",
        error(
            f"the environment cache {tmp_path}/file/x cannot be written: Not a directory",
            "SEEDREG_CACHE_DIR names another folder; `seedreg envs prune` frees space",
        ),
    )


def test_the_python_interface_takes_an_environment(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in shop.environ.items():
        monkeypatch.setenv(name, value)
    newer = seedreg.EnvironmentSpec.of("newer", packages=("tensorflow==9.2",))
    with seedreg.open_registry(cwd=shop.root, environment=newer) as registry:
        (verification,) = registry.verify("build")
    assert verification.verdict.value == "DRIFTED"
    never = seedreg.EnvironmentSpec.of("never", packages=("tensorflow==9.3",))
    with (
        seedreg.open_registry(cwd=shop.root, environment=never) as registry,
        pytest.raises(EnvironmentFailed, match="environment never could not be resolved"),
    ):
        list(registry.verify("build"))


GOOD = {
    "format": 1,
    "python": "3.11",
    "interpreter": "/x",
    "specification": "x",
    "pins": [],
    "made_at": 1.0,
}
ODD: list[object] = [
    b"",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"1e400",
    b"1" * 5000,
    [],
    "text",
    {},
    {**GOOD, "pins": 3},
    {**GOOD, "pins": [3]},
    {**GOOD, "interpreter": ["x"]},
    {**GOOD, "interpreter": {"deep": {}}},
    {**GOOD, "made_at": "yesterday"},
    {**GOOD, "made_at": 10**400},
    {**GOOD, "specification": None},
    {**GOOD, "format": True},
    "folder",
    "pipe",
]

# seedreg envs -------------------------------------------------------------------------------------


def environments(shop: Project, **variables: str) -> list[dict[str, Any]]:
    document = shop("envs", "list", "--json", **variables).document
    schema = json.loads((SCHEMAS / "envs-1.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    found: list[dict[str, Any]] = document["environments"]
    return found


@pytest.fixture
def cache(shop: Project, tmp_path: Path, begun: Path) -> Path:
    """A cache of its own with two environments, one of them not used for 40 days."""
    folder = tmp_path / "cache"
    shop.environ["SEEDREG_CACHE_DIR"] = str(folder)
    if not (begun / "cache").exists():
        assert shop("verify", "build", "--with", "alpha").code == 125
        assert shop("verify", "build", "--with", "tensorflow==9.1").code == 0
        shutil.copytree(folder, begun / "cache", symlinks=True)
    else:
        shutil.copytree(begun / "cache", folder, symlinks=True)
    (old,) = (one for one in environments(shop) if one["specification"].startswith("alpha"))
    os.utime(Path(old["path"]) / "seedreg.json", (time.time() - 40 * 86400,) * 2)
    return folder


def test_environments_are_listed_with_their_sizes_and_last_use(shop: Project, cache: Path) -> None:
    old, new = environments(shop)
    assert (old["distributions"], new["python"]) == (["alpha==1.0"], PYTHON)
    result = shop("envs", "list")
    assert result.code == 0
    first, second = result.out.splitlines()
    pattern = r"{}  {}  +\d+(\.\d+)? [kM]B  \d{{4}}-\d\d-\d\d \d\d:\d\d  {}, Python {}"
    for line, one, what in ((first, old, "alpha"), (second, new, "tensorflow==9.1")):
        assert re.fullmatch(pattern.format(one["key"], PYTHON, what, re.escape(sys.executable)), line)
    assert re.fullmatch(rf"2 environments \(\d+(\.\d+)? [kM]B\) in {cache}\n", result.err)


def test_an_environment_is_removed_by_the_beginning_of_its_key(shop: Project, cache: Path) -> None:
    old, new = environments(shop)
    assert shop("envs", "remove", "zzzz").shown == (
        4,
        "",
        error(
            f"no environment in {cache} has a key that begins with 'zzzz'", "`seedreg envs list` shows them"
        ),
    )
    for short in ("", old["key"][:3]):
        assert shop("envs", "remove", short).shown == (
            2,
            "",
            error(f"{short!r} is too short for the beginning of a key", "give 4 digits or more"),
        )
    assert len(environments(shop)) == 2
    result = shop("envs", "remove", old["key"][:8])
    assert result.code == 0
    assert re.fullmatch(rf"removed  {old['key']}  [\d.]+ [kM]B  Python {PYTHON}  alpha, .*\n", result.out)
    assert [one["key"] for one in environments(shop)] == [new["key"]]


def test_an_environment_in_use_is_not_removed(shop: Project, cache: Path) -> None:
    import fcntl

    old, _ = environments(shop)
    with open(cache / "locks" / f"{old['key']}.use", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert shop("envs", "remove", old["key"]).shown == (
            2,
            "",
            error(
                f"environment {old['key']} ({old['specification']}) is in use",
                "another command builds there: try again when it has ended",
            ),
        )
        assert shop("envs", "prune").shown == (0, "", f"0 environments (0 bytes) removed from {cache}\n")


def test_prune_deletes_what_was_not_used_for_long(shop: Project, cache: Path) -> None:
    old, new = environments(shop)
    result = shop("envs", "prune", "--unused-for", "6w")
    assert (result.code, result.out) == (0, "")
    result = shop("envs", "prune")
    assert [line.split()[1] for line in result.out.splitlines()] == [old["key"]]
    assert re.fullmatch(rf"1 environment \([\d.]+ [kM]B\) removed from {cache}\n", result.err)
    result = shop("envs", "prune", "--unused-for", "0d")
    assert [line.split()[1] for line in result.out.splitlines()] == [new["key"]]
    assert shop("envs", "prune", "--unused-for", "soon").shown == (
        2,
        "",
        error("age 'soon' is not a number and a unit", "write 90m, 12h, 7d or 2w"),
    )


def test_a_cache_that_is_not_there_holds_nothing(shop: Project, tmp_path: Path) -> None:
    variables = {"SEEDREG_CACHE_DIR": str(tmp_path / "none")}
    shown = f"0 environments (0 bytes) in {tmp_path}/none\n"
    assert shop("envs", "list", **variables).shown == (0, "", shown)
    assert environments(shop, **variables) == []
    assert shop("envs", "prune", **variables).code == 0
    assert shop("envs", "remove", "abcd", **variables).code == 4
    assert not (tmp_path / "none").exists()


def test_an_environment_deleted_by_hand_is_made_anew(shop: Project, cache: Path) -> None:
    _, new = environments(shop)
    shutil.rmtree(new["path"])
    result = shop("verify", "build", "--with", "tensorflow==9.1")
    assert (result.code, result.err.split(" (")[0]) == (
        0,
        "seedreg: creating environment tensorflow==9.1",
    )


def test_an_edited_environment_is_named_and_created_again_on_request(shop: Project, cache: Path) -> None:
    _, new = environments(shop)
    key, folder = new["key"], Path(new["path"])
    label = new["specification"]
    assert shop("envs", "check", key).shown == (0, f"ok  {key}  {label}\n", "")
    (edited,) = folder.glob("lib/*/site-packages/tensorflow/__init__.py")
    name = edited.relative_to(folder).as_posix()
    text = edited.read_text(encoding="utf-8")
    with edited.open("a", encoding="utf-8") as file:  # in place, as some editors write
        file.write("raise ImportError('edited')\n")
    (folder / "extra.py").touch()
    assert new["changes"] == {"changed": [], "missing": [], "added": []}
    assert environments(shop)[1]["changes"] == {"changed": [name], "missing": [], "added": ["extra.py"]}
    listed = shop("envs", "list")
    assert listed.code == 0
    assert f"{key} is not as it was created: 2 files changed, missing or added\n" in listed.out
    assert "`seedreg envs check` lists the files" in listed.err
    shown = f"changed  {key}  {label}\n  changed: {name}\n  added: extra.py\n"
    assert shop("envs", "check", key[:4]).shown == (125, shown, "")
    repaired = shop("envs", "check", "--repair")
    assert repaired.code == 0
    assert f"removed  {key}" in repaired.out
    assert [one["key"] for one in environments(shop)] != [key]
    # uv's own copy was the same file.
    assert shop("verify", "build", "--with", "tensorflow==9.1").code == 0
    assert edited.read_text(encoding="utf-8") == text
    assert shop("envs", "check", key).code == 0


def test_a_change_that_keeps_size_and_time_is_found_by_content(shop: Project, cache: Path) -> None:
    _, new = environments(shop)
    folder = Path(new["path"])
    (edited,) = folder.glob("lib/*/site-packages/tensorflow/__init__.py")
    before = edited.stat()
    data = edited.read_bytes()
    edited.write_bytes(data[:-2] + b"#\n" if data.endswith(b"\n") else data[:-1] + b"#")
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    name = edited.relative_to(folder).as_posix()
    assert shop("envs", "check", new["key"]).code == 0
    result = shop("envs", "check", new["key"], "--content")
    assert (result.code, result.out.splitlines()[1:]) == (125, [f"  changed: {name}"])


def test_an_environment_whose_files_were_not_recorded_is_not_called_changed(
    shop: Project, cache: Path
) -> None:
    _, new = environments(shop)
    (Path(new["path"]) / "seedreg-files.json").unlink()
    assert environments(shop)[1]["changes"] is None
    assert shop("envs", "check", new["key"]).shown == (
        0,
        f"not known  {new['key']}  {new['specification']}\n"
        "  it was created by a seedreg that did not record its files\n",
        "",
    )


def test_a_changed_environment_in_use_is_not_repaired(shop: Project, cache: Path) -> None:
    import fcntl

    old, _ = environments(shop)
    (Path(old["path"]) / "extra.py").touch()
    with open(cache / "locks" / f"{old['key']}.use", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        result = shop("envs", "check", old["key"], "--repair")
    assert result.code == 2
    assert "is in use" in result.err
    assert (Path(old["path"]) / "extra.py").exists()


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_description_of_an_environment_is_none(shop: Project, cache: Path, odd: object) -> None:
    old, new = environments(shop)
    about = Path(new["path"]) / "seedreg.json"
    about.unlink()
    match odd:
        case bytes():
            about.write_bytes(odd)
        case "folder":
            about.mkdir()
        case "pipe":
            os.mkfifo(about)
        case _:
            about.write_text(json.dumps(odd), encoding="utf-8")
    assert [one["key"] for one in environments(shop)] == [old["key"]]
    assert shop("envs", "check").code == 0
    # It is created again, and what was there goes.
    assert shop("verify", "build", "--with", "tensorflow==9.1").code == 0
    assert [one["key"] for one in environments(shop)] == [old["key"], new["key"]]


@pytest.mark.parametrize(
    "odd", [b"\xff", b"[" * 100_000, b'{"key": 3}', b'{"key": "../../x"}', b'{"key": []}']
)
def test_an_odd_memo_is_none(shop: Project, cache: Path, odd: bytes) -> None:
    for memo in (cache / "specs").iterdir():
        memo.write_bytes(odd)
    assert shop("verify", "build", "--with", "tensorflow==9.1").code == 0
    assert shop("envs", "prune", "--unused-for", "0d").code == 0
