"""Reports of an audit: one file per format, from domain values to text; nothing is printed here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TextIO, TypeAlias

from seedreg.domain.results import AuditReport
from seedreg.reports.guide import Guide

Writer: TypeAlias = Callable[[AuditReport, TextIO, Guide], None]

# Format of an audit's report → its file here, which has `write(report, out, guide)`.
FORMATS = {
    "text": "text",
    "json": "json",
    "jsonl": "jsonl",
    "junit": "junit",
    "markdown": "markdown",
    "sarif": "sarif",
    "github": "github",
}


def writer(name: str) -> Writer:
    """What writes an audit's report in the format of this name, row by row.

    Raises:
        KeyError: if there is no such format.
    """
    write: Writer = importlib.import_module(f"seedreg.reports.audit.{FORMATS[name]}").write
    return write
