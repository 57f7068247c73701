"""What an inspection of a registry finds wrong, as values; `seedreg.reports` has the words."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ProblemKind(enum.Enum):
    """The kinds of problem; the values are stable."""

    AUDIT_CHECK = "audit-check"
    AUDIT_DOCUMENT = "audit-document"
    BASELINE_DOCUMENT = "baseline-document"
    BASELINE_NUMBERS = "baseline-numbers"
    CHECK_BASELINE = "check-baseline"
    CHECK_DOCUMENT = "check-document"
    CHECK_VERDICT = "check-verdict"
    DANGLING = "dangling"
    ENTRY_COLUMNS = "entry-columns"
    ENTRY_DOCUMENT = "entry-document"
    ENTRY_ID = "entry-id"
    ENVIRONMENT_COLUMNS = "environment-columns"
    ENVIRONMENT_DIGEST = "environment-digest"
    ENVIRONMENT_DOCUMENT = "environment-document"
    FINGERPRINT_COUNTS = "fingerprint-counts"
    FINGERPRINT_DIGEST = "fingerprint-digest"
    FINGERPRINT_DOCUMENT = "fingerprint-document"
    FINGERPRINT_TEXT = "fingerprint-text"
    NO_OBJECT = "no-object"
    PAGES = "pages"
    UNFINISHED = "unfinished"
    WAIVER_DAY = "waiver-day"
    WAIVER_DIGEST = "waiver-digest"
    WEIGHTS_DIFFER = "weights-differ"
    WEIGHTS_UNREADABLE = "weights-unreadable"


@dataclass(frozen=True)
class Problem:
    """One problem: its kind, and which thing it is about by name, sorted; see `problem`."""

    kind: ProblemKind
    fields: tuple[tuple[str, object], ...]


def problem(kind: ProblemKind, **fields: object) -> Problem:
    """A problem with fields given by name."""
    return Problem(kind, tuple(sorted(fields.items())))
