"""The use cases on entries: register, verify, accept, rebuild; how builds are run is not known here."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedreg.domain.build import BuildRequest, Built, Export, ExportFormat, Outcome
from seedreg.domain.canonical import canonical_json
from seedreg.domain.drift import compare, names_differ
from seedreg.domain.entry import Baseline, Entry, Recipe, check_name
from seedreg.domain.environment_changes import changes
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import (
    Accepted,
    Confirmed,
    NotConfirmed,
    NothingToAccept,
    Rebuilt,
    Refused,
    Registered,
    Registration,
    Verification,
)
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import (
    NothingSelected,
    NotJudged,
    RegistrationRefused,
    Step,
    UsageError,
)
from seedreg.registration import RegistrationPlan, agreed, not_finite, warnings_of
from seedreg.reports.words.failures import failure_error, failure_message

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

# Entries verified at a time: many enough that starting them costs nothing, few enough to hold.
_CHUNK = 256
_EXPORTS = (
    (".safetensors", ExportFormat.SAFETENSORS),
    (".npz", ExportFormat.NPZ),
    (".weights.h5", ExportFormat.H5),
)


def utc_now() -> str:
    """The time as the registry writes it: UTC, ISO 8601, microseconds, a final `Z`."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class RegisterOptions:
    """How recipes are to be registered, beside the recipes themselves."""

    alias: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    keep_weights: bool = False
    allow_nonfinite: bool = False

    def __post_init__(self) -> None:
        if self.alias is not None:
            check_name("alias", self.alias)
        for tag in self.tags:
            check_name("tag", tag)


class Registry:
    """A registry file and somewhere to build: the use cases on its entries.

    Args:
        repository: where entries rest.
        executor: where builds run; closed with the registry.
        project: the name of the project that builds here; entries of others are not judged.
        clock: gives the time of what is recorded.
        audit: number and column of the audit that the checks belong to, if there is one.
    """

    def __init__(
        self,
        repository: Repository,
        executor: Executor,
        project: str,
        clock: Callable[[], str] = utc_now,
        *,
        audit: tuple[int, str] | None = None,
    ) -> None:
        self._repository = repository
        self._executor = executor
        self._project = project
        self._clock = clock
        self._audit = audit

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every build and close the registry file."""
        self._executor.close()
        self._repository.close()

    # Reading ----------------------------------------------------------------------------------

    def entries(self, **filters: Any) -> list[EntrySummary]:
        """The entries that pass the filters, sorted; see `Repository.summaries` for the filters."""
        return self._repository.entries.summaries(**filters)

    def select(self, selectors: Iterable[str], *, include_retired: bool = False) -> tuple[Entry, ...]:
        """The entries that the selectors name; see `select`."""
        return select(self._repository, selectors, include_retired=include_retired)

    def history(self, selector: str) -> tuple[Check, ...]:
        """Every check of the entry, oldest first."""
        return self._repository.checks.of_entry(select_one(self._repository, selector).id)

    # Registering ------------------------------------------------------------------------------

    def register_all(
        self, recipes: Sequence[Recipe], options: RegisterOptions = RegisterOptions()
    ) -> Iterator[Registration]:
        """Build every recipe in two processes and keep what reproduces; yields each as soon as it is known.

        Of each factory one build is fresh and one forked, so that the fork is checked with the
        determinism. A third build with the next seed tells whether the factory heeds the seed.

        Raises:
            UsageError: before anything is built, if an alias is given to several recipes, or is
                another entry's.
        """
        if options.alias is not None and len(recipes) > 1:
            raise UsageError("an alias names one entry", hint="register one seed with it")
        recipes = tuple({recipe.id: recipe for recipe in recipes}.values())
        if options.alias is not None:
            self._require_free_alias(options.alias, recipes)
        with contextlib.ExitStack() as stack:
            spool = None
            if options.keep_weights:
                spool = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seedreg-weights-")))
            plan = RegistrationPlan(recipes, spool)
            known = {recipe.id for recipe in recipes if self._repository.entries.get(recipe.id) is not None}
            for request, outcome in self._executor.run(plan.requests):
                for recipe, builds, neighbour in plan.settle(request, outcome):
                    if recipe.id in known:
                        registration = self._reconfirm(recipe, builds, options, spool)
                    else:
                        registration = self._register_one(recipe, builds, neighbour, options, spool)
                    if spool is not None:
                        shutil.rmtree(spool / recipe.id, ignore_errors=True)
                    yield registration

    def _require_free_alias(self, alias: str, recipes: Sequence[Recipe]) -> None:
        ids = {recipe.id for recipe in recipes}
        for entry in self._repository.entries.select(alias, include_retired=True):
            if entry.alias == alias and entry.id not in ids:
                raise UsageError(
                    f"alias {alias!r} belongs to entry {entry.short_id} ({entry.recipe.label})",
                    hint=f"choose another one, or take it off first: seedreg alias {alias} --remove",
                )

    def register(
        self,
        factory: str,
        seed: int = 0,
        *,
        params: Mapping[str, Any] | None = None,
        options: RegisterOptions = RegisterOptions(),
        **recipe_fields: Any,
    ) -> Registered | Confirmed:
        """Register one recipe: `factory` is the full address `package.module:callable`.

        Raises:
            RegistrationRefused: if two builds differ, or a known entry no longer reproduces.
            NotJudged: if it could not be built, or what it built has no fingerprint to keep.
        """
        recipe = Recipe(self._project, factory, seed, canonical_json(dict(params or {})), **recipe_fields)
        (result,) = self.register_all([recipe], options)
        match result:
            case Refused(_, failure, nondeterministic):
                raise failure_error(failure, RegistrationRefused if nondeterministic else NotJudged)
            case NotConfirmed(verification):
                raise RegistrationRefused(
                    f"{verification.entry.short_id} {recipe.label} is registered and no longer reproduces: "
                    f"{verification.verdict.value}",
                    hint=f"`seedreg accept {verification.entry.short_id} --reason …` makes it the baseline",
                )
        return result

    def _register_one(
        self,
        recipe: Recipe,
        builds: Sequence[Outcome],
        neighbour: tuple[int, Outcome],
        options: RegisterOptions,
        spool: Path | None,
    ) -> Registration:
        first, refusal = agreed(recipe, builds)
        if first is None:
            assert refusal is not None
            return refusal
        if not options.allow_nonfinite and (bad := first.fingerprint.not_finite()):
            return Refused(recipe, not_finite(recipe, bad))
        warnings = (*first.facts.warnings, *warnings_of(first, neighbour))
        now = self._clock()
        entry = Entry(recipe, now, options.alias, options.note, tuple(sorted(set(options.tags))))
        baseline = Baseline(
            1,
            first.fingerprint,
            first.environment,
            first.source,
            replace(first.facts, warnings=warnings),
            now,
        )
        if spool is not None:
            self._keep_weights(recipe, baseline, spool)
        if not self._repository.entries.add(entry, baseline):
            return self._reconfirm(recipe, builds, options, spool)  # another process was faster
        return Registered(entry, baseline)

    def _keep_weights(self, recipe: Recipe, baseline: Baseline, spool: Path) -> None:
        store = self._repository.objects
        for digest in {tensor.sha256 for tensor in baseline.fingerprint.tensors}:
            store.adopt(spool / recipe.id / digest, digest)

    def _reconfirm(
        self, recipe: Recipe, builds: Sequence[Outcome], options: RegisterOptions, spool: Path | None
    ) -> Registration:
        entry = self._repository.entries.get(recipe.id)
        assert entry is not None
        if options.alias is not None:
            self._repository.entries.set_alias(entry.id, options.alias)
        if options.tags:
            self._repository.entries.add_tags(entry.id, options.tags)
        if options.note is not None:
            self._repository.entries.set_note(entry.id, options.note)
        baseline = self._repository.baselines.current(entry.id)
        verification = self._judge(self._repository.entries.get(recipe.id) or entry, baseline, builds)
        if verification.verdict is Verdict.REPRODUCED:
            if spool is not None:
                self._keep_weights(recipe, baseline, spool)
            return Confirmed(verification)
        return NotConfirmed(verification)

    # Verifying --------------------------------------------------------------------------------

    def verify(self, *selectors: str) -> list[Verification]:
        """Check the entries that the selectors name, and record the checks.

        Raises:
            NothingSelected: if a selector names none.
        """
        return list(self.verify_all(self.select(selectors)))

    def verify_all(self, entries: Iterable[Entry]) -> Generator[Verification, None, None]:
        """Rebuild every entry and hold it against its baseline; yields each, recorded, once it is known.

        A build that differs is run once more, in another process, before it is called a drift. Entries
        are taken a few hundred at a time, so that the memory needed does not grow with their number.
        """
        waiting = iter(entries)
        while chunk := tuple(itertools.islice(waiting, _CHUNK)):
            yield from self._verify_chunk(chunk)

    def _verify_chunk(self, entries: Sequence[Entry]) -> Iterator[Verification]:
        requests = []
        for key, entry in enumerate(entries):
            if entry.recipe.project == self._project:
                requests.append(BuildRequest(key, entry.recipe))
            else:
                baseline = self._repository.baselines.current(entry.id)
                yield self._judge(entry, baseline, [self._foreign(entry)])
        differing: dict[int, Built] = {}
        for request, outcome in self._executor.run(requests):
            entry = entries[request.key]
            baseline = self._repository.baselines.current(entry.id)
            if isinstance(outcome, Built) and outcome.fingerprint.digest != baseline.fingerprint.digest:
                differing[request.key] = outcome
            else:
                yield self._judge(entry, baseline, [outcome])
        for request, outcome in self._executor.run(_confirmations(differing, entries)):
            entry = entries[request.key]
            baseline = self._repository.baselines.current(entry.id)
            yield self._judge(entry, baseline, [differing[request.key], outcome])

    def _foreign(self, entry: Entry) -> BuildFailure:
        return build_failure(FailureKind.PROJECT, project=entry.recipe.project, here=self._project)

    def _judge(self, entry: Entry, baseline: Baseline, builds: Sequence[Outcome]) -> Verification:
        """Turn builds into a verdict and append the check."""
        audit_number, column = self._audit or (None, None)
        duration_s = sum(build.duration_s for build in builds)
        failure = next((build for build in builds if isinstance(build, BuildFailure)), None)
        if failure is not None:
            check = Check(
                entry.id,
                baseline.number,
                Verdict.ERROR,
                self._clock(),
                duration_s,
                failure=failure,
                audit_number=audit_number,
                column=column,
            )
            self._repository.checks.add(check)
            return Verification(entry, baseline, check)
        built = [build for build in builds if isinstance(build, Built)]
        last = built[-1]
        digests = {build.fingerprint.digest for build in built}
        if len(digests) > 1:
            verdict, other = Verdict.NONDETERMINISTIC, built[0]
            drift = compare(other.fingerprint, last.fingerprint)
        else:
            drift = compare(baseline.fingerprint, last.fingerprint)
            verdict = Verdict.REPRODUCED if drift is None else Verdict.DRIFTED
        check = Check(
            entry.id,
            baseline.number,
            verdict,
            self._clock(),
            duration_s,
            last.fingerprint,
            last.environment,
            last.source,
            audit_number=audit_number,
            column=column,
        )
        self._repository.checks.add(check)
        sources = (baseline.source.sha256, last.source.sha256)
        return Verification(
            entry,
            baseline,
            check,
            drift,
            changes(baseline.environment, last.environment),
            None if None in sources else sources[0] != sources[1],
            names_differ(baseline.fingerprint, last.fingerprint),
        )

    # Changing ---------------------------------------------------------------------------------

    def accept(self, selector: str, reason: str) -> Accepted | NothingToAccept:
        """Make what the entry builds today its new baseline, with the reason why.

        The two builds are recorded as the entry's latest check, held against the baseline that it
        has then.

        Raises:
            UsageError: if the reason is empty.
            RegistrationRefused: if two builds differ.
            NotJudged: if it cannot be built, or holds NaN where the baseline does not.
        """
        if not reason.strip():
            raise UsageError("a baseline is only replaced for a reason", hint="say it with --reason TEXT")
        entry = select_one(self._repository, selector)
        if entry.recipe.project != self._project:
            failure = self._foreign(entry)
            raise failure_error(failure, NotJudged)
        plan = [
            BuildRequest(0, entry.recipe, Isolation.FRESH),
            BuildRequest(1, entry.recipe, Isolation.FORK),
        ]
        builds = [outcome for _, outcome in self._executor.run(plan)]
        first, refusal = agreed(entry.recipe, builds)
        if first is None:
            assert refusal is not None
            if refusal.nondeterministic:
                raise failure_error(refusal.failure, RegistrationRefused)
            raise _not_judged(entry, refusal.failure)
        before = self._repository.baselines.current(entry.id)
        drift = compare(before.fingerprint, first.fingerprint)
        if drift is None:
            self._judge(entry, before, builds)
            return NothingToAccept(entry, before)
        bad = first.fingerprint.not_finite()
        if bad and not before.fingerprint.not_finite():
            failure = not_finite(entry.recipe, bad)
            raise NotJudged(failure_message(failure))
        baseline = Baseline(
            before.number + 1,
            first.fingerprint,
            first.environment,
            first.source,
            first.facts,
            self._clock(),
            reason.strip(),
        )
        self._repository.baselines.add(entry.id, baseline)
        self._judge(entry, baseline, builds)
        return Accepted(entry, before, baseline, drift)

    def rebuild(self, selector: str, output: Path) -> Rebuilt:
        """Build the entry and write its weights to `output`, whole or not at all.

        The suffix chooses the format: `.safetensors`, `.npz` or `.weights.h5`.

        Raises:
            UsageError: if the suffix is none of them, or the folder cannot be written.
            NotJudged: if it cannot be built.
        """
        suffix, kind = next(((s, k) for s, k in _EXPORTS if output.name.endswith(s)), (None, None))
        if suffix is None or kind is None:
            raise UsageError(
                f"{output.name!r} has no suffix that names a format",
                hint=f"end it in one of: {', '.join(suffix for suffix, _ in _EXPORTS)}",
            )
        entry = select_one(self._repository, selector)
        if entry.recipe.project != self._project:
            failure = self._foreign(entry)
            raise failure_error(failure, NotJudged)
        try:
            folder = tempfile.TemporaryDirectory(prefix=".seedreg-", dir=output.parent)
        except OSError as error:
            raise UsageError(f"cannot write into {output.parent}: {error.strerror}") from error
        with folder as temporary:
            written = Path(temporary).resolve() / f"weights{suffix}"
            request = BuildRequest(0, entry.recipe, export=Export(kind, str(written)))
            ((_, outcome),) = self._executor.run([request])
            if isinstance(outcome, BuildFailure):
                raise _not_judged(entry, outcome)
            try:
                os.replace(written, output)
            except OSError as error:
                raise UsageError(f"cannot write {output}: {error.strerror}") from error
        baseline = self._repository.baselines.current(entry.id)
        drift = compare(baseline.fingerprint, outcome.fingerprint)
        return Rebuilt(entry, baseline, str(output), str(outcome.fingerprint), drift)


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
            raise NothingSelected(
                f"no entry is named by {selector!r}",
                hint="a selector is an id prefix, an alias, factory, factory@seed or tag:NAME; "
                "`seedreg list` shows the entries",
            )
        found.update((entry.id, entry) for entry in entries)
    return tuple(found.values())


def select_one(repository: Repository, selector: str) -> Entry:
    """The one entry that the selector names, retired or not.

    Raises:
        NothingSelected: if it names none.
        UsageError: if it names several.
    """
    entries = select(repository, [selector], include_retired=True)
    if len(entries) > 1:
        shown = ", ".join(f"{entry.short_id} ({entry.recipe.label})" for entry in entries[:5])
        raise UsageError(
            f"{selector!r} names {len(entries)} entries: {shown}{' …' if len(entries) > 5 else ''}",
            hint="this command takes one: give its id",
        )
    return entries[0]


def _not_judged(entry: Entry, failure: BuildFailure) -> NotJudged:
    """The failure as an error; what there is no room for in one can be seen with `verify`."""
    error = failure_error(failure, NotJudged)
    if failure.details and error.hint is None and error.step is None:
        error.step, error.fields = Step.SHOW_TRACEBACK, {"entry": entry.short_id}
    return error


def _confirmations(differing: Mapping[int, Built], entries: Sequence[Entry]) -> list[BuildRequest]:
    """The second builds of what differed: for each factory at least one of its builds is fresh."""
    fresh_done = {
        entries[key].recipe.factory
        for key, first in differing.items()
        if first.facts.isolation is Isolation.FRESH
    }
    requests = []
    for key in differing:
        recipe = entries[key].recipe
        isolation = Isolation.AUTO if recipe.factory in fresh_done else Isolation.FRESH
        fresh_done.add(recipe.factory)
        requests.append(BuildRequest(key, recipe, isolation))
    return requests
