"""Where the reports of an audit go: to files, each complete or not written at all, and to standard output."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from seedreg.domain.results import AuditReport
from seedreg.errors import UsageError
from seedreg.files import open_text, whole_file
from seedreg.reports.audit import Format, Writer, writer
from seedreg.reports.guide import Guide


@dataclass(frozen=True)
class Target:
    """A report to write: its format, and the file it goes to; None is standard output."""

    format: Format
    path: Path | None = None


def write_reports(
    report: AuditReport,
    targets: Sequence[Target],
    guide: Guide,
    *,
    environ: Mapping[str, str],
    out: TextIO,
    root: Path | None = None,
) -> None:
    """Write every report; in a GitHub workflow, annotations come with the summary of the step.

    Args:
        report: what they are written from.
        targets: what is written, and where.
        guide: what they say to do next.
        environ: where GITHUB_STEP_SUMMARY is.
        out: standard output.
        root: the project's root, so that files are named from the root of its repository.

    Raises:
        UsageError: if a file cannot be written; nothing is left of it, and the other reports are written.
    """
    if root is not None:
        report = replace(report, source_folder=folder_in_repository(root))
    problems: list[UsageError] = []
    for target in targets:
        write = writer(target.format)
        if target.path is None:
            write(report, out, guide)
            continue
        try:
            with _translated(target.path), whole_file(target.path) as file:
                write(report, file, guide)
        except UsageError as error:
            problems.append(error)
    step_summary = environ.get("GITHUB_STEP_SUMMARY")
    if step_summary and any(target.format is Format.GITHUB for target in targets):
        try:
            append(Path(step_summary), report, writer(Format.MARKDOWN), guide)
        except UsageError as error:
            problems.append(error)
    if problems:
        raise problems[0]


def folder_in_repository(root: Path) -> str:
    """Path of the folder in its git repository, e.g. `a/b`; empty at the root and outside a repository."""
    root = root.resolve()
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            inside = root.relative_to(folder).as_posix()
            return "" if inside == "." else inside
    return ""


def append(path: Path, report: AuditReport, write: Writer, guide: Guide) -> None:
    """Add a report to the end of a file that others write to as well: completely or not at all.

    Raises:
        UsageError: if it cannot be written.
    """
    text = io.StringIO()
    write(report, text, guide)
    with _translated(path), open_text(path, "a") as file:
        file.write(text.getvalue())


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"report {path} cannot be written: {error.strerror or error}") from error
