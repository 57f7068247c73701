"""A registry with somewhere to build: every use case on entries is one method."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedreg.domain.audit import Waiver
from seedreg.domain.build import ExportFormat
from seedreg.domain.canonical import canonical_json
from seedreg.domain.entry import Entry, check_name
from seedreg.domain.failure import RECIPE_MISTAKES, FailureKind
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Acceptance,
    Accepted,
    BuiltNow,
    Confirmed,
    Gone,
    Left,
    NoDrift,
    NotAccepted,
    NotConfirmed,
    NothingToAccept,
    NotTried,
    OtherWeights,
    Planned,
    Proposal,
    Rebuilt,
    Refused,
    Registered,
    Registration,
    Verification,
    Waived,
)
from seedreg.errors import NotJudged, RegistrationRefused, UsageError
from seedreg.registry.accepting import Accepter, proposals, refused_acceptance, require_reason
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock, utc_now
from seedreg.registry.configured import gone, planned
from seedreg.registry.depended import DependedFiles
from seedreg.registry.findings import Findings
from seedreg.registry.own import OwnProject, Refusal, refuse_nothing
from seedreg.registry.reading import Reading
from seedreg.registry.rebuilding import format_of_file, rebuild
from seedreg.registry.registering import PLAIN, Order, RegisterOptions, Registrar, not_confirmed
from seedreg.registry.selection import select_one
from seedreg.registry.waiving import require_future, waivable, waivers_of
from seedreg.reports.words.failures import failure_error

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository


class Registry(Reading):
    """The use cases on the entries of a registry; use it in a `with` statement.

    Args:
        repository: where entries are stored; closed with the registry.
        executor: where builds run; closed with the registry.
        project: the name of the project that builds here; entries of others are not judged.
        clock: gives the time of what is recorded.
        refusal: says which registered recipes are not built; what is registered now is always built.
        root: the project's root; the current folder if None.
    """

    def __init__(
        self,
        repository: Repository,
        executor: Executor,
        project: str,
        clock: Clock = utc_now,
        refusal: Refusal = refuse_nothing,
        root: Path | None = None,
    ) -> None:
        super().__init__(repository)
        self._named = OwnProject(executor, project)
        self._executor = OwnProject(executor, project, refusal)
        self._project = project
        self._clock = clock
        self._checker = Checker(repository, self._executor, clock, files=DependedFiles(root or Path()))

    def close(self) -> None:
        """End every build and close the registry file."""
        self._executor.close()
        self._repository.close()

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
        yield from self.register_orders([Order(recipe, options) for recipe in recipes])

    def register_orders(self, orders: Iterable[Order]) -> Iterator[Registration]:
        """`register_all` of recipes that are each registered in a way of their own.

        Raises:
            UsageError: see `register_all`.
        """
        registrar = Registrar(self._repository, self._named, self._checker, self._clock)
        yield from registrar.register_all(orders)

    def register_configured(self, orders: Sequence[Order]) -> Iterator[Registration]:
        """Register what the configuration lists and is no entry yet; see `seedreg.registry.orders`.

        What is an entry already is left as it is, and not built. Entries that came from the configuration
        and are no longer listed are named.

        Raises:
            UsageError: see `register_all`.
        """
        found = self.planned(orders, configured=True)
        yield from (one for one in found if not isinstance(one, Planned))
        wanted = {one.recipe.id for one in found if isinstance(one, Planned)}
        yield from self.register_orders([order for order in orders if order.recipe.id in wanted])

    def planned(
        self, orders: Sequence[Order], *, configured: bool = False
    ) -> tuple[Left | Planned | Gone, ...]:
        """What a registration would find; nothing is built or changed.

        Args:
            orders: what would be registered.
            configured: whether they are all that the configuration lists.
        """
        found = planned(self._repository, orders)
        return (*found, *(gone(self._repository, self._project, orders) if configured else ()))

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
            case NotTried() | Left() | Planned() | Gone():
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

    def proposals(
        self, selectors: Sequence[str] = (), *, findings: Findings | None = None
    ) -> tuple[Proposal, ...]:
        """What `accept_all` would build and accept; nothing is built or changed.

        Args:
            selectors: of the entries; with `findings` none means all.
            findings: only what drifted there; exactly the weights that the audit saw are accepted.

        Raises:
            NothingSelected: if a selector names none, or none has drifted there.
            UsageError: if the audit has several environments and none is named.
        """
        return proposals(self._repository, selectors, findings)

    def accept_all(self, proposed: Iterable[Proposal], reason: str) -> Iterator[Acceptance]:
        """Make what the entries build today their new baselines; yields each as soon as it is known.

        The two builds of each are recorded as its latest check, compared with the baseline that it has
        then.

        Raises:
            UsageError: before anything is built, if the reason is empty.
        """
        reason = require_reason(reason, "a new baseline")
        accepter = Accepter(self._repository, self._executor, self._checker, self._clock, reason)
        return accepter.accept_all(proposed)

    def accept(self, selector: str, reason: str) -> Accepted | NothingToAccept:
        """Make what the one entry builds today its new baseline, with the reason why.

        Raises:
            UsageError: if the reason is empty, or the selector names several entries.
            RegistrationRefused: if two builds differ.
            NotJudged: if it cannot be built, or holds NaN where the baseline does not.
        """
        entry = select_one(self._repository, selector)
        proposal = Proposal(entry, self._repository.baselines.current(entry.id), BuiltNow())
        (result,) = self.accept_all([proposal], reason)
        if isinstance(result, (NotAccepted, OtherWeights)):
            raise refused_acceptance(result)
        return result

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

    def retire(
        self, selectors: Iterable[str] = (), reason: str | None = None, *, findings: Findings | None = None
    ) -> tuple[Entry, ...]:
        """Take the entries out of use; gives them back as they are then."""
        with self._repository.writing():
            entries, now = self.select(selectors, findings=findings), self._clock()
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
        self,
        selectors: Iterable[str] = (),
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        findings: Findings | None = None,
    ) -> tuple[Entry, ...]:
        """Add tags to the entries and remove others; gives the entries back as they are then.

        Raises:
            UsageError: before anything is changed, if a tag is not a name.
        """
        for name in (*add, *remove):
            check_name("tag", name)
        with self._repository.writing():
            entries = self.select(selectors, include_retired=True, findings=findings)
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

    def waive_all(
        self,
        selectors: Sequence[str],
        reason: str,
        until: date,
        *,
        fingerprint: str | None = None,
        findings: Findings | None = None,
        dry_run: bool = False,
    ) -> tuple[Waived | NoDrift, ...]:
        """Let audits pass drifts of the entries, all of them or none; says which entries have none.

        Args:
            selectors: of the entries; with `findings` none means all.
            reason: why the drifts are known and may pass.
            until: the last day (UTC) on which they pass.
            fingerprint: the beginning of the drift's fingerprint, where the last audit found several.
            findings: the drifts found there; without it those that the last checks found.
            dry_run: nothing is stored.

        Raises:
            NothingSelected: if a selector names none, or none has drifted there.
            UsageError: if the reason is empty, the day has passed, no entry has such a drift, or the last
                audit of one found several.
        """
        now, reason = self._clock(), require_reason(reason, "a waiver")
        require_future(until, now)
        with nullcontext() if dry_run else self._repository.writing():
            drifts = waivable(self._repository, selectors, findings, fingerprint)
            found = waivers_of(drifts, reason, until, now)
            if not dry_run:
                for one in found:
                    if isinstance(one, Waived):
                        self._repository.waivers.add(one.waiver)
        return found

    def waive(
        self, selector: str, reason: str, until: date, fingerprint: str | None = None
    ) -> tuple[Entry, Waiver]:
        """`waive_all` of the one entry that the selector names.

        Raises:
            UsageError: also if the selector names several.
        """
        entry = select_one(self._repository, selector)
        found = self.waive_all([entry.id], reason, until, fingerprint=fingerprint)
        ((_, waiver),) = ((one.entry, one.waiver) for one in found if isinstance(one, Waived))
        return entry, waiver

    def remove_waivers(self, *selectors: str) -> tuple[tuple[Entry, int], ...]:
        """Revoke the waivers of the entries; gives back each entry and how many there were."""
        with self._repository.writing():
            now, entries = self._clock(), self.select(selectors, include_retired=True)
            return tuple((entry, self._repository.waivers.remove(entry.id, now)) for entry in entries)
