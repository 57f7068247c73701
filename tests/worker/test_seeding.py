"""Counting the random words that were drawn between two states of a Mersenne Twister."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedreg.worker.seeding import generator_states, seed_everything, words_drawn

np = pytest.importorskip("numpy")

counts = st.integers(0, 3000)
seeds = st.integers(0, 2**32 - 1)


def python_words(generator: random.Random) -> list[int]:
    return list(generator.getstate()[1])


def numpy_words(generator: Any) -> list[int]:
    _, words, position, *_ = generator.get_state()
    return [*map(int, words), int(position)]


@given(seeds, counts, counts)
def test_words_of_python_are_counted(seed: int, before: int, count: int) -> None:
    generator = random.Random(seed)
    for _ in range(before):
        generator.getrandbits(32)
    state = python_words(generator)
    for _ in range(count):
        generator.getrandbits(32)
    assert words_drawn(state, python_words(generator)) == count


@given(seeds, counts, counts)
def test_words_of_numpy_are_counted(seed: int, before: int, count: int) -> None:
    generator = np.random.RandomState(seed)
    generator.randint(0, 2**32, before, "uint32")
    state = numpy_words(generator)
    generator.randint(0, 2**32, count, "uint32")
    assert words_drawn(state, numpy_words(generator)) == count


def test_a_float_takes_two_words() -> None:
    generator = random.Random(0)
    state = python_words(generator)
    generator.random()
    assert words_drawn(state, python_words(generator)) == 2


@pytest.mark.parametrize("count", [623, 624, 625, 1247, 1248, 1249])
def test_twists_are_counted_on_both_sides_of_their_edge(count: int) -> None:
    generator = random.Random(1)
    state = python_words(generator)
    generator.getrandbits(32 * count)
    assert words_drawn(state, python_words(generator)) == count


def test_generator_that_was_seeded_again_is_not_counted() -> None:
    assert words_drawn(python_words(random.Random(1)), python_words(random.Random(2))) is None


def test_generator_that_was_set_back_is_not_counted() -> None:
    generator = random.Random(1)
    generator.getrandbits(320)
    assert words_drawn(python_words(generator), [*python_words(generator)[:-1], 5]) is None


def test_more_than_a_million_words_are_not_counted() -> None:
    generator = random.Random(1)
    state = python_words(generator)
    generator.getrandbits(32 * 1_100_000)
    assert words_drawn(state, python_words(generator)) is None


def test_generator_of_another_kind_is_not_counted() -> None:
    state = python_words(random.Random(1))
    assert (words_drawn(None, state), words_drawn(state, None)) == (None, None)


def test_states_are_those_of_the_global_generators() -> None:
    python, numpy = generator_states()
    assert (len(python), len(numpy or [])) == (625, 625)
    before = numpy
    np.random.randint(0, 2**32, 3, "uint32")
    assert words_drawn(before, generator_states()[1]) == 3


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "1", None])
def test_seed_outside_the_range_is_refused(seed: object) -> None:
    with pytest.raises(ValueError, match="is not an integer from 0 to 4294967295"):
        seed_everything(seed)  # type: ignore[arg-type]
