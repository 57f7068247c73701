"""All storms, in the order of docs/reliability.md."""

from __future__ import annotations

from storms import answers, edits, hostile_factories, io_errors, kills, parsers, streams
from storms.storm import Storm

STORMS: tuple[Storm, ...] = (
    answers.STORM,
    edits.STORM,
    hostile_factories.STORM,
    io_errors.STORM,
    kills.STORM,
    parsers.STORM,
    streams.STORM,
)
