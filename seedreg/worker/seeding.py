"""The seeding protocols `full/1` and `tf/1`, and counting the random words drawn after them."""

import os
from random import Random, getstate
from random import seed as seed_python
from typing import Any, List, Optional, Tuple

from . import frameworks, originals

MAX_SEED = 2**32 - 1

# Counting stops here: 1 M words are drawn in about 10 ms.
_MAX_TWISTS = 1700
_WORDS = 624


def seed_everything(seed: int, seeding: str = "full") -> None:
    """Seed the global random generators of this process.

    `full` seeds Python's `random` and every framework: NumPy's global generator, TensorFlow's and,
    where it exists, Keras' (`keras.utils.set_random_seed` of every Keras that is loaded). It is needed
    since TensorFlow 2.10, whose Keras draws the seeds of its initializers from Python's `random`.
    `PYTHONHASHSEED` is set for child processes only: in a running interpreter it has no effect.
    `tf` is `tf.random.set_seed` alone.

    Raises:
        ValueError: if the seed is not an integer from 0 to 2**32 - 1.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise ValueError("seed {!r} is not an integer from 0 to {}".format(seed, MAX_SEED))
    if seeding == "tf":
        frameworks.tensorflow.seed(seed)
        return
    import tensorflow  # noqa: F401 - without it nothing is seeded

    os.environ["PYTHONHASHSEED"] = str(seed)
    seed_python(seed)
    with originals.seeding_functions():
        for framework in frameworks.ALL:
            framework.seed(seed)


def generator_states() -> Tuple[List[int], Optional[List[int]]]:
    """The Mersenne Twister states of Python's and NumPy's global generators: 624 words and a position.

    None for a global generator of another kind (`numpy.random.set_bit_generator`).
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a generator that has no such state
        numpy_state: Any = originals.numpy_random().get_state()
    words = None
    if isinstance(numpy_state, tuple) and len(numpy_state[1]) == _WORDS:
        words = [int(word) for word in numpy_state[1]] + [int(numpy_state[2])]
    return list(getstate()[1]), words


def words_drawn(before: Optional[List[int]], after: Optional[List[int]]) -> Optional[int]:
    """How many 32-bit words a Mersenne Twister gave between two states.

    None if the second cannot be reached from the first within a million words: the generator was
    seeded again, or drew more, or is no Mersenne Twister.
    """
    if before is None or after is None:
        return None
    if before[:_WORDS] == after[:_WORDS]:
        drawn = after[_WORDS] - before[_WORDS]
        return drawn if drawn >= 0 else None
    walker = Random()
    walker.setstate((3, tuple(before), None))
    walker.getrandbits(32 * (_WORDS - before[_WORDS])) if before[_WORDS] < _WORDS else None
    drawn = _WORDS - before[_WORDS]
    for _ in range(_MAX_TWISTS):
        walker.getrandbits(32)
        state = walker.getstate()[1]
        if list(state[:_WORDS]) == after[:_WORDS]:
            return drawn + after[_WORDS]
        walker.getrandbits(32 * (_WORDS - 1))
        drawn += _WORDS
    return None
