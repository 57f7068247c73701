from __future__ import annotations

from seedreg.domain.build import BuildRequest
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.recipe import Recipe
from seedreg.executors.wrappers import DeferredExecutor

REQUEST = BuildRequest(0, Recipe("shop", "models:build", 0))


def test_nothing_is_opened_before_the_first_build_is_asked_for() -> None:
    opened: list[str] = []

    class Nowhere:
        def run(self, requests: object) -> object:
            return iter([(REQUEST, build_failure(FailureKind.RAISED))])

        def close(self) -> None:
            opened.append("closed")

    def opening() -> Nowhere:
        opened.append("opened")
        return Nowhere()

    unused = DeferredExecutor(opening)  # type: ignore[arg-type]
    assert list(unused.run([])) == []
    unused.close()
    assert opened == []
    used = DeferredExecutor(opening)  # type: ignore[arg-type]
    for _ in range(2):
        assert list(used.run([REQUEST])) == [(REQUEST, build_failure(FailureKind.RAISED))]
    used.close()
    assert opened == ["opened", "closed"]
