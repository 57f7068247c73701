"""A registry with somewhere to build: every use case on entries is one method."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedreg.domain.audit import Waiver
from seedreg.domain.build import ExportFormat
from seedreg.domain.canonical import canonical_json
from seedreg.domain.drift import compare
from seedreg.domain.entry import Entry, check_name
from seedreg.domain.failure import RECIPE_MISTAKES, FailureKind
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Accepted,
    Confirmed,
    EntryDetails,
    EntryHistory,
    NotConfirmed,
    NothingToAccept,
    NotTried,
    Rebuilt,
    Refused,
    Registered,
    Registration,
    Verification,
)
from seedreg.domain.summary import EntryState, EntrySummary
from seedreg.domain.verdict import Verdict
from seedreg.errors import NotJudged, RegistrationRefused, UsageError
from seedreg.registry.accepting import accept, require_reason
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock, utc_now
from seedreg.registry.own import OwnProject, Refusal, refuse_nothing
from seedreg.registry.rebuilding import format_of_file, rebuild
from seedreg.registry.registering import PLAIN, RegisterOptions, Registrar, not_confirmed
from seedreg.registry.selection import select, select_one, selectors_of
from seedreg.registry.waiving import drift_to_waive
from seedreg.reports.words.failures import failure_error

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository


class Registry:
    """The use cases on the entries of a registry; use it in a `with` statement.

    Args:
        repository: where entries are stored; closed with the registry.
        executor: where builds run; closed with the registry.
        project: the name of the project that builds here; entries of others are not judged.
        clock: gives the time of what is recorded.
        refusal: says which registered recipes are not built; what is registered now is always built.
    """

    def __init__(
        self,
        repository: Repository,
        executor: Executor,
        project: str,
        clock: Clock = utc_now,
        refusal: Refusal = refuse_nothing,
    ) -> None:
        self._repository = repository
        self._named = OwnProject(executor, project)
        self._executor = OwnProject(executor, project, refusal)
        self._project = project
        self._clock = clock
        self._checker = Checker(repository, self._executor, clock)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every build and close the registry file."""
        self._executor.close()
        self._repository.close()

    # Reading ----------------------------------------------------------------------------------

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

    def select(self, selectors: Iterable[str], *, include_retired: bool = False) -> tuple[Entry, ...]:
        """The entries that the selectors name, each once, in the order they are named.

        Raises:
            NothingSelected: if a selector names none.
        """
        return select(self._repository, selectors, include_retired=include_retired)

    def selectors(self) -> Iterator[str]:
        """Every word that names something in this registry, for completion in a shell."""
        return selectors_of(self._repository)

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

    def waivers(self, selector: str | None = None) -> tuple[tuple[Entry, Waiver], ...]:
        """All waivers that were not removed, or those of one entry, oldest first."""
        repository = self._repository
        if selector is None:
            found = repository.waivers.all()
        else:
            found = repository.waivers.of_entry(select_one(repository, selector).id)
        ids = {waiver.entry_id for waiver in found}
        entries = {entry.id: entry for entry in repository.entries.by_ids(ids)}
        with repository.database.parsing("a waiver of an entry that does not exist"):
            return tuple((entries[waiver.entry_id], waiver) for waiver in found)

    # Building ---------------------------------------------------------------------------------

    def register_all(
        self, recipes: Sequence[Recipe], options: RegisterOptions = PLAIN
    ) -> Iterator[Registration]:
        """Build every recipe in two processes and keep what reproduces; yields each as soon as it is known.

        Of each factory one build is fresh and one forked, so that the fork is checked together with the
        determinism. A third build with the next seed shows whether the factory uses the seed.

        Raises:
            UsageError: before anything is built, if an alias is given to several recipes, or the alias or the
                name of a factory already names other entries.
        """
        registrar = Registrar(self._repository, self._named, self._checker, self._clock, options)
        yield from registrar.register_all(recipes)

    def register(
        self,
        factory: str,
        seed: int = 0,
        *,
        params: Mapping[str, Any] | None = None,
        options: RegisterOptions = PLAIN,
        **recipe_fields: Any,
    ) -> Registered | Confirmed:
        """Register one recipe: `factory` is the full address `package.module:callable`.

        Raises:
            RegistrationRefused: if two builds differ, or a known entry no longer reproduces.
            UsageError: if there is no such factory, or it does not take these arguments.
            NotJudged: if it could not be built, or its weights cannot be kept.
        """
        recipe = Recipe(self._project, factory, seed, canonical_json(dict(params or {})), **recipe_fields)
        (result,) = self.register_all([recipe], options)
        match result:
            case Registered() | Confirmed():
                return result
            case NotConfirmed(verification):
                raise not_confirmed(verification)
            case Refused(_, failure) if failure.kind is FailureKind.NONDETERMINISTIC:
                raise failure_error(failure, RegistrationRefused)
            case Refused(_, failure) if failure.kind in RECIPE_MISTAKES:
                raise failure_error(failure, UsageError)
            case Refused(_, failure):
                raise failure_error(failure, NotJudged)
            case NotTried():
                raise AssertionError("one recipe is always built")

    def verify(self, *selectors: str) -> list[Verification]:
        """Check the entries that the selectors name, and record the checks.

        Raises:
            NothingSelected: if a selector names none.
        """
        return list(self.verify_all(self.select(selectors)))

    def verify_one(self, selector: str) -> Verification:
        """Check the one entry that the selector names, retired or not, and record the check.

        Raises:
            NothingSelected: if it names none.
            UsageError: if it names several.
        """
        (verification,) = self.verify_all([select_one(self._repository, selector)])
        return verification

    def verify_all(self, entries: Iterable[Entry]) -> Generator[Verification, None, None]:
        """Build every entry and compare it with its baseline; yields each once its check is recorded."""
        return self._checker.verify_all(entries)

    def accept(self, selector: str, reason: str) -> Accepted | NothingToAccept:
        """Make what the entry builds today its new baseline, with the reason why.

        The two builds are recorded as the entry's latest check, compared with the baseline that it
        has then.

        Raises:
            UsageError: if the reason is empty.
            RegistrationRefused: if two builds differ.
            NotJudged: if it cannot be built, or holds NaN where the baseline does not.
        """
        reason = require_reason(reason, "a new baseline")
        entry = select_one(self._repository, selector)
        return accept(entry, reason, self._repository, self._executor, self._checker, self._clock)

    def rebuild(self, selector: str, output: Path, form: ExportFormat | None = None) -> Rebuilt:
        """Build the entry and write its weights to `output`, whole or not at all.

        Args:
            selector: names one entry.
            output: the file.
            form: the format; None for the one that the suffix of the file names.

        Raises:
            UsageError: if the suffix names no format, or the folder cannot be written.
            NotJudged: if it cannot be built.
        """
        form = form or format_of_file(output.name)
        return rebuild(select_one(self._repository, selector), output, form, self._repository, self._executor)

    # Changing ---------------------------------------------------------------------------------

    def retire(self, selectors: Iterable[str], reason: str | None = None) -> tuple[Entry, ...]:
        """Take the entries out of use; gives them back as they are then."""
        with self._repository.writing():
            entries, now = self.select(selectors), self._clock()
            for entry in entries:
                self._repository.entries.set_retired(entry.id, now, reason)
        return tuple(replace(entry, retired_at=now, retired_reason=reason) for entry in entries)

    def unretire(self, selectors: Iterable[str]) -> tuple[Entry, ...]:
        """Bring retired entries back into use; gives them back as they are then."""
        with self._repository.writing():
            entries = self.select(selectors, include_retired=True)
            for entry in entries:
                self._repository.entries.set_retired(entry.id, None, None)
        return tuple(replace(entry, retired_at=None, retired_reason=None) for entry in entries)

    def tag(
        self, selectors: Iterable[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> tuple[Entry, ...]:
        """Add tags to the entries and remove others; gives the entries back as they are then.

        Raises:
            UsageError: before anything is changed, if a tag is not a name.
        """
        for name in (*add, *remove):
            check_name("tag", name)
        with self._repository.writing():
            entries = self.select(selectors, include_retired=True)
            for entry in entries:
                self._repository.entries.add_tags(entry.id, add)
                self._repository.entries.remove_tags(entry.id, remove)
        return tuple(
            replace(entry, tags=tuple(sorted({*entry.tags, *add} - set(remove)))) for entry in entries
        )

    def alias(self, selector: str, name: str | None) -> Entry:
        """Give the entry another alias, or none; gives back the entry as it is then.

        Raises:
            UsageError: if it is not a name, or already names other entries.
        """
        if name is not None:
            check_name("alias", name)
        with self._repository.writing():
            entry = select_one(self._repository, selector)
            self._repository.entries.set_alias(entry.id, name)
        return replace(entry, alias=name)

    def waive(
        self, selector: str, reason: str, until: date, fingerprint: str | None = None
    ) -> tuple[Entry, Waiver]:
        """Let audits pass the drift that the entry's last check found.

        Args:
            selector: names one entry.
            reason: why the drift is known and may pass.
            until: the last day (UTC) on which it passes.
            fingerprint: the beginning of the drift's fingerprint, where the last audit found several.

        Raises:
            UsageError: if the reason is empty, the day has passed, or there is not exactly one such drift.
        """
        now = self._clock()
        reason = require_reason(reason, "a waiver")
        if until.isoformat() < now[:10]:
            raise UsageError(f"{until} has passed: today is {now[:10]} (UTC)", hint="name a later day")
        with self._repository.writing():
            entry = select_one(self._repository, selector)
            baseline = self._repository.baselines.current(entry.id)
            checks = self._repository.checks.of_entry(entry.id)
            digest = drift_to_waive(entry, baseline, checks, fingerprint)
            waiver = Waiver(entry.id, digest, reason, until.isoformat(), now)
            self._repository.waivers.add(waiver)
        return entry, waiver

    def remove_waivers(self, selector: str) -> tuple[Entry, int]:
        """Revoke the entry's waivers; gives back the entry and how many there were."""
        entry = select_one(self._repository, selector)
        return entry, self._repository.waivers.remove(entry.id, self._clock())
