"""Which reports a command writes, and where: read before the work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.cli.outputs import plan_reports
from seedreg.errors import UsageError
from seedreg.reports.audit import Format
from seedreg.reports.audit.output import Target


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ["text"]),
        ({"GITHUB_ACTIONS": "false"}, ["text"]),
        ({"GITHUB_ACTIONS": "true"}, ["text", "github"]),
    ],
)
def test_without_a_format_it_is_the_text_with_annotations_in_a_github_workflow(
    environ: dict[str, str], names: list[str]
) -> None:
    assert plan_reports((), (), environ) == tuple(Target(Format(name)) for name in names)


def test_formats_and_outputs_are_paired_in_order(tmp_path: Path) -> None:
    one, two = str(tmp_path / "1"), str(tmp_path / "2")
    assert plan_reports(("json", "junit"), (one, two), {}) == (
        Target(Format.JSON, Path(one)),
        Target(Format.JUNIT, Path(two)),
    )
    assert plan_reports(("json", "text"), (one,), {}) == (Target(Format.JSON, Path(one)), Target(Format.TEXT))
    assert plan_reports(("json", "text"), ("-", two), {}) == (
        Target(Format.JSON),
        Target(Format.TEXT, Path(two)),
    )
    assert plan_reports(("sarif",), (), {"GITHUB_ACTIONS": "true"}) == (Target(Format.SARIF),)


@pytest.mark.parametrize(
    ("formats", "outputs", "message"),
    [
        (("csv",), (), "there is no report format 'csv'"),
        ((), ("x",), "--output is given without --format"),
        (("json",), ("a", "b"), "--output is given 2 times for 1 --format"),
        (("json", "text"), (), "two reports go to standard output"),
        (("json", "text"), ("a", "./b/../a"), "two reports go to ./b/../a"),
        (("json",), ("missing/a.json",), "there is no folder {cwd}/missing for report missing/a.json"),
        (("json",), ("b",), "report b is a folder"),
    ],
)
def test_what_could_not_be_written_is_refused_before_the_work(
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError) as caught:
        plan_reports(formats, outputs, {})
    expected = message.format(cwd=tmp_path.resolve())
    assert (caught.value.message.replace("b/../a", "./b/../a").replace("././", "./")) == expected
