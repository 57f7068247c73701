"""Writes the sample registry of a schema; run once for each released schema, never again.

    python tests/data/make_registry.py

writes `registry-<number>.db` for every schema that has none yet, and changes no other file. The
samples are frozen: `tests/storage/test_frozen.py` will always read and upgrade each of them and
expect the values below, which therefore do not change either.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from seedreg.domain.audit import Audit, AuditPlan, Shard, Waiver
from seedreg.domain.entry import Baseline, BuildFacts, Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.statistics import TensorStats
from seedreg.domain.verdict import AuditColumn, Check, Observed, Verdict
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.storage import SqliteFile, open_repository
from seedreg.storage.revisions import REVISIONS
from seedreg.storage.schema import create

DATA = Path(__file__).parent


def _environment(tensorflow: str, keras: str) -> Environment:
    return Environment(
        python="3.10.13",
        tensorflow=tensorflow,
        keras=keras,
        keras_distribution="keras",
        numpy="1.26.4",
        distributions=(("keras", keras), ("numpy", "1.26.4"), ("tensorflow", tensorflow)),
        os="Linux-6.1-x86_64",
        cpu="x86_64",
        variables=(("TF_ENABLE_ONEDNN_OPTS", "0"),),
        keras_config=(("backend", "tensorflow"), ("floatx", "float32")),
    )


def _fingerprint(digit: str) -> Fingerprint:
    initializer = {"class_name": "GlorotUniform", "config": {"seed": None}}
    kernel = TensorStats(6, 0.05, 0.4, -0.7, 0.7, 1.1, 0, 0, 0, (-0.7, 0.1, 0.2, 0.3, 0.4, 0.7))
    bias = TensorStats(2, 0.0, 0.0, 0.0, 0.0, 0.0, 2, 0, 0, (0.0, 0.0))
    return Fingerprint(
        (
            TensorRecord(
                "float32", (3, 2), digit * 64, "dense/kernel:0", "dense", "Dense", initializer, kernel
            ),
            TensorRecord("float32", (2,), "b" * 64, "dense/bias:0", "dense", "Dense", None, bias),
            TensorRecord("int64", (), "c" * 64, "step"),
        )
    )


OLD = _environment("2.15.1", "2.15.0")
NEW = _environment("2.16.1", "3.1.1")
SOURCE = Source("models.py", 3, "1" * 64, "2" * 64, "def build_model():\n    ...\n", "3" * 40, True)
FACTS = BuildFacts(
    Isolation.FORK, 0.1, 0.01, 2, None, (), (build_warning(WarningKind.RECORDED, text="“quoted” warning"),)
)

PLAIN = Entry(Recipe("sample", "models:build_model", 0), "2026-01-01T00:00:00.000000Z")
FULL = Entry(
    Recipe(
        "sample",
        "models.py:build_model",
        4294967295,
        '{"units":8}',
        Seeding.TF,
        (InputSpec((28, 28, 1)), InputSpec((10,), "int32")),
        "gpu:0",
    ),
    "2026-01-01T00:00:01.000000Z",
    "golden",
    "kept for the paper",
    ("nightly", "paper"),
    "2026-02-01T00:00:00.000000Z",
    "superseded",
)
BASELINES = {
    PLAIN.id: (
        Baseline(1, _fingerprint("a"), OLD, SOURCE, FACTS, "2026-01-01T00:00:00.000000Z"),
        Baseline(2, _fingerprint("d"), NEW, SOURCE, FACTS, "2026-01-03T00:00:00.000000Z", "Keras 3"),
    ),
    FULL.id: (Baseline(1, _fingerprint("a"), OLD, Source(), FACTS, "2026-01-01T00:00:01.000000Z"),),
}
CHECKS = {
    PLAIN.id: (
        Check(
            PLAIN.id,
            1,
            Verdict.REPRODUCED,
            "2026-01-02T00:00:00.000000Z",
            0.5,
            Observed(_fingerprint("a"), OLD, SOURCE),
        ),
        Check(
            PLAIN.id,
            1,
            Verdict.DRIFTED,
            "2026-01-02T12:00:00.000000Z",
            0.5,
            Observed(_fingerprint("d"), NEW, SOURCE),
        ),
        Check(
            PLAIN.id,
            2,
            Verdict.ERROR,
            "2026-01-04T00:00:00.000000Z",
            60.0,
            build_failure(
                FailureKind.TIMEOUT,
                output="…",
                duration_s=60.0,
                message="no answer in 60 s",
                hint="--timeout",
            ),
        ),
    ),
    FULL.id: (),
}

# From schema 0003 on: audits with their checks, and waivers.
HERE = EnvironmentSpec("this interpreter")
KERAS_3 = EnvironmentSpec.of(
    "keras3",
    packages=("tensorflow==2.16.*", "numpy<2"),
    requirements="requirements.txt",
    python_version="3.11",
    exclude_newer="2024-06-01",
)
AUDITS = (
    Audit(
        1,
        AuditPlan("sample", (PLAIN.id,), (HERE, KERAS_3), ("build_model", "tag:paper"), Shard(2, 5)),
        "2026-03-01T00:00:00.000000Z",
        "2026-03-01T00:01:00.000000Z",
    ),
    Audit(2, AuditPlan("sample", (PLAIN.id,), (HERE,)), "2026-03-02T00:00:00.000000Z"),
)
AUDIT_CHECKS = (
    Check(
        PLAIN.id,
        2,
        Verdict.DRIFTED,
        "2026-03-01T00:00:10.000000Z",
        0.5,
        Observed(_fingerprint("e"), OLD, SOURCE),
        AuditColumn(1, "this interpreter"),
    ),
    Check(
        PLAIN.id,
        2,
        Verdict.ERROR,
        "2026-03-01T00:00:20.000000Z",
        0.0,
        build_failure(FailureKind.ENVIRONMENT, message="nothing fits tensorflow==2.16.*", hint="see above"),
        AuditColumn(1, "keras3"),
    ),
)
WAIVERS = (
    Waiver(
        PLAIN.id,
        _fingerprint("f").digest,
        "taken back",
        "2026-12-31",
        "2026-01-05T00:00:00.000000Z",
        "2026-01-06T00:00:00.000000Z",
    ),
    Waiver(
        PLAIN.id, _fingerprint("e").digest, "known since 2.15", "2026-06-30", "2026-02-28T00:00:00.000000Z"
    ),
)


def checks_of(entry_id: str, revision: str) -> tuple[Check, ...]:
    """The checks that a sample holds of an entry; the first samples have a failure's environment, too."""
    if revision >= "0004":
        return CHECKS[entry_id]
    return tuple(
        replace(check, outcome=replace(check.outcome, environment=NEW))
        if isinstance(check.outcome, BuildFailure)
        else check
        for check in CHECKS[entry_id]
    )


def has_audits(revision: str) -> bool:
    """Whether a sample holds audits and waivers."""
    return revision >= "0003"


def has_identity(revision: str) -> bool:
    """Whether a sample has an identity, and marks baselines with kept weights."""
    return revision >= "0005"


def sample(revision: str) -> Path:
    """Where the sample of a schema is."""
    return DATA / f"registry-{revision[:4]}.db"


def _write(revision: str, folder: Path) -> None:
    current = folder / "current.db"
    with open_repository(SqliteFile(current), create=True) as repository:
        for entry in (PLAIN, FULL):
            first, *others = BASELINES[entry.id]
            repository.entries.add(entry, first)
            for baseline in others:
                repository.baselines.add(entry.id, baseline)
            for check in CHECKS[entry.id]:
                repository.checks.add(check)
        repository.baselines.mark_kept(PLAIN.id, 2)
        if has_audits(revision):
            for audit in AUDITS:
                assert repository.audits.start(audit.plan, audit.started_at) == audit.number
            for waiver in WAIVERS:  # a waiver covers the checks that are recorded after it
                repository.waivers.add(waiver)
            for check in AUDIT_CHECKS:
                assert repository.checks.add(check)
            for audit in AUDITS:
                if audit.finished_at is not None:
                    repository.audits.finish(audit.number, audit.finished_at)
    create(SqliteFile(sample(revision)), revision=revision)
    with closing(sqlite3.connect(sample(revision), isolation_level=None)) as file:
        file.execute("ATTACH ? AS source", (str(current),))
        tables = ["entries", "fingerprints", "environments", "baselines", "checks", "tags"]
        tables += ["audits", "waivers"] if has_audits(revision) else []
        tables += ["kept_weights"] if has_identity(revision) else []
        for table in tables:
            columns = ", ".join(row[1] for row in file.execute(f"PRAGMA main.table_info({table})"))
            file.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table}")


if __name__ == "__main__":
    for revision in REVISIONS:
        if not sample(revision).exists():
            with tempfile.TemporaryDirectory() as folder:
                _write(revision, Path(folder))
            sys.stdout.write(f"wrote {sample(revision)}\n")
