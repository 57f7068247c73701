"""Where builds run: the `Executor` interface and its implementations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from seedreg.domain.build import BuildRequest, Outcome


class Executor(Protocol):
    """Runs builds somewhere. The one extension interface of seedreg."""

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """Yield each request with its outcome as soon as it is known, in any order.

        Every request gets exactly one outcome; whatever happens to a build is a `BuildFailure`.
        Closing the generator ends the builds that are still running.
        """
        ...

    def close(self) -> None:
        """End every process that was started; call it once, when no more builds will come."""
        ...
