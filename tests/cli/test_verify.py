from __future__ import annotations

import pytest

from .conftest import Project


def reproduced(project: Project, name: str, seed: int = 0) -> str:
    return (
        f"REPRODUCED  {project.id(name, seed)}  models:{name}@{seed}  N s\n"
        "  environment: unchanged\n"
        "  source: unchanged\n"
    )


def test_an_entry_that_reproduces(project: Project) -> None:
    assert project("verify", "build@0").shown == (0, reproduced(project, "build"), "")


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        (["coin"], ["flips@0"]),
        (["build@1", "coin"], ["build@1", "flips@0"]),
        (["models:build@1"], ["build@1"]),
        (["models:build"], ["build@0", "build@1", "build@2"]),
        (["tag:nightly"], ["build@0", "build@1", "build@2"]),
        (["build@0", "build@0", "models:build@0"], ["build@0"]),
    ],
)
def test_every_kind_of_selector(project: Project, selectors: list[str], names: list[str]) -> None:
    result = project("verify", *selectors)
    lines = [line for line in result.out.splitlines() if line.startswith("REPRODUCED")]
    assert (result.code, result.err) == (0, "")
    assert sorted(line.split("  ")[2] for line in lines) == [f"models:{name}" for name in names]


def test_an_id_prefix_selects(project: Project) -> None:
    assert project("verify", project.id("flips")[:5]).shown == (0, reproduced(project, "flips"), "")


def test_a_drift_after_an_upgrade(project: Project) -> None:
    id_ = project.id("build")
    assert project("verify", "build@0", FAKE_TF_STREAM="other", FAKE_TF_VERSION="3.0.0").shown == (
        1,
        f"DRIFTED  {id_}  models:build@0  N s\n"
        "  2 of 4 tensors differ from baseline 1; layers: dense, dense_1\n"
        "  environment: tensorflow 2.99.0 → 3.0.0\n"
        "  source: unchanged\n"
        f"  next: seedreg blame {id_}\n",
        "",
    )


def test_an_upgrade_that_drifts_nothing_is_told_all_the_same(project: Project) -> None:
    assert project("verify", "build@0", FAKE_TF_VERSION="3.0.0", TF_DETERMINISTIC_OPS="1").shown == (
        0,
        f"REPRODUCED  {project.id('build')}  models:build@0  N s\n"
        "  environment: tensorflow 2.99.0 → 3.0.0\n"
        "  settings and machine: TF_DETERMINISTIC_OPS (none) → 1\n"
        "  source: unchanged\n",
        "",
    )


def test_a_drift_after_an_edit_of_the_factory(project: Project) -> None:
    project.edit("def build(units=4)", "def build(units=5)")
    id_ = project.id("build")
    line = (project.root / "models.py").read_text().splitlines().index("def build(units=5):") + 1
    assert project("verify", "build@0").shown == (
        1,
        f"DRIFTED  {id_}  models:build@0  N s\n"
        "  3 of 4 tensors differ from baseline 1; layers: dense, dense_1\n"
        "  by kind: 3 shape\n"
        "  environment: unchanged\n"
        f"  source: models.py:{line} changed since the baseline\n"
        f"  next: seedreg show {id_}, then seedreg accept {id_} --reason …\n",
        "",
    )


def test_an_edit_elsewhere_in_the_file_is_told_from_one_in_the_factory(project: Project) -> None:
    project.write("models.py", "\n\n" + (project.root / "models.py").read_text())
    code, out, err = project("verify", "build@0").shown
    assert (code, err) == (0, "")
    assert out.endswith("  source: the factory is unchanged, the rest of models.py is not\n")


def test_two_builds_that_differ_now_are_no_drift(project: Project) -> None:
    project.edit(
        "np.random.normal(size=4) + os.path.exists", "np.random.RandomState().normal(size=4) + os.path.exists"
    )
    id_ = project.id("flips")
    code, out, err = project("verify", "coin").shown
    assert (code, err) == (1, "")
    assert out.splitlines()[:2] == [
        f"NONDETERMINISTIC  {id_}  models:flips@0  N s",
        "  1 of 1 tensors differ between the two builds; layers: w",
    ]
    assert out.splitlines()[-1] == f"  next: seedreg verify {id_} --isolation fresh"


def test_what_cannot_be_built_is_an_error_and_no_drift(project: Project) -> None:
    project.write("break", "")
    id_ = project.id("flips")
    assert project("verify", "coin").shown == (
        125,
        f"ERROR  {id_}  models:flips@0  N s\n"
        "  raised: models:flips raised KeyError: 'weights'\n"
        "  environment: unchanged\n"
        f"  next: seedreg show {id_}\n",
        "",
    )


def test_verbose_shows_the_traceback(project: Project) -> None:
    project.write("break", "")
    lines = (project.root / "models.py").read_text().splitlines()
    line = lines.index('        raise KeyError("weights")') + 1
    id_ = project.id("flips")
    assert project("verify", "coin", "--verbose").shown == (
        125,
        f"ERROR  {id_}  models:flips@0  N s\n"
        "  raised: models:flips raised KeyError: 'weights'\n"
        "  Traceback (most recent call last):\n"
        f'    File "{project.root}/models.py", line {line}, in flips\n'
        '      raise KeyError("weights")\n'
        "  KeyError: 'weights'\n"
        "  environment: unchanged\n"
        f"  next: seedreg show {id_}\n",
        "",
    )


def test_a_drift_beats_what_could_not_be_judged(project: Project) -> None:
    project.write("break", "")
    result = project("verify", "coin", "build@0", "build@1", "--json", FAKE_TF_STREAM="other")
    assert (result.code, result.err) == (1, "")
    assert result.document["exit_code"] == 1
    assert result.document["summary"] == {"REPRODUCED": 0, "DRIFTED": 2, "NONDETERMINISTIC": 0, "ERROR": 1}


def test_what_could_not_be_judged_beats_what_reproduces(project: Project) -> None:
    project.write("break", "")
    assert project("verify", "coin", "build@0").code == 125


def test_a_failing_import_of_tensorflow_is_an_error_of_each_entry(project: Project) -> None:
    result = project("verify", "build@0", "build@1", FAKE_TF_IMPORT="raise")
    assert (result.code, result.err) == (125, "")
    assert result.out.count("  tensorflow-broken: importing TensorFlow in ") == 2


def test_every_failing_verdict_ends_with_one_command(project: Project) -> None:
    project.write("break", "")
    result = project("verify", "coin", "build@0", FAKE_TF_STREAM="other")
    blocks = result.out.replace("\nERROR", "\n\nERROR").replace("\nDRIFTED", "\n\nDRIFTED").split("\n\n")
    assert [block.rstrip().splitlines()[-1].split()[0] for block in blocks] == ["next:", "next:"]


def test_nothing_selected_has_an_exit_code_of_its_own(project: Project) -> None:
    expected = (
        4,
        "",
        "seedreg: error: no entry is named by 'nothing'\n"
        "  hint: a selector is an id prefix, an alias, factory, factory@seed or tag:NAME; "
        "`seedreg list` shows the entries\n",
    )
    assert project("verify", "nothing").shown == expected
    assert project("verify", "build@0", "nothing").shown == expected


def test_a_retired_entry_is_verified_by_its_id_alone(project: Project) -> None:
    project("retire", "build@1")
    assert len(project("verify", "build", "--json").document["checks"]) == 2
    assert project("verify", project.id("build", 1)).code == 0


def test_an_entry_of_another_project_is_not_judged(project: Project) -> None:
    project.write("pyproject.toml", '[tool.seedreg]\nproject = "other"\n')
    id_ = project.id("build")
    assert project("verify", id_).shown == (
        125,
        f"ERROR  {id_}  models:build@0  N s\n"
        "  project: the entry belongs to project 'shop', and this is 'other'\n"
        "  hint: run it where that project is, or set project = 'shop' in [tool.seedreg]\n"
        f"  next: seedreg show {id_}\n",
        "",
    )


def test_every_check_is_recorded(project: Project) -> None:
    assert project("verify", "coin").code == 0
    project.write("drift", "")
    assert project("verify", "coin").code == 1
    project.write("break", "")
    assert project("verify", "coin").code == 125
    checks = project("history", "coin", "--json").document["checks"]
    assert [check["verdict"] for check in checks] == ["REPRODUCED", "DRIFTED", "ERROR"]


@pytest.mark.parametrize("isolation", ["auto", "fork", "fresh"])
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_isolation_and_jobs_change_no_verdict(project: Project, isolation: str, jobs: str) -> None:
    result = project("verify", "build", "--isolation", isolation, "--jobs", jobs, "--json")
    assert result.document["summary"] == {"REPRODUCED": 3, "DRIFTED": 0, "NONDETERMINISTIC": 0, "ERROR": 0}


def test_a_build_that_takes_too_long_is_an_error(project: Project) -> None:
    project.edit('    if os.path.exists("break"):', '    time.sleep(60)\n    if os.path.exists("break"):')
    assert project("verify", "coin", "--timeout", "0.5").shown == (
        125,
        f"ERROR  {project.id('flips')}  models:flips@0  N s\n"
        "  timeout: the build took longer than 0.5 s and was ended\n"
        "  hint: see what it waits for: its standard input is empty; give it more with "
        "--timeout SECONDS\n"
        "  environment: unchanged\n"
        f"  next: seedreg show {project.id('flips')}\n",
        "",
    )
