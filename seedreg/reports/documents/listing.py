"""`seedreg.list/1`: the entries of one `list`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedreg.domain.fingerprint import SCHEME
from seedreg.domain.summary import EntrySummary
from seedreg.reports.documents.values import entry_document, versions_document

FORMAT = "seedreg.list/1"


def list_document(summaries: Sequence[EntrySummary]) -> dict[str, Any]:
    """The entries of one `list`."""
    return {
        "format": FORMAT,
        "entries": [
            {
                **entry_document(summary),
                "baseline": {
                    "number": summary.baseline_number,
                    "fingerprint": f"{SCHEME}:{summary.fingerprint}",
                    **versions_document(summary),
                },
                "last_check": None
                if summary.last_verdict is None
                else {"verdict": summary.last_verdict.value, "at": summary.last_check_at},
            }
            for summary in summaries
        ],
    }
