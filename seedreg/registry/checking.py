"""Verifying: entries are built, judged, and each check is recorded."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Verification
from seedreg.domain.verdict import AuditColumn, Check
from seedreg.errors import DamageError
from seedreg.judging import judge
from seedreg.registry.clock import Clock
from seedreg.registry.depended import DependedFiles
from seedreg.registry.own import is_refusal

if TYPE_CHECKING:
    from seedreg.executors import Executor
    from seedreg.storage import Repository

# Entries verified at a time: enough that starting them costs nothing, and few enough to hold in memory.
_CHUNK = 256


class Checker:
    """Verifies entries.

    Args:
        repository: where entries are and checks go.
        executor: where builds run.
        clock: gives the time of each check.
        audit: where the checks belong in an audit, if they are part of one.
        files: gives what the files that entries depend on are now.
    """

    def __init__(
        self,
        repository: Repository,
        executor: Executor,
        clock: Clock,
        audit: AuditColumn | None = None,
        files: DependedFiles | None = None,
    ) -> None:
        self.files = files or DependedFiles(Path())
        self._repository = repository
        self._executor = executor
        self._clock = clock
        self._audit = audit

    def verify_all(self, entries: Iterable[Entry]) -> Generator[Verification, None, None]:
        """Build every entry and compare it with its baseline; yields each once its check is recorded.

        A build that differs is repeated in another process before it is called a drift. A few hundred
        entries are taken at a time, so that the memory needed does not grow with their number.

        Raises:
            DamageError: if the baseline of an entry cannot be read; all others were verified by then.
        """
        waiting = iter(entries)
        damages: list[DamageError] = []
        while chunk := tuple(itertools.islice(waiting, _CHUNK)):
            yield from self._verify_chunk(chunk, damages)
        if damages:
            raise damages[0]

    def _verify_chunk(self, entries: Sequence[Entry], damages: list[DamageError]) -> Iterator[Verification]:
        differing: dict[int, Built] = {}
        digests = self._repository.baselines.digests([entry.id for entry in entries])
        requests = [
            BuildRequest(key, entry.recipe, expected=digests.get(entry.id))
            for key, entry in enumerate(entries)
        ]
        for request, outcome in self._executor.run(requests):
            entry = entries[request.key]
            try:
                baseline = self._repository.baselines.current(entry.id)
            except DamageError as error:
                damages.append(error)
                continue
            if isinstance(outcome, Built) and outcome.fingerprint.digest != baseline.fingerprint.digest:
                differing[request.key] = outcome
            else:
                yield self.record(entry, baseline, [outcome])
        for request, outcome in self._executor.run(_confirmations(differing, entries)):
            entry = entries[request.key]
            baseline = self._repository.baselines.current(entry.id)
            yield self.record(entry, baseline, [differing[request.key], outcome])

    def record(self, entry: Entry, baseline: Baseline, builds: Sequence[Outcome]) -> Verification:
        """Judge builds of the entry, and append the check to the registry.

        A refusal is stored only in an audit.
        """
        judgement = judge(baseline, [self._with_files(build, baseline) for build in builds])
        check = Check(
            entry.id,
            baseline.number,
            judgement.verdict,
            self._clock(),
            sum(build.duration_s for build in builds),
            judgement.outcome,
            self._audit,
        )
        waiver = None
        # An audit records what it left out. Elsewhere nothing was checked, so there is nothing to record.
        if self._audit is not None or not is_refusal(check.outcome):
            with self._repository.writing():
                # Before the check is stored: a trigger in the file could add a waiver then.
                waiver = self._repository.waivers.in_force(check)
                self._repository.checks.add(check)
        return Verification(
            entry,
            baseline,
            check,
            judgement.drift,
            judgement.changes,
            judgement.source_changed,
            judgement.renamed,
            waiver,
            builds[-1].facts.isolation if isinstance(builds[-1], Built) else None,
        )

    def _with_files(self, build: Outcome, baseline: Baseline) -> Outcome:
        """The build, with what the files are now that the baseline depends on."""
        paths = [file.path for file in baseline.source.depends]
        if not paths or not isinstance(build, Built):
            return build
        return replace(build, source=self.files.added_to(build.source, paths))


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
