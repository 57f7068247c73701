"""A small world of results: an entry that drifted, one that could not be judged, and their like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from seedreg.cli.guide import CommandLineGuide
from seedreg.domain.drift import compare, names_differ
from seedreg.domain.entry import Baseline, BuildFacts, Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.failure import BuildFailure, Difference, FailureKind, RandomSource, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.results import Verification
from seedreg.domain.statistics import TensorStats
from seedreg.domain.summary import EntrySummary
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.reports.lines import Line
from seedreg.storage.entry_rows import recipe_columns

GUIDE = CommandLineGuide()


def joined(lines: Iterable[Line]) -> str:
    """The lines as one text."""
    return "\n".join(map(str, lines))


T0 = "2026-01-02T03:04:05.000006Z"
T1 = "2026-02-03T04:05:06.000007Z"
T2 = "2026-03-04T05:06:07.000008Z"

SOURCE = Source("models.py", 7, "a" * 64, "b" * 64, "def build():\n    …\n", "c" * 40, False)
EDITED = replace(SOURCE, line=9, sha256="d" * 64, file_sha256="e" * 64, git_dirty=True)
MOVED = replace(SOURCE, file_sha256="e" * 64)
UNKNOWN = Source()

FACTS = BuildFacts(
    Isolation.FRESH,
    0.25,
    0.125,
    12,
    None,
    ("dropout/seed uint32 " + "9" * 64,),
    (build_warning(WarningKind.IGNORES_SEED, seed=1),),
)
FAILURE = build_failure(
    FailureKind.RAISED,
    details="Traceback (most recent call last):\n  File \"models.py\", line 8, in build\nKeyError: 'x'\n",
    output="loading …\n",
    duration_s=1.5,
    factory="models:build",
    error="KeyError: 'x'",
)
TIMEOUT = build_failure(FailureKind.TIMEOUT, duration_s=2, timeout_s=2)
NOT_EQUAL = build_failure(
    FailureKind.NONDETERMINISTIC,
    factory="models:build",
    seed=0,
    differing=1,
    tensors=2,
    tensor="kernel",
    difference="values",
    reason=Difference.UNSEEDED.value,
    source=RandomSource.CLOCK.value,
)

OLD = Environment(
    python="3.11.7",
    tensorflow="2.15.0",
    keras="2.15.0",
    keras_distribution="keras",
    numpy="1.26.4",
    distributions=(("absl-py", "2.0.0"), ("keras", "2.15.0"), ("numpy", "1.26.4"), ("tensorflow", "2.15.0")),
    os="Linux 6.1 glibc-2.36",
    cpu="x86_64 avx2",
    variables=(("TF_DETERMINISTIC_OPS", "1"),),
    keras_config=(("backend", "tensorflow"), ("floatx", "float32")),
)
NEW = replace(
    OLD,
    python="3.12.1",
    tensorflow="2.16.1",
    keras="3.3.3",
    distributions=(
        ("absl-py", "2.1.0"),
        ("keras", "3.3.3"),
        ("numpy", "1.26.4"),
        ("optree", "0.11.0"),
        ("tensorflow", "2.16.1"),
    ),
    variables=(),
)


def tensor(name: str, letter: str, shape: tuple[int, ...] = (2, 3), layer: str | None = None) -> TensorRecord:
    size = 1
    for length in shape:
        size *= length
    stats = TensorStats(size, 0.125, 0.5, -1.0, 1.25, 2.5, 0, 0, 0, (-1.0, 1.25))
    return TensorRecord(
        "float32",
        shape,
        letter * 64,
        name,
        layer or name.partition("/")[0],
        "Dense",
        {"class": "GlorotUniform", "config": {"seed": None}} if name.endswith("kernel") else None,
        stats,
    )


KERNEL, BIAS = tensor("dense/kernel", "1"), tensor("dense/bias", "2", (3,))
STEP = TensorRecord("int64", (), "3" * 64, "step")
PRINT = Fingerprint((KERNEL, BIAS, STEP))
DRIFTED_PRINT = Fingerprint((replace(KERNEL, sha256="4" * 64), BIAS, STEP))
GROWN_PRINT = Fingerprint(
    (replace(KERNEL, shape=(2, 4), sha256="5" * 64), tensor("dense/extra", "6"), BIAS, STEP)
)
RENAMED_PRINT = Fingerprint((replace(KERNEL, name="head/kernel"), BIAS, STEP))

RECIPE = Recipe(
    "shop",
    "models:build",
    7,
    '{"units":8}',
    Seeding.FULL,
    (InputSpec((28, 28, 1)), InputSpec((10,), "int32")),
    "cpu",
)
ENTRY = Entry(RECIPE, T0)
FULL_ENTRY = Entry(
    replace(RECIPE, seeding=Seeding.TF, device="gpu:0"), T0, "golden", "a note", ("a", "b"), T2, "old"
)
BASELINE = Baseline(1, PRINT, OLD, SOURCE, FACTS, T0)
SECOND = Baseline(2, DRIFTED_PRINT, NEW, EDITED, replace(FACTS, warnings=()), T2, "Keras 3")


def check(
    verdict: Verdict, built: Fingerprint = PRINT, on: Environment = OLD, source: Source = SOURCE
) -> Check:
    return Check(ENTRY.id, 1, verdict, T1, 0.25, Observed(built, on, source))


def verification(
    verdict: Verdict, built: Fingerprint = PRINT, on: Environment = OLD, source: Source = SOURCE
) -> Verification:
    return Verification(
        ENTRY,
        BASELINE,
        check(verdict, built, on, source),
        compare(PRINT, built),
        changes(OLD, on),
        None if source.sha256 is None else source.sha256 != SOURCE.sha256,
        names_differ(PRINT, built),
        isolation=Isolation.FORK,
    )


def failed(failure: BuildFailure = FAILURE) -> Verification:
    lost = Check(ENTRY.id, 1, Verdict.ERROR, T1, failure.duration_s, failure)
    return Verification(ENTRY, BASELINE, lost)


REPRODUCED = verification(Verdict.REPRODUCED)
DRIFTED = verification(Verdict.DRIFTED, DRIFTED_PRINT, NEW, EDITED)
NONDETERMINISTIC = verification(Verdict.NONDETERMINISTIC, DRIFTED_PRINT)
GROWN = verification(Verdict.DRIFTED, GROWN_PRINT)


def summary(entry: Entry, *others: object) -> EntrySummary:
    columns = recipe_columns(entry.recipe).values()
    own = (entry.created_at, entry.alias, entry.note, entry.retired_at, entry.retired_reason, entry.tags)
    return EntrySummary._make((entry.id, *columns, *own, *others))


SUMMARIES = (
    summary(ENTRY, 1, PRINT.digest, "3.11.7", "2.15.0", "2.15.0", "1.26.4", None, None),
    summary(FULL_ENTRY, 2, DRIFTED_PRINT.digest, "3.12.1", "2.16.1", None, None, Verdict.DRIFTED, T2),
)
