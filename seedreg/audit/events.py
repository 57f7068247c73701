"""What happens while an audit runs, one value for each kind of event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure
from seedreg.domain.results import AuditRow


@dataclass(frozen=True)
class ColumnStarted:
    """The entries that are left in this environment are checked from now on."""

    column: EnvironmentSpec
    count: int


@dataclass(frozen=True)
class ColumnFailed:
    """The environment could not be found or created; each of its entries is an ERROR."""

    column: EnvironmentSpec
    failure: BuildFailure


Event: TypeAlias = ColumnStarted | ColumnFailed | AuditRow
