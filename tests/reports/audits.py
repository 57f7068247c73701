"""One audit in which everything happens that can happen, and means to make others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from seedreg.domain.audit import Audit, AuditCounts, AuditPlan, Shard, Waiver
from seedreg.domain.drift import compare
from seedreg.domain.entry import Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure, environment_failure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.results import AuditReport, AuditRow
from seedreg.domain.verdict import AuditColumn, Check, Observed, Verdict
from seedreg.errors import EnvironmentFailed, EnvironmentProblem
from seedreg.reports.audit import Format, writer
from seedreg.reports.guide import Guide

from . import values

THIS = EnvironmentSpec("this")
KERAS_3 = EnvironmentSpec.of("keras3", packages=("tensorflow==2.16.*",), python_version="3.12")
GONE = EnvironmentSpec.of("tf2.0", packages=("tensorflow==2.0.*",), exclude_newer="2019-12-01")

COLUMNS = {spec.label: spec for spec in (THIS, KERAS_3, GONE)}

UNRESOLVED = environment_failure(
    EnvironmentFailed(
        EnvironmentProblem.UNRESOLVED,
        environment="tf2.0",
        words="No solution found\n  because tensorflow==2.0.* has no wheels",
    )
)


def entry(seed: int = 7, factory: str = "models:build") -> Entry:
    return Entry(replace(values.RECIPE, seed=seed, factory=factory), values.T0)


def built_from(check: Check, source: Source) -> Check:
    """The same check of another source."""
    assert isinstance(check.outcome, Observed)
    return replace(check, outcome=replace(check.outcome, source=source))


def row(
    of: Entry,
    verdict: Verdict = Verdict.REPRODUCED,
    *,
    column: str = "this",
    on: Environment = values.OLD,
    failure: BuildFailure | None = None,
    waived: str | None = None,
) -> AuditRow:
    built: Fingerprint | None = values.PRINT if verdict is Verdict.REPRODUCED else values.DRIFTED_PRINT
    source, environment = values.SOURCE, on
    if failure is not None:
        lost = Check(of.id, 1, verdict, values.T1, 1.5, failure, AuditColumn(3, column))
        return AuditRow(of, COLUMNS[column], lost, values.BASELINE)
    assert built is not None
    outcome = Observed(built, environment, source)
    check = Check(of.id, 1, verdict, values.T1, 0.25, outcome, AuditColumn(3, column))
    waiver = waived and Waiver(of.id, built.digest, waived, "2026-12-31", values.T0)
    return AuditRow(
        of,
        COLUMNS[column],
        check,
        values.BASELINE,
        compare(values.PRINT, built),
        changes(values.OLD, on),
        waiver or None,
    )


def report(
    rows: Sequence[AuditRow], *columns: EnvironmentSpec, finished: bool = True, planned: int | None = None
) -> AuditReport:
    ids = list(dict.fromkeys(one.entry.id for one in rows))
    ids += [f"{number:064}" for number in range((planned or 0) - len(ids))]
    plan = AuditPlan("shop", tuple(ids), columns or (THIS,), ("models:build", "tag:nightly"), Shard(2, 5))
    audit = Audit(3, plan, values.T1, values.T2 if finished else None)
    verdicts = Counter(one.check.verdict for one in rows)
    counts = AuditCounts(
        len(ids) * len(plan.columns), dict(verdicts), sum(one.waiver is not None for one in rows)
    )

    def again() -> Iterator[AuditRow]:
        yield from rows

    return AuditReport(audit, counts, again)


def everything() -> AuditReport:
    fine, drifts, twin, known, clock, broken = (
        entry(0),
        entry(1, "zoo.nets:cnn"),
        entry(2, "zoo.nets:cnn"),
        entry(3),
        entry(4, "models:clock"),
        entry(5, "models:broken"),
    )
    in_keras3: dict[str, Any] = {"column": "keras3", "on": values.NEW}
    rows = [
        *(row(one) for one in (fine, drifts, twin, known)),
        row(clock, Verdict.NONDETERMINISTIC),
        row(broken, Verdict.ERROR, failure=values.FAILURE),
        row(fine, column="keras3", on=values.NEW),
        row(drifts, Verdict.DRIFTED, **in_keras3),
        row(twin, Verdict.DRIFTED, **in_keras3),
        row(known, Verdict.DRIFTED, **in_keras3, waived="Keras 3 draws its seeds differently; see #12"),
        row(clock, Verdict.NONDETERMINISTIC, **in_keras3),
        row(broken, Verdict.ERROR, column="keras3", failure=values.TIMEOUT),
        *(row(one, Verdict.ERROR, column="tf2.0", failure=UNRESOLVED) for one in (fine, drifts, twin)),
    ]
    return report(rows, THIS, KERAS_3, GONE, finished=False)


def written(format_: Format, audited: AuditReport, guide: Guide = values.GUIDE) -> str:
    out = StringIO()
    writer(format_)(audited, out, guide)
    return out.getvalue()
