"""What the use cases work on: a registry file, and builds with the stand-in worker, without TensorFlow."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor
from seedreg.registry import Registry
from seedreg.registry.own import Refusal, refuse_nothing
from seedreg.storage import SqliteFile, open_repository


class World:
    """A project's folder, its registry, and what the builds of it were asked for."""

    def __init__(self, root: Path, worker: Path) -> None:
        self.root = root
        self.worker = worker
        self.db = root / "registry.db"
        self.requests: list[BuildRequest] = []
        self.before_build: Callable[[], None] = lambda: None

    def open(self, project: str = "p", refusal: Refusal = refuse_nothing) -> Registry:
        executor = LocalExecutor(
            sys.executable, self.root, jobs=2, timeout_s=20, environ={}, worker_folder=self.worker
        )
        repository = open_repository(SqliteFile(self.db), create=True)
        return Registry(repository, _Watched(executor, self), project, refusal=refusal)

    def change(self, **world: object) -> None:
        """Change the world between two commands: see the stand-in worker."""
        (self.root / "stand-in.json").write_text(json.dumps(world), encoding="utf-8")

    def asked(self) -> Counter[tuple[str, int, str]]:
        """How often each factory, seed and isolation was asked for since the last time."""
        asked = Counter((r.recipe.factory, r.recipe.seed, r.isolation.value) for r in self.requests)
        self.requests.clear()
        return asked


class _Watched:
    def __init__(self, executor: LocalExecutor, world: World) -> None:
        self._executor = executor
        self._world = world
        self.close = executor.close

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        self._world.requests += requests
        for found in self._executor.run(requests):
            self._world.before_build()
            yield found


def recipes(*seeds: int, factory: str = "m:build") -> list[Recipe]:
    return [Recipe("p", factory, seed) for seed in seeds]
