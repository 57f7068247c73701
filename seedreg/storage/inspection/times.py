"""Whether stored times are times, and in an order in which they can have been recorded.

Clocks are set back and forth. What was recorded later may therefore have a somewhat earlier time, and only
what no correction of a clock explains is a problem.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from seedreg.domain.problem import ProblemKind
from seedreg.storage.inspection.reading import Inspected

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

# Longer than a command waits for others that write, and than the error of a clock that follows a server.
_TOLERANCE = timedelta(hours=1)
# Not less: a registry may be read where the clock is wrong.
_AHEAD = timedelta(days=365)


def inspect_time(found: Inspected, table: str, row: object, column: str, text: str) -> datetime | None:
    """The moment that a stored time is; None, and a problem, if it is none."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)
    except ValueError:
        found.report(ProblemKind.TIME_FORM, table=table, row=row, column=column, found=text)
        return None
    if moment > datetime.now(timezone.utc) + _AHEAD:
        found.report(ProblemKind.TIME_AHEAD, table=table, row=row, column=column, found=text)
    return moment


def inspect_order(
    found: Inspected,
    table: str,
    row: object,
    column: str,
    *,
    earlier: datetime | None,
    later: datetime | None,
    than: str,
) -> None:
    """Report a time of this row that lies before another one that was recorded first.

    Args:
        found: takes the problem.
        table: of the row.
        row: its number.
        column: the one of the two times that the row holds.
        earlier: the time that was recorded first; None if it is not known.
        later: the time that was recorded afterwards; None if it is not known.
        than: names the other time, e.g. `audits.started_at`.
    """
    if earlier is not None and later is not None and later + _TOLERANCE < earlier:
        found.report(ProblemKind.TIME_ORDER, table=table, row=row, column=column, than=than)
