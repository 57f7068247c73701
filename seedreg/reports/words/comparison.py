"""The words for what became of a check in a later audit."""

from __future__ import annotations

from seedreg.domain.comparison import Became

BECAME = {
    Became.NEWLY_DRIFTED: "newly drifted",
    Became.NEWLY_REPRODUCED: "newly reproduced",
    Became.STILL_DRIFTED: "still drifted",
    Became.NO_LONGER_JUDGED: "no longer judged",
    Became.JUDGED_AGAIN: "judged again",
    Became.JUDGED_IN_NEITHER: "judged in neither",
    Became.ONLY_IN_THE_FIRST: "only in the first",
    Became.ONLY_IN_THE_SECOND: "only in the second",
}
