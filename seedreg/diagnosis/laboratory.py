"""What a diagnosis works with: an entry as it is today, and the means to build it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.results import Verification
from seedreg.environments.index import PackageIndex
from seedreg.executors import Executor


@dataclass(frozen=True)
class Laboratory:
    """An entry, verified today, and other environments to build it in.

    Args:
        verification: of the entry, in today's environment.
        environment: today's environment.
        python: path of today's interpreter.
        index: says which distributions and releases can be installed.
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        find_python: path of an interpreter of a version (`3.10.13`, or `3.10`), or None.
        may_add: whether a distribution that today's environment does not have may be installed.
        unused: whether only seedreg needs a distribution, not the project.
    """

    verification: Verification
    environment: EnvironmentSpec
    python: str
    index: PackageIndex
    open_executor: Callable[[EnvironmentSpec], Executor]
    find_python: Callable[[str], str | None]
    may_add: Callable[[str], bool]
    unused: Callable[[str], bool]
