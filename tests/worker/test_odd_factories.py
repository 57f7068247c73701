"""Factories that do odd things to their process and return a model all the same: its weights are right."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from builds import MODELS, built, failed, recipe, requests_of, run_one, write_project

from seedreg.domain.build import Built, Outcome
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.warning import BuildWarning, WarningKind
from seedreg.executors.local import LocalExecutor
from seedreg.reports.words.failures import failure_message

FORK, FRESH = Isolation.FORK, Isolation.FRESH
both = pytest.mark.parametrize("isolation", [FORK, FRESH], ids=["fork", "fresh"])

MODEL = "from models import build\n"
FILES = {
    "models.py": MODELS,
    "talks.py": """
        import sys
        from models import build as make
        def build():
            print('x' * 10_000_000)
            print('y' * 10_000_000, file=sys.stderr)
            return make()
    """,
    "closes.py": """
        import os
        from models import build as make
        def build():
            os.closerange(0, 4096)
            return make()
    """,
    "closes_at_import.py": "import os\nos.closerange(0, 4096)\n" + MODEL,
    "closes_objects.py": "import sys\nsys.stdout.close()\nsys.stderr = None\n" + MODEL,
    "moves.py": "import os\nos.chdir('/')\n" + MODEL,
    "clears_path.py": "from models import build\nimport sys\nsys.path.clear()\n",
    "adds_path.py": "import sys\nsys.path.insert(0, '/nowhere')\n" + MODEL,
    "clears_environ.py": "import os\nos.environ.clear()\n" + MODEL,
    "threads.py": """
        import threading, time
        threading.Thread(target=time.sleep, args=(600,)).start()
        from models import build as make
        def build():
            threading.Thread(target=time.sleep, args=(600,)).start()
            return make()
    """,
    "exit_handlers.py": """
        import atexit, time
        atexit.register(time.sleep, 600)
        from models import build
    """,
    "draws.py": "import random\nimport numpy\nrandom.random()\nnumpy.random.rand()\n" + MODEL,
    "reads_arguments.py": """
        import argparse
        argparse.ArgumentParser().parse_args()
        from models import build
    """,
    "processes.py": """
        import multiprocessing
        from models import build as make
        def square(x): return x * x
        def build():
            with multiprocessing.get_context('spawn').Pool(1) as pool:
                assert pool.map(square, [2, 3]) == [4, 9]
            return make()
    """,
    "pkg/__init__.py": MODEL,
    "pkg/inner/zoo.py": MODEL,
    "with space/möd els.py": "from models import build as größe\n",
    "dotted.name.py": MODEL,
    "methods.py": """
        import functools
        from models import build as make

        class Zoo:
            @classmethod
            def build(cls): return make()
            class Inner:
                @staticmethod
                def build(): return make()

        class Callable:
            def __call__(self): return make()

        partial = functools.partial(make, units=3)
        instance = Callable()
        bound = Zoo().build
        build = lambda: make()

        @functools.wraps(make)
        def wrapped(): return make()
    """,
    # Names of the worker's own modules, of a standard module, and of one that the worker has loaded.
    "build.py": MODEL,
    "protocol.py": MODEL,
    "tensors.py": MODEL,
    "loading.py": MODEL,
    "probe.py": MODEL,
    "seeding.py": MODEL,
    "server.py": MODEL,
    "frameworks/__init__.py": MODEL,
    "statistics.py": MODEL,
    "_seedreg_worker.py": MODEL,
    "shadows/random.py": MODEL,
}
ADDRESSES = [
    "models:build",
    "models.py:build",
    "talks:build",
    "closes:build",
    "closes_at_import:build",
    "closes_objects:build",
    "moves:build",
    "clears_path:build",
    "adds_path:build",
    "clears_environ:build",
    "threads:build",
    "exit_handlers:build",
    "draws:build",
    "reads_arguments:build",
    "processes:build",
    "pkg:build",
    "pkg.inner.zoo:build",
    "pkg/__init__.py:build",
    "pkg/inner/zoo.py:build",
    "with space/möd els.py:größe",
    "dotted.name.py:build",
    "methods:Zoo.build",
    "methods:Zoo.Inner.build",
    "methods:partial",
    "methods:instance",
    "methods:bound",
    "methods:build",
    "methods:wrapped",
    "build:build",
    "protocol:build",
    "tensors:build",
    "loading.py:build",
    "probe:build",
    "seeding:build",
    "server:build",
    "frameworks:build",
    "statistics.py:build",
    "shadows/random.py:build",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("odd project ö"), FILES)


@pytest.fixture(scope="module")
def outcomes(root: Path, fake_tensorflow_environ: dict[str, str]) -> dict[tuple[Isolation, str], Outcome]:
    found = {}
    for isolation in (FORK, FRESH):
        with LocalExecutor(
            sys.executable, root, environ=fake_tensorflow_environ, isolation=isolation, jobs=3, timeout_s=60
        ) as executor:
            for request, outcome in executor.run(requests_of(recipe(address) for address in ADDRESSES)):
                found[isolation, request.recipe.factory] = outcome
    return found


@both
@pytest.mark.parametrize("address", ADDRESSES)
def test_weights_are_those_of_the_plain_factory(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation, address: str
) -> None:
    plain = built(outcomes[FRESH, "models:build"])
    odd = built(outcomes[isolation, address])
    assert (str(odd.fingerprint), odd.facts.isolation) == (str(plain.fingerprint), isolation)


def test_facts_count_what_was_drawn_and_name_random_state(
    outcomes: dict[tuple[Isolation, str], Outcome],
) -> None:
    facts = built(outcomes[FORK, "models:build"]).facts
    assert (facts.python_words, facts.numpy_words, facts.warnings) == (3, 0, ())
    (state,) = facts.random_state
    assert state.startswith("dropout/seed_generator_state uint32 ")


def test_random_state_is_no_weight(outcomes: dict[tuple[Isolation, str], Outcome]) -> None:
    tensors = built(outcomes[FORK, "models:build"]).fingerprint.tensors
    assert [(t.name, t.layer, t.layer_class, t.initializer) for t in tensors] == [
        ("dense/kernel", "dense", "Dense", {"class": "GlorotUniform", "config": {"seed": None}}),
        ("dense/bias", "dense", "Dense", None),
        ("dense_1/kernel", "dense_1", "Dense", {"class": "GlorotUniform", "config": {"seed": None}}),
        ("dense_1/bias", "dense_1", "Dense", None),
    ]


@both
def test_environment_names_what_built_the_model(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation
) -> None:
    import numpy

    environment = built(outcomes[isolation, "models:build"]).environment
    assert (
        environment.tensorflow,
        environment.keras,
        environment.keras_distribution,
        environment.numpy,
    ) == ("2.99.0", "3.99.0", "keras", numpy.__version__)
    assert environment.python == ".".join(map(str, sys.version_info[:3]))
    assert dict(environment.distributions)["tensorflow"] == "2.99.0"
    assert environment.keras_config == (
        ("backend", "tensorflow"),
        ("floatx", "float32"),
        ("image_data_format", "channels_last"),
    )


@both
def test_what_the_import_of_tensorflow_puts_on_the_path_is_no_distribution_of_the_environment(
    root: Path, fake_tensorflow_environ: dict[str, str], tmp_path: Path, isolation: Isolation
) -> None:
    (tmp_path / "vendored-2.2.2.dist-info").mkdir()
    environ = {**fake_tensorflow_environ, "FAKE_TF_PATH": str(tmp_path)}
    environment = built(run_one(root, environ, recipe("models:build"), isolation)).environment
    assert "vendored" not in dict(environment.distributions)


def test_environments_of_fork_and_fresh_are_equal(outcomes: dict[tuple[Isolation, str], Outcome]) -> None:
    assert (
        built(outcomes[FORK, "models:build"]).environment
        == built(outcomes[FRESH, "models:build"]).environment
    )


@both
@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("models:build", "models.py"),
        ("pkg:build", "models.py"),
        ("with space/möd els.py:größe", "models.py"),
        ("methods:partial", "models.py"),
        ("methods:Zoo.build", "methods.py"),
        ("methods:instance", "methods.py"),
        ("talks:build", "talks.py"),
    ],
)
def test_source_is_where_the_code_is(
    outcomes: dict[tuple[Isolation, str], Outcome], isolation: Isolation, address: str, file: str
) -> None:
    source = built(outcomes[isolation, address]).source
    assert source.file == file
    assert source.line is not None
    assert source.text is not None
    assert FILES[file].count(source.text.strip().splitlines()[0].strip()) >= 1


# Environment variables ------------------------------------------------------------------------

LEGACY = "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\nimport tensorflow\n"
VARIABLES = {
    "models.py": MODELS,
    "legacy_then_needs_it.py": LEGACY + "WANTED = {'2.99.0': 2}[tensorflow.keras.__version__]\n" + MODEL,
    "legacy_then_factory_needs_it.py": """
        import os
        os.environ['TF_USE_LEGACY_KERAS'] = '1'
        import tensorflow
        from tensorflow import keras
        def build():
            wanted = {'2.99.0': 2}[tensorflow.keras.__version__]
            return keras.Sequential([keras.Input((4,)), keras.Dense(wanted)])
    """,
    "legacy_then_exits.py": LEGACY + "tensorflow.keras.__version__ == '2.99.0' or exit()\n" + MODEL,
    "sets_backend_in_effect.py": "import os\nos.environ['KERAS_BACKEND'] = 'tensorflow'\n" + MODEL,
    "legacy_off.py": "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '0'\n" + MODEL,
    "gpu_order.py": "import os\nos.environ['CUDA_DEVICE_ORDER'] = 'PCI_BUS_ID'\n" + MODEL,
    "sets_backend.py": "import os\nos.environ['KERAS_BACKEND'] = 'numpy'\n" + MODEL,
    "sets_legacy.py": "import os\nos.environ['TF_USE_LEGACY_KERAS'] = '1'\n" + MODEL,
    "sets_log_level.py": "import os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\n" + MODEL,
    "sets_devices.py": "import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '0'\n" + MODEL,
    "sets_other.py": "import os\nos.environ['OTHER'] = '1'\n" + MODEL,
    "removes.py": "import os\ndel os.environ['KERAS_BACKEND']\n" + MODEL,
    "clears.py": "import os\nos.environ.clear()\n" + MODEL,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("variables"), VARIABLES)


Ways = dict[str, tuple[Built, Built]]


def both_ways(root: Path, environ: dict[str, str], addresses: list[str]) -> Ways:
    """What each factory builds when forked and when fresh."""
    found: dict[str, list[Built]] = {address: [] for address in addresses}
    for how in (FORK, FRESH):
        with LocalExecutor(sys.executable, root, environ=environ, isolation=how, jobs=2) as executor:
            for request, outcome in executor.run(requests_of(map(recipe, addresses))):
                found[request.recipe.factory].append(built(outcome))
    return {address: (forked, fresh) for address, (forked, fresh) in found.items()}


def _stem(name: str) -> str:
    return name.removesuffix(".py")


@pytest.fixture(scope="module")
def ways(project: Path, fake_tensorflow_environ: dict[str, str]) -> Ways:
    names = [name for name in map(_stem, VARIABLES) if name not in ("removes", "clears")]
    return both_ways(project, fake_tensorflow_environ, [f"{name}:build" for name in names])


@pytest.mark.parametrize(
    ("address", "variables", "keras"),
    [
        ("sets_backend:build", (("KERAS_BACKEND", "numpy"),), ("keras", "3.99.0")),
        ("sets_legacy:build", (("TF_USE_LEGACY_KERAS", "1"),), ("tf_keras", "2.99.0")),
    ],
)
def test_variable_that_tensorflow_reads_at_import_needs_a_fresh_interpreter(
    ways: Ways, address: str, variables: tuple[tuple[str, str], ...], keras: tuple[str, str]
) -> None:
    plain, _ = ways["models:build"]
    forked, fresh = ways[address]
    assert (forked.facts.isolation, fresh.facts.isolation) == (FRESH, FRESH)
    assert str(forked.fingerprint) == str(fresh.fingerprint) != str(plain.fingerprint)
    assert forked.environment.variables == variables
    assert (forked.environment.keras_distribution, forked.environment.keras) == keras


@pytest.mark.parametrize(
    "address",
    ["legacy_then_needs_it:build", "legacy_then_factory_needs_it:build", "legacy_then_exits:build"],
)
def test_what_fails_in_a_fork_after_such_a_change_is_repeated_in_a_fresh_interpreter(
    ways: Ways, address: str
) -> None:
    forked, fresh = ways[address]
    assert (forked.facts.isolation, fresh.facts.isolation) == (FRESH, FRESH)
    assert str(forked.fingerprint) == str(fresh.fingerprint)
    assert forked.environment == fresh.environment


@pytest.mark.parametrize("address", ["sets_backend_in_effect:build", "legacy_off:build", "gpu_order:build"])
def test_variable_set_to_what_is_in_effect_needs_none_and_is_recorded(ways: Ways, address: str) -> None:
    plain, _ = ways["models:build"]
    forked, fresh = ways[address]
    assert (forked.facts.isolation, fresh.facts.isolation) == (FORK, FRESH)
    assert str(forked.fingerprint) == str(fresh.fingerprint) == str(plain.fingerprint)
    assert forked.environment == fresh.environment
    assert len(forked.environment.variables) == 1


@pytest.mark.parametrize("address", ["sets_log_level:build", "sets_devices:build", "sets_other:build"])
def test_variable_that_moves_no_weight_needs_none(ways: Ways, address: str) -> None:
    forked, fresh = ways[address]
    assert (forked.facts.isolation, fresh.facts.isolation) == (FORK, FRESH)
    assert str(forked.fingerprint) == str(fresh.fingerprint)
    assert forked.environment.variables == ()


def test_variable_that_is_taken_away_needs_a_fresh_interpreter(
    ways: Ways, project: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    environ = {**fake_tensorflow_environ, "KERAS_BACKEND": "numpy"}
    found = [one for pair in both_ways(project, environ, ["removes:build", "clears:build"]).values()
             for one in pair]  # fmt: skip
    assert [one.facts.isolation for one in found] == [FRESH] * 4
    assert {str(one.fingerprint) for one in found} == {str(ways["models:build"][0].fingerprint)}


def test_rest_of_a_range_goes_to_fresh_interpreters_at_once(
    project: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    recipes = [recipe("sets_backend:build", seed) for seed in range(3)]
    recipes += [recipe("models:build", seed) for seed in range(3)]
    with LocalExecutor(sys.executable, project, environ=fake_tensorflow_environ, jobs=2) as executor:
        found = {request.key: built(outcome) for request, outcome in executor.run(requests_of(recipes))}
    assert [found[key].facts.isolation for key in range(6)] == [FRESH] * 3 + [FORK] * 3


def test_secrets_are_not_recorded(project: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    secrets = {
        "NVIDIA_API_KEY": "x",
        "TF_TOKEN_app": "x",
        "TF_VAR_password": "x",
        "KERAS_SECRET": "x",
        "TF_DETERMINISTIC_OPS": "1",
    }
    outcome = run_one(project, {**fake_tensorflow_environ, **secrets}, recipe("models:build"), FORK)
    assert built(outcome).environment.variables == (("TF_DETERMINISTIC_OPS", "1"),)


def test_variable_that_is_no_utf8_can_be_told(project: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    environ = {**fake_tensorflow_environ, "TF_ODD": "caf\udce9"}
    outcome = run_one(project, environ, recipe("models:build"), FORK)
    assert built(outcome).environment.variables == (("TF_ODD", "caf?"),)


# Arguments, inputs, seeds ---------------------------------------------------------------------

ARGUMENTS = {
    "models.py": """
        import numpy
        import tensorflow
        from tensorflow import keras

        def seeded(seed): return {'seed': numpy.array(seed)}
        def seeded_by_keyword(*, seed=5): return {'seed': numpy.array(seed)}
        def seeded_by_position(seed=5, /): return {'seed': numpy.array(seed)}
        def anything(**given): return {name: numpy.array(value) for name, value in given.items()}
        def units(units, rate=0.5): return [numpy.full(units, rate)]
        def unbuilt(): return keras.Sequential([keras.Dense(3)])
        class Half(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.Sequential([keras.Input((4,)), keras.Dense(2)])
                self.second = keras.Dense(3)
            def call(self, x): return self.second(self.first(x))
        class Net(tensorflow.Module):
            def __init__(self):
                self.w = tensorflow.Variable(tensorflow.random.normal((2, 2)), name='w')
        class Hides(tensorflow.Module):
            def __init__(self):
                self.layer = keras.Sequential([keras.Input((4,)), keras.Dense(2)])
        def swaps_numpy_generator():
            numpy.random.set_bit_generator(numpy.random.PCG64(1))
            return [numpy.zeros(2)]
    """,
    "swaps_at_import.py": """
        import numpy
        numpy.random.set_bit_generator(numpy.random.PCG64(1))
        def build(): return [numpy.random.random(2)]
    """,
}


@pytest.fixture(scope="module")
def executor_with_arguments(
    tmp_path_factory: pytest.TempPathFactory, fake_tensorflow_environ: dict[str, str]
) -> Iterator[LocalExecutor]:
    root = write_project(tmp_path_factory.mktemp("arguments"), ARGUMENTS)
    with LocalExecutor(
        sys.executable, root, environ=fake_tensorflow_environ, isolation=FORK, jobs=2
    ) as executor:
        yield executor


def outcome_of(executor: LocalExecutor, one: Recipe) -> Outcome:
    ((_, outcome),) = executor.run(requests_of([one]))
    return outcome


def values_of(executor: LocalExecutor, one: Recipe) -> dict[str, tuple[object, ...]]:
    return {
        t.name: t.stats.samples
        for t in built(outcome_of(executor, one)).fingerprint.tensors
        if t.stats is not None
    }


@pytest.mark.parametrize(
    ("one", "values"),
    [
        (recipe("models:seeded", 7), {"seed": (7,)}),
        (recipe("models:seeded_by_keyword", 7), {"seed": (7,)}),
        (recipe("models:seeded_by_position", 7), {"seed": (5,)}),
        (recipe("models:seeded", 7, {"seed": 3}), {"seed": (3,)}),
        (recipe("models:anything", 7, {"a": 1, "b": True}), {"a": (1,), "b": (True,)}),
        (recipe("models:units", 7, {"units": 2, "rate": 0.25}), {"0": (0.25, 0.25)}),
        (recipe("models:seeded", 2**32 - 1), {"seed": (2**32 - 1,)}),
    ],
)
def test_arguments_reach_the_factory(
    executor_with_arguments: LocalExecutor, one: Recipe, values: dict[str, tuple[object, ...]]
) -> None:
    assert values_of(executor_with_arguments, one) == values


def test_unbuilt_model_is_called_on_zeros_of_the_inputs(executor_with_arguments: LocalExecutor) -> None:
    one = recipe("models:unbuilt", inputs=(InputSpec((28, 5)),))
    outcome = built(outcome_of(executor_with_arguments, one))
    assert [(t.name, t.shape) for t in outcome.fingerprint.tensors] == [
        ("dense/kernel", (5, 3)),
        ("dense/bias", (3,)),
    ]
    assert outcome.facts.warnings == ()


def test_half_built_model_is_warned_of(executor_with_arguments: LocalExecutor) -> None:
    outcome = built(outcome_of(executor_with_arguments, recipe("models:Half")))
    assert len(outcome.fingerprint.tensors) == 2
    assert outcome.facts.warnings == (BuildWarning(WarningKind.UNBUILT),)


def test_half_built_model_is_called_where_inputs_are_given(executor_with_arguments: LocalExecutor) -> None:
    one = recipe("models:Half", inputs=(InputSpec((4,)),))
    outcome = built(outcome_of(executor_with_arguments, one))
    assert (len(outcome.fingerprint.tensors), outcome.facts.warnings) == (4, ())


def test_module_gives_its_variables_and_no_keras(executor_with_arguments: LocalExecutor) -> None:
    outcome = built(outcome_of(executor_with_arguments, recipe("models:Net")))
    assert [(t.name, t.shape, t.layer) for t in outcome.fingerprint.tensors] == [("w:0", (2, 2), None)]
    assert (outcome.environment.keras, outcome.environment.keras_distribution) == (None, None)


def test_module_that_hides_keras_layers_is_refused(executor_with_arguments: LocalExecutor) -> None:
    outcome = failed(outcome_of(executor_with_arguments, recipe("models:Hides")))
    assert outcome.environment is not None
    assert replace(outcome, duration_s=0.0, environment=None) == build_failure(
        FailureKind.WRONG_RETURN,
        factory="models:Hides",
        holder="layer",
        attribute="layer",
    )
    assert (outcome.environment.tensorflow, outcome.environment.keras) == ("2.99.0", None)


@pytest.mark.parametrize("address", ["models:swaps_numpy_generator", "swaps_at_import:build"])
def test_other_global_generator_of_numpy_is_not_counted(
    executor_with_arguments: LocalExecutor, address: str
) -> None:
    assert built(outcome_of(executor_with_arguments, recipe(address))).facts.numpy_words is None


def test_seeding_protocol_tf_seeds_tensorflow_alone(executor_with_arguments: LocalExecutor) -> None:
    one = recipe("models:Net", seeding="tf")
    two = [built(outcome_of(executor_with_arguments, one)).fingerprint.digest for _ in range(2)]
    full = built(outcome_of(executor_with_arguments, recipe("models:Net"))).fingerprint.digest
    assert two == [full, full]


@pytest.mark.parametrize("gpus", [0, 1])
def test_gpu_of_the_recipe_must_be_there(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], gpus: int
) -> None:
    write_project(tmp_path, {"models.py": MODELS})
    environ = {**fake_tensorflow_environ, "FAKE_TF_GPUS": str(gpus)}
    outcomes = [run_one(tmp_path, environ, recipe("models:build", device=d), FORK) for d in ("gpu", "gpu:1")]
    found = [
        failure_message(outcome) if isinstance(outcome, BuildFailure) else "built" for outcome in outcomes
    ]
    missing = "the recipe asks for device {!r}, and TensorFlow sees {} GPU(s)".format
    assert found == ["built" if gpus else missing("gpu", 0), missing("gpu:1", gpus)]


def test_variables_that_the_project_sets_are_there_from_the_start(
    project: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    def variables_of(factory: str) -> tuple[tuple[str, str], ...]:
        return (("TF_USE_LEGACY_KERAS", "1"),) if factory == "models:build" else ()

    with LocalExecutor(
        sys.executable,
        project,
        environ=fake_tensorflow_environ,
        isolation=FORK,
        variables_of=variables_of,
    ) as executor:
        requests = requests_of(map(recipe, ["models:build", "sets_other:build"]))
        outcomes = {request.recipe.factory: built(outcome) for request, outcome in executor.run(requests)}
    found = {
        factory: (one.environment.keras_distribution, one.environment.variables, one.facts.isolation)
        for factory, one in outcomes.items()
    }
    assert found == {
        "models:build": ("tf_keras", (("TF_USE_LEGACY_KERAS", "1"),), FORK),
        "sets_other:build": ("keras", (), FORK),
    }
