"""One build in this process: import, seed, call, read; the answer is a file, written whole or not at all."""

import gc
import sys
import warnings
from os import _exit, chdir, environ, getpid
from time import perf_counter
from traceback import format_exc
from typing import Any, Callable, Dict, List, Optional

from . import (
    answers,
    calling,
    export,
    foreign,
    frameworks,
    inputs,
    loading,
    opened,
    originals,
    patterns,
    probe,
    protocol,
    reading,
    seeding,
    source,
    variables,
)
from .exceptions import describe
from .protocol import Failure

_enable, _freeze = gc.enable, getattr(gc, "freeze", None)


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
    _answer_and_exit(request, lambda: _outcome(request, zygote))


def run_imported_and_exit(request: Dict[str, Any], zygote: Dict[str, Any], imported: "Imported") -> None:
    """Run one build of a module that a process above this one has imported; see `run_and_exit`."""
    _answer_and_exit(request, lambda: _build(request, zygote, imported, "fork"))


def run_shared(request: Dict[str, Any], zygote: Dict[str, Any], imported: "Imported") -> Dict[str, Any]:
    """The outcome of one build in a process that has built before, and that builds again after it.

    Raises:
        Failure: whatever keeps the build from having weights.
    """
    return _build(request, zygote, imported, "shared")


def _answer_and_exit(request: Dict[str, Any], run: Callable[[], Dict[str, Any]]) -> None:
    answer_path = request["answer_path"]
    pid = getpid()
    try:
        outcome = run()
    except Failure as failure:
        failure = frameworks.keras.explained(failure)
        outcome = protocol.failed(failure, environment=probe.without_model())
    except MemoryError:
        outcome = protocol.failed(Failure("memory"))
    except BaseException as error:
        outcome = protocol.failed(Failure("internal", details=_traceback(), error=describe(error)))
    calling.end_copy(pid)
    answers.give(answer_path, outcome)
    flush_output()
    _exit(0)


def _traceback() -> Optional[str]:
    try:
        return format_exc()
    except BaseException:  # it needs more of the standard library than user code may have left
        return None


def flush_output() -> None:
    """Write out what was printed and is still buffered: `os._exit` does not."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # user code may have closed or replaced it
            pass


class Imported(object):
    """The module of a factory, imported in this process.

    `watch` is about the environment variables, `import_s` the seconds that the import took.

    Raises:
        Failure: see `loading.import_module_of`.
    """

    def __init__(self, request: Dict[str, Any], watch: variables.Watch) -> None:
        self.watch = watch
        sys.path[:0] = [path for path in request["import_paths"] if path not in sys.path]
        del sys.argv[1:]  # the factory's module may parse them, and these are the worker's
        paths = list(sys.path)
        opened.watch()
        started = perf_counter()
        self.module = loading.import_module_of(request["factory"], request["import_paths"], request["root"])
        self.input_function = _input_function(request)
        self.import_s = perf_counter() - started
        # TensorFlow, and parts that it loads later, must stay importable even if the module changed the path.
        if type(sys.path) is not list:
            sys.path = []
        sys.path.extend(path for path in paths if path not in sys.path)
        self.variables = watch.now()
        self._is_frozen = False

    def freeze(self) -> None:
        """Enable collections, which need not look at what was imported."""
        if not self._is_frozen and _freeze is not None:
            _freeze()  # not again after a build, whose garbage would be kept for ever
        self._is_frozen = True
        _enable()


def _outcome(request: Dict[str, Any], zygote: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    chdir(request["root"])
    common = probe.interpreter() if zygote is None else zygote  # before the project's folders are on the path
    if zygote is None:
        frameworks.require()
        originals.keep_when_imported()
    watch = variables.Watch(hide_gpus=request["device"] == "cpu")
    try:
        imported = Imported(request, watch)
        changed = [] if zygote is None else watch.changed()
        if not changed:
            return _build(request, common, imported, "fresh" if zygote is None else "fork")
    except (Failure, MemoryError):
        changed = [] if zygote is None else watch.changed()
        if not changed:
            raise
    # In an interpreter that begins with the module, also what has just failed may succeed.
    return {"fresh_needed": {"variables": changed}}


def _build(
    request: Dict[str, Any], common: Dict[str, Any], imported: Imported, isolation: str
) -> Dict[str, Any]:
    factory = loading.find(request["factory"], imported.module)
    after = imported.variables
    if request["device"] == "cpu":
        environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the factory's module may have changed it
    if isolation == "fresh":
        frameworks.load()
    with frameworks.device(request["device"]):
        imported.freeze()
        seeding.seed_everything(request["seed"], request["seeding"])
        built = _Built(factory, imported.input_function, request)
    if not built.tensors:
        raise built.no_tensors(request)
    started = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # user code may have made them errors
        records = _read(built, request)
        random_state = reading.read(built.states)
        fingerprint_s = perf_counter() - started
        noticed = built.warnings() + _files_read(request)
        environment = built.environment(common, after)
    return {
        "built": {
            "tensors": records,
            "environment": environment,
            "source": source.source_of(factory),
            "facts": {
                "isolation": isolation,
                "build_s": built.build_s,
                "fingerprint_s": fingerprint_s,
                "python_words": built.words_drawn[0],
                "numpy_words": built.words_drawn[1],
                "random_state": ["{name} {dtype} {sha256}".format(**record) for record in random_state],
                "warnings": noticed,
                "patterned": patterns.patterned(built.tensors, records),
            },
            "import_s": imported.import_s,
        }
    }


def _files_read(request: Dict[str, Any]) -> List[Dict[str, Any]]:
    """A warning of the project's files that the module and the factory have read, if there are any."""
    names, more = opened.files_below(request["root"])
    return [protocol.warning("reads-files", files=names, more=more)] if names else []


def _input_function(request: Dict[str, Any]) -> Any:
    """The function that returns the model's inputs; None if the recipe names none."""
    if not isinstance(request["inputs"], dict):
        return None
    return loading.load(request["inputs"]["function"], request["import_paths"], request["root"])


class _Built(object):
    """A model that a factory returned, with its weights, not read yet."""

    def __init__(self, factory: Any, input_function: Any, request: Dict[str, Any]) -> None:
        generators = seeding.generator_states()
        started = perf_counter()
        address = request["factory"]
        self.model = calling.call(factory, address, request["params"], request["seed"])
        self._address = address
        self.framework = calling.read("class", address, frameworks.owner, self.model)
        self._list_tensors()
        self.complete = calling.read("built", address, self.framework.is_built, self.model)
        if not (self.tensors and self.complete):
            given = calling.inputs_of(request, input_function)
            if calling.materialise(self.framework, self.model, address, given):
                self._list_tensors()
                self.complete = True
        self.build_s = perf_counter() - started
        now = seeding.generator_states()
        self.words_drawn = [seeding.words_drawn(old, new) for old, new in zip(generators, now)]

    def _list_tensors(self) -> None:
        listed = calling.read("weights", self._address, self.framework.tensors, self.model, self._address)
        self.tensors, self.states = listed

    def warnings(self) -> List[Dict[str, Any]]:
        """What the weights leave out, as far as it is known."""
        left_out: List[Dict[str, Any]]
        left_out = calling.read("attributes", self._address, self.framework.left_out, self.model)
        if self.complete or any(each["kind"] == "uncalled-layer" for each in left_out):
            return left_out  # these say the same, and of which layers
        return [protocol.warning("unbuilt")] + left_out

    def environment(self, common: Dict[str, Any], after: Dict[str, str]) -> Dict[str, Any]:
        """What built the model, in the form that the registry keeps."""
        return calling.read("environment", self._address, probe.environment, common, self.model, after)

    def no_tensors(self, request: Dict[str, Any]) -> Failure:
        """Why there is nothing to read."""
        factory, kind = request["factory"], foreign.class_name(self.model)
        if calling.read("layers", factory, self.framework.is_without_weights, self.model):
            return Failure("no-tensors", factory=factory, type=kind, complete=True)
        if callable(self.model) and not request["inputs"]:
            names = inputs.wanted(self.model)
            if names:
                return Failure("unbuilt", factory=factory, type=kind, arguments=names)
            return Failure("unbuilt", factory=factory, type=kind)
        return Failure("no-tensors", factory=factory, type=kind)


def _read(built: _Built, request: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The records of the weights, which are also written as the request asks."""
    if not request.get("export"):
        return reading.read(built.tensors)
    sink = export.open_sink(request["export"], built.framework, built.model, built.tensors)
    try:
        return reading.read(built.tensors, sink)
    finally:
        if sink is not None:
            sink.close()
