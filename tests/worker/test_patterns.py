"""Which values look drawn at random, and which follow a pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from seedreg.worker.patterns import follows_pattern, patterned
from seedreg.worker.reading import read
from seedreg.worker.tensors import Tensor

RANDOM = np.random.RandomState(0)


def sines(positions: int, width: int, interleaved: bool) -> Any:
    angles = np.arange(positions)[:, None] / 10000 ** (np.arange(width // 2) / (width // 2))
    both = np.sin(angles), np.cos(angles)
    return (np.stack(both, -1).reshape(positions, width) if interleaved else np.concatenate(both, 1)).astype(
        "f4"
    )


PATTERNS: dict[str, Any] = {
    "bias of an LSTM": np.repeat(np.array([0, 1, 0, 0], "f4"), 8),
    "bias of an LSTM with one unit": np.array([0, 1, 0, 0], "f4"),
    "identity": np.eye(8, dtype="f4"),
    "mask": np.where(np.tri(16), 0.0, -1e9).astype("f4"),
    "range": np.linspace(0, 0.7, 5, dtype="f4"),
    "falling range": np.linspace(0.7, 0, 300, dtype="f4"),
    "logarithms in each column": np.log(np.tile(np.arange(1.0, 17.0), (32, 1))),
    "half sines, half cosines": sines(512, 512, False),
    "sines and cosines by turns": sines(100, 64, True),
    "small table of sines": sines(64, 16, False),
    "integers": RANDOM.randint(0, 99, size=64),
    "Gaussian filter": np.exp(-np.add.outer(np.arange(-3, 4) ** 2, np.arange(-3, 4) ** 2) / 4.0),
}
DRAWS: dict[str, Callable[[Any], Any]] = {
    "normal": lambda random: random.normal(size=(64, 3)),
    "uniform": lambda random: random.uniform(-1, 1, size=4096),
    "kernel": lambda random: random.normal(size=(3, 3, 8, 8)).astype("f4"),
    "large": lambda random: random.normal(size=(300, 300)).astype("f4"),
    "half precision": lambda random: random.normal(size=(64, 64)).astype("f2"),
    "orthogonal": lambda random: np.linalg.qr(random.normal(size=(32, 32)))[0],
    "complex": lambda random: random.normal(size=20) + 1j * random.normal(size=20),
    "small": lambda random: np.array([0.3, -0.1, 0.8, 0.2], "f4") + random.uniform(0, 0.01, size=4),
    "positive": lambda random: random.uniform(1, 2, size=(16, 16)),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_values_that_are_the_same_on_purpose_follow_a_pattern(name: str) -> None:
    assert follows_pattern(PATTERNS[name])


@pytest.mark.parametrize("name", DRAWS)
def test_draws_follow_no_pattern(name: str) -> None:
    for seed in range(50):
        assert not follows_pattern(DRAWS[name](np.random.RandomState(seed)))


def test_only_values_that_repeat_and_are_not_constant_are_looked_at() -> None:
    bias, drawn = np.array([0, 1, 0, 0], "f4"), np.array([0.3, -0.1, 0.8, 0.2], "f4")
    arrays = [
        bias,
        drawn,
        bias,
        drawn,
        np.zeros(4, "f4"),
        np.zeros(4, "f4"),
        np.arange(4.0),
        bias.reshape(2, 2),
    ]
    tensors = [Tensor(str(number), array) for number, array in enumerate(arrays)]
    records = read(tensors)
    assert patterned(tensors, records) == [records[0]["sha256"]]
