"""One tensor of a model: where it is, how its values are read, and which bytes stand for them."""

from typing import Any, Optional

from .exceptions import describe
from .protocol import Failure

_RANDOM_STATE_NAMES = ("seed_generator_state", "StateVar")


class Tensor(object):
    """One weight of a model before it is read: where it is and how to get its values."""

    def __init__(self, name: str, variable: Any, layer: Optional[Any] = None) -> None:
        self.name = name
        self.variable = variable
        self.layer = layer

    def values(self) -> Any:
        """A NumPy array of the values.

        Raises:
            Failure: kind `unsupported-dtype`, if there is none with fixed bytes.
        """
        import numpy

        inner = getattr(self.variable, "value", None)
        source = self.variable if inner is None or callable(inner) else inner
        try:
            array = source.numpy() if hasattr(source, "numpy") else numpy.asarray(source)
            array = numpy.asarray(array)
        except Exception as error:
            raise Failure("unsupported-dtype", tensor=self.name, error=describe(error))
        # A plain void has bytes and no numbers; an extended float has bytes of padding that nobody sets.
        extended = {"f": 8, "c": 16}.get(array.dtype.kind, array.dtype.itemsize)
        if array.dtype.kind in "OSUMm" or array.dtype.type is numpy.void or array.dtype.itemsize > extended:
            raise Failure("unsupported-dtype", tensor=self.name, dtype=str(array.dtype))
        return array


def is_random_state(tensor: Tensor) -> bool:
    """Whether the tensor is the state of a random-number generator, not a weight."""
    # Keras' SeedGenerator keeps a vector of 2 integers, tf.random.Generator one of 1 to 3.
    last = tensor.name.split(":")[0].split("/")[-1]
    return any(last == name or last.startswith(name + "_") for name in _RANDOM_STATE_NAMES) and (
        str(getattr(tensor.variable.dtype, "name", tensor.variable.dtype))
        in ("int64", "uint64", "uint32", "int32")
    )


def raw_bytes(array: Any) -> Any:
    """The array's elements in C order, little-endian, as a flat array of uint8 (a view where that is one)."""
    import numpy

    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and numpy.little_endian is False):
        array = array.astype(array.dtype.newbyteorder("<"))
    return numpy.asarray(array, order="C").reshape(-1).view(numpy.uint8)
