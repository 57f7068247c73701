"""The frameworks that a model may come from: a module for each, with the same functions.

| name | what it gives |
|---|---|
| `require()` | raises a `Failure` if the framework is not installed; imports nothing |
| `load()` | imports the framework and runs no operation |
| `has_run()` | whether an operation ran in this process that a fork would not survive |
| `owns(model)` | whether the model is one of the framework's |
| `seed(seed)` | seeds the framework's global generators |
| `tensors(model, address)` | the weights in the framework's own order, and the random-number state |
| `is_built(model)` | whether every layer that will have weights has them |
| `is_without_weights(model)` | whether the model will have no weights, however it is called |
| `materialise(model, inputs)` | calls the model once on the inputs, so that its layers create their weights |
| `left_out(model)` | warnings of what the model holds that its weights do not list |
| `device(name)` | a context manager in which the model is built on that device |
| `versions(model)`, `settings(model)` | what the environment of a build records of the framework |
| `save(model, path)` | writes the framework's own file of weights |
| `fork_is_safe(platform)` | whether a process may fork after `load()` |

`PREFIXES` are the beginnings of the environment variables that the framework or a library below it
reads, and `NEUTRAL` is a pattern of those that cannot change a weight.
"""

import contextlib
import sys
from typing import Any, Tuple

from ..exceptions import describe, user_traceback
from ..protocol import Failure
from . import arrays, keras, tensorflow

# In the order of loading and seeding.
ALL: Tuple[Any, ...] = (arrays, tensorflow, keras)
# A Keras layer may be a tf.Module too, and arrays are what neither owns.
_BY_OWNERSHIP: Tuple[Any, ...] = (keras, tensorflow, arrays)


def owner(model: Any) -> Any:
    """The module of the framework whose model it is; `arrays` has the last word on what is a model."""
    return next(framework for framework in _BY_OWNERSHIP if framework.owns(model))


def load() -> None:
    """Import every framework; execute no operation.

    Raises:
        Failure: kinds `no-tensorflow`, `tensorflow-broken`.
    """
    require()
    try:
        for framework in ALL:
            framework.load()
    except BaseException as error:
        raise Failure("tensorflow-broken", user_traceback(), python=sys.executable, error=describe(error))


def has_run() -> bool:
    """Whether an operation of some framework ran in this process that a fork would not survive."""
    return any(framework.has_run() for framework in ALL)


def require() -> None:
    """Report a missing framework before the factory's module fails to import it.

    Raises:
        Failure: kind `no-tensorflow`.
    """
    for framework in ALL:
        framework.require()


def device(name: str) -> Any:
    """A context manager that puts what is built on `cpu`, `gpu` or `gpu:N`.

    Raises:
        Failure: kind `device`, if there is no such GPU.
    """
    stack = contextlib.ExitStack()
    for framework in ALL:
        stack.enter_context(framework.device(name))
    return stack


def fork_is_safe(platform: str = sys.platform) -> bool:
    """Whether a process may fork after every framework was imported."""
    return all(framework.fork_is_safe(platform) for framework in ALL)
