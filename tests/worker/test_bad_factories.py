"""Whatever a factory does to its process is a failure of one kind with one message, forked or fresh."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builds import failed, recipe, requests_of, run_one, shown, wait_for_end, wait_for_pids, write_project

from seedreg.domain.build import Outcome
from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.domain.isolation import Isolation
from seedreg.executors.local import LocalExecutor
from seedreg.reports.words.failures import failure_message

FORK, FRESH = Isolation.FORK, Isolation.FRESH
both = pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])

FILES = {
    "needs_missing.py": "import not_installed_anywhere\n",
    "needs_part.py": "import json.not_there\n",
    "nameless.py": "raise ModuleNotFoundError('made up')\n",
    "syntax.py": "x = 1\n\ndef build(:\n    pass\n",
    "imports_syntax.py": "import syntax\n",
    "nulls.py": "x = 1\0\n",
    "two.py": "VALUE = 3\ndef build(): pass\nclass Other: pass\nfrom os.path import join\n",
    "nothing.py": "VALUE = 3\n",
    "leads.py": "import os\nimport numpy\n",
    "getattr_raises.py": "def __getattr__(name): raise RuntimeError('no ' + name)\n",
    "raises.py": "def inner():\n    raise ValueError('at import')\ninner()\n",
    "exits.py": "import sys\nsys.exit(0)\n",
    "exits_text.py": "raise SystemExit('usage: …')\n",
    "interrupts.py": "raise KeyboardInterrupt\n",
    "memory.py": "raise MemoryError\n",
    "ends.py": "import os\nos._exit(0)\n",
    "kills.py": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "pkg/__init__.py": "",
    "calls.py": """
        import ctypes, os, signal, sys, time
        import numpy
        from tensorflow import keras
        import tensorflow

        def needs(units, *, rate): pass
        def raises(): return inner()
        def inner(): raise ValueError('in the call')
        class Zoo:
            def build(self): return self
        def other(name, package):
            return type(name, (), {'__module__': package})()
        def torch_module(): return other('Linear', 'torch.nn.modules.linear')
        def torch_state(): return {'weight': other('Tensor', 'torch')}
        def saved_model(): return other('_UserObject', 'tensorflow.python.saved_model.load')
        def needs_torch(): raise ModuleNotFoundError("No module named 'torch'", name='torch')
        def built(): return keras.Sequential([keras.Input((4,)), keras.Dense(1)])
        def none(): pass
        def three(): return 3
        def text(): return 'a model'
        def unbuilt(): return keras.Sequential([keras.Dense(3)])
        def generator(): yield 3
        def array(): return numpy.zeros(3)
        def nested(): return {'a': {'b': numpy.zeros(3)}}
        def mapping_of_text(): return {'a': 'text'}
        def array_of_text(): return {'a': numpy.zeros(2), 'b': numpy.array(['text'])}
        def objects(): return [numpy.array([None])]
        def structured(): return [numpy.zeros(2, [('x', 'f4'), ('y', 'f4')])]
        def void(): return [numpy.zeros(2, 'V4')]
        def dates(): return [numpy.zeros(2, 'M8[s]')]
        def empty(): return {}
        def model_class(): return keras.Model
        def a_tuple(): return (keras.Sequential([keras.Input((4,)), keras.Dense(1)]), 'optimizer')
        def exits(): sys.exit(0)
        def exits_three(): sys.exit(3)
        def ends(): os._exit(0)
        def ends_nine(): os._exit(9)
        def kills(): os.kill(os.getpid(), signal.SIGKILL)
        def segfaults(): os.kill(os.getpid(), signal.SIGSEGV)
        def kills_group(): os.killpg(0, signal.SIGKILL)
        def aborts(): os.abort()
        def memory(): raise MemoryError
        def recursion(): return recursion()
        def interrupts(): raise KeyboardInterrupt
        def reads_stdin(): input()
        def huge_message(): raise ValueError('x' * 10_000_000)
        def lines(): raise ValueError('one\\n  two')
        def surrogates(): raise ValueError('caf\\udce9')
        class Mute(Exception):
            def __str__(self): raise RuntimeError('no text')
        def mute(): raise Mute
        class MuteForAll(BaseException):
            def __str__(self): raise SystemExit
        def mute_for_all(): raise MuteForAll
        def talks():
            print('said before')
            print('and to stderr', file=sys.stderr)
            raise ValueError('after')
        class Weights(keras.Layer):
            @property
            def weights(self): raise RuntimeError('no weights')
        def weights_raise(): return Weights()
        class Picky(keras.Layer):
            def build(self, shape): raise TypeError('not this shape')
        def prints_without_end():
            for _ in range(200):
                os.write(1, b'x' * (1 << 20))
            print('is a file:', os.path.isfile('/dev/fd/1'))
            raise ValueError('after')
        def picky(): return Picky()
    """,
}

PYTHON = "<python>"
INSTALLED = f"looked in <root> and the packages of {PYTHON}"
GUARD = "put the code of a script under: if __name__ == '__main__':"
RETURNS = "return a Keras model, a tf.Module, or a mapping or sequence of arrays"
MUST_RETURN = "a factory must return a model"
ARRAYS = "every value must be an array, a tensor or a variable"
BYTES = "only numbers and booleans have fixed bytes; leave it out of what the factory returns"
ENDED = "the factory may call os._exit, or the disk for temporary files (TMPDIR) may be full"
OUT_OF_MEMORY = "the system does so when memory runs out"
SHAPE = (
    "it may not be built yet; give the shape of its input without the batch dimension, "
    "e.g. --input-shape 28,28,1"
)
CASES = [
    ("nowhere:build", "module-not-found", "no module named 'nowhere'", INSTALLED),
    ("pkg.nowhere:build", "module-not-found", "no module named 'pkg.nowhere'", INSTALLED),
    ("no/file.py:build", "module-not-found", "no file <root>/no/file.py",
     "the path is relative to the project's root"),
    ("needs_missing:build", "import-raised",
     "importing needs_missing raised ModuleNotFoundError: No module named 'not_installed_anywhere'",
     f"install not_installed_anywhere into the environment of {PYTHON}"),
    ("needs_part:build", "import-raised",
     "importing needs_part raised ModuleNotFoundError: No module named 'json.not_there'",
     "json.not_there may be in another version of json"),
    ("nameless:build", "import-raised", "importing nameless raised ModuleNotFoundError: made up", None),
    ("two:bulid", "name-not-found", "two has no 'bulid'", "it has: Other, build"),
    ("two:Other.build", "name-not-found", "two has no 'Other.build'", "it has: Other, build"),
    ("leads:os.system", "name-not-found", "'os.system' leads out of leads into the module os",
     "name the factory by the module that holds it: os:…"),
    ("leads:numpy.linalg.norm", "name-not-found",
     "'numpy.linalg.norm' leads out of leads into the module numpy",
     "name the factory by the module that holds it: numpy:…"),
    ("nothing:build", "name-not-found", "nothing has no 'build'",
     "it has: no function or class of its own"),
    ("getattr_raises:build", "import-raised",
     "looking up getattr_raises:build raised RuntimeError: no build", None),
    ("two:VALUE", "not-callable", "two:VALUE is of type int, not a function or class",
     "name a callable that returns a model"),
    ("raises:build", "import-raised", "importing raises raised ValueError: at import", None),
    ("exits:build", "exit", "importing exits called sys.exit(0)", GUARD),
    ("exits_text:build", "exit", "importing exits_text called sys.exit('usage: …')", GUARD),
    ("interrupts:build", "import-raised", "importing interrupts raised KeyboardInterrupt", None),
    ("memory:build", "memory", "importing memory ran out of memory", None),
    ("ends:build", "vanished",
     "the build's process ended with exit status 0 before it gave an answer", ENDED),
    ("kills:build", "signal", "the build's process was killed by SIGKILL", OUT_OF_MEMORY),
    ("calls:needs", "arguments",
     "calls:needs(units, *, rate) cannot be called: missing a required argument: 'units'",
     "give its arguments with -p NAME=JSON, e.g. -p units=16"),
    ("calls:raises", "raised", "calls:raises raised ValueError: in the call", None),
    ("calls:Zoo.build", "arguments", "calls:Zoo.build(self) is a method, and is called without its object",
     "name a function, a class, or a static or class method"),
    ("calls:torch_module", "unsupported",
     "calls:torch_module returned an object of type Linear of PyTorch, which is not supported yet", RETURNS),
    ("calls:torch_state", "unsupported",
     "calls:torch_state returned an object of type dict of PyTorch, which is not supported yet", RETURNS),
    ("calls:saved_model", "wrong-return",
     "calls:saved_model returned what tf.saved_model.load gives, whose weights come from a file",
     f"{RETURNS}; or load it as a Keras model"),
    ("calls:none", "wrong-return", "calls:none returned None, not a model",
     f"{RETURNS}; is a `return` missing?"),
    ("calls:three", "wrong-return", "calls:three returned an object of type int, not a model", RETURNS),
    ("calls:text", "wrong-return", "calls:text returned an object of type str, not a model", RETURNS),
    ("calls:generator", "wrong-return",
     "calls:generator returned an object of type generator, not a model", RETURNS),
    ("calls:array", "wrong-return", "calls:array returned an object of type ndarray, not a model", RETURNS),
    ("calls:model_class", "wrong-return",
     "calls:model_class returned an object of type type, not a model", RETURNS),
    ("calls:nested", "wrong-return",
     "calls:nested returned an object of type dict whose item 'a' is of type dict, not an array", ARRAYS),
    ("calls:mapping_of_text", "wrong-return",
     "calls:mapping_of_text returned an object of type dict whose item 'a' is of type str, not an array",
     ARRAYS),
    ("calls:a_tuple", "wrong-return",
     "calls:a_tuple returned an object of type tuple whose item '0' is of type Sequential, not an array",
     ARRAYS),
    ("calls:array_of_text", "unsupported-dtype",
     "tensor 'b' holds <U4 values, which have no fingerprint", BYTES),
    ("calls:objects", "unsupported-dtype",
     "tensor '0' holds object values, which have no fingerprint", BYTES),
    ("calls:structured", "unsupported-dtype",
     "tensor '0' holds [('x', '<f4'), ('y', '<f4')] values, which have no fingerprint", BYTES),
    ("calls:void", "unsupported-dtype", "tensor '0' holds |V4 values, which have no fingerprint", BYTES),
    ("calls:dates", "unsupported-dtype",
     "tensor '0' holds datetime64[s] values, which have no fingerprint", BYTES),
    ("calls:unbuilt", "unbuilt", "calls:unbuilt returned an object of type Sequential without weights",
     SHAPE),
    ("calls:empty", "no-tensors", "calls:empty returned an object of type dict without weights",
     "an empty model has no fingerprint, so nothing could be compared"),
    ("calls:exits", "exit", "calls:exits called sys.exit(0)", MUST_RETURN),
    ("calls:exits_three", "exit", "calls:exits_three called sys.exit(3)", MUST_RETURN),
    ("calls:ends", "vanished",
     "the build's process ended with exit status 0 before it gave an answer", ENDED),
    ("calls:ends_nine", "vanished",
     "the build's process ended with exit status 9 before it gave an answer", ENDED),
    ("calls:kills", "signal", "the build's process was killed by SIGKILL", OUT_OF_MEMORY),
    ("calls:kills_group", "signal", "the build's process was killed by SIGKILL", OUT_OF_MEMORY),
    ("calls:segfaults", "signal", "the build's process was killed by SIGSEGV", None),
    ("calls:aborts", "signal", "the build's process was killed by SIGABRT", None),
    ("calls:memory", "memory", "calls:memory ran out of memory", None),
    ("calls:recursion", "raised",
     "calls:recursion raised RecursionError: maximum recursion depth exceeded", None),
    ("calls:interrupts", "raised", "calls:interrupts raised KeyboardInterrupt", None),
    ("calls:reads_stdin", "raised", "calls:reads_stdin raised EOFError: EOF when reading a line", None),
    ("calls:huge_message", "raised", f"calls:huge_message raised ValueError: {'x' * 300}…", None),
    ("calls:lines", "raised", "calls:lines raised ValueError: one two", None),
    ("calls:surrogates", "raised", "calls:surrogates raised ValueError: caf?", None),
    ("calls:mute", "raised", "calls:mute raised Mute: (its message could not be read)", None),
    ("calls:mute_for_all", "raised",
     "calls:mute_for_all raised MuteForAll: (its message could not be read)", None),
    ("calls:talks", "raised", "calls:talks raised ValueError: after", None),
    ("calls:weights_raise", "raised",
     "reading the weights of what calls:weights_raise returned raised RuntimeError: no weights", None),
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("bad"), FILES)


@pytest.fixture(scope="module")
def outcomes(root: Path, fake_tensorflow_environ: dict[str, str]) -> dict[tuple[Isolation, str], Outcome]:
    """Every bad factory, built forked and fresh in two executors that must bear with all of them."""
    found = {}
    addresses = [case[0] for case in CASES] + ["syntax:build", "imports_syntax:build", "nulls:build"]
    for isolation in (FORK, FRESH):
        with LocalExecutor(
            sys.executable,
            root,
            environ=fake_tensorflow_environ,
            isolation=isolation,
            jobs=3,
            timeout_s=30,
        ) as executor:
            for request, outcome in executor.run(requests_of(recipe(address) for address in addresses)):
                found[isolation, request.recipe.factory] = outcome
    return found


@both
@pytest.mark.parametrize(("address", "kind", "message", "hint"), CASES, ids=[case[0] for case in CASES])
def test_failure_is_told_in_its_own_words(
    outcomes: dict[tuple[Isolation, str], Outcome],
    root: Path,
    isolation: Isolation,
    address: str,
    kind: str,
    message: str,
    hint: str | None,
) -> None:
    failure = failed(outcomes[isolation, address])
    filled = [text and text.replace("<root>", str(root)).replace(PYTHON, sys.executable) for text in
              (message, hint)]  # fmt: skip
    assert shown(failure) == (kind, *filled)


@both
@pytest.mark.parametrize("address", ["syntax", "imports_syntax"])
def test_syntax_error_names_file_and_line(
    outcomes: dict[tuple[Isolation, str], Outcome], root: Path, isolation: Isolation, address: str
) -> None:
    failure = failed(outcomes[isolation, f"{address}:build"])
    assert failure.kind is FailureKind.SYNTAX_ERROR
    assert failure_message(failure).startswith(f"{address}: syntax error in {root}/syntax.py, line 3: ")
    assert "def build(:" in (failure.details or "")


@both
def test_source_with_null_bytes_cannot_be_imported(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation
) -> None:
    failure = failed(outcomes[isolation, "nulls:build"])
    assert failure.kind in (
        FailureKind.SYNTAX_ERROR,
        FailureKind.IMPORT_RAISED,
    )  # which, depends on Python's version
    assert "null bytes" in failure_message(failure)


@both
@pytest.mark.parametrize(
    ("address", "last_frame"), [("raises:build", "in inner"), ("calls:raises", "in inner")]
)
def test_traceback_begins_in_the_users_code(
    outcomes: dict[tuple[Isolation, str], Outcome],
    root: Path,
    isolation: Isolation,
    address: str,
    last_frame: str,
) -> None:
    details = failed(outcomes[isolation, address]).details
    assert details is not None
    assert details.startswith(f'Traceback (most recent call last):\n  File "{root}/')
    assert last_frame in details
    assert "seedreg" not in details.replace(str(root), "")


@both
def test_output_before_the_failure_is_kept(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation
) -> None:
    output = failed(outcomes[isolation, "calls:talks"]).output
    assert output is not None
    assert sorted(output.splitlines()) == ["and to stderr", "said before"]


@both
def test_a_build_that_prints_without_end_does_not_fill_the_disk(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    one = recipe("calls:prints_without_end")
    output = failed(run_one(root, fake_tensorflow_environ, one, isolation)).output
    last = "is a file: False\n"
    assert output == "x" * (8192 - len(last)) + last


@both
def test_huge_message_does_not_travel_whole(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation
) -> None:
    details = failed(outcomes[isolation, "calls:huge_message"]).details
    assert details is not None
    assert len(details) < 40_000
    assert "characters left out" in details


@both
def test_failures_hold_nothing_that_utf8_cannot(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation
) -> None:
    for outcome in outcomes.values():
        for text in (failure_message(failed(outcome)), failed(outcome).details, failed(outcome).output):
            (text or "").encode("utf-8")


@both
def test_first_call_that_raises_names_the_shapes(
    root: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    from seedreg.domain.inputs import InputSpec

    one = recipe("calls:picky", inputs=(InputSpec((4,)), InputSpec((2,), "int32")))
    failure = failed(run_one(root, fake_tensorflow_environ, one, isolation))
    assert shown(failure) == (
        "raised",
        "the model of calls:picky raised AttributeError: 'list' object has no attribute 'shape' when "
        "called on zeros of float32(1, 4), int32(1, 2)",
        "check --input-shape: the sizes without the batch dimension, once for each input",
    )


# Processes ------------------------------------------------------------------------------------

PROCESSES = {
    "models.py": """
        import os, signal, subprocess, sys, time
        from pathlib import Path
        from tensorflow import keras

        PIDS = Path(__file__).parent / 'pids'

        def note(pid):
            with PIDS.open('a') as stream:
                stream.write(f'{pid}\\n')

        def model():
            return keras.Sequential([keras.Input((4,)), keras.Dense(2)])

        def child():
            note(subprocess.Popen(['sleep', '600']).pid)
            return model()

        def own_session():
            note(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)
            return model()

        def generations():
            code = '''
        import os, subprocess, sys, time
        os.setsid()
        children = [subprocess.Popen(['sleep', '600'], start_new_session=True) for _ in range(3)]
        with open(sys.argv[1], 'a') as stream:
            for pid in [os.getpid(), *(child.pid for child in children)]:
                stream.write(f'{pid}\\\\n')
        print('noted', flush=True)
        time.sleep(600)
        '''
            process = subprocess.Popen([sys.executable, '-S', '-c', code, str(PIDS)], stdout=subprocess.PIPE)
            process.stdout.readline()
            return model()

        def daemon():
            reader, writer = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    note(os.getpid())
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    os.write(writer, b'x')
                    time.sleep(600)
                os._exit(0)
            os.wait()
            os.read(reader, 1)
            return model()

        def daemon_and_die():
            daemon()
            os.kill(os.getpid(), signal.SIGKILL)

        def twice():
            note(os.getpid())
            child = os.fork()
            if child:
                note(child)  # who may be killed before noting itself
            return model()

        def hangs():
            note(os.getpid())
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                pass

        def hangs_with_children():
            note(os.getpid())
            daemon()
            child()
            own_session()
            time.sleep(600)
    """,
    "forks_at_import.py": """
        import os
        os.fork()
        from models import model as build
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path, PROCESSES)


@both
@pytest.mark.parametrize(
    ("name", "count"), [("child", 1), ("own_session", 1), ("generations", 4), ("daemon", 1), ("twice", 2)]
)
def test_what_a_build_leaves_behind_is_killed(
    project: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation, name: str, count: int
) -> None:
    with LocalExecutor(
        sys.executable, project, environ=fake_tensorflow_environ, isolation=isolation
    ) as executor:
        ((_, outcome),) = executor.run(requests_of([recipe(f"models:{name}")]))
        pids = wait_for_pids(project / "pids", count)
        assert wait_for_end(pids) == []
    assert not isinstance(outcome, BuildFailure), outcome


@both
def test_daemon_of_a_build_that_died_is_killed(
    project: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    one = recipe("models:daemon_and_die")
    assert failed(run_one(project, fake_tensorflow_environ, one, isolation)).kind is FailureKind.SIGNAL
    assert wait_for_end(wait_for_pids(project / "pids", 1)) == []


@both
def test_module_that_forks_at_import_gives_one_answer(
    project: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    outcomes = [
        run_one(project, fake_tensorflow_environ, recipe(f"{where}"), isolation)
        for where in ("forks_at_import:build", "models:model")
    ]
    assert len({str(outcome.fingerprint) for outcome in outcomes}) == 1  # type: ignore[union-attr]


@both
def test_build_over_its_deadline_is_killed_with_all_it_started(
    project: Path, fake_tensorflow_environ: dict[str, str], isolation: Isolation
) -> None:
    recipes = [recipe(f"models:{name}") for name in ("hangs", "hangs_with_children")]
    with LocalExecutor(
        sys.executable, project, environ=fake_tensorflow_environ, isolation=isolation, jobs=2, timeout_s=4
    ) as executor:
        failures = [failed(outcome) for _, outcome in executor.run(requests_of(recipes))]
        assert wait_for_end(wait_for_pids(project / "pids", 5)) == []
    for failure in failures:
        assert shown(failure) == (
            "timeout",
            "the build took longer than 4 s and was ended",
            "see what it waits for: its standard input is empty; give it more with --timeout SECONDS",
        )
        assert 4 <= failure.duration_s < 30


def test_a_name_may_lead_into_a_part_of_its_own_package(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    files = {"pack/__init__.py": "from . import part\n", "pack/part.py": "def build(): return [[1.0]]\n"}
    root = write_project(tmp_path, files)
    found = failed(run_one(root, fake_tensorflow_environ, recipe("pack:part.build"), FRESH))
    assert found.kind is FailureKind.WRONG_RETURN  # it was called


@pytest.mark.parametrize(("backend", "kind"), [("torch", FailureKind.UNSUPPORTED), ("", FailureKind.RAISED)])
def test_a_backend_of_keras_that_is_missing_is_said_to_be_unsupported(
    root: Path, fake_tensorflow_environ: dict[str, str], backend: str, kind: FailureKind
) -> None:
    environ = {**fake_tensorflow_environ, **({"KERAS_BACKEND": backend} if backend else {})}
    found = failed(run_one(root, environ, recipe("calls:needs_torch"), FRESH))
    assert found.kind is kind
    assert found.fact("backend") == (backend or None)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_model_of_another_backend_of_keras_is_unsupported(
    root: Path, fake_tensorflow_environ: dict[str, str], backend: str
) -> None:
    environ = {**fake_tensorflow_environ, "KERAS_BACKEND": backend}
    found = failed(run_one(root, environ, recipe("calls:built"), FRESH))
    assert (found.kind, found.fact("backend")) == (FailureKind.UNSUPPORTED, backend)
