"""An audit as one numbered JSON document; docs/schemas/audit-1.schema.json says every field."""

from __future__ import annotations

import json
from typing import Any, TextIO

from seedreg.domain.results import AuditReport
from seedreg.domain.verdict import Verdict
from seedreg.reports.audit.rows import Outcome, Tallies, Tally
from seedreg.reports.documents.audit import audit_check_document, audit_document
from seedreg.reports.guide import Guide
from seedreg.reports.words.printable import printable_json

FORMAT = "seedreg.audit/1"


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the document, a line for each check."""
    tallies = Tallies.of(report)
    out.write(f'{{\n"format": {line(FORMAT)},\n"audit": {line(audit_document(report))},\n"checks": [')
    separator = "\n"
    for row in report.rows():
        tallies.add(row)
        out.write(separator + line(audit_check_document(row)))
        separator = ",\n"
    columns, summary = columns_document(report, tallies), tally_document(tallies.total)
    out.write(f'\n],\n"columns": {line(columns)},\n"summary": {line(summary)}\n}}\n')


def line(value: object) -> str:
    """The value on one line, in ASCII, without commands of CI services: the same JSON wherever it goes."""
    return printable_json(json.dumps(value, allow_nan=False))


def columns_document(report: AuditReport, tallies: Tallies) -> list[dict[str, Any]]:
    """The environments that were asked for, and how the checks in each ended."""
    return [
        {**column.document(), "summary": tally_document(tallies.columns[column.label])}
        for column in report.audit.plan.columns
    ]


def tally_document(tally: Tally) -> dict[str, Any]:
    """How many checks were planned and done, and how they ended; DRIFTED includes waived ones."""
    verdicts = {verdict.value: tally.counts[Outcome(verdict.value)] for verdict in Verdict}
    verdicts[Verdict.DRIFTED.value] += tally.counts[Outcome.WAIVED]
    return {
        "planned": tally.planned,
        "done": tally.done,
        "verdicts": verdicts,
        "waived": tally.counts[Outcome.WAIVED],
        "failed": tally.failed,
    }
