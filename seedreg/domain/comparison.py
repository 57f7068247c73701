"""What became of the checks of one audit in a later one."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from seedreg.domain.entry import Entry
from seedreg.domain.verdict import Verdict

_DRIFTS = (Verdict.DRIFTED, Verdict.NONDETERMINISTIC)


class Became(enum.Enum):
    """What became of a check of one audit in a later one, in the order of reports.

    Judged means that the verdict is not ERROR. The values are part of `seedreg.compare/1`.
    """

    NEWLY_DRIFTED = "newly_drifted"
    NEWLY_REPRODUCED = "newly_reproduced"
    STILL_DRIFTED = "still_drifted"
    NO_LONGER_JUDGED = "no_longer_judged"
    JUDGED_AGAIN = "judged_again"
    JUDGED_IN_NEITHER = "judged_in_neither"
    ONLY_IN_THE_FIRST = "only_in_the_first"
    ONLY_IN_THE_SECOND = "only_in_the_second"


@dataclass(frozen=True)
class ComparedCheck:
    """The verdicts of one entry in one environment in two audits; None where an audit has no such check.

    `waived` says that the drift of the later audit is waived.
    """

    entry: Entry
    column: str
    before: Verdict | None
    after: Verdict | None
    waived: bool = False

    @property
    def drifted_newly(self) -> bool:
        """Whether the later audit found a drift that the earlier one did not, and it is not waived."""
        return (
            self.after in _DRIFTS
            and self.before is not None
            and self.before not in _DRIFTS
            and not self.waived
        )

    @property
    def became(self) -> Became:
        """What became of the check."""
        match self.before, self.after:
            case _, None:
                return Became.ONLY_IN_THE_FIRST
            case None, _:
                return Became.ONLY_IN_THE_SECOND
            case Verdict.ERROR, Verdict.ERROR:
                return Became.JUDGED_IN_NEITHER
            case Verdict.ERROR, _:
                return Became.JUDGED_AGAIN
            case _, Verdict.ERROR:
                return Became.NO_LONGER_JUDGED
            case Verdict.REPRODUCED, _:
                return Became.NEWLY_DRIFTED
            case _, Verdict.REPRODUCED:
                return Became.NEWLY_REPRODUCED
        return Became.STILL_DRIFTED


@dataclass(frozen=True)
class AuditComparison:
    """What became of the checks of one audit in a later one, without those that reproduce in both."""

    before: int
    after: int
    checks: tuple[ComparedCheck, ...] = ()

    def groups(self) -> dict[Became, tuple[ComparedCheck, ...]]:
        """The checks by what became of them: every group in its place, empty or not."""
        found: dict[Became, list[ComparedCheck]] = {became: [] for became in Became}
        for check in self.checks:
            found[check.became].append(check)
        return {became: tuple(checks) for became, checks in found.items()}
