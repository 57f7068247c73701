"""An audit for people: a table of entries and environments, why checks failed, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from seedreg.domain.failure import FailureKind
from seedreg.domain.results import AuditReport, AuditRow
from seedreg.reports.audit.rows import Outcome, Tallies, Tally, outcome, reason, title, waiver_words
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Line, counted, indented, next_lines
from seedreg.reports.table import table_lines
from seedreg.reports.text.audits import audit_row_lines
from seedreg.reports.words.printable import printable_line

NO_ENTRIES = "no entries in this shard"

_LIST_ALL = 20
_EXPLAIN = 20
_OUTCOMES = tuple(Outcome)
_NOT_DONE = len(_OUTCOMES)


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the report; it keeps one byte for each check that reproduces, and only in a matrix."""
    for line in lines(report, guide):
        out.write(f"{printable_line(str(line))}\n")


def lines(report: AuditReport, guide: Guide) -> Iterator[Line]:
    """The report's lines."""
    tallies = Tallies.of(report)
    table = _Table(report)
    reasons = _Reasons(guide, several_columns=len(tallies.columns) > 1)
    for row in report.rows():
        tallies.add(row)
        table.add(row)
        reasons.add(row)
    yield title(report)
    yield from _section(table.lines())
    yield from _section(reasons.lines())
    yield from _section(_count_lines(tallies))
    yield ""
    yield summary(tallies.total)
    if report.audit.finished_at is None and tallies.total.left:
        yield from indented(next_lines(guide.after_interruption(report.audit)))


def summary(total: Tally) -> str:
    """How many checks failed, are waived and left, on one line."""
    if not total.planned and not total.done:
        return NO_ENTRIES
    if total.failed:
        text = f"{total.failed:,} of {counted(total.done, 'check')} failed"
    elif total.counts[Outcome.WAIVED]:
        text = f"{total.counts[Outcome.REPRODUCED]:,} of {counted(total.done, 'check')} reproduced"
    else:
        text = f"{counted(total.done, 'check')}: all reproduced" if total.done else "nothing was checked"
    if total.counts[Outcome.WAIVED]:
        text += f", {total.counts[Outcome.WAIVED]:,} waived"
    return f"{text}, {total.left:,} left" if total.left else text


class _Table:
    """Entries × environments: all of few entries, of many those that failed somewhere or are waived."""

    def __init__(self, report: AuditReport) -> None:
        plan = report.audit.plan
        self._columns = [column.label for column in plan.columns]
        self._all = len(plan.entry_ids) <= _LIST_ALL
        self._cells: dict[str, bytearray] = {}
        self._labels: dict[str, str] = {}

    def add(self, row: AuditRow) -> None:
        if row.column not in self._columns:
            return
        ended, id_ = outcome(row), row.entry.short_id
        listed = self._all or ended is not Outcome.REPRODUCED
        if listed:
            self._labels[id_] = row.entry.recipe.label
        if listed or len(self._columns) > 1:
            cells = self._cells.setdefault(id_, bytearray([_NOT_DONE] * len(self._columns)))
            cells[self._columns.index(row.column)] = _OUTCOMES.index(ended)

    def lines(self) -> Iterator[str]:
        if not self._labels:
            return
        words = (*(one.value for one in Outcome), "-")
        heads = ["VERDICT"] if len(self._columns) == 1 else self._columns
        rows = [("ENTRY", "FACTORY@SEED", *heads)]
        rows += [
            (id_, self._labels[id_], *(words[cell] for cell in cells))
            for id_, cells in self._cells.items()
            if id_ in self._labels
        ]
        yield from table_lines(rows)


class _Reasons:
    """Why checks failed or are waived; what several checks of a factory have in common is shown once."""

    def __init__(self, guide: Guide, *, several_columns: bool) -> None:
        self._guide = guide
        self._several = several_columns
        self._firsts: dict[tuple[str, ...], list[Line]] = {}
        self._more: dict[tuple[str, ...], int] = {}
        self._left_out = 0

    def add(self, row: AuditRow) -> None:
        ended = outcome(row)
        if ended is Outcome.REPRODUCED:
            return
        failure = row.check.failure
        whole = failure is not None and failure.kind is FailureKind.ENVIRONMENT
        factory = "" if whole else row.entry.recipe.factory
        key = (row.column, ended.value, factory, reason(row), waiver_words(row))
        if key in self._firsts:
            self._more[key] += 1
        elif len(self._firsts) < _EXPLAIN:
            self._firsts[key] = list(audit_row_lines(row, self._guide, with_column=self._several))
            self._more[key] = 0
        else:
            self._left_out += 1

    def lines(self) -> Iterator[Line]:
        for key, first in self._firsts.items():
            yield from first
            if self._more[key]:
                yield f"  and {self._more[key]:,} more like it"
        if self._left_out:
            yield f"and {self._left_out:,} more"


def _count_lines(tallies: Tallies) -> Iterator[str]:
    rows: list[Sequence[str]] = [("ENVIRONMENT", *(one.value for one in Outcome), "LEFT")]
    named = list(tallies.columns.items())
    if len(named) > 1:
        named.append(("total", tallies.total))
    rows += [
        (label, *(f"{tally.counts[one]:,}" for one in Outcome), f"{tally.left:,}") for label, tally in named
    ]
    yield from table_lines(rows)


def _section(lines: Iterable[Line]) -> Iterator[Line]:
    for number, line in enumerate(lines):
        if number == 0:
            yield ""
        yield line
