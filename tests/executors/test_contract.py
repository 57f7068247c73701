"""What every `Executor` promises, checked for each of them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from builds import (
    MODELS,
    built,
    descendants,
    failed,
    recipe,
    requests_of,
    shown,
    wait_for_end,
    write_project,
)

from seedreg.domain.build import BuildRequest, ExportFormat
from seedreg.domain.isolation import Isolation
from seedreg.executors import Executor
from seedreg.executors.local import LocalExecutor

FILES = {
    "models.py": MODELS
    + """
    def fail(): raise ValueError('on purpose')

    def slow(sleep_s=60):
        import time
        time.sleep(sleep_s)
        return build()
    """
}


class ExecutorContract:
    """The promises of `seedreg.executors.Executor`; a subclass gives `make(jobs, timeout_s)`."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Iterator[Callable[..., Executor]]:
        raise NotImplementedError

    def test_every_request_gets_exactly_one_outcome(self, make: Callable[..., Executor]) -> None:
        names = ["build", "fail", "build", "fail", "build"]
        requests = requests_of(recipe(f"models:{name}", seed) for seed, name in enumerate(names))
        outcomes = list(make(jobs=3).run(requests))
        assert sorted(request.key for request, _ in outcomes) == [0, 1, 2, 3, 4]
        assert all(request is requests[request.key] for request, _ in outcomes)

    def test_keys_may_be_any_integers(self, make: Callable[..., Executor]) -> None:
        requests = [BuildRequest(key, recipe("models:build")) for key in (-1, 2**70)]
        assert {request.key for request, _ in make().run(requests)} == {-1, 2**70}

    def test_no_request_gives_no_outcome(self, make: Callable[..., Executor]) -> None:
        assert list(make().run([])) == []

    def test_order_and_company_change_no_fingerprint(self, make: Callable[..., Executor]) -> None:
        recipes = [recipe("models:build", seed, {"units": units}) for seed in (0, 1) for units in (3, 5)]
        executor = make(jobs=2)
        found = [
            {
                request.recipe: str(built(outcome).fingerprint)
                for request, outcome in executor.run(requests_of(order))
            }
            for order in (recipes, recipes[::-1], [recipes[0]])
        ]
        assert found[0] == found[1]
        assert found[2] == {recipes[0]: found[0][recipes[0]]}
        assert len(set(found[0].values())) == 4

    def test_outcome_comes_before_slower_ones_end(self, make: Callable[..., Executor]) -> None:
        requests = requests_of([recipe("models:slow", 0, {"sleep_s": 3}), recipe("models:build")])
        assert [request.key for request, _ in make(jobs=2).run(requests)] == [1, 0]

    def test_failure_is_a_value_and_stops_nothing(self, make: Callable[..., Executor]) -> None:
        outcomes = {
            request.key: outcome
            for request, outcome in make().run(requests_of([recipe("models:fail"), recipe("models:build")]))
        }
        failure = failed(outcomes[0])
        assert shown(failure)[:2] == ("raised", "models:fail raised ValueError: on purpose")
        assert built(outcomes[1]).duration_s > 0

    def test_deadline_is_a_failure_of_that_build_alone(self, make: Callable[..., Executor]) -> None:
        requests = requests_of([recipe("models:slow"), recipe("models:build")])
        outcomes = {request.key: outcome for request, outcome in make(jobs=2, timeout_s=4).run(requests)}
        failure = failed(outcomes[0])
        assert shown(failure)[:2] == (
            "timeout",
            "the build took longer than 4 s and was ended",
        )
        built(outcomes[1])

    def test_closing_the_generator_ends_the_builds(self, make: Callable[..., Executor]) -> None:
        executor = make(jobs=2)
        outcomes = executor.run(requests_of([recipe("models:slow"), recipe("models:build")]))
        next(outcomes)
        running = descendants(os.getpid())
        outcomes.close()  # type: ignore[attr-defined]
        assert running
        assert wait_for_end(running) == []

    def test_runs_again_after_an_early_end(self, make: Callable[..., Executor]) -> None:
        executor = make(jobs=2)
        outcomes = executor.run(requests_of([recipe("models:slow"), recipe("models:build")]))
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
        ((_, outcome),) = executor.run(requests_of([recipe("models:build")]))
        built(outcome)

    def test_no_process_survives_close(self, make: Callable[..., Executor]) -> None:
        executor = make(jobs=2)
        next(executor.run(requests_of([recipe("models:build"), recipe("models:slow")])))
        running = descendants(os.getpid())
        started = time.monotonic()
        executor.close()
        assert wait_for_end(running) == []
        assert time.monotonic() - started < 5

    def test_exports_are_on_this_machine_by_the_time_the_outcome_is_known(
        self, make: Callable[..., Executor]
    ) -> None:
        requests = [
            BuildRequest(0, recipe("models:build"), export=ExportFormat.OBJECTS),
            BuildRequest(1, recipe("models:build"), export=ExportFormat.SAFETENSORS),
            BuildRequest(2, recipe("models:build")),
        ]
        found = {request.key: built(outcome) for request, outcome in make().run(requests)}
        folder, file, nothing = (found[key].exported for key in range(3))
        assert folder is not None
        assert {path.name for path in folder.iterdir()} == {t.sha256 for t in found[0].fingerprint.tensors}
        assert file is not None
        assert file.name.endswith(".safetensors")
        assert file.stat().st_size > 0
        assert nothing is None

    def test_what_nobody_took_of_an_export_goes_with_the_executor(
        self, make: Callable[..., Executor]
    ) -> None:
        executor = make()
        requests = [
            BuildRequest(0, recipe("models:build"), export=ExportFormat.OBJECTS),
            BuildRequest(1, recipe("models:fail"), export=ExportFormat.OBJECTS),
        ]
        outcomes = {request.key: outcome for request, outcome in executor.run(requests)}
        folder = built(outcomes[0]).exported
        assert folder is not None
        assert failed(outcomes[1]).kind.value == "raised"
        assert list(folder.parent.iterdir()) == [folder]
        executor.close()
        assert not folder.parent.exists()


class LocalContract(ExecutorContract):
    """A `LocalExecutor` on the stand-in TensorFlow."""

    isolation: ClassVar[Isolation]

    @pytest.fixture
    def options(self, fake_tensorflow_environ: dict[str, str]) -> dict[str, object]:
        return {"environ": fake_tensorflow_environ}

    @pytest.fixture
    def make(self, tmp_path: Path, options: dict[str, object]) -> Iterator[Callable[..., Executor]]:
        write_project(tmp_path, FILES)
        made: list[LocalExecutor] = []

        def make(**more: object) -> LocalExecutor:
            made.append(
                LocalExecutor(sys.executable, tmp_path, isolation=self.isolation, **options, **more)  # type: ignore[arg-type]
            )
            return made[-1]

        yield make
        for executor in made:
            executor.close()


class TestFork(LocalContract):
    isolation = Isolation.FORK


class TestFresh(LocalContract):
    isolation = Isolation.FRESH


class TestStandIn(LocalContract):
    isolation = Isolation.FORK

    @pytest.fixture
    def options(self, stand_in_worker: Path) -> dict[str, object]:
        return {"worker_folder": stand_in_worker}
