"""Reading weights: one tensor at a time, its digest, its statistics and where in the model it is."""

import hashlib
import json
import math
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from .factory import describe, user_traceback
from .protocol import Failure, warning

# A chunk of float64 that stays in a core's second-level cache (256 kB) through every pass.
_CHUNK = 32768
_SAMPLES = 16
_KERAS_PACKAGES = ("keras", "tf_keras", "tensorflow", "tensorflow_core")
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


def is_keras(model: Any) -> bool:
    """Whether the model is a layer or model of some Keras."""
    return any(
        base.__name__ == "Layer" and base.__module__.split(".")[0] in _KERAS_PACKAGES
        for base in type(model).__mro__
    )


def tensors_of(model: Any, address: str) -> Tuple[List[Tensor], List[Tensor]]:
    """The model's weights in the framework's own order, and its random-number state.

    Raises:
        Failure: kind `wrong-return`, if it is nothing that has weights.
    """
    import tensorflow

    if is_keras(model):
        owners = _owners(model, address)
        weights = [_keras_tensor(variable, owners) for variable in _listed(model, "weights", address)]
        others = [_keras_tensor(variable, owners) for variable in _listed(model, "variables", address)]
        states = [tensor for tensor in others if _is_random_state(tensor)]
    elif isinstance(model, tensorflow.Module):
        _refuse_hidden_layers(model, address)
        weights = [Tensor(variable.name, variable) for variable in model.variables]
        states = [tensor for tensor in weights if _is_random_state(tensor)]
    else:
        return [Tensor(name, value) for name, value in _arrays(model, address)], []
    return [tensor for tensor in weights if not _is_random_state(tensor)], states


def _listed(layer: Any, attribute: str, address: str) -> List[Any]:
    """The layer's `weights` or `variables`; none where Keras 2 raises because a Sequential has none yet."""
    try:
        return list(getattr(layer, attribute, ()))
    except Exception as error:
        if isinstance(error, ValueError) and "not yet been created" in str(error):
            return []
        raise Failure("raised", user_traceback(), factory=address, attribute=attribute, error=describe(error))


def _keras_tensor(variable: Any, owners: Dict[int, Any]) -> Tensor:
    return Tensor(getattr(variable, "path", None) or variable.name, variable, owners.get(id(variable)))


def _is_random_state(tensor: Tensor) -> bool:
    # Keras' SeedGenerator keeps a vector of 2 integers, tf.random.Generator one of 1 to 3.
    last = tensor.name.split(":")[0].split("/")[-1]
    return any(last == name or last.startswith(name + "_") for name in _RANDOM_STATE_NAMES) and (
        str(getattr(tensor.variable.dtype, "name", tensor.variable.dtype))
        in ("int64", "uint64", "uint32", "int32")
    )


def _owners(model: Any, address: str) -> Dict[int, Any]:
    """For each variable of a Keras model the innermost layer that holds it."""
    if hasattr(model, "_flatten_layers"):
        layers = list(model._flatten_layers())
    else:  # before TensorFlow 2.3
        layers = [model] + [part for part in model.submodules if is_keras(part)]
    owners: Dict[int, Any] = {}
    counts: Dict[int, int] = {}
    for layer in layers:
        weights = _listed(layer, "weights", address)
        for variable in weights:
            if id(variable) not in owners or len(weights) <= counts[id(variable)]:
                owners[id(variable)] = layer
                counts[id(variable)] = len(weights)
    return owners


def _refuse_hidden_layers(module: Any, address: str) -> None:
    """Keras 3 layers and variables are none of TensorFlow's, so `variables` of a module leaves them out."""
    import tensorflow

    listed = {id(variable) for variable in module.variables}
    for owner in [module] + list(module.submodules):
        for name, value in sorted(vars(owner).items()):
            if name.startswith("_self_") or name == "_obj_reference_counts_dict":
                continue
            for part in _flat(value):
                if is_keras(part) and not isinstance(part, tensorflow.Module):
                    variables, unbuilt = part.weights, _may_get_weights(part)
                elif _is_keras_variable(part):
                    variables, unbuilt = [part], False
                else:
                    continue
                if unbuilt or any(id(getattr(each, "value", each)) not in listed for each in variables):
                    raise Failure(
                        "wrong-return",
                        factory=address,
                        holder="layer" if is_keras(part) else "variable",
                        attribute=name,
                    )


def _is_keras_variable(value: Any) -> bool:
    """Whether it is a variable of Keras 3, which is no `tf.Variable`."""
    return any(
        base.__name__ == "Variable" and base.__module__.split(".")[0] in ("keras", "tf_keras")
        for base in type(value).__mro__
    )


def _may_get_weights(layer: Any) -> bool:
    """Whether a Keras 3 layer, or one inside it, is not built and has a `build` of its own."""
    for part in layer._flatten_layers():
        base = next(base for base in type(part).__mro__ if base.__name__ == "Layer")
        if not part.built and getattr(type(part), "build", None) is not getattr(base, "build", None):
            return True
    return False


def left_out(model: Any) -> List[Dict[str, Any]]:
    """What a Keras model holds that its `weights` do not list, a warning for each.

    Keras 3 follows no `tf.Variable` and no `tf.Module` in an attribute; Keras 2 does. A layer that
    was never called has no weights in either.
    """
    import tensorflow

    if not is_keras(model) or not hasattr(model, "_flatten_layers"):
        return []
    listed = {id(getattr(variable, "value", variable)) for variable in model.variables}
    warnings = []
    for layer in model._flatten_layers():
        if not layer.built and model.built:
            warnings.append(warning("uncalled-layer", layer=layer.name))
        if isinstance(layer, tensorflow.Module):
            continue
        for name, value in sorted(vars(layer).items()):
            if name.startswith("_self_"):
                continue  # TensorFlow's own books of what the layer holds
            for part in _flat(value):
                inside = part.variables if isinstance(part, tensorflow.Module) else [part]
                if any(isinstance(each, tensorflow.Variable) and id(each) not in listed for each in inside):
                    holds = "tf.Module" if isinstance(part, tensorflow.Module) else "tf.Variable"
                    warnings.append(warning("unlisted", holds=holds, attribute=name, layer=layer.name))
    return warnings


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _arrays(value: Any, address: str) -> List[Tuple[str, Any]]:
    from collections.abc import Mapping, Sequence

    import numpy

    if isinstance(value, Mapping):
        items = [(str(name), part) for name, part in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        items = [(str(index), part) for index, part in enumerate(value)]
    else:
        raise Failure("wrong-return", factory=address, type=type(value).__name__)
    for name, part in items:
        if not isinstance(part, (numpy.ndarray, numpy.generic)) and not hasattr(part, "numpy"):
            raise Failure(
                "wrong-return",
                factory=address,
                type=type(value).__name__,
                item=name,
                item_type=type(part).__name__,
            )
    return items


def raw_bytes(array: Any) -> Any:
    """The array's elements in C order, little-endian, as a flat array of uint8 (a view where that is one)."""
    import numpy

    if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and numpy.little_endian is False):
        array = array.astype(array.dtype.newbyteorder("<"))
    return numpy.asarray(array, order="C").reshape(-1).view(numpy.uint8)


def read(
    tensors: List[Tensor], sink: Optional[Callable[[int, Any, str], None]] = None
) -> List[Dict[str, Any]]:
    """The record of each tensor; only one tensor's values are held at a time.

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


def statistics(array: Any) -> Dict[str, Any]:
    """Float64 statistics over the finite elements; docs/fingerprint.md says of each what it is."""
    import numpy

    flat = array.reshape(-1)
    count = int(flat.size)
    positions = (
        range(count) if count <= _SAMPLES else [i * (count - 1) // (_SAMPLES - 1) for i in range(_SAMPLES)]
    )
    is_complex = flat.dtype.kind == "c"
    result: Dict[str, Any] = {
        "count": count,
        "mean": None,
        "std": None,
        "minimum": None,
        "maximum": None,
        "l2": None,
        "zeros": 0,
        "nans": 0,
        "infinities": 0,
        "samples": [_json_number(flat[position]) for position in positions],
    }
    seen, mean, spread, squares = 0, 0.0, 0.0, 0.0
    low, high = math.inf, -math.inf
    with numpy.errstate(all="ignore"):
        for start in range(0, count, _CHUNK):
            piece = flat[start : start + _CHUNK]
            chunk = numpy.abs(piece).astype(numpy.float64) if is_complex else piece.astype(numpy.float64)
            result["zeros"] += int(chunk.size - numpy.count_nonzero(chunk))
            square = _squares(chunk)
            if not math.isfinite(square):  # a NaN, an infinity, or a value whose square is one
                nans = int(numpy.count_nonzero(numpy.isnan(chunk)))
                chunk = chunk[numpy.isfinite(chunk)]
                result["nans"] += nans
                result["infinities"] += int(piece.size - nans - chunk.size)
                square = _squares(chunk)
            if chunk.size == 0:
                continue
            squares += square
            low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
            # Chan, Golub and LeVeque (1979): merging the means and spreads of two parts.
            part_mean = float(chunk.mean())
            chunk -= part_mean
            delta, total = part_mean - mean, seen + chunk.size
            spread += _squares(chunk) + delta * delta * seen * chunk.size / total
            mean += delta * chunk.size / total
            seen = total
    if seen:
        result["l2"] = _finite(math.sqrt(squares))
        if not is_complex:
            result.update(
                mean=_finite(mean), std=_finite(math.sqrt(max(spread, 0.0) / seen)), minimum=low, maximum=high
            )
    return result


def _squares(chunk: Any) -> float:
    # Not numpy.dot: BLAS starts a thread for each core, which then spin beside the other builds
    # (25.6 M values on a busy machine: 0.4 to 3.7 s of CPU where this takes 0.12).
    import numpy

    return float(numpy.einsum("i,i->", chunk, chunk))


def _finite(number: float) -> Optional[float]:
    return number if math.isfinite(number) else None


def _json_number(value: Any) -> Any:
    if value.dtype.kind == "b":
        return bool(value)
    if value.dtype.kind in "iu":
        return int(value)
    if value.dtype.kind == "c":
        return [_json_number(value.real), _json_number(value.imag)]
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def _initializer(tensor: Tensor) -> Optional[Dict[str, Any]]:
    """Class and config of the initializer, where the layer tells it by the variable's name."""
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
