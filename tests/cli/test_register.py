from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from .conftest import NOT_IN_GIT, Project


def warned(label: str, *warnings: str) -> str:
    return "".join(f"seedreg: warning: {label}: {warning}\n" for warning in (*warnings, NOT_IN_GIT))


def error(message: str, hint: str | None = None) -> str:
    return f"seedreg: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def test_one_factory_and_the_default_seed(empty_project: Project) -> None:
    assert empty_project("register", "build").shown == (
        0,
        f"registered  {empty_project.id('build')}  models:build@0  sr1:12  4 tensors, 26 parameters\n",
        warned("models:build@0"),
    )
    assert (empty_project.root / ".seedreg" / ".gitignore").read_text() == "*\n"


def test_ranges_and_repeated_seeds_are_each_registered_once(empty_project: Project) -> None:
    result = empty_project("register", "models:build", "-s", "0-2", "--seed", "2", "--seed", "4294967295")
    ids = {empty_project.id("build", seed) for seed in (0, 1, 2, 4294967295)}
    assert result.code == 0
    assert {line.split("  ")[1] for line in result.out.splitlines()} == ids
    assert len(result.out.splitlines()) == 4


def test_registering_again_changes_nothing(project: Project) -> None:
    before = project("list", "--json").document["entries"]
    assert project("register", "build").shown == (
        0,
        f"already registered  {project.id('build')}  models:build@0  reproduces\n",
        "",
    )
    after = project("list", "--json").document["entries"]
    assert [entry["baseline"] for entry in after] == [entry["baseline"] for entry in before]


def test_registering_again_adds_tags_alias_and_note(project: Project) -> None:
    assert project("register", "build", "--tag", "x", "--alias", "first", "--note", "why").code == 0
    entry = project("show", "first", "--json").document["entry"]
    assert (entry["alias"], entry["tags"], entry["note"]) == ("first", ["nightly", "x"], "why")


def test_registering_a_drifted_entry_overwrites_nothing_and_names_accept(project: Project) -> None:
    before = project("show", "build@0", "--json").document["baseline"]
    id_ = project.id("build")
    result = project("register", "build", FAKE_TF_STREAM="other")
    assert result.shown == (
        1,
        f"already registered  {id_}  models:build@0  and no longer reproduces:\n"
        f"  DRIFTED  {id_}  models:build@0  N s\n"
        "    2 of 4 tensors differ from baseline 1; layers: dense, dense_1\n"
        "    environment: unchanged\n"
        "    source: unchanged\n"
        f"    next: seedreg show {id_}\n"
        "  nothing was overwritten\n"
        f"  `seedreg accept {id_} --reason …` makes this build its new baseline\n",
        "",
    )
    assert project("show", "build@0", "--json").document["baseline"] == before


def test_a_factory_that_is_not_deterministic_is_refused(empty_project: Project) -> None:
    assert empty_project("register", "clock").shown == (
        1,
        "refused  models:clock@0\n"
        "  nondeterministic: two builds of models:clock@0 differ in 1 of 2 tensors; "
        "the first is 'w' (values)\n"
        "  hint: the factory uses the clock\n",
        "",
    )
    assert empty_project("list").shown == (0, "", "no entries\n")


def test_seeding_tensorflow_alone_is_found_out(empty_project: Project) -> None:
    code, out, err = empty_project("register", "build", "--seeding", "tf").shown
    assert (code, err) == (1, "")
    assert out.endswith(
        "  hint: seeding protocol 'tf' seeds TensorFlow alone, and since TensorFlow 2.10 Keras draws "
        "its seeds from Python's random; use --seeding full\n"
    )


def test_params_are_json_and_part_of_the_entry(empty_project: Project) -> None:
    result = empty_project("register", "build", "-p", "units=8", "--json")
    (registration,) = result.document["registrations"]
    assert result.code == 0
    assert registration["entry"]["recipe"]["params"] == {"units": 8}
    assert registration["entry"]["id"][:12] == empty_project.id("build", params={"units": 8})


def test_a_param_that_the_factory_does_not_take_is_refused_with_its_signature(empty_project: Project) -> None:
    code, out, err = empty_project("register", "build", "-p", "unit=8").shown
    assert (code, err) == (2, "")
    assert out.startswith(
        "refused  models:build@0\n"
        "  arguments: models:build(units=4) cannot be called: got an unexpected keyword argument 'unit'\n"
        "  hint: give its arguments with -p NAME=JSON, e.g. -p units=16\n"
    )


@pytest.mark.parametrize(
    ("params", "message", "hint"),
    [
        (["units"], "parameter 'units' is not NAME=JSON", "write it as -p units=16"),
        (["=3"], "parameter '=3' is not NAME=JSON", "write it as -p units=16"),
        (["my-units=3"], "parameter 'my-units=3' is not NAME=JSON", "write it as -p units=16"),
        (["units=3", "units=4"], "parameter 'units' is given twice", "give it once"),
        (
            ["name=relu"],
            "the value of parameter 'name' is not JSON: 'relu'",
            "a text needs its quotes, and the shell's around them: -p 'name=\"relu\"'",
        ),
        (
            ["x=NaN"],
            "the value of parameter 'x' is not JSON: 'NaN'",
            "a text needs its quotes, and the shell's around them: -p 'x=\"NaN\"'",
        ),
        (
            ["x=1e999"],
            "the value of parameter 'x' cannot be kept: '1e999'",
            "it holds a number beyond a float's range, half a character, or is nested too deeply",
        ),
        (
            ['x="\\ud800"'],
            "the value of parameter 'x' cannot be kept: '\"\\\\ud800\"'",
            "it holds a number beyond a float's range, half a character, or is nested too deeply",
        ),
        (
            ["x=" + "[" * 100_000],
            f"the value of parameter 'x' cannot be kept: '{'[' * 60}…'",
            "it holds a number beyond a float's range, half a character, or is nested too deeply",
        ),
    ],
    ids=["no value", "no name", "no identifier", "twice", "no quotes", "nan", "huge", "surrogate", "deep"],
)
def test_a_wrong_param_is_told_before_anything_is_made(
    empty_project: Project, params: list[str], message: str, hint: str
) -> None:
    options = [word for text in params for word in ("-p", text)]
    assert empty_project("register", "build", *options).shown == (2, "", error(message, hint))
    assert not empty_project.db.exists()


@pytest.mark.parametrize(
    ("seed", "message", "hint"),
    [
        ("x", "seed 'x' is neither a number nor a range", "write 7, or 0-9"),
        ("3-1", "seed range '3-1' ends before it begins", "write the smaller seed first"),
        (
            "4294967296",
            "seed 4294967296 is not an integer from 0 to 4294967295",
            "the range is NumPy's: numpy.random.seed takes 0 … 2**32 - 1",
        ),
        (
            "-1",
            "seed -1 is not an integer from 0 to 4294967295",
            "the range is NumPy's: numpy.random.seed takes 0 … 2**32 - 1",
        ),
        (
            "0-4294967295",
            "4,294,967,296 seeds are more than one command takes",
            "register up to 100,000 at once",
        ),
    ],
)
def test_a_wrong_seed_is_told(empty_project: Project, seed: str, message: str, hint: str) -> None:
    assert empty_project("register", "build", "--seed", seed).shown == (2, "", error(message, hint))


def test_an_unbuilt_model_needs_an_input_shape(empty_project: Project) -> None:
    assert empty_project("register", "unbuilt").shown == (
        125,
        "refused  models:unbuilt@0\n"
        "  unbuilt: models:unbuilt returned an object of type Sequential without weights\n"
        "  hint: it may not be built yet; give the shape of its input without the batch dimension, e.g. "
        "--input-shape 28,28,1\n",
        "",
    )
    result = empty_project("register", "unbuilt", "--input-shape", "5", "--json")
    (registration,) = result.document["registrations"]
    assert registration["entry"]["recipe"]["inputs"] == [{"shape": [5], "dtype": "float32"}]


def test_a_wrong_input_shape_is_told(empty_project: Project) -> None:
    assert empty_project("register", "unbuilt", "--input-shape", "5,0").shown == (
        2,
        "",
        error(
            "input shape '5,0' is not a list of sizes of at least 1",
            "write it without the batch dimension, e.g. --input-shape 28,28,1 or 10:int32 or user=4",
        ),
    )


def test_a_device_that_is_not_there_is_not_judged(empty_project: Project) -> None:
    assert empty_project("register", "build", "--device", "gpu").shown == (
        125,
        "refused  models:build@0\n"
        "  device: the recipe asks for device 'gpu', and TensorFlow sees 0 GPU(s)\n"
        "  hint: build on a machine that has this GPU; register the recipe with --device cpu\n",
        "",
    )


def test_a_device_that_is_there_is_recorded(empty_project: Project) -> None:
    result = empty_project("register", "build", "--device", "gpu", "--json", FAKE_TF_GPUS="1")
    (registration,) = result.document["registrations"]
    assert registration["entry"]["recipe"]["device"] == "gpu"


def test_an_alias_names_one_entry(empty_project: Project) -> None:
    expected = (2, "", error("an alias names one entry", "register one seed with it"))
    assert empty_project("register", "build", "-s", "0-1", "--alias", "x").shown == expected
    assert not empty_project.db.exists()


def test_an_alias_that_is_taken_is_told_before_anything_is_built(project: Project) -> None:
    expected = (
        2,
        "",
        error(
            f"alias 'coin' belongs to entry {project.id('flips')} (models:flips@0)",
            "choose another one, or remove it first: seedreg alias " + project.id("flips") + " --remove",
        ),
    )
    assert project("register", "hangs", "--alias", "coin").shown == expected


def test_alias_tags_and_note_are_kept(empty_project: Project) -> None:
    arguments = ("--alias", "golden", "--tag", "b", "--tag", "a", "--tag", "a", "--note", "for release 2")
    assert empty_project("register", "build", *arguments).code == 0
    entry = empty_project("show", "golden", "--json").document["entry"]
    assert (entry["alias"], entry["tags"], entry["note"]) == ("golden", ["a", "b"], "for release 2")


def test_kept_weights_are_the_fingerprints_tensors(empty_project: Project) -> None:
    assert empty_project("register", "build", "--keep-weights").code == 0
    tensors = empty_project("show", "build", "--json").document["baseline"]["tensors"]
    objects = empty_project.root / ".seedreg" / "objects"
    kept = {path.parent.name + path.name for path in objects.glob("*/*")}
    assert kept == {tensor["sha256"] for tensor in tensors}
    assert empty_project("db", "check").code == 0


def test_weights_can_be_kept_later_of_an_entry_that_still_reproduces(project: Project) -> None:
    assert project("register", "build", "--keep-weights").code == 0
    assert list((project.root / ".seedreg" / "objects").glob("*/*"))
    assert project("db", "check").code == 0


def test_a_drifted_entrys_weights_are_not_kept(project: Project) -> None:
    assert project("register", "build", "--keep-weights", FAKE_TF_STREAM="other").code == 1
    assert not list((project.root / ".seedreg").glob("objects/*/*"))


def test_weights_that_are_not_finite_are_registered_only_when_allowed(empty_project: Project) -> None:
    assert empty_project("register", "nan").shown == (
        125,
        "refused  models:nan@0\n"
        "  nonfinite: models:nan@0 starts with weights that are not finite: '0' holds 1 NaN and 0 infinite "
        "values\n"
        "  hint: --allow-nonfinite registers it all the same\n",
        "",
    )
    assert empty_project("register", "nan", "--allow-nonfinite").code == 0


def test_what_is_odd_about_a_factory_is_a_warning(empty_project: Project) -> None:
    constant = empty_project("register", "constant")
    assert (constant.code, constant.err) == (
        0,
        warned("models:constant@0", "the factory ignores the seed: seed 1 gives the same weights"),
    )
    twins = empty_project("register", "twins")
    assert (twins.code, twins.err) == (
        0,
        warned(
            "models:twins@0",
            "2 variables start with identical values ('a', 'b'): is an initializer shared?",
        ),
    )


def test_a_warning_of_many_seeds_is_told_once(empty_project: Project) -> None:
    result = empty_project("register", "build", "--seed", "0-4")
    assert result.code == 0
    assert len(result.out.splitlines()) == 5
    assert result.err.count(NOT_IN_GIT) == 1


def test_a_build_that_takes_too_long_is_ended(empty_project: Project) -> None:
    assert empty_project("register", "hangs", "--timeout", "0.7").shown == (
        125,
        "refused  models:hangs@0\n"
        "  timeout: the build took longer than 0.7 s and was ended\n"
        "  hint: see what it waits for: its standard input is empty; give it more with "
        "--timeout SECONDS\n",
        "",
    )


def test_a_factory_that_raises_is_refused_and_verbose_shows_where(empty_project: Project) -> None:
    refused = "refused  models:broken@0\n  raised: models:broken raised ValueError: no data\n"
    more = "  next: the same command with --verbose shows more of what happened\n"
    assert empty_project("register", "broken").shown == (125, refused + more, "")
    line = (
        (empty_project.root / "models.py").read_text().splitlines().index('    raise ValueError("no data")')
    )
    assert empty_project("register", "broken", "--verbose").shown == (
        125,
        f"{refused}"
        "  Traceback (most recent call last):\n"
        f'    File "{empty_project.root}/models.py", line {line + 1}, in broken\n'
        '      raise ValueError("no data")\n'
        "  ValueError: no data\n"
        "  it printed:\n"
        "    loading the data\n",
        "",
    )


def test_a_registration_shares_no_process(project: Project) -> None:
    result = project("register", "build", "--isolation", "shared")
    assert result.shown == (
        2,
        "",
        "seedreg: error: register needs a process for each build: "
        "builds in a shared process can only confirm what is registered\n"
        "  hint: leave out --isolation shared, or use it with verify or audit\n",
    )


def test_a_configured_shared_process_leaves_registrations_as_they_are(project: Project) -> None:
    result = project("register", "build", "-s", "0-1", SEEDREG_ISOLATION="shared")
    assert result.code == 0


@pytest.mark.parametrize("isolation", ["auto", "fork", "fresh"])
def test_every_isolation_gives_the_same_fingerprint(project: Project, isolation: str) -> None:
    arguments = ("register", "build", "-s", "0-1", "--isolation", isolation, "--jobs", "2")
    assert sorted(project(*arguments).out.splitlines()) == sorted(
        f"already registered  {project.id('build', seed)}  models:build@{seed}  reproduces" for seed in (0, 1)
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--jobs", "0"), "jobs = '0' is not a whole number of at least 1"),
        (
            ("--timeout", "0"),
            "timeout = '0' is not a number of seconds above 0 and up to 1000000",
        ),
        (("--device", "tpu"), "device = 'tpu' is not one of: cpu, gpu, gpu:0, gpu:1 …"),
        (("--alias", "beef"), "alias 'beef' could be mistaken for the beginning of an id"),
        (("--tag", "a b"), "tag 'a b' is empty, or has white space or one of : @ ,"),
        (("--module", "nowhere.py"), "there is no file nowhere.py in "),
    ],
)
def test_a_wrong_option_is_told_before_anything_is_made(
    empty_project: Project, option: tuple[str, str], message: str
) -> None:
    result = empty_project("register", "build", *option)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"seedreg: error: {message}")
    assert not empty_project.db.exists()


def test_a_python_that_does_not_exist_is_told_before_anything_is_made(empty_project: Project) -> None:
    hint = "give a Python that has TensorFlow: --python PATH, SEEDREG_PYTHON, or python in [tool.seedreg]"
    shown = empty_project("register", "build", "--python", "/nowhere/python").shown
    assert shown == (2, "", error("there is no interpreter /nowhere/python", hint))
    assert not empty_project.db.exists()


def test_a_program_that_is_no_python_is_not_judged(empty_project: Project) -> None:
    code, out, err = empty_project("register", "build", "--python", "/bin/echo").shown
    assert (code, err) == (125, "")
    lines = out.splitlines()
    assert lines[0] == "refused  models:build@0"
    assert lines[1].startswith("  interpreter: /bin/echo does not run the worker: it said '")
    assert lines[2] == (
        "  hint: it must print nothing when it starts; give a Python that has TensorFlow: --python PATH, "
        "SEEDREG_PYTHON, or python in [tool.seedreg]"
    )


def test_a_python_without_tensorflow_is_told_what_to_install(empty_project: Project, tmp_path: Path) -> None:
    empty_project.environ.pop("PYTHONPATH")
    script = tmp_path / "bare"
    script.write_text(f'#!/bin/sh\nexec "{os.path.realpath(sys.executable)}" -S "$@"\n')
    script.chmod(0o755)
    code, out, err = empty_project("register", "build", "--python", str(script), "--isolation", "fork").shown
    assert (code, err) == (125, "")
    assert "  no-tensorflow: TensorFlow is not installed for " in out
    assert (
        "  hint: pip install 'seedreg[tensorflow]' there; give a Python that has TensorFlow: --python PATH, "
        "SEEDREG_PYTHON, or python in [tool.seedreg]\n" in out
    )


def test_after_a_failing_first_build_no_other_seed_of_the_factory_is_built(empty_project: Project) -> None:
    empty_project.edit('print("loading the data")', 'open("builds", "a").write("x")')
    assert empty_project("register", "broken", "--seed", "3-9").shown == (
        125,
        "refused  models:broken@3\n"
        "  raised: models:broken raised ValueError: no data\n"
        "  next: the same command with --verbose shows more of what happened\n"
        "not tried  models:broken  6 other seeds, because the build of seed 3 failed\n",
        "",
    )
    assert (empty_project.root / "builds").read_text() == "x"


def test_a_known_entry_whose_build_fails_is_not_said_to_drift(project: Project) -> None:
    project.write("break", "")
    code, out, _ = project("register", "flips").shown
    assert code == 125
    assert out.startswith(
        f"already registered  {project.id('flips')}  models:flips@0  and could not be built:\n"
    )
    assert "no longer reproduces" not in out


def test_json_is_one_document_and_nothing_else(empty_project: Project) -> None:
    result = empty_project("register", "clock", "--json")
    assert (result.code, result.err) == (1, "")
    document = json.loads(result.out)
    assert (document["format"], document["exit_code"]) == ("seedreg.register/1", 1)
    (registration,) = document["registrations"]
    assert (registration["result"], registration["nondeterministic"]) == ("refused", True)


def test_a_known_entry_that_drifted_is_told_from_one_that_could_not_be_built(project: Project) -> None:
    project.write("drift", "")
    assert project("register", "flips", "-s", "0").code == 1
    project.write("break", "")
    assert project("register", "flips", "-s", "0").code == 125
