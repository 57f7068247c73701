"""Registering: recipes are built, and what reproduces is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.build import Built, Outcome
from seedreg.domain.entry import Baseline, Entry, check_name
from seedreg.domain.failure import BuildFailure
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import (
    Confirmed,
    NotConfirmed,
    NotTried,
    Refused,
    Registered,
    Registration,
    Verification,
)
from seedreg.domain.verdict import Verdict
from seedreg.errors import RegistrationRefused, SeedregError, Step, UsageError
from seedreg.judging import keep
from seedreg.registry.accepting import not_judged
from seedreg.registry.checking import Checker
from seedreg.registry.clock import Clock
from seedreg.registry.plan import FirstFailed, Settled, build_all
from seedreg.registry.selection import select_one

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository


@dataclass(frozen=True)
class RegisterOptions:
    """How recipes are registered, beside the recipes themselves.

    `depends` are files whose change explains a drift, relative to the project's root; see
    `seedreg.registry.depended.depended_paths`.

    Raises:
        UsageError: if the alias or a tag is not a name.
    """

    alias: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    keep_weights: bool = False
    allow_nonfinite: bool = False
    depends: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.alias is not None:
            check_name("alias", self.alias)
        for tag in self.tags:
            check_name("tag", tag)


PLAIN = RegisterOptions()


@dataclass(frozen=True)
class Order:
    """A recipe that is to be registered, and how."""

    recipe: Recipe
    options: RegisterOptions = PLAIN


def not_confirmed(verification: Verification) -> SeedregError:
    """The error of a known entry that does not reproduce when it is registered again."""
    entry, verdict = verification.entry, verification.verdict
    known = f"{entry.short_id} {entry.recipe.label} is registered"
    match verification.check.outcome:
        case BuildFailure() as failure:
            return not_judged(entry, failure)
        case _ if verdict is Verdict.NONDETERMINISTIC:
            return RegistrationRefused(f"{known}, and two builds of it differ now")
        case _:
            return RegistrationRefused(
                f"{known} and no longer reproduces: {verdict.value}", step=Step.ACCEPT, entry=entry.short_id
            )


@dataclass(frozen=True)
class Registrar:
    """Registers recipes.

    Args:
        repository: where entries go.
        executor: where builds run.
        checker: verifies recipes that are entries already.
        clock: gives the time of each entry.
    """

    repository: Repository
    executor: Executor
    checker: Checker
    clock: Clock

    def register_all(self, orders: Iterable[Order]) -> Iterator[Registration]:
        """Build every recipe in two processes and keep what reproduces; yields each as soon as it is known.

        Raises:
            UsageError: before anything is built, if an alias is given to several recipes, or the alias or the
                name of a factory already names other entries.
        """
        wanted = {order.recipe.id: order for order in orders}
        self._require_names(wanted.values())
        known = {entry.id for entry in self.repository.entries.by_ids(wanted)}
        recipes = [order.recipe for order in wanted.values()]
        keep_weights = any(order.options.keep_weights for order in wanted.values())
        for ended in build_all(recipes, self.executor, keep_weights=keep_weights):
            order = wanted[ended.recipe.id]
            if isinstance(ended, FirstFailed):
                yield from self._first_failed(order, ended, is_known=ended.recipe.id in known)
                continue
            if ended.recipe.id in known:
                yield self._confirm(order, ended.builds, ended.weights)
            else:
                yield self._register(order, ended)
            if ended.weights is not None:
                shutil.rmtree(ended.weights, ignore_errors=True)

    def _first_failed(self, order: Order, failed: FirstFailed, *, is_known: bool) -> Iterator[Registration]:
        yield self._confirm(order, [failed.failure]) if is_known else Refused(order.recipe, failed.failure)
        if failed.others:
            yield NotTried(order.recipe, failed.others)

    def _require_names(self, orders: Iterable[Order]) -> None:
        aliases: set[str] = set()
        # Names of entries are looked up once for each factory, and for each alias.
        looked: set[tuple[str, str | None]] = set()
        for order in orders:
            alias, factory = order.options.alias, order.recipe.factory
            if alias is not None and alias in aliases:
                raise UsageError("an alias names one entry", hint="register one seed with it")
            aliases.update(() if alias is None else (alias,))
            if (factory, alias) not in looked:
                looked.add((factory, alias))
                self.repository.entries.require_free_names(order.recipe, alias)

    def _register(self, order: Order, settled: Settled) -> Registration:
        recipe, options, weights = settled.recipe, order.options, settled.weights
        build = keep(recipe, settled.builds, settled.neighbour, allow_nonfinite=options.allow_nonfinite)
        if isinstance(build, BuildFailure):
            return Refused(recipe, build)
        build = replace(build, facts=build.facts.without_files(options.depends))
        now = self.clock()
        entry = Entry(recipe, now, options.alias, options.note, tuple(sorted(set(options.tags))))
        source = self.checker.files.added_to(build.source, options.depends)
        baseline = Baseline(1, build.fingerprint, build.environment, source, build.facts, now)
        if weights is not None:
            self._keep_weights(baseline, weights)
        with self.repository.writing():
            added = self.repository.entries.add(entry, baseline)
            if added and weights is not None:
                self.repository.baselines.mark_kept(entry.id, baseline.number)
        if not added:
            return self._confirm(order, settled.builds, weights)  # another process was faster
        return Registered(entry, baseline)

    def _confirm(self, order: Order, builds: Sequence[Outcome], weights: Path | None = None) -> Registration:
        """Give a known entry what the options name, and verify it with these builds."""
        entries, recipe, options = self.repository.entries, order.recipe, order.options
        with self.repository.writing():
            if options.alias is not None:
                entries.set_alias(recipe.id, options.alias)
            if options.tags:
                entries.add_tags(recipe.id, options.tags)
            if options.note is not None:
                entries.set_note(recipe.id, options.note)
            entry = select_one(self.repository, recipe.id)
            baseline = self.repository.baselines.current(entry.id)
            verification = self.checker.record(entry, baseline, builds)
            renewed = self._with_files(options.depends, verification, builds)
            if renewed is not None:
                baseline = renewed
                self.repository.baselines.add(entry.id, baseline)
                verification = self.checker.record(entry, baseline, builds)
        if verification.verdict is not Verdict.REPRODUCED:
            return NotConfirmed(verification)
        if weights is not None:
            self._keep_weights(baseline, weights)
            self.repository.baselines.mark_kept(entry.id, baseline.number)
        return Confirmed(verification)

    def _with_files(
        self, paths: tuple[str, ...], verification: Verification, builds: Sequence[Outcome]
    ) -> Baseline | None:
        """The next baseline of an entry that reproduces and is to depend on other files, else None."""
        baseline, build = verification.baseline, builds[-1]
        same = not paths or paths == tuple(file.path for file in baseline.source.depends)
        if same or verification.verdict is not Verdict.REPRODUCED or not isinstance(build, Built):
            return None
        source = self.checker.files.added_to(build.source, paths)
        reason = f"depends on {', '.join(paths)}"
        number = baseline.number + 1
        facts = build.facts.without_files(paths)
        return Baseline(number, build.fingerprint, build.environment, source, facts, self.clock(), reason)

    def _keep_weights(self, baseline: Baseline, weights: Path) -> None:
        for digest in {tensor.sha256 for tensor in baseline.fingerprint.tensors}:
            with (weights / digest).open("rb") as file:
                self.repository.objects.adopt(file, digest)
