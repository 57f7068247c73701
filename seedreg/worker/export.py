"""Writing weights to files: one tensor at a time, in the model's order, as they are read anyway."""

from json import dumps
from os.path import exists, join
from typing import Any, Callable, Collection, Dict, Iterable, List

from . import originals
from .exceptions import describe
from .protocol import Failure
from .tensors import Tensor, dtype_name, raw_bytes

_SAFETENSORS = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}


class ObjectsSink(object):
    """Writes each tensor's bytes to a file named by its digest, once."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, index: int, array: Any, digest: str) -> None:
        """Write one tensor."""
        path = join(self._folder, digest)
        if not exists(path):
            with open(path, "wb") as stream:
                stream.write(raw_bytes(array))

    def close(self) -> None:
        """Nothing is left to do."""


class NpzSink(object):
    """Writes an uncompressed `.npz`, one tensor at a time, keyed by unique names in the model's order."""

    def __init__(self, path: str, tensors: List[Tensor]) -> None:
        import zipfile

        self._names = _unique(_file_name(tensor).replace("/", ".") for tensor in tensors)
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)

    def __call__(self, index: int, array: Any, digest: str) -> None:
        """Write one tensor."""
        from numpy.lib import format as npy

        name = self._names[index]
        if not _has_text_form(array.dtype):
            raise Failure("export", format="npz", tensor=name, dtype=dtype_name(array.dtype))
        with self._archive.open(name + ".npy", "w", force_zip64=True) as stream:
            npy.write_array(stream, array, allow_pickle=False)

    def close(self) -> None:
        """Write the archive's directory."""
        self._archive.close()


def _has_text_form(dtype: Any) -> bool:
    """Whether `.npy` can name the dtype; those of ml_dtypes it cannot."""
    numpy = originals.numpy()
    try:
        return bool(numpy.dtype(dtype.str) == dtype)
    except TypeError:
        return False


class SafetensorsSink(object):
    """Writes the safetensors format: a header of JSON, then the tensors' bytes in the model's order."""

    def __init__(self, path: str, tensors: List[Tensor]) -> None:
        self._stream = open(path, "wb")
        names = _unique((_file_name(tensor) for tensor in tensors), {"__metadata__"})
        self._promised: List[Any] = []
        header: Dict[str, Any] = {}
        offset = 0
        for name, tensor in zip(names, tensors):
            # Shapes come first in the file, so every tensor is read twice; none is kept.
            array = tensor.values()
            kind = _SAFETENSORS.get(dtype_name(array.dtype))
            if kind is None:
                self._stream.close()
                raise Failure(
                    "export", format="safetensors", tensor=tensor.name, dtype=dtype_name(array.dtype)
                )
            end = offset + array.size * array.dtype.itemsize
            header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, end]}
            offset = end
            self._promised.append((array.dtype, array.shape))
        text = dumps(header, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        text += b" " * (-len(text) % 8)
        self._stream.write(len(text).to_bytes(8, "little") + text)

    def __call__(self, index: int, array: Any, digest: str) -> None:
        """Write one tensor."""
        if (array.dtype, array.shape) != self._promised[index]:
            raise ValueError("tensor {} changes between two reads".format(index))
        self._stream.write(raw_bytes(array))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Sink(object):
    """Writes with another sink; what that raises is a failure of kind `export`."""

    def __init__(self, kind: str, open_sink: Callable[..., Any], *arguments: Any) -> None:
        self._kind = kind
        self._sink = self._run(open_sink, *arguments)

    def __call__(self, index: int, array: Any, digest: str) -> None:
        """Write one tensor."""
        self._run(self._sink, index, array, digest)

    def close(self) -> None:
        """Write what comes last, and close the file."""
        self._run(self._sink.close)

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Failure:
            raise
        except Exception as error:  # a full disk, or user code replaced what the archive needs
            raise Failure("export", format=self._kind, error=describe(error))


def open_sink(export: Dict[str, str], framework: Any, model: Any, tensors: List[Tensor]) -> Any:
    """What writes the weights as the request asks: formats `objects`, `npz`, `safetensors`, `h5`.

    Raises:
        Failure: kind `export`.
    """
    kind, path = export["format"], export["path"]
    if kind == "objects":
        return Sink(kind, ObjectsSink, path)
    if kind == "npz":
        return Sink(kind, NpzSink, path, tensors)
    if kind == "safetensors":
        return Sink(kind, SafetensorsSink, path, tensors)
    framework.save(model, path)
    return None


def _file_name(tensor: Tensor) -> str:
    name = tensor.name.encode("utf-8", "replace").decode("utf-8")
    return name[:-2] if name.endswith(":0") else name


def _unique(wanted: Iterable[str], reserved: Collection[str] = ()) -> List[str]:
    names: List[str] = []
    taken = set(reserved)
    for base in wanted:
        name, number = base, 2
        while name in taken:
            name, number = "{}#{}".format(base, number), number + 1
        taken.add(name)
        names.append(name)
    return names
