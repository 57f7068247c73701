"""An audit as GitHub's workflow commands: an annotation at the factory for each check that failed.

What a command means and how it is escaped: docs.github.com, "Workflow commands for GitHub Actions", and
the runner's `ActionCommand`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.reports.audit.rows import (
    Outcome,
    Tallies,
    outcome,
    place,
    reason,
    software_changes,
    title,
    waiver_words,
)
from seedreg.reports.audit.text import summary
from seedreg.reports.guide import Guide
from seedreg.reports.lines import next_lines
from seedreg.reports.text.failures import failure_text
from seedreg.reports.words.printable import escaped_lines, printable, printable_line

# GitHub keeps ten errors and ten warnings of a step and drops the rest without a word.
_MANY = 10
_TITLES = {
    Outcome.DRIFTED: "drifted",
    Outcome.WAIVED: "drifted, waived",
    Outcome.NONDETERMINISTIC: "nondeterministic",
    Outcome.ERROR: "could not be judged",
}


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the commands; annotations over GitHub's limit are counted in a notice."""
    tallies = Tallies.of(report)
    left = {"error": _MANY, "warning": _MANY}
    left_out = 0
    for row in report.rows():
        tallies.add(row)
        ended = outcome(row)
        if ended is Outcome.REPRODUCED:
            continue
        command = "warning" if ended is Outcome.WAIVED else "error"
        if left[command]:
            left[command] -= 1
            out.write(_annotation(command, report, row, guide))
        else:
            left_out += 1
    if left_out:
        message = f"{summary(tallies.total)}; {left_out:,} of them are not annotated ({title(report)})"
        out.write(f"::notice title=seedreg::{_data([message])}\n")


def _annotation(command: str, report: AuditReport, row: AuditRow, guide: Guide) -> str:
    label = f"{row.entry.recipe.label} [{row.entry.short_id}]"
    properties = {}
    found = place(report, row)
    if found is not None:
        properties["file"] = found[0]
        if found[1] is not None:
            properties["line"] = str(found[1])
    properties["title"] = f"{label} {_TITLES[outcome(row)]}"
    lines = [f"in {row.column}: {reason(row)}"]
    if row.check.failure is not None:
        failure = row.check.failure
        first, *rest = escaped_lines(failure_text(failure)) or [""]
        lines = [f"in {row.column}: {first}", *rest]
    if row.waiver is not None:
        lines.append(waiver_words(row))
    changed = software_changes(row)
    if changed:
        lines.append(f"environment: {changed}")
    if row.failed:
        lines.extend(next_lines(guide.after_audited(row)))
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {shown}::{_data(lines)}\n"


def _data(lines: Iterable[str]) -> str:
    """The message of a command: what it holds is no command."""
    return _encoded("\n".join(map(printable_line, lines)))


def _encoded(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _encoded(printable(text)).replace(":", "%3A").replace(",", "%2C")
