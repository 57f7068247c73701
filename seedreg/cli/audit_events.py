"""The events of a running audit on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from seedreg.audit import ColumnFailed, ColumnStarted, Event
from seedreg.cli.printing import print_lines
from seedreg.cli.progress import Progress
from seedreg.domain.results import AuditRow
from seedreg.reports.guide import Guide
from seedreg.reports.lines import Line
from seedreg.reports.text.audits import audit_row_lines
from seedreg.reports.text.failures import failure_lines


class EventPrinter:
    """Prints events as they come: on a terminal failures and a progress line, elsewhere a line for each.

    Args:
        guide: says what to do next.
        verbose: print every result in full.
    """

    def __init__(self, guide: Guide, *, verbose: bool) -> None:
        self._guide = guide
        self._verbose = verbose
        self._progress: Progress | None = None
        self._several = False

    def begin(self, total: int, *, several_columns: bool) -> None:
        """This many checks will be made from now on."""
        self._several = several_columns
        self._progress = Progress(total)
        self._progress.draw()

    def end(self) -> None:
        """Remove the progress line for good."""
        if self._progress is not None:
            self._progress.clear()
            self._progress = None

    def say(self, text: str) -> None:
        """Print one line about the run itself, above the progress line."""
        self._print([f"seedreg: {text}"])

    def print(self, event: Event) -> None:
        """Print the event, as far as it is shown, and move the progress line on."""
        match event:
            case ColumnStarted(column, count):
                if self._several:
                    self._print([f"in {column.label}: {count} checks"])
            case ColumnFailed(column, failure):
                why = failure_lines(failure, self._guide, verbose=self._verbose)
                self._print([f"in {column.label}:", *why])
            case AuditRow():
                if event.failed or event.waiver or self._verbose or not sys.stderr.isatty():
                    lines = audit_row_lines(
                        event, self._guide, with_column=self._several, verbose=self._verbose
                    )
                    self._print(tuple(lines))
                if self._progress is not None:
                    self._progress.step(failed=event.failed)

    def _print(self, lines: Sequence[Line]) -> None:
        if self._progress is not None:
            self._progress.clear()
        print_lines(lines, err=True)
        if self._progress is not None:
            self._progress.draw()
