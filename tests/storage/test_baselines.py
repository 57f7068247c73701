from __future__ import annotations

import pytest

from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
)

from .values import (
    baseline,
    entry,
)


def test_baselines_are_numbered_and_the_last_one_is_current(repository: Repository) -> None:
    id_ = entry().id
    repository.entries.add(entry(), baseline())
    repository.baselines.add(id_, baseline(2, "f", "Keras 3"))
    assert repository.baselines.of_entry(id_) == (baseline(), baseline(2, "f", "Keras 3"))
    assert repository.baselines.current(id_) == baseline(2, "f", "Keras 3")


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_baseline_that_is_not_the_next_one_is_refused(repository: Repository, number: int) -> None:
    repository.entries.add(entry(), baseline())
    with pytest.raises(RegistryError) as error:
        repository.baselines.add(entry().id, baseline(number))
    assert (error.value.message, error.value.hint) == (
        f"entry {entry().short_id} takes baseline 2 next, not {number}: another command has changed it",
        "look at it again before accepting",
    )
    assert repository.baselines.of_entry(entry().id) == (baseline(),)
