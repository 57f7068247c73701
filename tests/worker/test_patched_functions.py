"""What user code replaces in its process, on purpose or by accident, changes no fingerprint of its model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builds import MODELS, built, recipe, requests_of, write_project

from seedreg.domain.build import Built, Outcome
from seedreg.domain.isolation import Isolation
from seedreg.executors.local import LocalExecutor

FORK, FRESH = Isolation.FORK, Isolation.FRESH

PATCHES = [
    "hashlib.sha256 = hashlib.md5",
    "hashlib.new = lambda *given: hashlib.md5()",
    "numpy.asarray = lambda *given, **options: numpy.zeros(3)",
    "numpy.array = lambda *given, **options: numpy.zeros(3)",
    "numpy.ascontiguousarray = lambda array: array * 0",
    "numpy.uint8 = numpy.uint16",
    "numpy.little_endian = False",
    "numpy.void = numpy.float32",
    "numpy.ndarray = numpy.generic = str",
    "numpy.isnan = numpy.isfinite = numpy.zeros_like",
    "numpy.einsum = lambda *given: 0.0",
    "numpy.count_nonzero = lambda array: 'many'",
    "numpy.abs = numpy.float64 = numpy.errstate = None",
    "numpy.random.get_state = lambda: None",
    "random.getstate = random.Random = lambda: None",
    "sys.modules['hashlib'] = sys.modules['random'] = None",
    "os.getpid = lambda: 1",
    "os.rename = os._exit = os.chdir = lambda *given: None",
    "os.write = os.open = os.close = os.fstat = os.unlink = lambda *given: None",
    "os.fork = os.kill = os.killpg = os.setpgid = lambda *given: 1 / 0",
    "json.dumps = json.loads = lambda *given, **options: '{}'",
    "json.encoder.JSONEncoder.encode = json.encoder.JSONEncoder.iterencode = lambda *given: '{}'",
    "json.encoder.encode_basestring_ascii = json.encoder.c_make_encoder = None",
    "math.isfinite = math.sqrt = math.isnan = lambda number: 0",
    "re.compile = re.sub = re.match = None",
    "os.path.join = os.path.exists = os.path.abspath = lambda *given: '/nowhere'",
    "struct.pack = lambda *given: b''",
    "time.perf_counter = lambda: 'late'",
    "warnings.warn = warnings.simplefilter",
    "traceback.format_exc = traceback.format_exception = None",
    "inspect.signature = inspect.getsourcelines = inspect.getsourcefile = None",
    "linecache.cache = linecache.getlines = None",
    "gc.freeze = gc.enable = lambda: 1 / 0",
    "sys.path = None",
    "sys.settrace(lambda *given: 1 / 0)",
    "sys.setrecursionlimit(90)",
    "warnings.simplefilter('error')",
    "numpy.seterr(all='raise')",
    "builtins.open = lambda *given, **options: 1 / 0",
    "builtins.print = lambda *given, **options: 1 / 0",
    "builtins.sorted = builtins.reversed = lambda *given, **options: []",
    "builtins.len = lambda of: 7",
    "builtins.zip = builtins.enumerate = lambda *given: iter(())",
    "builtins.range = lambda *given: ()",
    "builtins.abs = builtins.sum = builtins.min = builtins.max = lambda *given: 0",
    "builtins.any = builtins.all = lambda given: True",
    "builtins.hasattr = lambda *given: False",
    "builtins.id = lambda of: 1",
    "builtins.list = builtins.tuple = builtins.dict = builtins.set = lambda *given: None",
    "builtins.getattr = builtins.setattr = builtins.vars = lambda *given: None",
    "builtins.iter = builtins.next = builtins.map = builtins.filter = lambda *given: 1 / 0",
    "builtins.__import__ = lambda *given, **options: 1 / 0",
    "builtins.MemoryError = builtins.Exception = builtins.OSError = ValueError",
]
# Replaced before the seeds are set.
SEEDS = [
    "random.seed = lambda *given: None",
    "numpy.random.seed = lambda *given: None",
    "numpy.random.seed = lambda *given: 1 / 0",
    "tensorflow.random.set_seed = lambda seed: None",
]
# What the stand-in for TensorFlow, Python's import or its JSON needs as it was.
NEEDED = ("sys.modules", "sys.path", "numpy.isnan", "os.path", "sys.settrace", "sys.setrecursionlimit")
AT_IMPORT = [patch for patch in PATCHES if not patch.startswith((*NEEDED, "builtins", "numpy.array", "warn"))]

IMPORTS = """\
import builtins, gc, hashlib, inspect, json, linecache, math, os, random, re, signal, struct, sys, time
import traceback, warnings
import numpy
"""
LATER = (
    IMPORTS + "from models import build as make\ndef build():\n    model = make()\n    {}\n    return model\n"
)
AT_ONCE = IMPORTS + "{}\nfrom models import build\n"
AT_ONCE_AFTER_TENSORFLOW = IMPORTS + "import tensorflow\n{}\nfrom models import build\n"

FILES = {
    "models.py": MODELS,
    **{f"later_{number}.py": LATER.format(patch) for number, patch in enumerate(PATCHES)},
    **{f"at_once_{number}.py": AT_ONCE.format(patch) for number, patch in enumerate(AT_IMPORT)},
    **{f"seeds_{number}.py": AT_ONCE_AFTER_TENSORFLOW.format(patch) for number, patch in enumerate(SEEDS)},
}
CASES = {
    **{f"later_{number}": patch for number, patch in enumerate(PATCHES)},
    **{f"at_once_{number}": patch for number, patch in enumerate(AT_IMPORT)},
    **{f"seeds_{number}": patch for number, patch in enumerate(SEEDS)},
}
# After the factory's call the two isolations run the same code; in the import of its module they differ.
RUNS = {FORK: [*CASES], FRESH: [name for name in CASES if not name.startswith("later")]}


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, fake_tensorflow_environ: dict[str, str]
) -> dict[tuple[Isolation, str], Outcome]:
    root = write_project(tmp_path_factory.mktemp("patches"), FILES)
    found = {}
    for isolation, names in RUNS.items():
        with LocalExecutor(
            sys.executable, root, environ=fake_tensorflow_environ, isolation=isolation, jobs=3, timeout_s=60
        ) as executor:
            recipes = [recipe(f"{name}:build", seed=5) for name in ("models", *names)]
            for request, outcome in executor.run(requests_of(recipes)):
                found[isolation, request.recipe.factory.partition(":")[0]] = outcome
    return found


def shown(outcome: Built) -> list[object]:
    """What is known of each tensor, without its initializer, which the standard library turns into JSON."""
    return [
        (one.line, one.name, one.layer, one.layer_class, one.stats) for one in outcome.fingerprint.tensors
    ]


@pytest.mark.parametrize(
    ("isolation", "name"),
    [
        pytest.param(isolation, name, id=f"{isolation.value} {name}: {CASES[name]}")
        for isolation, names in RUNS.items()
        for name in names
    ],
)
def test_fingerprint_is_that_of_the_plain_factory(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation, name: str
) -> None:
    plain, patched = built(outcomes[FRESH, "models"]), built(outcomes[isolation, name])
    assert shown(patched) == shown(plain)


def test_module_that_makes_numpys_results_wrong_before_it_builds_has_its_statistics_right(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    text = "import numpy\nnumpy.isfinite = numpy.einsum = numpy.asarray = None\n"
    write_project(tmp_path, {"arrays.py": text + "def build(): return [numpy.arange(4.0)]\n"})
    with LocalExecutor(
        sys.executable, tmp_path, environ=fake_tensorflow_environ, isolation=FRESH
    ) as executor:
        ((_, outcome),) = executor.run(requests_of([recipe("arrays:build")]))
    (tensor,) = built(outcome).fingerprint.tensors
    assert tensor.stats is not None
    assert (tensor.stats.mean, tensor.stats.l2, tensor.stats.samples) == (1.5, 14**0.5, (0.0, 1.0, 2.0, 3.0))
