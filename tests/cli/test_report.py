from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from .conftest import Project


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audited")


@pytest.fixture
def audited(project: Project, folder: Path) -> Project:
    """The project with audit 1, in which `flips` drifted and the other three entries reproduce."""
    kept = folder / "registry.db"
    if not kept.exists():
        project.write("drift", "")
        assert project("audit").code == 1
        (project.root / "drift").unlink()
        shutil.copy(project.db, kept)
    else:
        shutil.copy(kept, project.db)
    return project


def test_a_stored_audit_is_rendered_as_text(audited: Project) -> None:
    result = audited("report", "1")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("audit 1 of shop, ")
    assert f"\n{audited.id('flips')}  models:flips@0  DRIFTED\n" in result.out
    assert f"  next: seedreg show {audited.id('flips')}\n" in result.out
    assert result.out.endswith("\n1 of 4 checks failed\n")


def test_several_formats_go_to_the_files_in_the_same_order(audited: Project) -> None:
    formats = ["--format", "junit", "--format", "sarif", "--format", "jsonl"]
    result = audited("report", "1", *formats, "-o", "junit.xml", "-o", "out.sarif")
    assert (result.code, result.err) == (0, "")
    assert [next(iter(json.loads(line))) for line in result.out.splitlines()] == [
        "format",
        *["check"] * 4,
        "columns",
    ]
    assert ET.parse(audited.root / "junit.xml").getroot().get("failures") == "1"
    (run,) = json.loads((audited.root / "out.sarif").read_text(encoding="utf-8"))["runs"]
    (found,) = run["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "models.py",
        "uriBaseId": "SRCROOT",
    }


def test_what_the_audit_wrote_is_what_the_report_writes(project: Project) -> None:
    shown = project("audit", "flips", "--format", "json")
    assert shown.code == 0
    assert project("report", "1", "--format", "json").out == shown.out


def test_a_github_workflow_gets_annotations_and_a_summary(audited: Project) -> None:
    result = audited("report", "1", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY="summary.md")
    assert result.code == 0
    assert result.out.splitlines()[-1].startswith("::error file=models.py,line=")
    assert "| DRIFTED | " in (audited.root / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["7"], 4, "there is no audit 7"),
        (["one"], 2, "'one' is not a valid integer"),
        (["1", "--format", "csv"], 2, "there is no report format 'csv'"),
        (["1", "--format", "json", "--format", "text"], 2, "two reports go to standard output"),
        (["1", "-o", "x"], 2, "--output is given without --format"),
        (["1", "--format", "json", "-o", "no/x"], 2, "there is no folder"),
        (
            ["1", "--format", "json", "-o", "/dev/full"],
            2,
            "report /dev/full cannot be written: No space left",
        ),
    ],
)
def test_what_cannot_be_rendered_is_told(
    audited: Project, arguments: list[str], code: int, message: str
) -> None:
    result = audited("report", *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_a_report_ends_quietly_when_its_reader_has_gone(audited: Project) -> None:
    process = audited.popen("report", "1", "--format", "jsonl")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    shown = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), shown) == (141, "")
