"""`seedreg.blame/1`: which upgrade made an entry drift."""

from __future__ import annotations

from typing import Any

from seedreg.domain.diagnosis import Blame, NotMovable
from seedreg.reports.documents.diagnosis import fact_document, left_out_document, trial_document
from seedreg.reports.documents.verify import verification_document

FORMAT = "seedreg.blame/1"


def blame_document(blame: Blame, exit_code: int) -> dict[str, Any]:
    """A blame with all its evidence."""
    return {
        "format": FORMAT,
        "check": verification_document(blame.verification),
        "cause": blame.cause.value,
        "culprits": [change.document() for change in blame.culprits],
        "backward": None if blame.backward is None else blame.backward.result.value,
        "forward": None if blame.forward is None else blame.forward.result.value,
        "trials": [trial_document(trial) for trial in blame.trials],
        "not_movable": [_not_movable(one) for one in blame.fixed],
        "left_out": [left_out_document(one) for one in blame.left_out],
        "known": [fact_document(fact) for fact in blame.known],
        "exit_code": exit_code,
    }


def _not_movable(one: NotMovable) -> dict[str, Any]:
    return {
        "change": one.change.document(),
        "obstacle": one.obstacle.value,
        "installer": one.installer,
    }
