"""What an audit found: the checks that did not reproduce, as the choice of what to work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seedreg.domain.audit import Audit
from seedreg.domain.entry import Baseline, Entry
from seedreg.domain.verdict import Check, Verdict
from seedreg.errors import NothingSelected, Step, UsageError

if TYPE_CHECKING:
    from seedreg.storage import Repository


@dataclass(frozen=True)
class Findings:
    """What did not reproduce in one audit, or in one of its environments (`column`; None for all)."""

    audit: int
    column: str | None = None

    def __str__(self) -> str:
        return f"audit {self.audit}" if self.column is None else f"{self.column} of audit {self.audit}"


def find_audit(repository: Repository, number: int) -> Audit:
    """The audit of this number.

    Raises:
        NothingSelected: if there is none.
    """
    audit = repository.audits.get(number)
    if audit is None:
        raise NothingSelected(f"there is no audit {number}", step=Step.LIST_AUDITS)
    return audit


def one_column(repository: Repository, wanted: Findings) -> tuple[Findings, str]:
    """The same findings in exactly one environment, and its name.

    Raises:
        NothingSelected: if there is no such audit.
        UsageError: if it has no such environment, or several and none is named.
    """
    labels = _labels(repository, wanted)
    if len(labels) > 1:
        raise UsageError(
            f"audit {wanted.audit} was made in several environments: {', '.join(labels)}",
            step=Step.NAME_COLUMN,
        )
    return Findings(wanted.audit, labels[0]), labels[0]


def failing(repository: Repository, wanted: Findings) -> Iterator[tuple[Check, Entry, Baseline]]:
    """The checks that did not reproduce, waived or not, with the baselines they were compared with.

    Raises:
        NothingSelected: if there is no such audit.
        UsageError: if it has no such environment.
    """
    labels = _labels(repository, wanted)
    for check, entry, baseline in repository.audits.checks(wanted.audit):
        label = "" if check.audit is None else check.audit.label
        if label in labels and check.verdict is not Verdict.REPRODUCED:
            yield check, entry, baseline


def _labels(repository: Repository, wanted: Findings) -> tuple[str, ...]:
    """The names of the environments that are meant."""
    labels = tuple(column.label for column in find_audit(repository, wanted.audit).plan.columns)
    if wanted.column is None:
        return labels
    if wanted.column not in labels:
        raise UsageError(
            f"audit {wanted.audit} has no environment {wanted.column!r}", hint=f"one of: {', '.join(labels)}"
        )
    return (wanted.column,)
