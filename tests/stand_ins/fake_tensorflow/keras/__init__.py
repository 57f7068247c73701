"""A stand-in for Keras 3: layers backed by NumPy, whose initial weights come from Python's `random`.

The weights depend on everything that theirs depend on: the seed, the backend, the Keras at hand
(`tf_keras` runs this file too) and, in the place of its version, `FAKE_TF_STREAM`.
"""

import itertools
import os
import random
import zlib
from types import SimpleNamespace

import numpy

__version__ = "3.99.0" if __name__ == "keras" else "2.99.0"

_BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")
_SALT = zlib.crc32(f"{__name__} {_BACKEND} {os.environ.get('FAKE_TF_STREAM', '')}".encode())
_counters: dict[str, itertools.count] = {}

backend = SimpleNamespace(
    backend=lambda: _BACKEND, floatx=lambda: "float32", image_data_format=lambda: "channels_last"
)


def _set_random_seed(seed):
    import tensorflow

    random.seed(seed)
    numpy.random.seed(seed)
    tensorflow.random.set_seed(seed)


utils = SimpleNamespace(set_random_seed=_set_random_seed)


def _automatic_name(kind):
    number = next(_counters.setdefault(kind, itertools.count()))
    return kind if number == 0 else f"{kind}_{number}"


class Variable:
    """A variable as Keras 3's: `path` names its place in the model."""

    def __init__(self, array, path):
        self._array = array
        self.path = path
        self.name = path.rpartition("/")[2]
        self.dtype = array.dtype.name
        self.shape = array.shape

    def numpy(self):
        return self._array


class SeedGenerator:
    """The state of a random-number generator."""

    def __init__(self, path):
        state = numpy.array([random.getrandbits(31), 0], "uint32")
        self.state = Variable(state, f"{path}/seed_generator_state")


class GlorotUniform:
    """Draws its seed from Python's `random`, as Keras does since 2.10."""

    def get_config(self):
        return {"seed": None}

    def __call__(self, shape):
        state = numpy.random.RandomState(random.getrandbits(32) ^ _SALT)
        return state.uniform(-1, 1, shape).astype("float32")


class Layer:
    """What holds weights once it is built."""

    def __init__(self, name=None):
        self.name = name or _automatic_name(type(self).__name__.lower())
        self.built = False
        self._own = []
        self._seed_generators = []
        self._parts = []

    def __setattr__(self, name, value):
        if isinstance(value, Layer):
            self._parts.append(value)
        object.__setattr__(self, name, value)

    def add_weight(self, shape, name, initializer=None):
        array = numpy.zeros(shape, "float32") if initializer is None else initializer(shape)
        self._own.append(Variable(array, f"{self.name}/{name}"))
        return self._own[-1]

    def build(self, shape):
        self.built = True

    def call(self, x):
        return x

    def __call__(self, *args, **kwargs):
        if not self.built:
            first = [*args, *kwargs.values()][0]
            self.build(None if isinstance(first, dict | list) and isinstance(self, Model) else first.shape)
            self.built = True
        return self.call(*args, **kwargs)

    def _flatten_layers(self):
        yield self
        for part in self._parts:
            yield from part._flatten_layers()

    @property
    def weights(self):
        return [variable for layer in self._flatten_layers() for variable in layer._own]

    @property
    def variables(self):
        return [
            v
            for layer in self._flatten_layers()
            for v in (*layer._own, *(one.state for one in layer._seed_generators))
        ]


class Dense(Layer):
    """A kernel and a bias."""

    def __init__(self, units, activation=None, name=None):
        super().__init__(name)
        self.units = units
        self.kernel_initializer = GlorotUniform()

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], self.units), "kernel", self.kernel_initializer)
        self.bias = self.add_weight((self.units,), "bias")
        self.built = True

    def call(self, x):
        return x @ self.kernel.numpy() + self.bias.numpy()


class Conv2D(Layer):
    """A kernel and a bias; what comes out has the right shape and is zero."""

    def __init__(self, filters, size, activation=None, name=None):
        super().__init__(name)
        self.filters = filters
        self.size = size
        self.kernel_initializer = GlorotUniform()

    def build(self, shape):
        self.add_weight((self.size, self.size, shape[-1], self.filters), "kernel", self.kernel_initializer)
        self.add_weight((self.filters,), "bias")
        self.built = True

    def call(self, x):
        lost = self.size - 1
        return numpy.zeros((x.shape[0], x.shape[1] - lost, x.shape[2] - lost, self.filters), "float32")


class MaxPooling2D(Layer):
    """Halves height and width."""

    def call(self, x):
        return x[:, : x.shape[1] // 2 * 2 : 2, : x.shape[2] // 2 * 2 : 2]


class Flatten(Layer):
    """All values of an example in one row."""

    def call(self, x):
        return x.reshape(len(x), -1)


class Dropout(Layer):
    """No weight, but random-number state."""

    def __init__(self, rate, name=None):
        super().__init__(name)
        self._seed_generators.append(SeedGenerator(self.name))


class Model(Layer):
    """A layer of layers."""


class Input:
    """The shape that a `Sequential` begins with, without the batch."""

    def __init__(self, shape):
        self.shape = shape


class Sequential(Model):
    """Layers one after the other; built at once if it begins with an `Input`."""

    def __init__(self, layers, name=None):
        super().__init__(name)
        first, rest = (layers[0], layers[1:]) if isinstance(layers[0], Input) else (None, layers)
        self._parts.extend(rest)
        if first is not None:
            self(numpy.zeros((1, *first.shape), "float32"))

    def call(self, x):
        for layer in self._parts:
            x = layer(x)
        return x


layers = SimpleNamespace(
    Layer=Layer,
    Conv2D=Conv2D,
    Dense=Dense,
    Dropout=Dropout,
    Flatten=Flatten,
    Input=Input,
    MaxPooling2D=MaxPooling2D,
)
