from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from seedreg.domain.audit import AuditPlan, Waiver
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.verdict import AuditColumn, Observed
from seedreg.registry import utc_now
from seedreg.storage import SqliteFile, open_repository

from .conftest import Project, Result

DAY = "2999-12-31"


def digest(project: Project, selector: str = "flips") -> str:
    """The fingerprint of the last check."""
    found: str = project("show", selector, "--json").document["last_check"]["fingerprint"]
    return found.removeprefix("sr1:")


def verdicts(result: Result) -> list[tuple[str, bool]]:
    return [(check["verdict"], check["failed"]) for check in result.document["checks"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drifted")


@pytest.fixture
def drifted(project: Project, folder: Path) -> Project:
    """The project, whose `flips` has drifted."""
    project.write("drift", "")
    if not (folder / "registry.db").exists():
        assert project("verify", "flips").code == 1
        shutil.copy(project.db, folder / "registry.db")
    else:
        shutil.copy(folder / "registry.db", project.db)
    return project


def waive(project: Project, *arguments: str) -> Result:
    return project("waive", "flips", "--reason", "known: #12", "--until", DAY, *arguments)


def test_a_waived_drift_is_shown_and_no_longer_fails(drifted: Project) -> None:
    assert drifted("audit", "flips", "--format", "json").code == 1
    assert waive(drifted).shown == (
        0,
        f"waived until {DAY}  {drifted.id('flips')}  models:flips@0  sr1:12\n",
        "",
    )
    result = drifted("audit", "flips", "--format", "json")
    assert result.code == 0
    (check,) = result.document["checks"]
    assert (check["verdict"], check["failed"]) == ("DRIFTED", False)
    assert (check["waiver"]["reason"], check["waiver"]["until"]) == ("known: #12", DAY)
    text = drifted("report", "2").out
    assert "models:flips@0  WAIVED\n" in text
    assert f"\n  drifted, and waived until {DAY}: known: #12\n" in text


def test_an_audit_of_the_time_before_the_waiver_still_fails(drifted: Project) -> None:
    drifted("audit", "flips")
    waive(drifted)
    assert verdicts(drifted("report", "1", "--format", "json")) == [("DRIFTED", True)]


def test_another_drift_fails_again(drifted: Project) -> None:
    waive(drifted)
    drifted.edit("np.random.normal(size=4) + os.path.exists", "np.random.normal(size=4) - os.path.exists")
    result = drifted("audit", "flips", "--format", "json")
    assert (result.code, verdicts(result)) == (1, [("DRIFTED", True)])


def test_the_day_after_the_last_it_fails_again(drifted: Project) -> None:
    now = datetime.now(timezone.utc)
    yesterday, before = ((now - timedelta(days=days)).date().isoformat() for days in (1, 2))
    with open_repository(SqliteFile(drifted.db)) as repository:
        (entry,) = repository.entries.select("flips")
        waiver = Waiver(entry.id, digest(drifted), "old", yesterday, f"{before}T00:00:00.000000Z")
        repository.waivers.add(waiver)
    assert drifted("audit", "flips").code == 1
    assert drifted("waive", "--list").out.startswith(f"ended {yesterday}  ")


def test_a_waiver_that_was_taken_back_no_longer_covers(drifted: Project) -> None:
    waive(drifted)
    assert drifted("audit", "flips").code == 0
    assert drifted("waive", "flips", "--remove").shown == (
        0,
        f"removed 1 waiver  {drifted.id('flips')}  models:flips@0\n",
        "",
    )
    assert drifted("audit", "flips").code == 1
    assert verdicts(drifted("report", "1", "--format", "json")) == [("DRIFTED", False)]
    assert drifted("waive", "flips", "--remove").out.startswith("removed 0 waivers  ")


def test_show_and_list_tell_of_waivers(drifted: Project) -> None:
    assert drifted("waive", "--list").shown == (0, "", "no waivers\n")
    waive(drifted)
    built = digest(drifted)
    line = f"until {DAY}  {drifted.id('flips')}  models:flips@0  sr1:{built[:12]}  known: #12\n"
    assert drifted("waive", "--list").out == line
    assert drifted("waive", "--list", "coin").out == line
    assert drifted("waive", "--list", "build@0").out == ""
    assert f"  waiver        of sr1:{built[:12]} until {DAY}: known: #12\n" in drifted("show", "flips").out
    (listed,) = drifted("waive", "--list", "--json").document["waivers"]
    (waiver,) = drifted("show", "flips", "--json").document["waivers"]
    assert (listed["entry"]["recipe"]["factory"], listed["waiver"]) == ("models:flips", waiver)
    assert (waiver["fingerprint"], waiver["until"], waiver["removed_at"]) == (f"sr1:{built}", DAY, None)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["flips"], 2, "a waiver needs --reason and --until"),
        (["flips", "--reason", " ", "--until", DAY], 2, "a waiver needs --reason and --until"),
        (["--reason", "x", "--until", DAY], 2, "which entry? SELECTOR is missing"),
        (["flips", "--reason", "x", "--until", "tomorrow"], 2, "'tomorrow' is not a day"),
        (["flips", "--reason", "x", "--until", "2020-01-01"], 2, "2020-01-01 has passed"),
        (["nothing", "--reason", "x", "--until", DAY], 4, "no entry is named by 'nothing'"),
        (["build", "--reason", "x", "--until", DAY], 2, "none of 3 entries has a drift to waive"),
        (
            ["build@0", "--reason", "x", "--until", DAY],
            2,
            "has no drift to waive: its last check is REPRODUCED",
        ),
        (["build@1", "--reason", "x", "--until", DAY], 2, "has no drift to waive: it was never checked"),
        (["flips", "--remove", "--list"], 2, "--remove, --list and a new waiver exclude each other"),
        (["flips", "--remove", "--reason", "x"], 2, "exclude each other"),
        (["flips", "--json"], 2, "--json is for the list of waivers"),
        (
            ["flips", "--reason", "x", "--until", DAY, "--fingerprint", "sr1:xyz"],
            2,
            "'sr1:xyz' is none of them",
        ),
    ],
)
def test_what_cannot_be_waived_is_told_and_nothing_is_kept(
    drifted: Project, arguments: list[str], code: int, message: str
) -> None:
    result = drifted("waive", *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err
    assert drifted("waive", "--list").out == ""


def test_a_drift_that_was_accepted_is_none(drifted: Project) -> None:
    assert drifted("accept", "flips", "--reason", "new").code == 0
    assert "has no drift to waive" in waive(drifted).err


def test_of_a_matrix_the_drift_of_any_environment_can_be_waived(drifted: Project, tmp_path: Path) -> None:
    python = json.dumps(str(tmp_path / "missing" / "python"))
    text = (drifted.root / "pyproject.toml").read_text(encoding="utf-8")
    drifted.write("pyproject.toml", f"{text}\n[tool.seedreg.envs.gone]\npython = {python}\n")
    result = drifted("audit", "flips", "--env", "this", "--env", "gone", "--format", "json")
    assert (result.code, verdicts(result)) == (1, [("DRIFTED", True), ("ERROR", True)])
    assert waive(drifted).code == 0


def test_of_two_drifts_in_one_audit_the_fingerprint_says_which(drifted: Project) -> None:
    """What a matrix finds, put there by hand: the drift of this Python, and another one."""
    with open_repository(SqliteFile(drifted.db)) as repository:
        (entry,) = repository.entries.select("flips")
        last = repository.checks.of_entry(entry.id)[-1]
        assert isinstance(last.outcome, Observed)
        found = last.outcome.fingerprint
        other = Fingerprint((replace(found.tensors[0], sha256="0" * 64), *found.tensors[1:]))
        columns = (EnvironmentSpec("a"), EnvironmentSpec("b"))
        number = repository.audits.start(AuditPlan("shop", (entry.id,), columns), utc_now())
        for label, built in (("a", found), ("b", other)):
            outcome = replace(last.outcome, fingerprint=built)
            one = replace(last, at=utc_now(), outcome=outcome, audit=AuditColumn(number, label))
            assert repository.checks.add(one)
    shown = waive(drifted)
    assert (shown.code, shown.out) == (2, "")
    both = f"sr1:{found.digest[:12]}, sr1:{other.digest[:12]}"
    assert f"drifted to {both}\n  hint: a waiver covers one; name it with --fingerprint DIGITS" in shown.err
    assert waive(drifted, "--fingerprint", f"sr1:{other.digest[:6]}").out.endswith(
        f"sr1:{other.digest[:12]}\n"
    )
