"""Reports of an audit: one file per format, from domain values to text; nothing is printed here."""

from __future__ import annotations

import enum
import importlib
from collections.abc import Callable
from typing import TextIO, TypeAlias

from seedreg.domain.results import AuditReport
from seedreg.reports.guide import Guide

Writer: TypeAlias = Callable[[AuditReport, TextIO, Guide], None]


class Format(enum.Enum):
    """A format of an audit's report; its file here has the name of the value, and a function `write`."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    JUNIT = "junit"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    GITHUB = "github"


def writer(format_: Format) -> Writer:
    """What writes an audit's report in this format, row by row."""
    write: Writer = importlib.import_module(f"seedreg.reports.audit.{format_.value}").write
    return write
