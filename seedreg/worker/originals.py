"""Functions as they were when their module had just been imported, before user code could replace them.

A factory, or a library that it imports, may replace `numpy.asarray` or `numpy.random.seed`, on purpose or
by accident. What reads and seeds uses the originals. NumPy and TensorFlow are often first imported by the
factory's own module, so their functions are kept at the end of that import.

What the worker needs of the standard library it imports by name, when it starts.
"""

import contextlib
import importlib.util
import random
import sys
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, Tuple

_kept: Dict[str, Any] = {}
_random_seed = random.seed


def _keep_numpy() -> None:
    import numpy
    import numpy.random  # newer versions load it at the first use

    if "numpy" not in _kept:
        _kept["numpy"] = SimpleNamespace(**vars(numpy))
        _kept["numpy.random"] = SimpleNamespace(**vars(numpy.random))


def _keep_tensorflow() -> None:
    import tensorflow

    _kept.setdefault("set_seed", tensorflow.random.set_seed)


_KEEP: Dict[str, Callable[[], None]] = {"numpy": _keep_numpy, "tensorflow": _keep_tensorflow}


def numpy() -> Any:
    """NumPy's namespace as it was."""
    if "numpy" not in _kept:
        _keep_numpy()
    return _kept["numpy"]


def numpy_random() -> Any:
    """The namespace of `numpy.random` as it was."""
    numpy()
    return _kept["numpy.random"]


def set_seed() -> Any:
    """`tensorflow.random.set_seed` as it was."""
    if "set_seed" not in _kept:
        _keep_tensorflow()
    return _kept["set_seed"]


@contextlib.contextmanager
def seeding_functions() -> Iterator[None]:
    """Inside, the functions that seed global generators are the originals: Keras' own seeding calls them."""
    import numpy
    import tensorflow

    places: Tuple[Tuple[Any, str, Any], ...] = (
        (random, "seed", _random_seed),
        (numpy.random, "seed", numpy_random().seed),
        (tensorflow.random, "set_seed", set_seed()),
    )
    replaced = [(module, name, getattr(module, name)) for module, name, _ in places]
    for module, name, original in places:
        setattr(module, name, original)
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def keep_when_imported() -> None:
    """Keep the functions of NumPy and TensorFlow at the end of their import, whoever imports them."""
    sys.meta_path.insert(0, _Watcher())


class _Watcher(object):
    """Finds nothing itself: it has the loader that another finder gives keep the functions."""

    def __init__(self) -> None:
        self._wanted = set(_KEEP)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of one of the watched packages, the first time; else None."""
        if name not in self._wanted:
            return None
        self._wanted.discard(name)
        spec = importlib.util.find_spec(name)
        loader: Any = None if spec is None else spec.loader
        if loader is not None and hasattr(loader, "exec_module"):
            execute = loader.exec_module

            def exec_module(module: Any) -> None:
                del loader.exec_module
                execute(module)
                _KEEP[name]()

            loader.exec_module = exec_module
        return spec
