from __future__ import annotations

import shutil
from pathlib import Path

from builds import shown

from seedreg.domain.build import BuildRequest
from seedreg.domain.failure import BuildFailure
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor
from seedreg.executors.wrappers import EnvironmentExecutor

from .shop import Shop

REQUEST = BuildRequest(0, Recipe("shop", "models:build", 0))


def test_an_environment_that_is_deleted_while_it_is_used_says_so(shop: Shop, stand_in_worker: Path) -> None:
    held = shop.open("alpha")
    local = LocalExecutor(held.python, shop.root, worker_folder=stand_in_worker)
    executor = EnvironmentExecutor(held, local)
    shutil.rmtree(Path(held.python).parents[1])
    ((request, outcome),) = executor.run([REQUEST])
    executor.close()
    assert request == REQUEST
    assert isinstance(outcome, BuildFailure)
    kind, message, hint = shown(outcome)
    assert (kind, hint) == ("environment", "run the command again: the environment is created again")
    assert message.startswith("environment old was deleted while it was in use (")


def test_an_environment_without_tensorflow_says_what_to_add(shop: Shop) -> None:
    held = shop.open("alpha")
    executor = EnvironmentExecutor(held, LocalExecutor(held.python, shop.root))
    ((_, outcome),) = executor.run([REQUEST])
    executor.close()
    assert isinstance(outcome, BuildFailure)
    assert shown(outcome) == (
        "no-tensorflow",
        f"TensorFlow is not installed for {held.python}",
        "environment old has only the packages that were asked for: add tensorflow to it",
    )
