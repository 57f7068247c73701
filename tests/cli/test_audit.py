"""`seedreg audit` and `seedreg audits`: real processes, TensorFlow is a stand-in."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
import venv
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from seedreg.cli.parsing import parse_age, parse_shard
from seedreg.domain.audit import Shard
from seedreg.errors import UsageError

from .conftest import Project, Result
from .test_nothing_lost import SOON_S, wait_until

PACED = '''

def paced():
    """Takes its time while there is a file of that name."""
    time.sleep(0.05 if os.path.exists("paced") else 0)
    return {"w": np.random.normal(size=4)}
'''


def error(message: str, hint: str | None = None) -> str:
    return f"seedreg: error: {message}\n" + (f"  hint: {hint}\n" if hint else "")


def wrapper(project: Project, name: str, script: str) -> str:
    """An interpreter of that name in the project, as a shell script that may set variables."""
    path = project.write(f"pythons/{name}/python", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def describe(project: Project, **pythons: str) -> None:
    """Environments of these interpreters in the configuration."""
    text = '[tool.seedreg]\nproject = "shop"\n'
    for label, python in pythons.items():
        text += f"[tool.seedreg.envs.{label}]\npython = {json.dumps(python)}\n"
    project.write("pyproject.toml", text)


def this_python(variables: str = "") -> str:
    return f'{variables} exec "{sys.executable}" "$@"'


def verdicts(result: Result) -> Counter[tuple[str, str]]:
    """How often each verdict was found in each column; of a `--format json` report."""
    return Counter((check["column"], check["verdict"]) for check in result.document["checks"])


def columns(*names: str) -> list[str]:
    return [word for name in names for word in ("--env", name)]


# One environment ----------------------------------------------------------------------------------


def test_everything_is_checked_and_told(project: Project) -> None:
    result = project("audit")
    assert result.code == 0
    assert result.out.startswith("audit 1 of shop, ")
    assert result.out.endswith("\n4 checks: all reproduced\n")
    first, *lines = result.err.splitlines()
    assert first == "seedreg: audit 1: 4 checks"
    assert sorted(line.split()[:3] for line in lines) == sorted(
        ["REPRODUCED", project.id(name, seed), f"models:{name}@{seed}"]
        for name, seed in (("build", 0), ("build", 1), ("build", 2), ("flips", 0))
    )


def test_selectors_and_a_shard_narrow_it_down(project: Project) -> None:
    assert project("audit", "coin").err.splitlines()[0] == "seedreg: audit 1: 1 check"
    assert project("retire", "build@1").code == 0
    made = [project("audit", "build", "--shard", f"{k}/2", "--format", "json") for k in (1, 2)]
    found = [one.document["checks"] for one in made]
    assert [one.code for one in made] == [0, 0]
    seeds = sorted(check["entry"]["recipe"]["seed"] for part in found for check in part)
    assert seeds == [0, 2]


def test_a_shard_without_entries_is_no_error_and_a_selection_without_entries_is(project: Project) -> None:
    empty = next(
        f"{number}/9"
        for number in range(1, 10)
        if not any(Shard(number, 9).holds(project.id("build", seed)) for seed in range(3))
    )
    result = project("audit", "build", "--shard", empty)
    assert (result.code, result.err) == (0, "seedreg: audit 1: no entries in this shard\n")
    assert result.out.endswith("\nno entries in this shard\n")
    documents = {
        format_: project("audit", "build", "--shard", empty, "--format", format_)
        for format_ in ("json", "jsonl", "junit", "sarif", "markdown", "github")
    }
    assert {one.code for one in documents.values()} == {0}
    assert documents["json"].document["checks"] == []
    assert documents["markdown"].out.startswith("### seedreg: no entries in this shard\n")
    assert documents["github"].out == ""
    assert project("audit", "tag:none", "--shard", empty).code == 4
    assert project("db", "check").code == 0


@pytest.mark.parametrize("shard", ["6/5", "0/5", "x", "1/0", "1/", "-1/2", "1.0/2", "1/2/3", "²/5"])
def test_a_shard_that_is_none_is_wrong_usage(project: Project, shard: str) -> None:
    assert project("audit", f"--shard={shard}").shown == (
        2,
        "",
        error(f"shard {shard!r} is not K/N with K from 1 to N", "write it as --shard 2/5"),
    )
    assert project("audits").err == "no audits\n"


@pytest.mark.parametrize("age", ["7", "d", "7 d", "-7d", "7y", "1e3d"])
def test_an_age_that_is_none_is_wrong_usage(age: str) -> None:
    with pytest.raises(UsageError, match="is not a number and a unit"):
        parse_age(age)


def test_shards_and_ages_are_read() -> None:
    assert parse_shard("2/5") == Shard(2, 5)
    assert [parse_age(text) for text in ("90m", "12h", "7d", "1.5w")] == [5400, 43200, 604800, 907200]


def test_only_what_was_not_checked_since_is_stale(project: Project) -> None:
    result = project("audit", "--stale", "7d", "--format", "json")
    assert sorted(check["entry"]["recipe"]["seed"] for check in result.document["checks"]) == [
        0,
        1,
        2,
    ]  # not build@0
    assert project("audit", "--stale", "7d").shown == (
        4,
        "",
        error(
            "there is no entry to audit",
            "`seedreg list` shows the entries; --stale, --rerun-failed and --shard leave some out",
        ),
    )
    assert project("audit", "--stale", "0s").code == 0
    assert project("audit", "--stale", "99999999w").code == 4


def test_what_names_nothing_exits_4(project: Project) -> None:
    result = project("audit", "nothing")
    assert (result.code, result.out) == (4, "")
    assert "no entry is named by 'nothing'" in result.err


def test_without_a_registry_it_exits_3(empty_project: Project) -> None:
    result = empty_project("audit")
    assert (result.code, result.out) == (3, "")


def test_drift_beats_error_and_error_is_not_drift(project: Project) -> None:
    project.write("break", "")
    result = project("audit", "--format", "json")
    assert (result.code, verdicts(result)) == (125, {("this", "REPRODUCED"): 3, ("this", "ERROR"): 1})
    result = project("audit", "--format", "json", FAKE_TF_STREAM="new")
    assert (result.code, verdicts(result)) == (1, {("this", "DRIFTED"): 3, ("this", "ERROR"): 1})


def test_those_that_failed_can_be_run_again(project: Project) -> None:
    project.write("break", "")
    assert project("audit").code == 125
    (project.root / "break").unlink()
    result = project("audit", "--rerun-failed", "--format", "json")
    assert [
        (check["entry"]["recipe"]["factory"], check["verdict"]) for check in result.document["checks"]
    ] == [("models:flips", "REPRODUCED")]
    assert project("audit", "--rerun-failed").code == 4


def test_a_failure_is_told_with_what_to_do(project: Project) -> None:
    project.write("drift", "")
    result = project("audit", "flips")
    assert result.code == 1
    id_ = project.id("flips")
    assert re.search(rf"^DRIFTED  {id_}  models:flips@0  \d\.\d\d s$", result.err, re.M)
    assert f"\n  next: seedreg show {id_}\n" in result.err
    assert f"\n  next: seedreg show {id_}\n" in result.out
    assert result.out.endswith("\n1 of 1 check failed\n")


def test_a_waived_drift_passes_and_is_shown(project: Project) -> None:
    project.write("drift", "")
    assert project("audit", "flips").code == 1
    assert project("waive", "flips", "--reason", "known", "--until", "2999-12-31").code == 0
    result = project("audit")
    assert result.code == 0
    assert "WAIVED  " in result.err
    assert "drifted, and waived until 2999-12-31: known" in result.out
    assert result.out.endswith("\n3 of 4 checks reproduced, 1 waived\n")
    result = project("audit", "--format", "json", FAKE_TF_STREAM="new")
    assert (result.code, result.document["summary"]["failed"]) == (1, 3)


# Stopping and going on ----------------------------------------------------------------------------


def test_fail_fast_stops_and_resume_goes_on(project: Project) -> None:
    result = project("audit", "--fail-fast", "--jobs", "1", FAKE_TF_STREAM="new")
    assert result.code == 1
    assert "\n  next: seedreg audit --resume\n" in result.out
    before = project("report", "1", "--format", "json").document
    result = project("audit", "--resume", "--format", "json")
    assert result.code == 1  # what had drifted before is part of it
    assert result.err.startswith("seedreg: audit 1: ")
    assert result.document["checks"][: len(before["checks"])] == before["checks"]
    assert sorted(check["entry"]["id"] for check in result.document["checks"]) == sorted(
        {entry["id"] for entry in project("list", "--json").document["entries"]}
    )
    assert project("audit", "--resume").shown == (
        4,
        "",
        error(
            "there is no interrupted audit in the same environments to resume",
            "`seedreg audits` lists the audits",
        ),
    )


@pytest.mark.parametrize("options", [["build"], ["--shard", "1/2"], ["--stale", "7d"], ["--rerun-failed"]])
def test_resume_takes_nothing_that_selects(project: Project, options: list[str]) -> None:
    assert project("audit", "--resume", *options).shown == (
        2,
        "",
        error(
            "--resume continues with the entries that its audit selected",
            "leave out selectors, --shard, --stale and --rerun-failed",
        ),
    )


@pytest.fixture
def paced(empty_project: Project) -> Project:
    """Sixteen entries, each of which takes its time from now on."""
    empty_project.write("models.py", (empty_project.root / "models.py").read_text("utf-8") + PACED)
    assert empty_project("register", "paced", "--seed", "0-15").code == 0
    empty_project.write("paced", "")
    return empty_project


def checked(project: Project) -> dict[int, Counter[str]]:
    """How often each audit has checked each entry."""
    file = sqlite3.connect(project.db)
    try:
        found = file.execute("SELECT audit_id, entry_id FROM checks WHERE audit_id IS NOT NULL").fetchall()
    finally:
        file.close()
    counts: dict[int, Counter[str]] = {}
    for number, entry_id in found:
        counts.setdefault(number, Counter())[entry_id] += 1
    return counts


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_ctrl_c_keeps_what_was_finished(paced: Project) -> None:
    process = paced.popen("audit", "--jobs", "1", start_new_session=True)
    assert process.stderr is not None
    assert process.stdout is not None
    lines = [process.stderr.readline() for _ in range(4)]
    assert lines[0] == "seedreg: audit 1: 16 checks\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err.endswith(
        "seedreg: audit 1 was interrupted: seedreg audit --resume resumes it\n"
        "\nseedreg: interrupted; what was finished is kept\n"
    )
    shown = {line.split()[1] for line in (*lines, *err.splitlines()) if line.startswith("REPRODUCED  ")}
    kept = {entry[:12] for entry in checked(paced)[1]}
    assert shown <= kept
    assert 3 <= len(kept) < 16
    assert "interrupted" in paced("audits").out
    assert wait_until(lambda: not paced.processes(), SOON_S), paced.processes()
    assert paced("audit", "--resume").code == 0
    assert sorted(checked(paced)[1].values()) == [1] * 16
    assert "interrupted" not in paced("audits").out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_killed_at_any_moment_it_resumes_and_checks_every_entry_once(paced: Project) -> None:
    started = time.monotonic()
    assert paced.program("audit").code == 0
    whole_s = time.monotonic() - started  # on this machine, as busy as it is
    moments = random.Random(20240301)
    kills = 0
    while kills < 20:
        resume = paced("audits").out.count("interrupted") > 0
        process = paced.popen(*(["audit", "--resume"] if resume else ["audit"]), stdout=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.05, 1) * whole_s)
        kills += process.poll() is None
        process.kill()
        process.communicate()
    while paced("audits").out.count("interrupted"):
        assert paced("audit", "--resume").code == 0
    counts = checked(paced)
    assert len(counts) > 1, "no audit that was killed came as far as a check"
    assert all(sorted(one.values()) == [1] * 16 for one in counts.values()), counts
    assert wait_until(lambda: not paced.processes(), SOON_S), paced.processes()
    assert paced("db", "check").code == 0


# Several environments -----------------------------------------------------------------------------


def test_entries_are_checked_in_every_environment_in_one_table(project: Project) -> None:
    new = wrapper(project, "new", this_python("FAKE_TF_STREAM=new"))
    describe(project, same=wrapper(project, "same", this_python()), new=new)
    result = project("audit", *columns("this", "same", "new"))
    assert result.code == 1
    rows = [line.split() for line in result.out.splitlines()]
    assert ["ENTRY", "FACTORY@SEED", "this", "same", "new"] in rows
    assert [project.id("build"), "models:build@0", "REPRODUCED", "REPRODUCED", "DRIFTED"] in rows
    assert [project.id("flips"), "models:flips@0", *["REPRODUCED"] * 3] in rows
    assert "in same: 4 checks" in result.err.splitlines()


def test_an_environment_that_fails_does_not_stop_the_others(project: Project) -> None:
    venv.create(project.root / "bare", symlinks=True)
    bare = project.root / "bare" / "bin" / "python"
    describe(
        project,
        missing="no/such/python",
        shell="/bin/echo",
        folder="./pythons",
        bare=wrapper(project, "bare", f'unset PYTHONPATH; exec "{bare}" "$@"'),
        raises=wrapper(project, "raises", this_python("FAKE_TF_IMPORT=raise")),
        crashes=wrapper(project, "crashes", this_python("FAKE_TF_IMPORT=segfault")),
    )
    names = ["missing", "shell", "folder", "bare", "this", "raises", "crashes"]
    result = project("audit", *columns(*names), "--format", "json")
    assert result.code == 125
    expected = {(name, "ERROR"): 4 for name in names if name != "this"}
    assert verdicts(result) == {**expected, ("this", "REPRODUCED"): 4}
    messages = {
        check["column"]: check["failure"]["message"]
        for check in result.document["checks"]
        if check["failure"]
    }
    root = project.root
    for name, words in {
        "missing": f"environment missing: there is no interpreter {root}/no/such/python",
        "shell": "/bin/echo",
        "folder": f"environment folder: the interpreter {root}/pythons is a folder",
        "bare": "TensorFlow is not installed for",
        "raises": "the stand-in raises",
        "crashes": "signal 11",
    }.items():
        assert words in messages[name], messages[name]
    text = project("report", "1").out
    assert "and 3 more like it" in text


def test_a_single_environment_that_cannot_be_had_is_not_judged(project: Project) -> None:
    result = project("audit", "--python", "no/such", "--format", "json")
    assert (result.code, result.document["summary"]["failed"]) == (125, 4)


def test_a_wrong_configuration_is_told_before_anything_is_recorded(project: Project) -> None:
    project.write("pyproject.toml", '[tool.seedreg]\nproject = "shop"\npython = "no/such"\n')
    result = project("audit")
    assert (result.code, result.out) == (2, "")
    assert f"there is no interpreter {project.root}/no/such" in result.err
    assert project("audits").err == "no audits\n"


def test_an_environment_named_twice_is_wrong_usage(project: Project) -> None:
    describe(project, a=sys.executable, b=sys.executable)
    assert project("audit", *columns("a", "b")).shown == (
        2,
        "",
        error("environment 'b' is named twice (it is the same as 'a')", "name each environment once"),
    )
    assert project("audit", *columns("this", "this")).code == 2
    assert project("audits").err == "no audits\n"


def test_an_environment_that_was_made_and_deleted_under_a_running_audit_is_an_error(
    upgraded: Project,
) -> None:
    upgraded.write(
        "pyproject.toml",
        '[tool.seedreg]\nproject = "shop"\n[tool.seedreg.envs.old]\n'
        'with = ["tensorflow==1.0", "keras==1.0", "noise==1", "grain==1"]\n'
        "[tool.seedreg.envs.impossible]\nwith = ['tensorflow==7']\n"
        "[tool.seedreg.envs.newer]\nwith = ['tensorflow==1.0', 'keras==1.1', 'noise==1', 'grain==1']\n",
    )
    upgraded.environ["SEEDREG_CACHE_DIR"] = str(upgraded.root.parent / "cache")
    models = (upgraded.root / "models.py").read_text(encoding="utf-8")
    leave = "import shutil, sys\nif 'env-' in sys.prefix and keras.__version__ == '1.0':\n"
    upgraded.write("models.py", f"{models}{leave}    shutil.rmtree(sys.prefix)\n")
    names = columns("old", "impossible", "newer")
    result = upgraded("audit", "build", "steady", *names, "--isolation", "fresh", "--format", "json")
    assert result.code == 125, result
    messages = {
        (check["column"], check["verdict"]): (check["failure"] or {}).get("message")
        for check in result.document["checks"]
    }
    assert "environment old was deleted while it was in use" in str(messages["old", "ERROR"])
    assert "environment impossible could not be resolved: No solution found" in str(
        messages["impossible", "ERROR"]
    )
    assert ("newer", "REPRODUCED") in messages
    upgraded.write("models.py", models)
    result = upgraded("audit", "build", "steady", *names[:2], "--format", "json")
    assert (result.code, verdicts(result)) == (0, {("old", "REPRODUCED"): 2})


# Reports ------------------------------------------------------------------------------------------


def test_reports_go_to_files_and_one_to_standard_output(project: Project) -> None:
    project.write("drift", "")
    options = ["--format", "junit", "-o", "r/junit.xml", "--format", "sarif", "-o", "r/out.sarif"]
    (project.root / "r").mkdir()
    result = project("audit", *options, "--format", "jsonl")
    assert result.code == 1
    assert len(result.out.splitlines()) == 6
    assert ET.parse(project.root / "r/junit.xml").getroot().get("failures") == "1"
    assert json.loads((project.root / "r/out.sarif").read_text("utf-8"))["version"] == "2.1.0"


def test_in_a_github_workflow_annotations_are_on(project: Project) -> None:
    project.write("drift", "")
    result = project("audit", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY="summary.md")
    assert result.code == 1
    assert result.out.splitlines()[-1].startswith("::error file=models.py,line=")
    assert "| DRIFTED | " in (project.root / "summary.md").read_text(encoding="utf-8")
    assert "::error" not in project("audit").out


def test_a_report_that_cannot_be_written_is_told_before_the_audit(project: Project) -> None:
    result = project("audit", "--format", "json", "-o", "no/x.json")
    assert (result.code, result.out) == (2, "")
    assert "there is no folder" in result.err
    assert project("audits").err == "no audits\n"


def test_a_report_that_cannot_be_written_does_not_hide_a_drift(project: Project) -> None:
    full = ["--format", "json", "-o", "/dev/full"]
    message = "seedreg: error: report /dev/full cannot be written: No space left on device"
    hint = "  hint: the audit is stored: `seedreg report {} --format … -o FILE` writes a report"
    result = project("audit", *full)
    assert (result.code, result.err.splitlines()[-2:]) == (2, [message, hint.format(1)])
    project.write("drift", "")
    result = project("audit", *full)
    assert (result.code, result.err.splitlines()[-2:]) == (1, [message, hint.format(2)])
    assert project("report", "2").code == 0


# Audits that were made ----------------------------------------------------------------------------


def test_audits_are_listed_newest_first(project: Project) -> None:
    assert project("audits").shown == (0, "", "no audits\n")
    project("audit", "build")
    project.write("drift", "")
    project("audit", "flips")
    result = project("audits")
    assert result.code == 0
    rows = [line.split(maxsplit=3) for line in result.out.splitlines()]
    assert [(row[0], row[2], row[3].strip()) for row in rows] == [
        ("N", "ENVIRONMENTS", "CHECKS  RESULT"),
        ("2", "this", "1 of 1  1 DRIFTED"),
        ("1", "this", "3 of 3  3 REPRODUCED"),
    ]
    assert len(project("audits", "-n", "1").out.splitlines()) == 2


def test_an_audit_is_shown_as_it_ended(project: Project) -> None:
    shown = project("audit")
    assert project("audits", "show", "1").shown == (0, shown.out, "")
    assert project("audits", "show", "2").shown == (
        4,
        "",
        error("there is no audit 2", "`seedreg audits` lists the audits"),
    )


def test_two_audits_are_compared(project: Project) -> None:
    project.write("drift", "")
    project("audit")
    (project.root / "drift").unlink()
    project("audit", FAKE_TF_STREAM="new")
    flips, build = project.id("flips"), sorted(project.id("build", seed) for seed in range(3))
    result = project("audits", "compare", "1", "2")
    assert (result.code, result.err) == (1, "")
    lines = result.out.splitlines()
    assert lines[:2] == ["audit 1 → audit 2", "newly drifted: 3"]
    assert [line.split()[0] for line in lines[2:5]] == build
    assert lines[2].endswith("  in this: REPRODUCED → DRIFTED")
    assert lines[5:] == [
        "newly reproduced: 1",
        f"  {flips}  models:flips@0  in this: DRIFTED → REPRODUCED",
        "still drifted: 0",
        "no longer judged: 0",
        "judged again: 0",
        "judged in neither: 0",
        "only in the first: 0",
        "only in the second: 0",
    ]
    assert project("audits", "compare", "2", "1").code == 1
    assert project("audits", "compare", "1", "1").code == 0
    assert project("audits", "compare", "1", "9").code == 4
    assert project("audits", "compare", "1", "x").code == 2


def test_an_audit_that_could_no_longer_judge_is_told_from_one_that_drifted(project: Project) -> None:
    project("audit", "build@0")
    project.write("models.py", "raise RuntimeError('half an upgrade')\n")
    project("audit", "build@0")
    result = project("audits", "compare", "1", "2")
    assert (result.code, result.err) == (125, "")
    line = f"  {project.id('build', 0)}  models:build@0  in this: REPRODUCED → ERROR"
    assert line in result.out.splitlines()
    assert result.out.splitlines().index(line) == 1 + result.out.splitlines().index("no longer judged: 1")
