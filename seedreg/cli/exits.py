"""Exit codes of commands that judge entries."""

from __future__ import annotations

from collections.abc import Iterable

from seedreg.domain.verdict import Verdict
from seedreg.errors import EXIT_DRIFT, EXIT_NOT_JUDGED, EXIT_OK


def exit_code_of(verdicts: Iterable[Verdict]) -> int:
    """0 if everything reproduced, 1 if anything drifted, else 125: something could not be judged."""
    found = set(verdicts)
    if found & {Verdict.DRIFTED, Verdict.NONDETERMINISTIC}:
        return EXIT_DRIFT
    return EXIT_NOT_JUDGED if Verdict.ERROR in found else EXIT_OK
