"""A progress line on a terminal: done, left, failed, time left; nothing anywhere else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from seedreg.cli.printing import draw

_WIDTH = 24
_COLUMNS = 80  # of a terminal that does not report its width
_EVERY_S = 0.1


class Progress:
    """Draws one line on stderr while something long runs, if stderr is a terminal.

    Args:
        total: how many steps there are.
        clock: seconds, monotonic.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total
        self._done = 0
        self._failed = 0
        self._clock = clock
        self._started: float | None = None
        self._drawn = -_EVERY_S
        self._shown = sys.stderr.isatty()

    def step(self, *, failed: bool) -> None:
        """One more is done; the time left is estimated from the pace since the first."""
        if self._started is None:
            self._started = self._clock()
        self._done += 1
        self._failed += failed
        now = self._clock()
        if now - self._drawn >= _EVERY_S or self._done == self._total:
            self._drawn = now
            self.draw()

    def draw(self) -> None:
        """Draw the line as it is now."""
        if self._shown:
            # A line that wraps would be left behind when the next is drawn.
            draw(self.line()[: _columns() - 1])

    def clear(self) -> None:
        """Remove the line, so that something else can be printed."""
        if self._shown:
            draw("")

    def line(self) -> str:
        """`[####----] 12 of 40, 1 failed, 9 s left`."""
        filled = _WIDTH * self._done // max(1, self._total)
        text = f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {self._done} of {self._total}"
        if self._failed:
            text += f", {self._failed} failed"
        if self._started is not None and 1 < self._done < self._total:
            pace_s = (self._clock() - self._started) / (self._done - 1)
            text += f", {_duration(pace_s * (self._total - self._done))} left"
        return text


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except OSError:  # the terminal has gone
        return _COLUMNS


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
