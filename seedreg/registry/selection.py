"""Which entries a selector names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from seedreg.domain.entry import Entry
from seedreg.domain.summary import EntryState
from seedreg.errors import NothingSelected, Step, UsageError
from seedreg.registry.findings import Findings, failing

if TYPE_CHECKING:
    from seedreg.storage import Repository

_SHOWN = 5


def select(
    repository: Repository,
    selectors: Iterable[str],
    *,
    include_retired: bool = False,
    findings: Findings | None = None,
) -> tuple[Entry, ...]:
    """The entries that the selectors name, each once, in the order they are named.

    With `findings` only those among them that did not reproduce in an audit; without any selector all that
    did not.

    Raises:
        NothingSelected: if a selector names none, or none is among the findings.
        UsageError: if the audit has no such environment.
    """
    if findings is None:
        return _named(repository, selectors, include_retired=include_retired)
    return among(
        repository,
        selectors,
        {entry.id: entry for _, entry, _ in failing(repository, findings)},
        nothing=f"nothing failed in {findings}",
        include_retired=include_retired,
    )


def among(
    repository: Repository,
    selectors: Iterable[str],
    found: Mapping[str, Entry],
    *,
    nothing: str,
    include_retired: bool = False,
) -> tuple[Entry, ...]:
    """Those of the entries `found`, by their ids, that the selectors name; all of them without a selector.

    Raises:
        NothingSelected: if there are none, in the words `nothing`; or if a selector names none at all.
    """
    words = tuple(selectors)
    # An audit's checks are in the order in which they ended.
    ordered = sorted(found.values(), key=lambda one: (one.recipe.factory, one.recipe.seed, one.id))
    named = _named(repository, words, include_retired=include_retired) if words else ordered
    chosen = tuple(
        entry for entry in named if entry.id in found and (include_retired or entry.retired_at is None)
    )
    if not chosen:
        which = f" among {', '.join(map(repr, words))}" if words else ""
        raise NothingSelected(f"{nothing}{which}")
    return chosen


def _named(
    repository: Repository, selectors: Iterable[str], *, include_retired: bool = False
) -> tuple[Entry, ...]:
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
