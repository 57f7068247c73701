"""The environments that were created for builds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from seedreg.reports.lines import counted
from seedreg.reports.table import table_lines

if TYPE_CHECKING:
    from seedreg.environments.cached import CachedEnvironment

_FILES_SHOWN = 20


def environment_lines(environments: Sequence[CachedEnvironment]) -> Iterator[str]:
    """A table of environments: key, Python, size, last use (UTC), specification."""
    rows = [
        (one.key, one.python, size(one.size_bytes), _minute(one.used_at), one.specification)
        for one in environments
    ]
    yield from table_lines(rows, right=[2])
    for one in environments:
        if one.changes is not None and one.changes.count:
            files = counted(one.changes.count, "file")
            yield f"{one.key} is not as it was created: {files} changed, missing or added"


def checked_lines(environment: CachedEnvironment) -> Iterator[str]:
    """What a check of one environment found."""
    changes = environment.changes
    if changes is None:
        yield f"not known  {environment.key}  {environment.specification}"
        yield "  it was created by a seedreg that did not record its files"
        return
    yield f"{'changed' if changes.count else 'ok'}  {environment.key}  {environment.specification}"
    files = [
        *(f"changed: {name}" for name in changes.changed),
        *(f"missing: {name}" for name in changes.missing),
        *(f"added: {name}" for name in changes.added),
    ]
    yield from (f"  {line}" for line in files[:_FILES_SHOWN])
    if len(files) > _FILES_SHOWN:
        yield f"  and {len(files) - _FILES_SHOWN:,} more"


def removed_line(environment: CachedEnvironment) -> str:
    """One environment that was removed."""
    return (
        f"removed  {environment.key}  {size(environment.size_bytes)}  Python {environment.python}  "
        f"{environment.specification}"
    )


def total(environments: Sequence[CachedEnvironment]) -> str:
    """How many environments there are and what they take together."""
    size_bytes = sum(one.size_bytes for one in environments)
    return f"{counted(len(environments), 'environment')} ({size(size_bytes)})"


def size(size_bytes: float) -> str:
    """`1.23 MB`: three digits, in powers of 1000."""
    for unit in ("bytes", "kB", "MB"):
        if size_bytes < 999.5:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} GB"


def _minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M")
