"""What a build failure says: its message and what to do, in words."""

from __future__ import annotations

from seedreg.domain.build import BuildFailure


def failure_message(failure: BuildFailure) -> str:
    """What happened, to which thing."""
    return failure.message


def failure_hint(failure: BuildFailure) -> str | None:
    """What to do about it, where that is the same in every interface."""
    return failure.hint
