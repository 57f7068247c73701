"""How results are told: one file a format, from domain values to text or JSON; nothing is printed here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from seedreg.domain.results import AuditReport

# Format of an audit's report → its file here, which has `write(report, out)`.
FORMATS = {
    "text": "audit_text",
    "json": "audit_json",
    "jsonl": "audit_jsonl",
    "junit": "audit_junit",
    "markdown": "audit_markdown",
    "sarif": "audit_sarif",
    "github": "audit_github",
}


def writer(name: str) -> Callable[[AuditReport, TextIO], None]:
    """What writes an audit's report in the format of this name, row by row.

    Raises:
        KeyError: if there is no such format.
    """
    write: Callable[[AuditReport, TextIO], None]
    write = importlib.import_module(f"seedreg.reports.{FORMATS[name]}").write
    return write
