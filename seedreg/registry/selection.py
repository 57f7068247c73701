"""Which entries a selector names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from seedreg.domain.entry import Entry
from seedreg.domain.summary import EntryState
from seedreg.errors import NothingSelected, Step, UsageError

if TYPE_CHECKING:
    from seedreg.storage import Repository

_SHOWN = 5


def select(
    repository: Repository, selectors: Iterable[str], *, include_retired: bool = False
) -> tuple[Entry, ...]:
    """The entries that the selectors name, each once, in the order they are named.

    Raises:
        NothingSelected: if a selector names none.
    """
    found: dict[str, Entry] = {}
    for selector in selectors:
        entries = repository.entries.select(selector, include_retired=include_retired)
        if not entries:
            raise _nothing(repository, selector)
        found.update((entry.id, entry) for entry in entries)
    return tuple(found.values())


def _nothing(repository: Repository, selector: str) -> NothingSelected:
    retired = repository.entries.select(selector, include_retired=True)
    if retired:
        return NothingSelected(
            f"every entry that {selector!r} names is retired: {_shown(retired)}",
            hint="an id names an entry even if it is retired",
        )
    return NothingSelected(
        f"no entry is named by {selector!r}",
        hint="a selector is an id prefix, an alias, factory, factory@seed or tag:NAME",
        step=Step.LIST_ENTRIES,
    )


def _shown(entries: tuple[Entry, ...]) -> str:
    shown = ", ".join(f"{entry.short_id} ({entry.recipe.label})" for entry in entries[:_SHOWN])
    return f"{shown}{' …' if len(entries) > _SHOWN else ''}"


def select_one(repository: Repository, selector: str) -> Entry:
    """The one entry that the selector names, retired or not.

    Raises:
        NothingSelected: if it names none.
        UsageError: if it names several.
    """
    entries = select(repository, [selector], include_retired=True)
    if len(entries) > 1:
        raise UsageError(
            f"{selector!r} names {len(entries)} entries: {_shown(entries)}",
            hint="this command takes one: give its id",
        )
    return entries[0]


def selectors_of(repository: Repository) -> Iterator[str]:
    """Every id, alias, factory, `factory@seed` and tag that names something, some more than once."""
    for summary in repository.entries.summaries(state=EntryState.ANY):
        yield from (summary.short_id, summary.factory, summary.label)
        yield from (f"tag:{tag}" for tag in summary.tags)
        if summary.alias:
            yield summary.alias
