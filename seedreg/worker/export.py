"""Writing weights to files: one tensor at a time, in the model's order, as they are read anyway."""

import json
import os
from typing import Any, Collection, Dict, Iterable, List

from .protocol import Failure
from .tensors import Tensor, raw_bytes

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
        path = os.path.join(self._folder, digest)
        if not os.path.exists(path):
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
            raise Failure("export", format="npz", tensor=name, dtype=array.dtype.name)
        with self._archive.open(name + ".npy", "w", force_zip64=True) as stream:
            npy.write_array(stream, array, allow_pickle=False)

    def close(self) -> None:
        """Write the archive's directory."""
        self._archive.close()


def _has_text_form(dtype: Any) -> bool:
    """Whether `.npy` can name the dtype; those of ml_dtypes it cannot."""
    import numpy

    try:
        return bool(numpy.dtype(dtype.str) == dtype)
    except TypeError:
        return False


class SafetensorsSink(object):
    """Writes the safetensors format: a header of JSON, then the tensors' bytes in the model's order."""

    def __init__(self, path: str, tensors: List[Tensor]) -> None:
        self._stream = open(path, "wb")
        names = _unique((_file_name(tensor) for tensor in tensors), {"__metadata__"})
        header: Dict[str, Any] = {}
        offset = 0
        for name, tensor in zip(names, tensors):
            # Shapes come first in the file, so every tensor is read twice; none is kept.
            array = tensor.values()
            kind = _SAFETENSORS.get(array.dtype.name)
            if kind is None:
                self._stream.close()
                raise Failure("export", format="safetensors", tensor=tensor.name, dtype=array.dtype.name)
            end = offset + array.size * array.dtype.itemsize
            header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, end]}
            offset = end
        text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode("ascii")
        text += b" " * (-len(text) % 8)
        self._stream.write(len(text).to_bytes(8, "little") + text)

    def __call__(self, index: int, array: Any, digest: str) -> None:
        """Write one tensor."""
        self._stream.write(raw_bytes(array))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def open_sink(export: Dict[str, str], framework: Any, model: Any, tensors: List[Tensor]) -> Any:
    """What writes the weights as the request asks: formats `objects`, `npz`, `safetensors`, `h5`.

    Raises:
        Failure: kind `export`.
    """
    path = export["path"]
    if export["format"] == "objects":
        return ObjectsSink(path)
    if export["format"] == "npz":
        return NpzSink(path, tensors)
    if export["format"] == "safetensors":
        return SafetensorsSink(path, tensors)
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
