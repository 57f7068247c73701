"""Which entries an audit checks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from seedreg.audit.history import AuditHistory
from seedreg.domain.audit import Shard
from seedreg.domain.summary import EntryState
from seedreg.errors import NothingSelected, Step
from seedreg.registry.clock import utc_text
from seedreg.registry.selection import select

if TYPE_CHECKING:
    from seedreg.storage import Repository


@dataclass(frozen=True)
class AuditSelection:
    """What an audit is narrowed to; without anything it takes all active entries of the project.

    Args:
        selectors: of entries; none for all.
        shard: only this part of the entries.
        stale_s: only entries that were not checked for this many seconds.
        rerun_failed: only entries that failed in the last audit.
    """

    selectors: tuple[str, ...] = ()
    shard: Shard | None = None
    stale_s: float | None = None
    rerun_failed: bool = False


EVERYTHING = AuditSelection()


def selected_ids(
    repository: Repository, project: str, selection: AuditSelection, now: str
) -> tuple[str, ...]:
    """The ids of the entries that are selected, in the order in which they are checked.

    There may be none in a shard: a small registry has fewer entries than there are machines.

    Raises:
        NothingSelected: if no entry is left in all shards together, or there was no audit yet whose failures
            could be run again.
    """
    # What is named by its id or alias is checked even if it is retired.
    ids: Collection[str] = repository.entries.ids(
        project=None if selection.selectors else project,
        state=EntryState.ANY if selection.selectors else EntryState.ACTIVE,
        unchecked_since=None if selection.stale_s is None else _before(now, selection.stale_s),
        now=now,
    )
    if selection.selectors:
        wanted = {entry.id for entry in select(repository, selection.selectors)}
        ids = [entry_id for entry_id in ids if entry_id in wanted]
    if selection.rerun_failed:
        failed = _failed_last(repository, project)
        ids = [entry_id for entry_id in ids if entry_id in failed]
    if not ids:
        raise NothingSelected("there is no entry to audit", step=Step.SELECT_MORE)
    shard = selection.shard
    return tuple(entry_id for entry_id in ids if shard is None or shard.holds(entry_id))


def _failed_last(repository: Repository, project: str) -> set[str]:
    for audit in repository.audits.newest():
        if audit.plan.project == project:
            rows = AuditHistory(repository).rows(audit.number)
            return {row.entry.id for row in rows if row.failed}
    raise NothingSelected("there was no audit yet whose failures could be run again")


def _before(now: str, seconds: float) -> str:
    try:
        return utc_text(datetime.fromisoformat(now.replace("Z", "+00:00")) - timedelta(seconds=seconds))
    except OverflowError:  # before the calendar begins: only what was never checked
        return "0001-01-01"
