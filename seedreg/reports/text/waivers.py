"""The list of waivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seedreg.domain.audit import Waiver
from seedreg.domain.entry import Entry
from seedreg.domain.fingerprint import short_fingerprint
from seedreg.reports.table import table_lines


def waiver_lines(found: Iterable[tuple[Entry, Waiver]], today: str) -> Iterator[str]:
    """A table of waivers with their entries; `today` (UTC, `YYYY-MM-DD`) says which have ended."""
    yield from table_lines([_row(entry, waiver, today) for entry, waiver in found])


def _row(entry: Entry, waiver: Waiver, today: str) -> tuple[str, ...]:
    return (
        f"{'until' if waiver.until >= today else 'ended'} {waiver.until}",
        entry.short_id,
        entry.recipe.label,
        short_fingerprint(waiver.fingerprint),
        waiver.reason,
    )
