"""One build in this process: import, seed, call, read; the answer is a file, written whole or not at all."""

import gc
import os
import sys
import time
from typing import Any, Dict, Optional

from . import export, probe, protocol, seeding, weights
from . import factory as factories
from .protocol import Failure


def run_request_file(path: str) -> None:
    """Run the build that a request file describes, in this fresh interpreter, and end the process."""
    with open(path, "rb") as stream:
        request = protocol.decode(stream.read())
    run_and_exit(request, None)


def run_and_exit(request: Dict[str, Any], zygote: Optional[Dict[str, Any]]) -> None:
    """Run one build, write its answer and end the process without running any exit handler.

    `zygote` is the interpreter's probe when this process was forked after importing TensorFlow,
    None in a fresh interpreter.
    """
    answer_path = request["answer_path"]
    pid = os.getpid()
    try:
        outcome = _outcome(request, zygote)
    except Failure as failure:
        outcome = protocol.failed(failure)
    except MemoryError:
        outcome = protocol.failed(Failure("memory"))
    except BaseException as error:
        outcome = protocol.failed(Failure("internal", details=_traceback(), error=factories.describe(error)))
    if os.getpid() != pid:
        os._exit(0)  # a copy that the user's code forked; the answer is the first process's to give
    try:
        answer = protocol.encode(outcome)
    except (TypeError, ValueError) as error:
        answer = protocol.encode(protocol.failed(Failure("internal", unsent=str(error))))
    # A file, not a pipe: the user's code may have closed every descriptor, or left children that hold them.
    partial = answer_path + ".partial"
    with open(partial, "wb") as stream:
        stream.write(answer)
    os.rename(partial, answer_path)
    flush_output()
    os._exit(0)


def flush_output() -> None:
    """Write out what was printed and is still buffered: `os._exit` does not."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the user's code may have closed or replaced it
            pass


def _outcome(request: Dict[str, Any], zygote: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    hide_gpus = request["device"] == "cpu"
    os.chdir(request["root"])
    common = probe.interpreter() if zygote is None else zygote  # before the project's folders are on the path
    sys.path[:0] = [path for path in request["import_paths"] if path not in sys.path]
    del sys.argv[1:]  # the worker's own arguments are not for the user's module to parse
    if zygote is None:
        _require_tensorflow()
    before = probe.watched_variables(hide_gpus)
    paths = list(sys.path)
    factory = factories.load(request["factory"], request["import_paths"], request["root"])
    # TensorFlow, or parts that it loads lazily, may be imported from here on, whatever the module took away.
    sys.path.extend(path for path in paths if path not in sys.path)
    variables = probe.watched_variables(hide_gpus)
    if zygote is not None and variables != before:
        changed = sorted(
            name for name in set(before) | set(variables) if before.get(name) != variables.get(name)
        )
        return {"fresh_needed": {"variables": changed}}
    if hide_gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the user's module may have changed it
    if zygote is None:
        import_tensorflow()
    import tensorflow

    with _device(tensorflow, request["device"]):
        if zygote is None and hasattr(gc, "freeze"):
            gc.freeze()
        gc.enable()
        seeding.seed_everything(request["seed"], request["seeding"])
        generators = seeding.generator_states()
        started = time.perf_counter()
        model = factories.call(factory, request["factory"], request["params"], request["seed"])
        tensors, states = weights.tensors_of(model, request["factory"])
        unbuilt = weights.is_keras(model) and not getattr(model, "built", True)
        if request["inputs"] and callable(model) and (not tensors or unbuilt):
            factories.call_on_zeros(model, request["factory"], request["inputs"])
            tensors, states = weights.tensors_of(model, request["factory"])
            unbuilt = False
        built_s = time.perf_counter() - started
    drawn = [seeding.words_drawn(old, new) for old, new in zip(generators, seeding.generator_states())]
    if not tensors:
        raise _no_tensors(model, request)
    started = time.perf_counter()
    sink = export.open_sink(request["export"], model, tensors) if request.get("export") else None
    try:
        records = weights.read(tensors, sink)
    finally:
        if sink is not None:
            sink.close()
    random_state = weights.read(states)
    fingerprint_s = time.perf_counter() - started
    warnings = [protocol.warning("unbuilt")] if unbuilt else weights.left_out(model)
    return {
        "built": {
            "tensors": records,
            "environment": probe.environment(common, model, variables),
            "source": factories.source_of(factory),
            "facts": {
                "isolation": "fresh" if zygote is None else "fork",
                "build_s": built_s,
                "fingerprint_s": fingerprint_s,
                "python_words": drawn[0],
                "numpy_words": drawn[1],
                "random_state": ["{name} {dtype} {sha256}".format(**record) for record in random_state],
                "warnings": warnings,
            },
        }
    }


def _require_tensorflow() -> None:
    """Say that TensorFlow is missing before the user's import says so in its own way."""
    import importlib.util

    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("no-tensorflow", python=sys.executable)


def import_tensorflow() -> None:
    """Import NumPy, TensorFlow and Keras; execute no operation.

    Raises:
        Failure: kinds `no-tensorflow`, `tensorflow-broken`.
    """
    _require_tensorflow()
    try:
        import numpy
        import numpy.random
        import tensorflow

        seeding.loaded_keras(tensorflow)
        numpy.random.seed, tensorflow.random.set_seed  # loaded lazily  # noqa: B018
    except BaseException as error:
        raise Failure(
            "tensorflow-broken",
            factories.user_traceback(),
            python=sys.executable,
            error=factories.describe(error),
        )


def index_kernels() -> None:
    """Have TensorFlow sort its table of kernels now, before forks, and not again in every child."""
    try:
        from tensorflow.python.framework import kernels

        kernels.get_registered_kernels_for_op("NoOp")
    except Exception:  # it is not public, and only saves time
        pass


class _NoDevice(object):
    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: Any) -> None:
        return None


def _device(tensorflow: Any, device: str) -> Any:
    if device == "cpu":
        return _NoDevice()
    config = tensorflow.config
    list_devices = getattr(config, "list_physical_devices", None) or config.experimental.list_physical_devices
    index = int(device.partition(":")[2] or 0)
    count = len(list_devices("GPU"))
    if index >= count:
        raise Failure("device", device=device, count=count)
    return tensorflow.device("/GPU:{}".format(index))


def _no_tensors(model: Any, request: Dict[str, Any]) -> Failure:
    factory, kind = request["factory"], type(model).__name__
    if callable(model) and not request["inputs"]:
        return Failure("unbuilt", factory=factory, type=kind)
    return Failure("no-tensors", factory=factory, type=kind)


def _traceback() -> Optional[str]:
    import traceback

    return traceback.format_exc()
