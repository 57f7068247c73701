"""Modules of many kinds: a fork, a module zygote and a fresh interpreter give the same weights.

Every module notes its imports in a file, so a test sees whether a module zygote was used: then the builds
after the first share one import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from builds import MODELS, recipe, write_project

from seedreg.domain.build import BuildRequest, Built
from seedreg.domain.inputs import InputFunction
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor

NOTE = """
import os
_log = os.open(os.path.join({root!r}, "imports"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(_log, b"+")
os.close(_log)
"""
BUILD = dedent(MODELS)
SEEDS = 4


@dataclass(frozen=True)
class Kind:
    """Code of a module, and whether builds of the module can share its import."""

    code: str
    unfit: str | None = None
    build: str = BUILD
    files: tuple[tuple[str, str], ...] = ()


OFFSET = """
from tensorflow import keras
import numpy as np
def build():
    return {"kernel": np.random.normal(size=3).astype("float32") + OFFSET()}
"""

KINDS = {
    "plain": Kind(""),
    "thread": Kind(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "threads",
    ),
    "thread_that_ended": Kind("import threading\nt = threading.Thread(target=int)\nt.start()\nt.join()"),
    "thread_pool": Kind(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\n"
        "pool.submit(int).result()",
        "threads",
    ),
    "operation": Kind("import tensorflow as tf\nZEROS = tf.zeros((2, 2))", "operations"),
    "reads_file": Kind("DATA = open(__file__).read()\ndef OFFSET(): return len(DATA) % 7", build=OFFSET),
    "open_file": Kind(
        "FILE = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'numbers'))\n"
        "def OFFSET(): return float(FILE.readline())",
        "descriptors",
        OFFSET,
        (("numbers", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),),
    ),
    "socket": Kind("import socket\nPAIR = socket.socketpair()", "descriptors"),
    "pipe": Kind("PIPE = os.pipe()", "descriptors"),
    "asyncio_loop": Kind("import asyncio\nasyncio.set_event_loop(asyncio.new_event_loop())", "descriptors"),
    "asyncio_run": Kind("import asyncio\nasyncio.run(asyncio.sleep(0))"),
    "shared_memory": Kind(
        "import mmap\nCOUNT = mmap.mmap(-1, 1)\ndef OFFSET():\n    COUNT[0] += 1\n    return COUNT[0]",
        "shared",
        OFFSET,
    ),
    "multiprocessing_value": Kind(
        "import multiprocessing\nCOUNT = multiprocessing.Value('i')\n"
        "def OFFSET():\n    COUNT.value += 1\n    return COUNT.value",
        "descriptors",
        OFFSET,
    ),
    "variable": Kind("os.environ['KERAS_BACKEND'] = 'numpy'", "fresh"),
    "variable_in_effect": Kind("os.environ['KERAS_BACKEND'] = 'tensorflow'"),
    "legacy_off": Kind("os.environ['TF_USE_LEGACY_KERAS'] = '0'"),
    "log_level": Kind("os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nos.environ['AUTOGRAPH_VERBOSITY'] = '0'"),
    "gpu_order": Kind(
        "os.environ['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID'\nos.environ['CUDA_VISIBLE_DEVICES'] = '0'"
    ),
    "numpy_patched": Kind(
        "import tensorflow, numpy\nnumpy.asarray = numpy.random.seed = lambda *a, **k: None"
    ),
    "random_patched": Kind("import random\nrandom.seed = lambda *a: None\nrandom.randint = lambda a, b: 4"),
    "os_patched": Kind("import select, time\nos.fork = os.read = os.write = os.close = os.dup2 = None"),
    "json_patched": Kind("import tensorflow, json\njson.loads = json.dumps = None"),
    "logging_handler": Kind("import logging\nlogging.basicConfig(level=0)\nlogging.warning('imported')"),
    "logging_file": Kind("import logging\nlogging.basicConfig(filename=os.devnull)", "descriptors"),
    "prints": Kind("print('x' * 100_000)\nimport sys\nsys.stdout.write('no end')"),
    "atexit": Kind("import atexit\natexit.register(os._exit, 3)"),
    "signal_handler": Kind("import signal\nsignal.signal(signal.SIGUSR1, lambda *a: None)", "signals"),
    "signal_mask": Kind(
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])", "signals"
    ),
    "timer": Kind("import signal\nsignal.setitimer(signal.ITIMER_VIRTUAL, 600)", "timers"),
    "trace": Kind("import sys\nsys.settrace(lambda *a: None)", "tracing"),
    "profile": Kind("import sys\nsys.setprofile(lambda *a: None)", "tracing"),
    "subprocess": Kind("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''], check=True)"),
    "child": Kind("import subprocess\nCHILD = subprocess.Popen(['sleep', '60'])", "processes"),
    "daemon": Kind(
        "import subprocess\nsubprocess.run(['sh', '-c', 'sleep 60 >&- 2>&- &'], check=True)", "processes"
    ),
    "lru_cache": Kind(
        "import functools, random\n@functools.lru_cache\ndef OFFSET(): return random.random()",
        build=OFFSET,
    ),
    "counter": Kind(
        "import itertools\nCOUNT = itertools.count()\ndef OFFSET(): return next(COUNT)", build=OFFSET
    ),
    "module_model": Kind(
        "from tensorflow import keras\nimport random\nrandom.seed(5)\n"
        "MODEL = keras.Sequential([keras.Input((4,)), keras.Dense(2)])",
        build="def build(): return MODEL\n",
    ),
    "module_generator": Kind(
        "import numpy\nRNG = numpy.random.default_rng(5)\ndef OFFSET(): return RNG.normal()", build=OFFSET
    ),
    "seeds_at_import": Kind("import random, numpy\nrandom.seed(3)\nnumpy.random.seed(3)"),
    "draws_at_import": Kind("import random, numpy\nrandom.random()\nnumpy.random.normal(size=700)"),
    "reads_clock": Kind(
        "import time, datetime, uuid\nNOW = time.time(), datetime.datetime.now(), uuid.uuid4()"
    ),
    "floats": Kind("import numpy\nnumpy.seterr(all='raise')"),
    "gc_callbacks": Kind("import gc\ngc.callbacks.append(lambda *a: None)\ngc.set_threshold(1)"),
    "initializer_patched": Kind(
        "from tensorflow import keras\nimport keras as k\n"
        "k.GlorotUniform.__call__ = lambda self, shape: __import__('numpy').ones(shape, 'float32')"
    ),
    "import_hook": Kind(
        "import sys\nclass Finder:\n    def find_spec(self, name, path=None, target=None): return None\n"
        "sys.meta_path.insert(0, Finder())"
    ),
    "chdir": Kind("os.chdir('/')\ndef OFFSET(): return len(os.getcwd())", build=OFFSET),
    "sys_path": Kind("import sys\nsys.path.insert(0, '/nowhere')\nsys.path = list(sys.path)"),
    "warnings_as_errors": Kind("import warnings\nwarnings.simplefilter('error')"),
    "locale": Kind("import locale\nlocale.setlocale(locale.LC_ALL, 'C')"),
    "context_variable": Kind(
        "import contextvars\nVAR = contextvars.ContextVar('VAR', default=0)\nVAR.set(7)\n"
        "def OFFSET(): return VAR.get()",
        build=OFFSET,
    ),
    "start_method": Kind("import multiprocessing\nmultiprocessing.set_start_method('spawn')"),
    "temporary_folder": Kind(
        "import tempfile\nDIR = tempfile.TemporaryDirectory()\ndef OFFSET():\n"
        "    count = len(os.listdir(DIR.name))\n    open(os.path.join(DIR.name, str(count)), 'w').close()\n"
        "    return count",
        "shares a folder",
        OFFSET,
    ),
    "big_array": Kind(
        "import numpy\nBIG = numpy.ones(5_000_000)\ndef OFFSET(): return BIG.sum()", build=OFFSET
    ),
    "weak_references": Kind(
        "import weakref\nclass Thing: pass\nALIVE = weakref.WeakSet()\nfor _ in range(9):\n"
        "    one = Thing()\n    one.itself = one\n    ALIVE.add(one)\n"
        "def OFFSET():\n    import gc\n    gc.collect()\n    return len(ALIVE)",
        build=OFFSET,
    ),
    "import_cycle": Kind("import other", files=(("other.py", "import models\n"),)),
    "umask_and_limits": Kind(
        "import resource, sys\nos.umask(0o777)\nsys.setrecursionlimit(5000)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"
    ),
    "fork_handler": Kind("os.register_at_fork(after_in_child=lambda: __import__('random').seed(1))"),
    "replaced_module": Kind("import sys, types\nsys.modules[__name__].extra = types.ModuleType('extra')"),
    "closes_descriptors": Kind("os.closerange(3, 4096)", "descriptors"),
    "kills_group": Kind("import signal\nif os.getpgrp() == os.getpid(): os.kill(os.getpid(), 0)"),
}


BUILDS = tuple(recipe("models:build", seed) for seed in range(SEEDS))


def run(
    root: Path,
    environ: dict[str, str],
    isolation: Isolation,
    expected: dict[int, str],
    zygote_s: float,
    recipes: Sequence[Recipe] = BUILDS,
) -> dict[int, str]:
    """The digests of the recipes, each in its place; a failure in words."""
    requests = [BuildRequest(key, one, expected=expected.get(key)) for key, one in enumerate(recipes)]
    with LocalExecutor(
        sys.executable, root, environ=environ, isolation=isolation, module_zygote_s=zygote_s
    ) as executor:
        return {
            request.key: outcome.fingerprint.digest if isinstance(outcome, Built) else str(outcome)
            for request, outcome in executor.run(requests)
        }


@pytest.mark.parametrize("name", KINDS)
def test_fork_module_zygote_and_fresh_interpreter_agree(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], name: str
) -> None:
    kind = KINDS[name]
    text = NOTE.format(root=str(tmp_path)) + kind.code + "\n" + kind.build
    write_project(tmp_path, {**dict(kind.files), "models.py": text})
    imports = tmp_path / "imports"

    fresh = run(tmp_path, fake_tensorflow_environ, Isolation.FRESH, {}, 0)
    imports.unlink()
    forked = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, fresh, 1e9)
    assert len(imports.read_bytes()) == SEEDS + (1 if kind.unfit == "fresh" else 0)
    imports.unlink()
    hosted = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, fresh, 0)

    assert forked == fresh
    assert hosted == fresh
    # The first build and the zygote import the module; an unfit zygote leaves it to every build.
    unshared = {None: 2, "fresh": SEEDS + 1, "shares a folder": len(imports.read_bytes())}
    assert len(imports.read_bytes()) == unshared.get(kind.unfit, SEEDS + 1)


CALLED = """
import numpy
from tensorflow import keras
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.Dense(2, name="dense")
    def call(self, inputs):
        return self.dense(inputs)
def build(): return Model()
def small(): return numpy.zeros((1, 3))
def large(): return numpy.zeros((1, 5))
"""


def test_builds_with_different_input_functions_share_no_import(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    write_project(tmp_path, {"models.py": NOTE.format(root=str(tmp_path)) + CALLED})
    imports = tmp_path / "imports"
    functions = (InputFunction("models:small"), InputFunction("models:large"))
    recipes = [recipe("models:build", seed, inputs=one) for one in functions for seed in range(SEEDS)]

    fresh = run(tmp_path, fake_tensorflow_environ, Isolation.FRESH, {}, 1e9, recipes)
    imports.unlink()
    hosted = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, fresh, 0, recipes)

    assert len(set(fresh.values())) == 2 * SEEDS
    assert hosted == fresh
    # A first build and a zygote for each of the two functions.
    assert len(imports.read_bytes()) == 4
