"""How the inputs of a recipe reach the call of a model that has no weights yet."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from builds import built, failed, recipe, requests_of, shown, write_project

from seedreg.domain.build import Outcome
from seedreg.domain.inputs import InputFunction, Inputs, parse_inputs
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors.local import LocalExecutor
from seedreg.worker import inputs as worker_inputs

FILES = {
    "models.py": """
        import numpy
        import tensorflow
        from tensorflow import keras

        class Two(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.Dense(2, name='first')
                self.second = keras.Dense(3, name='second')

        class Arguments(Two):
            def call(self, user, item, training=None):
                return self.first(user), self.second(item)

        class Listed(Two):
            def call(self, inputs, training=None):
                user, item = inputs
                return self.first(user), self.second(item)

        class Keyed(Two):
            def call(self, inputs):
                first, second = self.first(inputs['user']), self.second(inputs['item'])
                assert inputs['item'].dtype == numpy.int32
                return first, second

        class Keywords(Two):
            def call(self, **features):
                return self.first(features['user']), self.second(features['item'])

        class Optional(Two):
            def call(self, user=None, item=None):
                return self.first(user), self.second(item)

        class Module(tensorflow.Module):
            def __call__(self, left, right):
                self.a = tensorflow.Variable(numpy.ones((left.shape[1], right.shape[1])), name='a')

        class Dummy(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.Dense(2, name='first')
            @property
            def dummy_inputs(self):
                return {'ids': numpy.zeros((2, 5))}
            def call(self, inputs):
                return self.first(inputs['ids'])

        class TensorSpec:
            def __init__(self, shape, dtype):
                self.shape, self.dtype = shape, dtype

        def positional(): return numpy.zeros((1, 4)), numpy.zeros((1, 3))
        def with_keywords(): return [numpy.zeros((1, 4))], {'item': numpy.zeros((1, 3))}
        def mapping(): return {'user': TensorSpec((None, 4), 'float32'), 'item': TensorSpec((1, 3), 'int32')}
        def raises(): raise ValueError('no inputs')
        def needs(size): pass
    """,
}


@pytest.fixture(scope="module")
def executor(
    tmp_path_factory: pytest.TempPathFactory, fake_tensorflow_environ: dict[str, str]
) -> Iterator[LocalExecutor]:
    root = write_project(tmp_path_factory.mktemp("inputs"), FILES)
    with LocalExecutor(
        sys.executable, root, environ=fake_tensorflow_environ, isolation=Isolation.FORK, jobs=2
    ) as executor:
        yield executor


def outcome_of(executor: LocalExecutor, one: Recipe) -> Outcome:
    ((_, outcome),) = executor.run(requests_of([one]))
    return outcome


NAMED = parse_inputs(["user=4", "item=3:int32"])
PLACED = parse_inputs(["4", "3"])
BOTH = [("first/kernel", (4, 2)), ("first/bias", (2,)), ("second/kernel", (3, 3)), ("second/bias", (3,))]


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("Arguments", PLACED),
        ("Arguments", NAMED),
        ("Arguments", parse_inputs(["4", "item=3:int32"])),
        ("Listed", PLACED),
        ("Keyed", NAMED),
        ("Keywords", NAMED),
        ("Optional", NAMED),
        ("Arguments", InputFunction("models:positional")),
        ("Arguments", InputFunction("models:with_keywords")),
        ("Arguments", InputFunction("models:mapping")),
        ("Keyed", InputFunction("models:mapping")),
        ("Listed", InputFunction("models:positional")),
    ],
)
def test_inputs_reach_the_call_as_it_takes_them(executor: LocalExecutor, name: str, inputs: Inputs) -> None:
    outcome = outcome_of(executor, recipe(f"models:{name}", inputs=inputs))
    assert [(t.name, t.shape) for t in built(outcome).fingerprint.tensors] == BOTH


@pytest.mark.parametrize("inputs", [PLACED, parse_inputs(["right=3", "left=4"])])
def test_a_module_may_take_several_arguments(executor: LocalExecutor, inputs: Inputs) -> None:
    outcome = outcome_of(executor, recipe("models:Module", inputs=inputs))
    assert [(t.name, t.shape) for t in built(outcome).fingerprint.tensors] == [("a:0", (4, 3))]


def test_a_model_with_dummy_inputs_is_called_on_them(executor: LocalExecutor) -> None:
    outcome = built(outcome_of(executor, recipe("models:Dummy")))
    assert [(t.name, t.shape) for t in outcome.fingerprint.tensors] == [
        ("first/kernel", (5, 2)),
        ("first/bias", (2,)),
    ]
    assert outcome.facts.warnings == ()


@pytest.mark.parametrize("name", ["Arguments", "Keyed"])
def test_an_unbuilt_model_of_several_inputs_says_what_to_type(executor: LocalExecutor, name: str) -> None:
    failure = failed(outcome_of(executor, recipe(f"models:{name}")))
    assert shown(failure) == (
        "unbuilt",
        f"models:{name} returned an object of type {name} without weights",
        "it may not be built yet; give the shapes of its inputs without the batch dimension: "
        "--input-shape user=SIZES --input-shape item=SIZES",
    )


def test_a_call_that_fails_names_the_inputs(executor: LocalExecutor) -> None:
    failure = failed(outcome_of(executor, recipe("models:Keyed", inputs=parse_inputs(["user=4"]))))
    assert shown(failure)[1] == (
        "the model of models:Keyed raised KeyError: 'item' when called on zeros of user=float32(1, 4)"
    )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("models:raises", "models:raises raised ValueError: no inputs"),
        ("models:nowhere", "models has no 'nowhere'"),
        ("models:needs", "models:needs(size) cannot be called: missing a required argument: 'size'"),
    ],
)
def test_a_function_that_gives_no_inputs_is_named(
    executor: LocalExecutor, function: str, message: str
) -> None:
    failure = failed(outcome_of(executor, recipe("models:Keyed", inputs=InputFunction(function))))
    assert shown(failure)[1] == message


def test_the_call_decides_how_inputs_are_bound() -> None:
    class Many:
        def call(self, *inputs: object) -> None: ...

    class Masked:
        def call(self, inputs: object, mask: object = None) -> None: ...

    assert worker_inputs.bind(Many(), [1, 2], {}) == ([1, 2], {})
    assert worker_inputs.bind(Masked(), [1, 2], {}) == ([[1, 2]], {})
    assert worker_inputs.bind(Masked(), [1], {"mask": 2}) == ([1, 2], {})
    assert worker_inputs.bind(Masked(), [], {"mask": 2, "a": 1}) == ([{"a": 1}, 2], {})
