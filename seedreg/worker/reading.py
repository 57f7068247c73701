"""Reading weights: one tensor at a time, its digest, its statistics and where in the model it is."""

import hashlib
import json
from typing import Any, Callable, Dict, List, Optional

from .statistics import statistics
from .tensors import Tensor, raw_bytes


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
        digest = hashlib.sha256(raw_bytes(array)).hexdigest()
        records.append(
            {
                "dtype": array.dtype.name,
                "shape": [int(size) for size in array.shape],
                "sha256": digest,
                "name": tensor.name,
                "layer": getattr(tensor.layer, "name", None),
                "layer_class": None if tensor.layer is None else type(tensor.layer).__name__,
                "initializer": _initializer(tensor),
                "stats": statistics(array),
            }
        )
        if sink is not None:
            sink(index, array, digest)
        del array
    return records


def _initializer(tensor: Tensor) -> Optional[Dict[str, Any]]:
    """Class and config of the initializer, if the layer has one for the variable's name."""
    last = tensor.name.split(":")[0].split("/")[-1]
    # recurrent_kernel has recurrent_initializer, and likewise depthwise_ and pointwise_kernel.
    names = [last + "_initializer", last.replace("_kernel", "") + "_initializer"]
    if type(tensor.layer).__name__.startswith("DepthwiseConv"):
        names.append("depthwise_initializer")  # whose variable is named `kernel` since Keras 3
    found = [getattr(tensor.layer, name, None) for name in names]
    initializer = next((each for each in found if each is not None), None)
    if initializer is None or isinstance(initializer, (str, dict)):
        return None
    try:
        config = json.loads(json.dumps(initializer.get_config(), default=str, allow_nan=False))
    except Exception:  # a user's initializer may have any get_config, or none
        config = None
    return {"class": type(initializer).__name__, "config": config}
