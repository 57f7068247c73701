"""An audit as JUnit XML: drift is a failure, ERROR an error, a waived drift is skipped.

Written in ASCII with character references, so that it is valid in whatever encoding it ends up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TextIO
from xml.sax.saxutils import escape

from seedreg.domain.results import AuditReport, AuditRow
from seedreg.reports.audit.rows import Outcome, Tally, outcome, reason, waiver_words
from seedreg.reports.guide import Guide
from seedreg.reports.text.audits import audit_reason_lines
from seedreg.reports.words.printable import COMMAND, escaped, escaped_lines

_ELEMENTS = {
    Outcome.DRIFTED: "failure",
    Outcome.NONDETERMINISTIC: "failure",
    Outcome.ERROR: "error",
    Outcome.WAIVED: "skipped",
}
# What a CI service would obey, were the document printed: `##[command]`, and a line that begins with `::`.
_COMMAND = re.compile(rf"{COMMAND.pattern}|(?:(?<=^)|(?<=\s)):(?=:)", re.MULTILINE)
_QUOTES = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the document: a suite for each environment, a case for each check.

    The rows are read twice, because a suite's totals come before its cases; a check that is added in
    the meantime is left out.
    """
    suites = [(column, _tally(rows)) for column, rows in _by_column(report.rows())]
    tallies = [tally for _, tally in suites]
    name = f"seedreg: audit {report.audit.number}"
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f"<testsuites{_attributes(name=name, **_totals(tallies))}>\n")
    rows = islice(report.rows(), sum(tally.done for tally in tallies))
    for (column, tally), (_, of_column) in zip(suites, _by_column(rows), strict=True):
        started = report.audit.started_at[:19]
        attributes = _attributes(name=column, **_totals([tally]), timestamp=started)
        out.write(f"  <testsuite{attributes}>\n")
        for row in of_column:
            _write_case(row, out, guide)
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _by_column(rows: Iterable[AuditRow]) -> Iterator[tuple[str, Iterator[AuditRow]]]:
    return groupby(rows, key=lambda row: row.column)


def _tally(rows: Iterable[AuditRow]) -> Tally:
    tally = Tally()
    for row in rows:
        tally.add(row)
    return tally


def _totals(tallies: list[Tally]) -> dict[str, object]:
    def count(*outcomes: Outcome) -> int:
        return sum(tally.counts[one] for tally in tallies for one in outcomes)

    return {
        "tests": sum(tally.done for tally in tallies),
        "failures": count(Outcome.DRIFTED, Outcome.NONDETERMINISTIC),
        "errors": count(Outcome.ERROR),
        "skipped": count(Outcome.WAIVED),
        "time": f"{sum(tally.duration_s for tally in tallies):.3f}",
    }


def _write_case(row: AuditRow, out: TextIO, guide: Guide) -> None:
    recipe, ended = row.entry.recipe, outcome(row)
    attributes = _attributes(
        classname=recipe.factory,
        name=f"seed {recipe.seed} [{row.entry.short_id}]",
        time=f"{row.check.duration_s:.3f}",
    )
    element = _ELEMENTS.get(ended)
    if element is None:
        out.write(f"    <testcase{attributes}/>\n")
        return
    if ended is Outcome.WAIVED:
        shown = _attributes(message=waiver_words(row))
    else:
        shown = _attributes(message=f"{ended.value}: {reason(row)}", type=ended.value)
    body = _ascii(escape("\n".join(map(escaped, _body(row, guide)))))
    out.write(f"    <testcase{attributes}>\n      <{element}{shown}>{body}</{element}>\n    </testcase>\n")


def _body(row: AuditRow, guide: Guide) -> Iterator[str]:
    yield from audit_reason_lines(row, guide)
    failure = row.check.failure
    if failure is not None:
        yield from escaped_lines(failure.details or "")
        if failure.output:
            yield "it printed:"
            yield from escaped_lines(failure.output)


def _attributes(**values: object) -> str:
    return "".join(
        f' {name}="{_ascii(escape(escaped(str(value)), _QUOTES))}"' for name, value in values.items()
    )


def _ascii(text: str) -> str:
    shown = _COMMAND.sub(lambda match: f"&#{ord(match[0])};", text)
    return shown.encode("ascii", "xmlcharrefreplace").decode("ascii")
