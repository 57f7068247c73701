"""All storms, in the order of docs/reliability.md."""

from __future__ import annotations

from storms import (
    answers,
    edits,
    full_disks,
    hostile_factories,
    io_errors,
    kills,
    parsers,
    restores,
    signals,
    streams,
    writers,
)
from storms.storm import Storm

STORMS: tuple[Storm, ...] = (
    answers.STORM,
    edits.STORM,
    full_disks.STORM,
    hostile_factories.STORM,
    io_errors.STORM,
    kills.STORM,
    parsers.STORM,
    restores.STORM,
    signals.STORM,
    streams.STORM,
    writers.STORM,
)
