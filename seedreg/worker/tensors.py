"""One tensor of a model: where it is, how its values are read, and which bytes stand for them."""

import re
from typing import Any, Optional

from . import originals
from .exceptions import describe
from .protocol import Failure

# Numbers that NumPy does not have itself: bfloat16, float8_e4m3fn, int4 …, of ml_dtypes or TensorFlow.
_OTHER_NUMBERS = re.compile(r"b?float\d+(_\w+)?|u?int\d+")
_KINDS = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}


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
        numpy = originals.numpy()
        try:
            inner = getattr(self.variable, "value", None)
            source = self.variable if inner is None or callable(inner) else inner
            found = source.numpy() if hasattr(source, "numpy") else source
            masked = _count_masked(found)
            array = numpy.asarray(found)
        except MemoryError:
            raise
        except BaseException as error:
            raise Failure("unsupported-dtype", tensor=self.name, error=describe(error))
        if masked:
            raise Failure("unsupported-dtype", tensor=self.name, masked=masked)
        if not _has_fixed_bytes(array.dtype):
            raise Failure("unsupported-dtype", tensor=self.name, dtype=str(array.dtype))
        return array


def _count_masked(array: Any) -> int:
    """How many elements a masked array hides; their values are anything, and the mask is in no byte."""
    for base in type(array).__mro__:
        if base.__name__ == "MaskedArray" and str(base.__module__).startswith("numpy.ma"):
            return int(originals.numpy().count_nonzero(array.mask))
    return 0


def _has_fixed_bytes(dtype: Any) -> bool:
    """Whether each element is a number or a boolean whose bytes are all set by its value."""
    if not _is_numpys(dtype):
        return _OTHER_NUMBERS.fullmatch(dtype_name(dtype)) is not None
    # An extended float has bytes of padding that nobody sets.
    return dtype.kind in _KINDS and bool(dtype.itemsize <= {"f": 8, "c": 16}.get(dtype.kind, 8))


def dtype_name(dtype: Any) -> str:
    """NumPy's name of the dtype, which NumPy composes in Python, with builtins that may be replaced."""
    if _is_numpys(dtype) and dtype.kind in _KINDS:
        return _KINDS[dtype.kind] + ("" if dtype.kind == "b" else str(8 * dtype.itemsize))
    return str(dtype.type.__name__)


def _is_numpys(dtype: Any) -> bool:
    return bool(dtype.type.__module__ == "numpy")


def raw_bytes(array: Any) -> Any:
    """The array's elements in C order, little-endian, as a flat array of uint8 (a view where that is one)."""
    numpy = originals.numpy()
    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and numpy.little_endian is False):
        array = array.astype(array.dtype.newbyteorder("<"))
    return numpy.asarray(array, order="C").reshape(-1).view(numpy.uint8)
