"""The time as the registry writes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeAlias

Clock: TypeAlias = Callable[[], str]
"""Gives the time of what is recorded, in the form of `utc_now`."""


def utc_now() -> str:
    """The time: UTC, ISO 8601, microseconds, a final `Z`."""
    return utc_text(datetime.now(timezone.utc))


def utc_text(moment: datetime) -> str:
    """The moment in the form of `utc_now`."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
