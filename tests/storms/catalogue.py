"""All storms, in the order of docs/reliability.md."""

from __future__ import annotations

from storms import streams
from storms.storm import Storm

STORMS: tuple[Storm, ...] = (streams.STORM,)
