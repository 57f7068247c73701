"""Small values of the domain to store."""

from __future__ import annotations

from dataclasses import replace

from seedreg.domain.audit import AuditPlan, Shard, Waiver
from seedreg.domain.canonical import sha256_text
from seedreg.domain.entry import Baseline, BuildFacts, Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.statistics import TensorStats
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import AuditColumn, Check, Observed, Verdict
from seedreg.domain.warning import WarningKind, build_warning

OTHER = "pkg.models:other"
UNKNOWN = "0" * 64
AT = "2026-01-02T03:04:05.000006Z"
LATER = "2026-02-03T04:05:06.000007Z"
LATEST = "2026-03-04T05:06:07.000008Z"

TEXT = 'def build():\n    return "é"\n'
SOURCE = Source("models.py", 7, sha256_text(TEXT), "b" * 64, TEXT, "c" * 40, False)
FACTS = BuildFacts(
    Isolation.FORK, 0.25, 0.125, 12, None, ("numpy",), (build_warning(WarningKind.IGNORES_SEED, seed=1),)
)
FAILURE = build_failure(
    FailureKind.MODULE_NOT_FOUND,
    details="Traceback…",
    output="last words",
    duration_s=1.5,
    module="nowhere",
    searched=["/a", "/b"],
    python="/python",
)


def recipe(seed: int = 0, factory: str = "pkg.models:build", **others: object) -> Recipe:
    return Recipe("project", factory, seed, **others)  # type: ignore[arg-type]


def entry(seed: int = 0, factory: str = "pkg.models:build", **others: object) -> Entry:
    return Entry(recipe(seed, factory), AT, **others)  # type: ignore[arg-type]


def full_entry() -> Entry:
    """An entry in which every field is given."""
    whole = Recipe(
        "project",
        "pkg.models:build",
        2**32 - 1,
        '{"seed":5,"units":8}',
        Seeding.TF,
        (InputSpec((28, 28, 1)),),
        "gpu:0",
    )
    return Entry(whole, AT, "golden", "a note", ("nightly", "release"), LATER, "replaced")


def listed(summary: EntrySummary) -> Entry:
    """The entry that a summary is of, put together again from all that a list shows."""
    found = Entry(
        summary.recipe,
        summary.created_at,
        summary.alias,
        summary.note,
        summary.tags,
        summary.retired_at,
        summary.retired_reason,
    )
    assert summary.id == found.id
    return found


def fingerprint(letter: str = "d", name: str = "dense/kernel:0") -> Fingerprint:
    samples = (0.25, "NaN", "-Infinity", 0.5, 0.5, 0.75)
    stats = TensorStats(6, 0.5, 0.18, 0.25, 0.75, None, 0, 1, 1, samples)
    kernel = TensorRecord(
        "float32", (2, 3), letter * 64, name, "dense", "Dense", {"class_name": "GlorotUniform"}, stats
    )
    return Fingerprint((kernel, TensorRecord("float32", (), "e" * 64, "step")))


def environment(tensorflow: str = "2.15.0") -> Environment:
    return Environment(
        python="3.11.7",
        tensorflow=tensorflow,
        keras="2.15.0",
        keras_distribution="keras",
        numpy="1.26.4",
        distributions=(("numpy", "1.26.4"), ("tensorflow", tensorflow)),
        os="Linux",
        cpu="x86-64",
        variables=(("TF_DETERMINISTIC_OPS", "1"),),
        keras_config=(("floatx", "float32"),),
    )


def baseline(number: int = 1, letter: str = "d", reason: str | None = None) -> Baseline:
    return Baseline(number, fingerprint(letter), environment(), SOURCE, FACTS, AT, reason)


def check(entry_id: str, verdict: Verdict = Verdict.REPRODUCED, number: int = 1, at: str = AT) -> Check:
    return Check(entry_id, number, verdict, at, 0.5, Observed(fingerprint(), environment(), SOURCE))


def failed_check(entry_id: str, at: str = LATER) -> Check:
    return Check(entry_id, 1, Verdict.ERROR, at, 1.5, FAILURE)


HERE = EnvironmentSpec("here")
NEWER = EnvironmentSpec.of("newer", packages=("tensorflow==2.16.*",), python_version="3.11")
NEWEST = EnvironmentSpec.of("newer", packages=("tensorflow==2.16.*",), python_version="3.12")
IDS = (entry(0).id, entry(1).id)
PLAN = AuditPlan("project", IDS, (HERE, NEWER), ("build",), Shard(1, 2))


def drifted(entry_id: str, letter: str = "f", at: str = AT) -> Check:
    return found(check(entry_id, Verdict.DRIFTED, at=at), fingerprint(letter))


def found(one: Check, weights: Fingerprint) -> Check:
    """The same check, which found these weights."""
    assert isinstance(one.outcome, Observed)
    return replace(one, outcome=replace(one.outcome, fingerprint=weights))


def part_of(number: int, one: Check, column: str = "here") -> Check:
    return replace(one, audit=AuditColumn(number, column))


def waiver(entry_id: str = IDS[0], letter: str = "f", **others: str) -> Waiver:
    return Waiver(
        entry_id, fingerprint(letter).digest, "known", **{"until": "2026-12-31", "created_at": AT, **others}
    )
