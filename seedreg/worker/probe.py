"""What this process runs on: interpreter, packages, machine, variables, Keras' configuration."""

import os
import platform
import re
import sys
from typing import Any, Dict, List, Optional

# Variables that TensorFlow, Keras or the libraries below them read, most of them at import.
_PREFIXES = (
    "TF_",
    "KERAS_",
    "XLA_",
    "CUDA_",
    "CUDNN_",
    "CUBLAS_",
    "NVIDIA_",
    "HIP_",
    "ROCM_",
    "ONEDNN_",
    "DNNL_",
    "MKL_",
    "OMP_",
    "OPENBLAS_",
    "AUTOGRAPH_",
)
# Those of them that cannot move a weight, and Terraform's, which share the prefix and hold secrets.
_NEUTRAL = re.compile(
    r"TF_CPP_(MIN|MAX)_V?LOG_LEVEL|TF_CPP_VMODULE|TF_CPP_LOG_THREAD_ID|TF_FORCE_GPU_ALLOW_GROWTH"
    r"|TF_VAR_.*|TF_CLI_.*|TF_TOKEN_.*|TF_LOG.*|TF_DATA_DIR|TF_INPUT|TF_WORKSPACE|TF_IN_AUTOMATION"
    r"|TF_PLUGIN_CACHE_.*|TF_REGISTRY_.*|TF_REATTACH_PROVIDERS|NVIDIA_VISIBLE_DEVICES|CUDA_CACHE_.*"
    r"|NVIDIA_DRIVER_CAPABILITIES|NVIDIA_REQUIRE_.*|CUDA_HOME|CUDA_PATH|CUDA_VERSION"
    r"|.*_(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)(?:_.*)?"  # NVIDIA_API_KEY: what is recorded is shared
)
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve")


def watched_variables(hide_gpus: bool) -> Dict[str, str]:
    """The environment variables that can move a weight, as they are now.

    `CUDA_VISIBLE_DEVICES` is left out where the worker itself hides the GPUs.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PREFIXES)
        and not _NEUTRAL.fullmatch(name)
        and not (hide_gpus and name == "CUDA_VISIBLE_DEVICES")
    }


def interpreter() -> Dict[str, Any]:
    """The part of the environment that is the same for every build of this process."""
    return {
        "python": platform.python_version(),
        "distributions": distributions(sys.path),
        "os": _os(),
        "cpu": _cpu(),
    }


def distributions(paths: List[str]) -> Dict[str, str]:
    """Normalised names and versions of the installed distributions, by the names of their metadata folders.

    Python 3.6 has no `importlib.metadata`; and reading names alone takes 1 ms where that takes 50.
    """
    found: Dict[str, str] = {}
    for path in paths:
        try:
            names = sorted(os.listdir(path or os.curdir))
        except OSError:
            continue
        for entry in names:
            match = re.match(r"([^~].*?)-([^-]+)(?:-py[\d.]+.*)?\.(?:dist-info|egg-info)$", entry)
            if match:
                name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
                found.setdefault(name, match.group(2))  # the first on the path is the one imported
    return found


def environment(common: Dict[str, Any], model: Any, variables: Dict[str, str]) -> Dict[str, Any]:
    """The environment of one build, in the form that the registry keeps."""
    import numpy
    import tensorflow

    built_by, keras = _keras_of(model)
    document = dict(common)
    document.update(
        format=1,
        tensorflow=tensorflow.__version__,
        numpy=numpy.__version__,
        keras=None if keras is None else _keras_version(keras),
        keras_distribution=built_by,
        variables=variables,
        keras_config={} if keras is None else _keras_config(keras),
    )
    return document


def _keras_of(model: Any) -> Any:
    """The distribution whose Keras built the model, and that Keras' public module."""
    import tensorflow

    for base in type(model).__mro__:
        package = base.__module__.split(".")[0]
        if base.__name__ == "Layer" and package in ("keras", "tf_keras"):
            return package, sys.modules.get(package, tensorflow.keras)
        if base.__name__ == "Layer" and package in ("tensorflow", "tensorflow_core"):
            return "tensorflow", tensorflow.keras
    return None, None


def _keras_version(keras: Any) -> Optional[str]:
    version = getattr(keras, "__version__", None)
    return None if version is None else str(version)


def _keras_config(keras: Any) -> Dict[str, str]:
    config = {}
    for name in ("backend", "floatx", "image_data_format"):
        function = getattr(getattr(keras, "backend", None), name, None)
        if callable(function):
            config[name] = str(function())
    return config


def _os() -> str:
    return " ".join(part for part in (platform.system(), platform.release(), _libc()) if part)


def _libc() -> str:
    """`glibc-2.36`; before Python 3.8 `platform.libc_ver` tells what the interpreter was linked for."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):
        text = None
    return "-".join((text or " ".join(platform.libc_ver())).split())


def _cpu() -> str:
    model, flags = platform.processor(), ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    model = value.strip()
                elif key.strip() in ("flags", "Features"):
                    present = set(value.split())
                    flags = " ".join(flag for flag in _FLAGS if flag in present)
                    break
    except OSError:
        pass
    return " ".join(part for part in (platform.machine(), model, flags) if part)
