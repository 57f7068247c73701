"""All storms, in the order of docs/reliability.md."""

from __future__ import annotations

from storms.storm import Storm

STORMS: tuple[Storm, ...] = ()
