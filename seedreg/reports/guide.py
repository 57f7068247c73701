"""What a report says to do next: each interface has its own words for it, and gives them to the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seedreg.domain.audit import Audit
    from seedreg.domain.diagnosis import Blame
    from seedreg.domain.diagnosis_facts import Fact
    from seedreg.domain.entry import Entry
    from seedreg.domain.failure import BuildFailure
    from seedreg.domain.results import AuditRow, Refused, Verification
    from seedreg.domain.verdict import Verdict


class Guide(Protocol):
    """What to do next, in the words of one interface; `seedreg.cli.guide` has the command line's.

    Every answer is text on one line. None means that there is nothing to add.
    """

    def after_check(self, verification: Verification) -> str | None:
        """What to do about an entry whose check did not reproduce: it depends on what changed."""
        ...

    def after_audited(self, row: AuditRow) -> str | None:
        """What to do about an audit's check that failed, in the same environment."""
        ...

    def after_interruption(self, audit: Audit) -> str | None:
        """How to resume an audit that was interrupted, in its environments."""
        ...

    def after_blame(self, blame: Blame) -> str | None:
        """How to find out more about a drift, once packages were named or could not be."""
        ...

    def after_refusal(self, refused: Refused) -> str | None:
        """How to see all that is known about a refused registration."""
        ...

    def to_accept(self, entry: Entry) -> str | None:
        """How to make what a registered entry builds now its new baseline."""
        ...

    def to_retire(self, entry: Entry) -> str | None:
        """How to take an entry out of use."""
        ...

    def to_unretire(self, entry: Entry) -> str | None:
        """How to bring a retired entry back."""
        ...

    def for_failure(self, failure: BuildFailure) -> str | None:
        """What to do about a failed build, where the words depend on the interface."""
        ...

    def for_fact(self, fact: Fact) -> str | None:
        """What to do about a fact of a diagnosis, where the words depend on the interface."""
        ...

    def for_verdict(self, verdict: Verdict) -> str | None:
        """What can be done about entries with this verdict, in Markdown."""
        ...
