"""Plain arrays: a mapping or a sequence of NumPy arrays, tensors or variables; and NumPy itself."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Dict, List, Tuple

from .. import originals
from ..foreign import class_name, text
from ..protocol import Failure
from ..tensors import Tensor

# Linear algebra, OpenMP, and which vector instructions NumPy and the C library choose.
PREFIXES = ("BLIS_", "GLIBC_TUNABLES", "KMP_", "MKL_", "NPY_", "OMP_", "OPENBLAS_", "VECLIB_")
NEUTRAL = r"(MKL|OPENBLAS)_VERBOSE|KMP_(SETTINGS|WARNINGS|VERSION)|OMP_DISPLAY_(ENV|AFFINITY)"
# Frameworks whose generators no seeding protocol sets.
_LIBRARIES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "jaxlib": "JAX",
    "flax": "Flax",
    "mxnet": "MXNet",
    "paddle": "Paddle",
}


def require() -> None:
    """Nothing: TensorFlow does not install without NumPy."""


def load() -> None:
    """Import NumPy and its random generators, which newer versions load at the first use."""
    originals.numpy_random()


def has_run() -> bool:
    """NumPy's operations leave nothing behind."""
    return False


def owns(model: Any) -> bool:
    """Whatever no other framework owns; `tensors` says what is not a model at all."""
    return True


def seed(seed: int) -> None:
    """Seed NumPy's global generator."""
    originals.numpy_random().seed(seed)


def tensors(model: Any, address: str) -> Tuple[List[Tensor], List[Tensor]]:
    """The arrays under their keys or positions.

    Raises:
        Failure: kind `wrong-return`, if it is no mapping or sequence of arrays.
    """
    return [Tensor(name, value) for name, value in _items(model, address)], []


def _items(value: Any, address: str) -> List[Tuple[str, Any]]:
    numpy = originals.numpy()
    _refuse_other_library(value, value, address)
    if isinstance(value, Mapping):
        items = [(text(name), part) for name, part in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        items = [(str(index), part) for index, part in enumerate(value)]
    else:
        raise Failure("wrong-return", factory=address, type=class_name(value))
    for name, part in items:
        _refuse_other_library(value, part, address)
        if not isinstance(part, (numpy.ndarray, numpy.generic)) and not hasattr(part, "numpy"):
            raise Failure(
                "wrong-return",
                factory=address,
                type=class_name(value),
                item=name,
                item_type=class_name(part),
            )
    return items


def _refuse_other_library(value: Any, part: Any, address: str) -> None:
    """Models and weights of another framework, such as a PyTorch module or its state.

    Raises:
        Failure: kind `unsupported`.
    """
    for base in type(part).__mro__:
        package = str(base.__module__).split(".")[0]
        if package in _LIBRARIES:
            raise Failure("unsupported", factory=address, type=class_name(value), library=_LIBRARIES[package])


def is_built(model: Any) -> bool:
    """Arrays are there from the start."""
    return True


def is_without_weights(model: Any) -> bool:
    """Not known: it may get some when it is called."""
    return False


def materialise(model: Any, inputs: Any) -> bool:
    """A collection that can be called is called, as a model is; whether it was."""
    return callable(model) and bool(inputs.call(model))


def left_out(model: Any) -> List[Dict[str, Any]]:
    """Nothing: every item is read."""
    return []


def device(name: str) -> Any:
    """Nothing to do: NumPy runs on the CPU."""
    return contextlib.ExitStack()


def versions(model: Any) -> Dict[str, Any]:
    """The version of NumPy."""
    return {"numpy": str(originals.numpy().__version__)}


def settings(model: Any) -> Dict[str, Any]:
    """Nothing: the environment variables say it all."""
    return {}


def save(model: Any, path: str) -> None:
    """Arrays have no file of weights of their own.

    Raises:
        Failure: kind `export`, always.
    """
    raise Failure("export", format="h5", type=class_name(model))


def fork_is_safe(platform: str) -> bool:
    """NumPy is forked on every platform that can fork."""
    return True
