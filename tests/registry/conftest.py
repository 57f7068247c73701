from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seedreg.registry import Registry

from .world import World


@pytest.fixture
def world(tmp_path: Path, stand_in_worker: Path) -> World:
    return World(tmp_path, stand_in_worker)


@pytest.fixture
def registry(world: World) -> Iterator[Registry]:
    with world.open() as registry:
        yield registry
