from __future__ import annotations

from collections.abc import Iterator, Sequence

from builds import failed, recipe, requests_of

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.recipe import Recipe
from seedreg.executors.wrappers import DeferredExecutor, RoutedExecutor

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


def test_each_factory_is_built_by_its_interpreter() -> None:
    opened: list[str] = []

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name
            opened.append(name)

        def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
            for request in requests:
                yield request, build_failure(FailureKind.WORKER, python=self.name)

        def close(self) -> None:
            opened.remove(self.name)

    def python_of(recipe: Recipe) -> str | None:
        return "old" if recipe.factory == "models:old" else None

    executor = RoutedExecutor(Named("this"), python_of, Named)
    requests = requests_of(map(recipe, ["models:a", "models:old", "models:b"]))
    found = {request.key: failed(outcome).fact("python") for request, outcome in executor.run(requests)}
    assert found == {0: "this", 1: "old", 2: "this"}
    assert opened == ["this", "old"]
    executor.close()
    assert opened == []
