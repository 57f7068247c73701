"""Reading weights: one tensor at a time, its digest, its statistics and where in the model it is."""

from hashlib import sha256
from json import dumps, loads
from typing import Any, Callable, Dict, List, Optional

from . import foreign
from .statistics import statistics
from .tensors import Tensor, dtype_name, raw_bytes


def read(
    tensors: List[Tensor], sink: Optional[Callable[[int, Any, str], None]] = None
) -> List[Dict[str, Any]]:
    """The record of each tensor; the values of only one tensor are in memory at a time.

    `sink(index, array, sha256)` gets each array as it is read.

    Raises:
        Failure: kind `unsupported-dtype`.
    """
    records = []
    for index, tensor in enumerate(tensors):
        array = tensor.values()
        digest = sha256(raw_bytes(array)).hexdigest()
        records.append(
            {
                "dtype": dtype_name(array.dtype),
                "shape": [int(size) for size in array.shape],
                "sha256": digest,
                "name": tensor.name,
                "layer": _layer_name(tensor.layer),
                "layer_class": None if tensor.layer is None else foreign.class_name(tensor.layer),
                "initializer": _initializer(tensor),
                "stats": statistics(array),
            }
        )
        if sink is not None:
            sink(index, array, digest)
        del array
    return records


def _layer_name(layer: Any) -> Optional[str]:
    name = foreign.attribute(layer, "name")
    return None if name is None else foreign.text(name)


def _initializer(tensor: Tensor) -> Optional[Dict[str, Any]]:
    """Class and config of the initializer, if the layer has one for the variable's name."""
    last = tensor.name.split(":")[0].split("/")[-1]
    # recurrent_kernel has recurrent_initializer, and likewise depthwise_ and pointwise_kernel.
    names = [last + "_initializer", last.replace("_kernel", "") + "_initializer"]
    if foreign.class_name(tensor.layer).startswith("DepthwiseConv"):
        names.append("depthwise_initializer")  # whose variable is named `kernel` since Keras 3
    found = [foreign.attribute(tensor.layer, name) for name in names]
    initializer = next((each for each in found if each is not None), None)
    if initializer is None or isinstance(initializer, (str, dict)):
        return None
    try:
        config = loads(dumps(initializer.get_config(), default=str, allow_nan=False))
    except BaseException:  # a user's initializer may have any get_config, or none
        config = None
    return {"class": foreign.class_name(initializer), "config": config}
