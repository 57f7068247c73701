"""An audit as JSON lines: `audit` with the format, a `check` each, at last `columns` and `summary`.

The values are those of `seedreg.audit/1` (docs/schemas/audit-1.schema.json). A file without its last
line is not complete.
"""

from __future__ import annotations

from typing import TextIO

from seedreg.domain.results import AuditReport
from seedreg.reports.audit.json import columns_document, line, tally_document
from seedreg.reports.audit.rows import Tallies
from seedreg.reports.documents.audit import audit_check_document, audit_document
from seedreg.reports.guide import Guide

FORMAT = "seedreg.audit.jsonl/1"


def write(report: AuditReport, out: TextIO, guide: Guide) -> None:
    """Write the lines."""
    tallies = Tallies.of(report)
    out.write(line({"format": FORMAT, "audit": audit_document(report)}) + "\n")
    for row in report.rows():
        tallies.add(row)
        out.write(line({"check": audit_check_document(row)}) + "\n")
    columns, summary = columns_document(report, tallies), tally_document(tallies.total)
    out.write(line({"columns": columns, "summary": summary}) + "\n")
