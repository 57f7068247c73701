"""All storms, in the order of docs/reliability.md."""

from __future__ import annotations

from storms import io_errors, kills
from storms.storm import Storm

STORMS: tuple[Storm, ...] = (kills.STORM, io_errors.STORM)
