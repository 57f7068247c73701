"""Every deliberate error of seedreg: what happened, to which thing, and what to do about it.

Verdicts do not live here: a drift is a value (`seedreg.domain.verdict`), never an exception.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_DRIFT = 1
EXIT_USAGE = 2
EXIT_REGISTRY = 3
EXIT_NOTHING_SELECTED = 4
EXIT_NOT_JUDGED = 125
EXIT_INTERRUPTED = 130


class SeedregError(Exception):
    """A deliberate error; the command line prints `message` and `hint` and exits with `exit_code`."""

    exit_code = EXIT_USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SeedregError):
    """The command or call was given something it cannot take (exit 2)."""


class ConfigError(UsageError):
    """A setting from an option, the environment or `[tool.seedreg]` is wrong (exit 2)."""


class RegistryError(SeedregError):
    """The registry itself is missing, locked, corrupt or not a seedreg file (exit 3)."""

    exit_code = EXIT_REGISTRY


class SchemaError(RegistryError):
    """The registry's schema is older or newer than this seedreg (exit 3)."""


class NothingSelected(SeedregError):
    """No entry fits the selectors (exit 4)."""

    exit_code = EXIT_NOTHING_SELECTED


class NotJudged(SeedregError):
    """A build that the caller needs could not be had (exit 125).

    Commands over several entries report such a build as the verdict ERROR instead.
    """

    exit_code = EXIT_NOT_JUDGED


class EnvironmentFailed(NotJudged):
    """An environment that builds are to run in could not be found or made (exit 125)."""


class RegistrationRefused(SeedregError):
    """Two builds of one recipe differ, or an entry no longer reproduces (exit 1)."""

    exit_code = EXIT_DRIFT
