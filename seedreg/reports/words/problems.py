"""The words for what an inspection of a registry finds wrong."""

from __future__ import annotations

from seedreg.domain.problem import Problem, ProblemKind

_UNREADABLE = "its document cannot be read ({error})"

WORDS: dict[ProblemKind, str] = {
    ProblemKind.AUDIT_CHECK: "audit {number}: check {check} is of entry {entry:.12} in {column!r}, "
    "which is not in its plan",
    ProblemKind.AUDIT_DOCUMENT: f"audit {{number}}: {_UNREADABLE}",
    ProblemKind.BASELINE_DOCUMENT: f"baseline {{number}} of entry {{entry:.12}}: {_UNREADABLE}",
    ProblemKind.BASELINE_NUMBERS: "entry {entry:.12}: its baselines are numbered {found}, "
    "not from 1 without gaps",
    ProblemKind.CHECK_BASELINE: "check {number}: its baseline belongs to another entry",
    ProblemKind.CHECK_DOCUMENT: f"check {{number}}: {_UNREADABLE}",
    ProblemKind.CHECK_VERDICT: "check {number}: its verdict {verdict!r} is unknown",
    ProblemKind.DANGLING: "row {row} of {table} points to a row of {parent} that does not exist",
    ProblemKind.ENTRY_COLUMNS: "entry {entry:.12}: columns differ from its recipe: {columns}",
    ProblemKind.ENTRY_DOCUMENT: f"entry {{entry:.12}}: {_UNREADABLE}",
    ProblemKind.ENTRY_ID: "entry {entry:.12}: its recipe has the id {found}",
    ProblemKind.ENVIRONMENT_COLUMNS: "environment {number}: its columns are not those of its document",
    ProblemKind.ENVIRONMENT_DIGEST: "environment {number}: its document does not have its digest",
    ProblemKind.ENVIRONMENT_DOCUMENT: f"environment {{number}}: {_UNREADABLE}",
    ProblemKind.FINGERPRINT_COUNTS: "fingerprint {number}: its counts are not those of its document",
    ProblemKind.FINGERPRINT_DIGEST: "fingerprint {number}: its document has the digest {found}",
    ProblemKind.FINGERPRINT_DOCUMENT: f"fingerprint {{number}}: {_UNREADABLE}",
    ProblemKind.FINGERPRINT_TEXT: "fingerprint {number}: its document is not the one that was stored",
    ProblemKind.NO_OBJECT: "{path} is not an object",
    ProblemKind.PAGES: "the file is damaged: {text}",
    ProblemKind.UNFINISHED: "the inspection could not be finished: {message}",
    ProblemKind.WAIVER_DAY: "waiver {number}: {found!r} is not a day",
    ProblemKind.WAIVER_DIGEST: "waiver {number}: {found!r} is not the digest of a fingerprint",
    ProblemKind.WEIGHTS_DIFFER: "weights {path} are damaged: their SHA-256 is another one",
    ProblemKind.WEIGHTS_UNREADABLE: "weights {path} cannot be read: {error}",
}


def problem_text(problem: Problem) -> str:
    """The problem on one line."""
    fields = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in problem.fields
    }
    return WORDS[problem.kind].format(**fields)
