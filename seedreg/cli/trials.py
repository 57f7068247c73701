"""The trials of a running diagnosis on stderr; the table comes at the end."""

from __future__ import annotations

from seedreg.cli.printing import say
from seedreg.domain.diagnosis import Trial
from seedreg.reports.text.diagnosis import trial_line


def say_trial(trial: Trial) -> None:
    """Print how one trial ended."""
    say(trial_line(trial))
