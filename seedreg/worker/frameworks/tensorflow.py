"""TensorFlow: `tf.Module`, devices, and `tf.random`."""

import contextlib
import sys
from typing import Any, Dict, List, Tuple

from .. import originals
from ..foreign import attribute, class_name, text
from ..protocol import Failure, warning
from ..tensors import Tensor
from . import creation, keras, runtime

PREFIXES = (
    "TF_",
    "XLA_",
    "CUDA_",
    "CUDNN_",
    "CUBLAS_",
    "NVIDIA_",
    "HIP_",
    "ROCM_",
    "ONEDNN_",
    "DNNL_",
    "AUTOGRAPH_",
)
# Those of Terraform share the prefix and may hold secrets.
NEUTRAL = (
    r"TF_CPP_(MIN|MAX)_V?LOG_LEVEL|TF_CPP_VMODULE|TF_CPP_LOG_THREAD_ID|TF_FORCE_GPU_ALLOW_GROWTH"
    r"|TF_VAR_.*|TF_CLI_.*|TF_TOKEN_.*|TF_LOG.*|TF_DATA_DIR|TF_INPUT|TF_WORKSPACE|TF_IN_AUTOMATION"
    r"|TF_PLUGIN_CACHE_.*|TF_REGISTRY_.*|TF_REATTACH_PROVIDERS|NVIDIA_VISIBLE_DEVICES|CUDA_CACHE_.*"
    r"|NVIDIA_DRIVER_CAPABILITIES|NVIDIA_REQUIRE_.*|CUDA_HOME|CUDA_PATH|CUDA_VERSION|(ONEDNN|DNNL)_VERBOSE"
)


def require() -> None:
    """Raise if TensorFlow is not installed.

    Raises:
        Failure: kind `no-tensorflow`.
    """
    import importlib.util

    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("no-tensorflow", python=sys.executable)


def index_kernels() -> None:
    """Have TensorFlow sort its table of kernels now, before forks, and not again in every child."""
    try:
        from tensorflow.python.framework import kernels

        kernels.get_registered_kernels_for_op("NoOp")
    except Exception:  # it is not public, and only saves time
        pass


def has_run() -> bool:
    """Whether an operation ran in this process, or something else made TensorFlow start its threads."""
    for package in ("tensorflow", "tensorflow_core"):
        eager = sys.modules.get(package + ".python.eager.context")
        if eager is not None:
            started = getattr(eager, "_context", None)
            return started is not None and getattr(started, "_context_handle", started) is not None
    return False


def load() -> None:
    """Import TensorFlow and what it loads at the first use; execute no operation."""
    import tensorflow  # noqa: F401

    originals.set_seed()


def owns(model: Any) -> bool:
    """Whether it is a `tf.Module`; so are the layers of Keras 2."""
    import tensorflow

    return isinstance(model, tensorflow.Module)


def seed(seed: int) -> None:
    """Seed `tf.random`."""
    originals.set_seed()(seed)


def tensors(model: Any, address: str) -> Tuple[List[Tensor], List[Tensor]]:
    """The variables of the module, and those of its random-number generators.

    Raises:
        Failure: kind `wrong-return`, if the module holds weights that its `variables` do not list.
    """
    _refuse_hidden_layers(model, address)
    found = [Tensor(text(variable.name), variable) for variable in _variables(model)]
    return runtime.without_random_state(found, found, [model] + list(model.submodules))


def _variables(module: Any) -> List[Any]:
    """The module's variables; none where its class raises because there are none yet.

    Sonnet and TF-Agents do so, to say that a module must be called before it is read.
    """
    import tensorflow

    try:
        return list(module.variables)
    except ValueError:
        if list(tensorflow.Module.variables.fget(module)):
            raise
        return []


def _refuse_hidden_layers(module: Any, address: str) -> None:
    """Keras 3 layers and variables are none of TensorFlow's, so `variables` of a module leaves them out."""
    import tensorflow

    listed = {id(variable) for variable in _variables(module)}
    for owner in [module] + list(module.submodules):
        for name, part in runtime.attributes(owner):
            if keras.owns(part) and not isinstance(part, tensorflow.Module):
                holder, variables, unbuilt = "layer", list(part.weights), keras.may_get_weights(part)
            elif keras.is_variable(part):
                holder, variables, unbuilt = "variable", [part], False
            else:
                continue
            if unbuilt or any(id(getattr(each, "value", each)) not in listed for each in variables):
                raise Failure("wrong-return", factory=address, holder=holder, attribute=name)


def is_built(model: Any) -> bool:
    """Whether every module and layer inside it that creates variables when it is called has some."""
    return not _uncalled(model)


def is_without_weights(model: Any) -> bool:
    """Not known: it may get some when it is called."""
    return False


def materialise(model: Any, inputs: Any) -> bool:
    """Call the module once on the inputs; whether it was called."""
    return callable(model) and bool(inputs.call(model))


def left_out(model: Any) -> List[Dict[str, Any]]:
    """Tables, constants, and what was never called; a module that hides weights is refused."""
    modules = [model] + list(model.submodules)
    return _uncalled(model) + runtime.uncovered(
        [("module", class_name(each), each) for each in modules]
        + [("layer", text(each.name), each) for each in _layers_of(modules)]
    )


def _layers_of(modules: List[Any]) -> List[Any]:
    """The Keras layers in attributes of the modules, and those inside them, each once."""
    found = keras.layers([part for each in modules for _, part in runtime.attributes(each)])
    return list({id(layer): layer for layer in found}.values())


def _uncalled(model: Any) -> List[Dict[str, Any]]:
    """A warning for each module and layer that was never called, and creates variables when it is."""
    modules = [model] + [each for each in model.submodules if not keras.owns(each)]
    return [
        warning("uncalled-layer", module=text(attribute(each, "name") or class_name(each)))
        for each in modules
        if not _variables(each) and creation.module_creates(type(each))
    ] + keras.uncalled(_layers_of(modules))


def device(name: str) -> Any:
    """A context manager that puts what is built on `cpu`, `gpu` or `gpu:N`.

    Raises:
        Failure: kind `device`, if TensorFlow does not see that GPU.
    """
    if name == "cpu":
        return contextlib.ExitStack()  # GPUs are hidden
    import tensorflow

    config = tensorflow.config
    list_devices = getattr(config, "list_physical_devices", None) or config.experimental.list_physical_devices
    index = int(name.partition(":")[2] or 0)
    count = len(list_devices("GPU"))
    if index >= count:
        raise Failure("device", device=name, count=count)
    return tensorflow.device("/GPU:{}".format(index))


def versions(model: Any) -> Dict[str, Any]:
    """The version of TensorFlow."""
    import tensorflow

    return {"tensorflow": tensorflow.__version__}


def settings(model: Any) -> Dict[str, Any]:
    """Nothing: the environment variables say it all."""
    return {}


def save(model: Any, path: str) -> None:
    """A module has no file of weights of its own.

    Raises:
        Failure: kind `export`, always.
    """
    raise Failure("export", format="h5", type=class_name(model))


def fork_is_safe(platform: str) -> bool:
    """Whether a process that imported TensorFlow may fork."""
    return runtime.fork_is_safe(platform)
