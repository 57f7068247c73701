"""The baselines and checks of one entry in the order in which they were recorded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from seedreg.domain.entry import Baseline
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.fingerprint import short_fingerprint
from seedreg.domain.results import EntryHistory
from seedreg.domain.verdict import Check, Observed
from seedreg.reports.lines import INDENT, indented
from seedreg.reports.text.changes import change_lines, environment_line
from seedreg.reports.text.failures import failure_text


def history_lines(history: EntryHistory) -> Iterator[str]:
    """Baselines and checks, oldest first, with what changed from one to the next."""
    yield f"{history.entry.short_id}  {history.entry.recipe.label}"
    previous: Environment | None = None
    for event in _in_order(history):
        at = event.created_at if isinstance(event, Baseline) else event.at
        yield f"{at[:19]}Z  {_event(event)}"
        built = event if isinstance(event, Baseline) else event.observed
        if built is None:
            continue
        if previous is None:
            yield f"{INDENT}{environment_line(built.environment)}"
        elif previous.digest != built.environment.digest:
            yield from indented(change_lines(changes(previous, built.environment)))
        previous = built.environment


def _in_order(history: EntryHistory) -> Iterator[Baseline | Check]:
    """Both in the order in which they are stored; only where that leaves a choice, the clock decides."""
    waiting = deque(history.checks)
    for baseline in history.baselines:
        while (
            waiting and waiting[0].baseline_number < baseline.number and waiting[0].at < baseline.created_at
        ):
            yield waiting.popleft()
        yield baseline
    yield from waiting


def _event(event: Baseline | Check) -> str:
    if isinstance(event, Baseline):
        reason = f": {event.reason}" if event.reason else ""
        return f"baseline {event.number}  {short_fingerprint(event.fingerprint.digest)}{reason}"
    match event.outcome:
        case Observed(fingerprint):
            found = short_fingerprint(fingerprint.digest)
        case failure:
            found = " ".join(failure_text(failure).split())
    against = f"against baseline {event.baseline_number}"
    return f"{event.verdict.value}  {against}  {event.duration_s:.2f} s  {found}".rstrip()
