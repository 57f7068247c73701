"""Keras 2 and 3, whichever distribution they come from: layers, models, and their generators."""

import contextlib
import os
import sys
from typing import Any, Dict, List, Optional, Set, Tuple

from ..exceptions import describe, user_traceback
from ..foreign import attribute, class_name, text
from ..protocol import Failure, warning
from ..tensors import Tensor
from . import creation, runtime

PREFIXES = ("KERAS_",)
NEUTRAL = ""

# Their random numbers come from generators that no seeding protocol sets.
UNSUPPORTED_BACKENDS = ("jax", "torch")

_SEPARATE = ("keras", "tf_keras")
_INSIDE_TENSORFLOW = ("tensorflow", "tensorflow_core")
# Where each Keras counts the names of its layers.
_NAMING = (
    "keras.src.utils.naming",
    "keras.src.backend",
    "keras.backend",
    "tf_keras.src.backend",
    "tf_keras.backend",
    "tensorflow.python.keras.backend",
    "tensorflow_core.python.keras.backend",
)


def require() -> None:
    """Nothing: a TensorFlow without Keras builds no Keras model, and that is fine."""


def load() -> None:
    """Import `tf.keras`, if there is one."""
    loaded()


def has_run() -> bool:
    """Nothing of its own: TensorFlow runs its operations."""
    return False


def loaded() -> List[Any]:
    """`tf.keras` and every other Keras that this process has imported, each once."""
    import tensorflow

    found: List[Any] = []
    try:
        candidates = [tensorflow.keras]
        candidates[0].layers  # `tf.keras` loads itself at the first use  # noqa: B018
    except (ImportError, AttributeError):
        candidates = []
    candidates += [sys.modules.get(name) for name in _SEPARATE]
    for keras in candidates:
        if keras is not None and hasattr(keras, "utils") and not any(keras is other for other in found):
            found.append(keras)
    return found


def backends() -> Set[str]:
    """The backends of every Keras that this process has imported; none where none is."""
    if "tensorflow" not in sys.modules:
        return set()
    found = set()
    for keras in loaded():
        function = getattr(getattr(keras, "backend", None), "backend", None)
        found.add(str(function()) if callable(function) else "")
    return found


def _package(model: Any) -> Optional[str]:
    """The package whose `Layer` the model is, under the name of its distribution; None if of no Keras."""
    for base in type(model).__mro__:
        package = str(base.__module__).split(".")[0]
        if base.__name__ == "Layer" and package in _SEPARATE:
            return package
        if base.__name__ == "Layer" and package in _INSIDE_TENSORFLOW:
            return "tensorflow"
    return None


def owns(model: Any) -> bool:
    """Whether the model is a layer or model of some Keras."""
    return _package(model) is not None


def is_variable(value: Any) -> bool:
    """Whether it is a variable of Keras 3, which is no `tf.Variable`."""
    return any(
        base.__name__ == "Variable" and str(base.__module__).split(".")[0] in _SEPARATE
        for base in type(value).__mro__
    )


def seed(seed: int) -> None:
    """Seed every Keras that is loaded and has a seed of its own."""
    for keras in loaded():
        set_random_seed = getattr(keras.utils, "set_random_seed", None)
        if set_random_seed is not None:
            set_random_seed(seed)


def reset_names() -> None:
    """Let every loaded Keras number its layers from the start again, where that is possible.

    `clear_session` would do it too, but collects all garbage, which takes 150 ms.
    """
    for name in _NAMING:
        reset = getattr(sys.modules.get(name), "reset_uids", None)
        if callable(reset):
            reset()


def tensors(model: Any, address: str) -> Tuple[List[Tensor], List[Tensor]]:
    """The model's `weights`, and the state of its random-number generators.

    Raises:
        Failure: kind `raised`, if reading them raises.
    """
    _require_backend(model)
    inside = _layers(model)
    owners = _owners(inside, address)
    weights = [_tensor(variable, owners) for variable in _listed(model, "weights", address)]
    others = [_tensor(variable, owners) for variable in _listed(model, "variables", address)]
    return runtime.without_random_state(weights, others, inside)


def _require_backend(model: Any) -> None:
    backend = settings(model)["keras_config"].get("backend")
    if backend in UNSUPPORTED_BACKENDS:
        raise Failure("unsupported", backend=backend)


def explained(failure: Failure) -> Failure:
    """The failure, or that Keras uses a backend that is not supported, where that is why the build failed."""
    backend = os.environ.get("KERAS_BACKEND")
    errors = [str(failure.facts.get(name)) for name in ("missing", "error")]
    if backend in UNSUPPORTED_BACKENDS and any(backend in error for error in errors):
        return Failure("unsupported", failure.details, backend=backend)
    return failure


def _listed(layer: Any, listing: str, address: str) -> List[Any]:
    """The layer's `weights` or `variables`; none where its class raises because it has none yet.

    A Sequential of Keras 2 does so, and a network of TF-Agents.
    """
    try:
        return list(getattr(layer, listing, ()))
    except MemoryError:
        raise
    except BaseException as error:
        if isinstance(error, ValueError) and attribute(layer, "built") is False:
            return []
        raise Failure("raised", user_traceback(), factory=address, attribute=listing, error=describe(error))


def _tensor(variable: Any, owners: Dict[int, Any]) -> Tensor:
    name = attribute(variable, "path") or attribute(variable, "name") or class_name(variable)
    return Tensor(text(name), variable, owners.get(id(variable)))


def _layers(model: Any) -> List[Any]:
    if hasattr(model, "_flatten_layers"):
        return list(model._flatten_layers())
    return [model] + [part for part in model.submodules if owns(part)]  # before TensorFlow 2.3


def layers(parts: List[Any]) -> List[Any]:
    """Those of the objects that are Keras layers, and the layers inside them."""
    return [layer for part in parts if owns(part) for layer in _layers(part)]


def _owners(inside: List[Any], address: str) -> Dict[int, Any]:
    """For each variable of a Keras model the innermost layer that holds it."""
    owners: Dict[int, Any] = {}
    counts: Dict[int, int] = {}
    for layer in inside:
        weights = _listed(layer, "weights", address)
        for variable in weights:
            if id(variable) not in owners or len(weights) <= counts[id(variable)]:
                owners[id(variable)] = layer
                counts[id(variable)] = len(weights)
    return owners


def is_built(model: Any) -> bool:
    """Whether the model says so; one that is built in part has weights already."""
    return bool(getattr(model, "built", True))


def may_get_weights(layer: Any) -> bool:
    """Whether a layer, or one inside it, is not built and creates weights once it is."""
    return any(_lacks_weights(part) for part in _layers(layer))


def _lacks_weights(layer: Any) -> bool:
    """Whether the layer is not built and its class creates weights; a layer that has some is complete."""
    return not layer.built and creation.layer_creates(type(layer)) and not _has_weights(layer)


def _has_weights(layer: Any) -> bool:
    try:
        return bool(layer.weights)
    except ValueError:  # a Sequential of Keras 2 has none yet
        return False


def uncalled(inside: List[Any]) -> List[Dict[str, Any]]:
    """A warning for each of the layers that was never called and would have weights then."""
    return [warning("uncalled-layer", layer=text(each.name)) for each in inside if _lacks_weights(each)]


def is_without_weights(model: Any) -> bool:
    """Whether it has layers, and none of them, nor the model itself, creates weights when it is called."""
    inside = _layers(model)
    return len(inside) > 1 and not any(may_get_weights(layer) for layer in inside)


def materialise(model: Any, inputs: Any) -> bool:
    """Call the model once on the inputs; whether it was called."""
    return callable(model) and bool(inputs.call(model))


def left_out(model: Any) -> List[Dict[str, Any]]:
    """What a Keras model holds that its `weights` do not list, a warning for each.

    Tables and constants are no weights in any Keras. Keras 3 follows no `tf.Variable` and no `tf.Module`
    in an attribute; Keras 2 does. A layer that was never called has no weights in either.
    """
    import tensorflow

    inside = _layers(model)
    warnings = runtime.uncovered([("layer", text(layer.name), layer) for layer in inside])
    if not hasattr(model, "_flatten_layers"):
        return warnings
    listed = {id(getattr(variable, "value", variable)) for variable in model.variables}
    if model.built:
        warnings += uncalled(inside)
    for layer in inside:
        if isinstance(layer, tensorflow.Module):
            continue
        for name, part in runtime.attributes(layer):
            is_module = isinstance(part, tensorflow.Module)
            held = part.variables if is_module else [part]
            if any(isinstance(each, tensorflow.Variable) and id(each) not in listed for each in held):
                holds = "tf.Module" if is_module else "tf.Variable"
                warnings.append(warning("unlisted", holds=holds, attribute=name, layer=text(layer.name)))
    return warnings


def device(name: str) -> Any:
    """Nothing to do: TensorFlow runs the model."""
    return contextlib.ExitStack()


def versions(model: Any) -> Dict[str, Any]:
    """The Keras that built the model: its version, and the distribution that it comes from."""
    keras = _module(model)
    version = getattr(keras, "__version__", None)
    return {"keras": None if version is None else str(version), "keras_distribution": _package(model)}


def settings(model: Any) -> Dict[str, Any]:
    """Backend, float type and image format of the Keras that built the model."""
    config = {}
    keras = _module(model)
    for name in ("backend", "floatx", "image_data_format"):
        function = getattr(getattr(keras, "backend", None), name, None)
        if callable(function):
            config[name] = str(function())
    return {"keras_config": config}


def _module(model: Any) -> Any:
    """The public module of the Keras that built the model; None if none did."""
    import tensorflow

    package = _package(model)
    if package is None:
        return None
    return tensorflow.keras if package == "tensorflow" else sys.modules.get(package, tensorflow.keras)


def save(model: Any, path: str) -> None:
    """Write `.weights.h5`.

    Raises:
        Failure: kind `export`, if the model cannot be saved so.
    """
    if not hasattr(model, "save_weights"):
        raise Failure("export", format="h5", type=class_name(model))
    try:
        model.save_weights(path)
    except Exception as error:
        raise Failure("export", format="h5", error=describe(error))


def fork_is_safe(platform: str) -> bool:
    """Whether TensorFlow's process may fork."""
    return runtime.fork_is_safe(platform)
