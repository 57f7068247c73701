"""The words for what an inspection of a registry finds wrong."""

from __future__ import annotations

from seedreg.domain.problem import Problem, ProblemKind

_UNREADABLE = "its document cannot be read ({error})"

WORDS: dict[ProblemKind, str] = {
    ProblemKind.ALIAS_OF_FACTORY: "entry {entry:.12}: its alias {name!r} is the name of a factory",
    ProblemKind.AUDIT_CHECK: "audit {number}: check {check} is of entry {entry:.12} in {column!r}, "
    "which is not in its plan",
    ProblemKind.AUDIT_DOCUMENT: f"audit {{number}}: {_UNREADABLE}",
    ProblemKind.AUDIT_ENTRY: "audit {number}: its plan names {entry:.12}, which is no entry",
    ProblemKind.AUDIT_PLAN: "audit {number}: its plan is empty, or names an entry or an environment twice",
    ProblemKind.AUDIT_SHARD: "audit {number}: its shard does not hold its entries",
    ProblemKind.AUDIT_UNFINISHED: "audit {number}: it is finished, and {missing} of its checks are missing",
    ProblemKind.BASELINE_DOCUMENT: f"baseline {{number}} of entry {{entry:.12}}: {_UNREADABLE}",
    ProblemKind.BASELINE_FACTS: "baseline {number} of entry {entry:.12}: a duration is negative",
    ProblemKind.BASELINE_NUMBERS: "entry {entry:.12}: its baselines are numbered {found}, "
    "not from 1 without gaps",
    ProblemKind.BASELINE_REASON: "baseline {number} of entry {entry:.12}: only the first has no reason",
    ProblemKind.BASELINE_SAME: "baseline {number} of entry {entry:.12}: it repeats or precedes the last one",
    ProblemKind.BASELINE_SOURCE: "baseline {number} of entry {entry:.12}: its source is impossible: {fields}",
    ProblemKind.BASELINE_TIME: "entry {entry:.12}: its first baseline was not recorded together with it",
    ProblemKind.CHECK_AUDIT: "check {number}: it has an audit or an environment of one, not both",
    ProblemKind.CHECK_BASELINE: "check {number}: its baseline belongs to another entry",
    ProblemKind.CHECK_DOCUMENT: f"check {{number}}: {_UNREADABLE}",
    ProblemKind.CHECK_DURATION: "check {number}: its duration is negative",
    ProblemKind.CHECK_SOURCE: "check {number}: its source is impossible: {fields}",
    ProblemKind.CHECK_VERDICT: "check {number}: {verdict!r} contradicts its {fields}",
    ProblemKind.DANGLING: "row {row} of {table} points to a row of {parent} that does not exist",
    ProblemKind.ENTRY_COLUMNS: "entry {entry:.12}: columns differ from its recipe: {columns}",
    ProblemKind.ENTRY_DOCUMENT: f"entry {{entry:.12}}: {_UNREADABLE}",
    ProblemKind.ENTRY_ID: "entry {entry:.12}: its recipe has the id {found}",
    ProblemKind.ENTRY_RETIREMENT: "entry {entry:.12}: it has a reason for its retirement and is not retired",
    ProblemKind.ENVIRONMENT_COLUMNS: "environment {number}: its columns are not those of its document",
    ProblemKind.ENVIRONMENT_DIGEST: "environment {number}: its document does not have its digest",
    ProblemKind.ENVIRONMENT_DOCUMENT: f"environment {{number}}: {_UNREADABLE}",
    ProblemKind.FINGERPRINT_COUNTS: "fingerprint {number}: its counts are not those of its document",
    ProblemKind.FINGERPRINT_DIGEST: "fingerprint {number}: its document has the digest {found}",
    ProblemKind.FINGERPRINT_DOCUMENT: f"fingerprint {{number}}: {_UNREADABLE}",
    ProblemKind.FINGERPRINT_TEXT: "fingerprint {number}: its document is not the one that was stored",
    ProblemKind.IDENTITY: "the registry does not have exactly one identity",
    ProblemKind.NAME: "entry {entry:.12}: {name!r} cannot be its {what}",
    ProblemKind.NO_OBJECT: "{path} is not an object",
    ProblemKind.ORPHAN: "row {row} of {table}: nothing refers to it",
    ProblemKind.PAGES: "the file is damaged: {text}",
    ProblemKind.ROW_NUMBERS: "{count} rows of {table} are numbered {first} … {last}: not 1, 2, 3 …",
    ProblemKind.SCHEMA_DIFFERS: "{what} {name!r} is not defined as seedreg defines it",
    ProblemKind.SCHEMA_EXTRA: "{what} {name!r} was not made by seedreg",
    ProblemKind.SCHEMA_MISSING: "{what} {name!r} is missing",
    ProblemKind.TENSOR: "fingerprint {number}: tensor {tensor} is impossible: {fields}",
    ProblemKind.TIME_AHEAD: "row {row} of {table}: {column} {found} is more than a year ahead of the clock",
    ProblemKind.TIME_FORM: "row {row} of {table}: {column} {found!r} is not a time",
    ProblemKind.TIME_ORDER: "row {row} of {table}: {column} does not fit the order of recording (see {than})",
    ProblemKind.UNFINISHED: "the inspection could not be finished: {message}",
    ProblemKind.VALUE_TYPE: "row {row} of {table}: {column} holds {found}",
    ProblemKind.WAIVER_DAY: "waiver {number}: {found!r} is not a day",
    ProblemKind.WAIVER_DIGEST: "waiver {number}: {found!r} is not the digest of a fingerprint",
    ProblemKind.WAIVER_DRIFT: "waiver {number}: entry {entry:.12} never drifted to its fingerprint",
    ProblemKind.WAIVER_PLACE: "waiver {number}: its place among the checks is impossible",
    ProblemKind.WAIVER_REASON: "waiver {number}: it has no reason",
    ProblemKind.WEIGHTS_DIFFER: "weights {path} are damaged: their SHA-256 is another one",
    ProblemKind.WEIGHTS_MISSING: "baseline {number} of entry {entry:.12}: "
    "{missing} of its {tensors} kept tensors are missing",
    ProblemKind.WEIGHTS_UNREADABLE: "weights {path} cannot be read: {error}",
}


def problem_text(problem: Problem) -> str:
    """The problem on one line."""
    fields = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in problem.fields
    }
    return WORDS[problem.kind].format(**fields)
