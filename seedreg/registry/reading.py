"""The use cases on the entries of a registry that build nothing and change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from seedreg.domain.audit import Waiver
from seedreg.domain.drift import compare
from seedreg.domain.entry import Entry
from seedreg.domain.results import EntryDetails, EntryHistory
from seedreg.domain.summary import EntryState, EntrySummary
from seedreg.domain.verdict import Verdict
from seedreg.registry.findings import Findings, one_column
from seedreg.registry.selection import select, select_one, selectors_of

if TYPE_CHECKING:
    from seedreg.storage import Repository

_Reading = TypeVar("_Reading", bound="Reading")


class Reading:
    """What a registry holds; `Registry` adds the use cases that build and change.

    Args:
        repository: where entries are stored.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def __enter__(self: _Reading) -> _Reading:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the registry file."""
        self._repository.close()

    @property
    def identity(self) -> str | None:
        """The registry's random number, the same in every copy; None for one of an older schema."""
        return self._repository.identity

    def entries(
        self,
        *,
        project: str | None = None,
        factory: str | None = None,
        tag: str | None = None,
        seed: int | None = None,
        verdict: Verdict | None = None,
        state: EntryState = EntryState.ACTIVE,
    ) -> list[EntrySummary]:
        """One line for each entry that passes all filters, ordered by factory, seed and id.

        Args:
            project: the name of a project.
            factory: a full address, or the bare name of a callable.
            tag: a tag.
            seed: a seed.
            verdict: that of the latest check.
            state: active entries, retired ones, or both.
        """
        return self._repository.entries.summaries(
            project=project, factory=factory, tag=tag, seed=seed, verdict=verdict, state=state
        )

    def select(
        self,
        selectors: Iterable[str],
        *,
        include_retired: bool = False,
        findings: Findings | None = None,
    ) -> tuple[Entry, ...]:
        """The entries that the selectors name, each once, in the order they are named.

        With `findings` only those among them that did not reproduce in an audit; without any selector all
        that did not.

        Raises:
            NothingSelected: if a selector names none, or none is among the findings.
            UsageError: if the audit has no such environment.
        """
        return select(self._repository, selectors, include_retired=include_retired, findings=findings)

    def selectors(self) -> Iterator[str]:
        """Every word that names something in this registry, for completion in a shell."""
        return selectors_of(self._repository)

    def audited_column(self, findings: Findings) -> str:
        """The name of the one environment in which the findings were made.

        Raises:
            NothingSelected: if there is no such audit.
            UsageError: if it has no such environment, or several and none is named.
        """
        return one_column(self._repository, findings)[1]

    def show(self, selector: str) -> EntryDetails:
        """All about the one entry that the selector names.

        Raises:
            NothingSelected: if it names none.
            UsageError: if it names several.
        """
        entry = select_one(self._repository, selector)
        baseline = self._repository.baselines.current(entry.id)
        checks = self._repository.checks.of_entry(entry.id)
        last = checks[-1] if checks else None
        seen = None if last is None else last.observed
        drift = None if seen is None else compare(baseline.fingerprint, seen.fingerprint)
        return EntryDetails(entry, baseline, last, drift, self._repository.waivers.of_entry(entry.id))

    def history(self, selector: str) -> EntryHistory:
        """Every baseline and check of the one entry that the selector names, oldest first.

        Raises:
            NothingSelected: if it names none.
            UsageError: if it names several.
        """
        entry = select_one(self._repository, selector)
        baselines = self._repository.baselines.of_entry(entry.id)
        return EntryHistory(entry, baselines, self._repository.checks.of_entry(entry.id))

    def waivers(self, *selectors: str) -> tuple[tuple[Entry, Waiver], ...]:
        """All waivers that were not removed, or those of the selected entries, oldest first."""
        repository = self._repository
        chosen = {entry.id for entry in self.select(selectors, include_retired=True)}
        found = [one for one in repository.waivers.all() if not selectors or one.entry_id in chosen]
        ids = {waiver.entry_id for waiver in found}
        entries = {entry.id: entry for entry in repository.entries.by_ids(ids)}
        with repository.database.parsing("a waiver of an entry that does not exist"):
            return tuple((entries[waiver.entry_id], waiver) for waiver in found)
