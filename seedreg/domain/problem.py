"""What an inspection of a registry finds wrong, as values; `seedreg.reports` has the words."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ProblemKind(enum.Enum):
    """The kinds of problem; the values are stable."""

    ALIAS_OF_FACTORY = "alias-of-factory"
    AUDIT_CHECK = "audit-check"
    AUDIT_DOCUMENT = "audit-document"
    AUDIT_ENTRY = "audit-entry"
    AUDIT_PLAN = "audit-plan"
    AUDIT_SHARD = "audit-shard"
    AUDIT_UNFINISHED = "audit-unfinished"
    BASELINE_DOCUMENT = "baseline-document"
    BASELINE_FACTS = "baseline-facts"
    BASELINE_NUMBERS = "baseline-numbers"
    BASELINE_REASON = "baseline-reason"
    BASELINE_SAME = "baseline-same"
    BASELINE_SOURCE = "baseline-source"
    BASELINE_TIME = "baseline-time"
    CHECK_AUDIT = "check-audit"
    CHECK_BASELINE = "check-baseline"
    CHECK_DOCUMENT = "check-document"
    CHECK_DURATION = "check-duration"
    CHECK_SOURCE = "check-source"
    CHECK_VERDICT = "check-verdict"
    DANGLING = "dangling"
    ENTRY_COLUMNS = "entry-columns"
    ENTRY_DOCUMENT = "entry-document"
    ENTRY_ID = "entry-id"
    ENTRY_RETIREMENT = "entry-retirement"
    ENVIRONMENT_COLUMNS = "environment-columns"
    ENVIRONMENT_DIGEST = "environment-digest"
    ENVIRONMENT_DOCUMENT = "environment-document"
    FINGERPRINT_COUNTS = "fingerprint-counts"
    FINGERPRINT_DIGEST = "fingerprint-digest"
    FINGERPRINT_DOCUMENT = "fingerprint-document"
    FINGERPRINT_TEXT = "fingerprint-text"
    IDENTITY = "identity"
    NAME = "name"
    NO_OBJECT = "no-object"
    ORPHAN = "orphan"
    PAGES = "pages"
    ROW_NUMBERS = "row-numbers"
    SCHEMA_DIFFERS = "schema-differs"
    SCHEMA_EXTRA = "schema-extra"
    SCHEMA_MISSING = "schema-missing"
    TENSOR = "tensor"
    TIME_AHEAD = "time-ahead"
    TIME_FORM = "time-form"
    TIME_ORDER = "time-order"
    UNFINISHED = "unfinished"
    VALUE_TYPE = "value-type"
    WAIVER_DAY = "waiver-day"
    WAIVER_DIGEST = "waiver-digest"
    WAIVER_DRIFT = "waiver-drift"
    WAIVER_PLACE = "waiver-place"
    WAIVER_REASON = "waiver-reason"
    WEIGHTS_DIFFER = "weights-differ"
    WEIGHTS_MISSING = "weights-missing"
    WEIGHTS_UNREADABLE = "weights-unreadable"


@dataclass(frozen=True)
class Problem:
    """One problem: its kind, and which thing it is about by name, sorted; see `problem`."""

    kind: ProblemKind
    fields: tuple[tuple[str, object], ...]


def problem(kind: ProblemKind, **fields: object) -> Problem:
    """A problem with fields given by name."""
    return Problem(kind, tuple(sorted(fields.items())))
