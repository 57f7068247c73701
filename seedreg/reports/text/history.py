"""The baselines and checks of one entry in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

from seedreg.domain.entry import Baseline
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.fingerprint import SCHEME
from seedreg.domain.results import EntryHistory
from seedreg.domain.verdict import Check, Observed
from seedreg.reports.lines import INDENT, indented
from seedreg.reports.text.changes import change_lines, environment_line
from seedreg.reports.text.failures import failure_text


def history_lines(history: EntryHistory) -> Iterator[str]:
    """Baselines and checks, oldest first, with what changed from one to the next."""
    yield f"{history.entry.short_id}  {history.entry.recipe.label}"
    events: list[tuple[str, Baseline | Check]] = [(one.created_at, one) for one in history.baselines]
    events += [(check.at, check) for check in history.checks]
    previous: Environment | None = None
    for at, event in sorted(events, key=lambda item: item[0]):
        yield f"{at[:19]}Z  {_event(event)}"
        built = event if isinstance(event, Baseline) else event.observed
        if built is None:
            continue
        if previous is None:
            yield f"{INDENT}{environment_line(built.environment)}"
        elif previous.digest != built.environment.digest:
            yield from indented(change_lines(changes(previous, built.environment)))
        previous = built.environment


def _event(event: Baseline | Check) -> str:
    if isinstance(event, Baseline):
        reason = f": {event.reason}" if event.reason else ""
        return f"baseline {event.number}  {SCHEME}:{event.fingerprint.digest[:12]}{reason}"
    match event.outcome:
        case Observed(fingerprint):
            found = f"{SCHEME}:{fingerprint.digest[:12]}"
        case failure:
            found = failure_text(failure)
    against = f"against baseline {event.baseline_number}"
    return f"{event.verdict.value}  {against}  {event.duration_s:.2f} s  {found}".rstrip()
