"""A stand-in for TensorFlow: as much of it as the worker touches, imported in milliseconds.

It is led by environment variables: `FAKE_TF_SLEEP_S` (its import takes so long), `FAKE_TF_IMPORT`
(`raise`, `segfault` or `exit`: how its import ends), `FAKE_TF_PATH` (a folder that it puts on the path),
`FAKE_TF_VERSION`, `FAKE_TF_GPUS` (how many it sees) and `FAKE_TF_STREAM` (another value gives other
initial weights, as an upgrade may).
"""

import os
import signal
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy

time.sleep(float(os.environ.get("FAKE_TF_SLEEP_S", "0")))
match os.environ.get("FAKE_TF_IMPORT"):
    case "raise":
        raise ImportError("the stand-in raises")
    case "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    case "exit":
        sys.exit(3)

sys.path.extend(filter(None, [os.environ.get("FAKE_TF_PATH")]))

if os.environ.get("TF_USE_LEGACY_KERAS") == "1":
    import tf_keras as keras
else:
    import keras  # noqa: F401

from tensorflow.python.eager import context  # noqa: E402

__version__ = os.environ.get("FAKE_TF_VERSION", "2.99.0")

Tensor = numpy.ndarray
_generator = numpy.random.RandomState()


class Variable:
    """A named array, as TensorFlow 2's."""

    def __init__(self, value, name="Variable"):
        self._array = numpy.array(value)
        self.name = f"{name}:0"

    @property
    def dtype(self):
        return SimpleNamespace(name=self._array.dtype.name)

    @property
    def shape(self):
        return self._array.shape

    def numpy(self):
        return self._array


class Module:
    """Collects the variables and modules among its attributes, sorted by the attribute's name."""

    @property
    def variables(self):
        own = [value for _, value in sorted(vars(self).items()) if isinstance(value, Variable)]
        return (*own, *(variable for part in self.submodules for variable in part.variables))

    @property
    def submodules(self):
        return tuple(value for _, value in sorted(vars(self).items()) if isinstance(value, Module))


def _set_seed(seed):
    _generator.seed(seed)


def _normal(shape):
    return _generator.standard_normal(shape).astype("float32")


random = SimpleNamespace(set_seed=_set_seed, normal=_normal)
config = SimpleNamespace(
    list_physical_devices=lambda kind=None: ["GPU"] * int(os.environ.get("FAKE_TF_GPUS", "0"))
)


def device(name):
    return nullcontext()


def zeros(shape, dtype="float32"):
    context.begin()
    return numpy.zeros(shape, dtype)
