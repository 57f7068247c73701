"""What became of an entry whose weights were to be accepted, as lines."""

from __future__ import annotations

from seedreg.domain.results import (
    BuiltNow,
    NotAccepted,
    NothingToAccept,
    OtherWeights,
    Proposal,
    SeenInAudit,
)
from seedreg.reports.text.acceptance import acceptance_lines, acceptance_summary, proposal_line

from .. import values
from ..values import GUIDE, joined

ID = values.ENTRY.short_id
SEEN = SeenInAudit(12, "a" * 64)
PROPOSAL = Proposal(values.ENTRY, values.BASELINE, SEEN)


def test_each_end_of_an_acceptance_has_its_lines() -> None:
    assert joined(acceptance_lines(NothingToAccept(values.ENTRY, values.BASELINE), GUIDE)) == (
        f"{ID}  models:build@7  still reproduces baseline 1: nothing to accept"
    )
    assert joined(acceptance_lines(OtherWeights(PROPOSAL, SEEN, "b" * 64), GUIDE)) == (
        f"refused  {ID}  models:build@7\n  it builds sr1:bbbbbbbbbbbb now, and audit 12 saw sr1:aaaaaaaaaaaa"
    )
    assert joined(acceptance_lines(NotAccepted(values.ENTRY, values.FAILURE), GUIDE)) == (
        f"refused  {ID}  models:build@7\n  raised: models:build raised KeyError: 'x'"
    )


def test_a_proposal_says_what_would_be_accepted() -> None:
    assert proposal_line(PROPOSAL) == (
        f"would accept  {ID}  models:build@7  instead of baseline 1: sr1:aaaaaaaaaaaa"
    )
    assert proposal_line(Proposal(values.ENTRY, values.SECOND, BuiltNow())) == (
        f"would accept  {ID}  models:build@7  instead of baseline 2: what it builds now"
    )


def test_the_summary_counts_what_there_was() -> None:
    unchanged = NothingToAccept(values.ENTRY, values.BASELINE)
    refused = NotAccepted(values.ENTRY, values.FAILURE)
    other = OtherWeights(PROPOSAL, SEEN, "b" * 64)
    assert acceptance_summary([unchanged, refused, other]) == "1 unchanged, 2 refused"
