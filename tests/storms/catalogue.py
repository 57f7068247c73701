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
    kills.STORM,
    signals.STORM,
    io_errors.STORM,
    full_disks.STORM,
    writers.STORM,
    streams.STORM,
    hostile_factories.STORM,
    answers.STORM,
    parsers.STORM,
    edits.STORM,
    restores.STORM,
)
