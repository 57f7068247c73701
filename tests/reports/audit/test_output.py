"""Where reports go: whole files or none, one standard output, GitHub's step summary; in little memory."""

from __future__ import annotations

import os
import stat
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistryError, UsageError
from seedreg.reports.audit import Format, writer
from seedreg.reports.audit.output import Target, folder_in_repository, write_reports

from .. import audits
from ..audits import written
from ..values import GUIDE


def small() -> AuditReport:
    return audits.report([audits.row(audits.entry(), Verdict.DRIFTED)])


def breaking(at: int) -> AuditReport:
    """A report whose rows end with an error of the registry."""

    def rows() -> Iterator[AuditRow]:
        for seed in range(at):
            yield audits.row(audits.entry(seed), Verdict.DRIFTED)
        raise RegistryError("the registry is gone")

    return replace(small(), rows=rows)


# Files ------------------------------------------------------------------------------------------


def test_several_reports_are_written_in_one_run(tmp_path: Path) -> None:
    out = StringIO()
    targets = [
        Target(Format.JSON, tmp_path / "a.json"),
        Target(Format.JUNIT, tmp_path / "a.xml"),
        Target(Format.TEXT),
    ]
    write_reports(small(), targets, GUIDE, environ={}, out=out)
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "a.json": written(Format.JSON, small()),
        "a.xml": written(Format.JUNIT, small()),
    }
    assert out.getvalue() == written(Format.TEXT, small())


@pytest.mark.parametrize("name", Format)
def test_a_report_that_breaks_off_leaves_nothing_and_the_old_one_whole(name: Format, tmp_path: Path) -> None:
    old = tmp_path / "report"
    old.write_text("old", encoding="utf-8")
    for target in (old, tmp_path / "other"):
        with pytest.raises(RegistryError, match="the registry is gone"):
            write_reports(breaking(3), [Target(name, target)], GUIDE, environ={}, out=StringIO())
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert old.read_text(encoding="utf-8") == "old"


def test_a_new_report_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    usual, old = tmp_path / "usual", tmp_path / "old"
    usual.touch()
    old.touch(mode=0o600)
    targets = [Target(Format.TEXT, tmp_path / "new"), Target(Format.JSON, old)]
    write_reports(small(), targets, GUIDE, environ={}, out=StringIO())
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", usual, old)]
    assert modes == [modes[1], modes[1], 0o600]


def test_a_report_goes_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real" / "report.txt")
    write_reports(small(), [Target(Format.TEXT, link)], GUIDE, environ={}, out=StringIO())
    assert link.is_symlink()
    assert (tmp_path / "real" / "report.txt").read_text(encoding="utf-8") == written(Format.TEXT, small())


def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    targets = [Target(Format.JSONL, pipe), Target(Format.TEXT, Path(os.devnull))]
    write_reports(small(), targets, GUIDE, environ={}, out=StringIO())
    reader.join(10)
    assert read == [written(Format.JSONL, small())]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_disk_that_is_full_is_told_and_the_other_reports_are_written(tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(UsageError, match=r"report /dev/full cannot be written: No space left on device"):
        write_reports(
            small(), [Target(Format.JSON, Path("/dev/full")), Target(Format.TEXT)], GUIDE, environ={}, out=out
        )
    assert out.getvalue() == written(Format.TEXT, small())


# GitHub -----------------------------------------------------------------------------------------


def test_annotations_come_with_the_summary_of_the_step(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    out = StringIO()
    write_reports(
        small(), [Target(Format.GITHUB)], GUIDE, environ={"GITHUB_STEP_SUMMARY": str(summary)}, out=out
    )
    assert summary.read_text(encoding="utf-8") == "# before\n" + written(Format.MARKDOWN, small())
    assert out.getvalue() == written(Format.GITHUB, small())


def test_other_formats_leave_the_summary_of_the_step_alone(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    write_reports(small(), [Target(Format.TEXT)], GUIDE, environ=environ, out=StringIO())
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_breaks_off_adds_nothing_to_the_summary_of_the_step(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    with pytest.raises(RegistryError):
        write_reports(breaking(1), [Target(Format.GITHUB)], GUIDE, environ=environ, out=StringIO())
    assert list(tmp_path.iterdir()) == []


def test_files_are_named_from_the_root_of_the_repository(tmp_path: Path) -> None:
    project = tmp_path / "services" / "shop"
    project.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    out = StringIO()
    write_reports(small(), [Target(Format.GITHUB)], GUIDE, root=project, environ={}, out=out)
    assert out.getvalue().startswith("::error file=services/shop/models.py,line=7,")
    assert folder_in_repository(tmp_path) == ""


# Memory -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows() -> list[AuditRow]:
    """A thousand checks in one environment, two of which drifted."""
    found = [audits.row(audits.entry(seed)) for seed in range(1000)]
    for seed in (10, 500):
        found[seed] = audits.row(audits.entry(seed), Verdict.DRIFTED)
    assert all(one.entry.short_id for one in found)  # computed now, and not counted below
    return found


class _Nowhere(StringIO):
    def write(self, text: str) -> int:
        return len(text)


def peak_bytes(name: Format, rows: list[AuditRow]) -> int:
    """What writing takes; the rows are there already, so that what is kept of them counts alone."""
    audited, write = audits.report(rows), writer(name)
    write(audited, _Nowhere(), GUIDE)
    tracemalloc.start()
    try:
        write(audited, _Nowhere(), GUIDE)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", Format)
def test_a_report_of_many_checks_takes_no_more_memory_than_one_of_few(
    name: Format, rows: list[AuditRow]
) -> None:
    # Python keeps up to 2,000 freed tuples of a size for later; a check's line in JSON is 1,500 characters.
    growth_bytes = peak_bytes(name, rows) - peak_bytes(name, rows[:100])
    assert growth_bytes < 900 * 120
