"""`seedreg.waivers/1`: waivers with their entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedreg.domain.audit import Waiver
from seedreg.domain.entry import Entry
from seedreg.reports.documents.values import entry_document, waiver_document

FORMAT = "seedreg.waivers/1"


def waivers_document(waivers: Sequence[tuple[Entry, Waiver]]) -> dict[str, Any]:
    """Waivers with the entries they belong to."""
    return {
        "format": FORMAT,
        "waivers": [
            {"entry": entry_document(entry), "waiver": waiver_document(waiver)} for entry, waiver in waivers
        ],
    }
