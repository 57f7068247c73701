"""Reports of an audit: one file per format, from domain values to text; nothing is printed here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from seedreg.domain.results import AuditReport

# Format of an audit's report → its file here, which has `write(report, out)`.
FORMATS = {
    "text": "text",
    "json": "json",
    "jsonl": "jsonl",
    "junit": "junit",
    "markdown": "markdown",
    "sarif": "sarif",
    "github": "github",
}


def writer(name: str) -> Callable[[AuditReport, TextIO], None]:
    """What writes an audit's report in the format of this name, row by row.

    Raises:
        KeyError: if there is no such format.
    """
    write: Callable[[AuditReport, TextIO], None]
    write = importlib.import_module(f"seedreg.reports.audit.{FORMATS[name]}").write
    return write
