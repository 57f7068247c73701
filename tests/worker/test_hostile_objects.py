"""Whatever objects a factory returns do when they are looked at: a clear failure, or the right weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builds import built, failed, recipe, requests_of, shown, write_project

from seedreg.domain.build import Outcome
from seedreg.domain.isolation import Isolation
from seedreg.executors.local import LocalExecutor

FILES = {
    "objects.py": """
        import collections.abc, signal, sys, time
        import numpy
        import tensorflow
        from tensorflow import keras

        ONES = numpy.ones(2, 'float32')

        class Hostile:
            def __repr__(self): raise RuntimeError('no repr')
            def __str__(self): return 3
            def __hash__(self): return 1
        class Addressed: pass
        class Shown:
            def __str__(self): return 'shown'
        class OddText(str):
            def __getitem__(self, index): raise RuntimeError('no part')
            def __len__(self): return -1
            def __format__(self, spec): raise RuntimeError('no format')
        class NoClass(dict):
            @property
            def __class__(self): raise RuntimeError('no class')
        class OddName(type):
            @property
            def __name__(cls): raise RuntimeError('no name')
        class Nameless(metaclass=OddName): pass

        # Mappings, sequences and their items

        def keys(): return {1: ONES, '1': ONES * 2, None: ONES, (1, 2): ONES, Shown(): ONES, 2.5: ONES}
        def odd_keys(): return {Hostile(): ONES, Addressed(): ONES, OddText('odd'): ONES}
        def huge_key(): return {'k' * 5_000_000: ONES}
        def unprintable_key(): return {'a\\nb\\x1b\\udcff': ONES}
        def no_class(): return NoClass(a=ONES)
        def nameless(): return Nameless()
        def nameless_item(): return [Nameless()]
        class Endless(collections.abc.Sequence):
            def __len__(self): return 3
            def __getitem__(self, index): raise SystemExit('no items')
        def items_exit(): return Endless()
        class Mapping(dict):
            def items(self): raise RuntimeError('no items')
        def items_raise(): return Mapping(a=ONES)
        class NoNumpy:
            @property
            def numpy(self): raise RuntimeError('no numpy')
        def numpy_property_raises(): return [NoNumpy()]
        class Weight:
            name = 'w'
            def __init__(self, error): self.error = error
            def numpy(self): raise self.error
        def numpy_raises(): return [Weight(ValueError('in numpy'))]
        def numpy_exits(): return [Weight(SystemExit(3))]
        def numpy_interrupts(): return [Weight(KeyboardInterrupt())]
        def numpy_out_of_memory(): return [Weight(MemoryError())]
        class Returns(Weight):
            def numpy(self): return self.error
        def numpy_gives_text(): return [Returns('text')]
        def numpy_gives_nothing(): return [Returns(None)]
        def numpy_gives_ragged(): return [Returns([[1, 2], [3]])]
        def numpy_gives_a_number(): return [Returns(3)]
        class Slow(Weight):
            def numpy(self):
                time.sleep(0.4)
                return ONES
        def left_an_alarm():
            def ring(*given): raise TimeoutError('rung')
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, 0.2, 0.05)
            return [Slow(None)]

        # Values

        def masked(): return {'m': numpy.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 1])}
        def masked_constant(): return {'m': numpy.ma.masked}
        def mask_of_nothing(): return {'m': numpy.ma.masked_array(ONES, mask=[0, 0])}
        def mask_by_numpy(): return [Returns(numpy.ma.masked_equal([1, 2], 2))]
        def record_array(): return {'r': numpy.rec.array([(1, 2.0)], dtype=[('x', 'i4'), ('y', 'f4')])}
        def record(): return {'r': record_array()['r'][0]}
        def void(): return {'r': numpy.void(b'abc')}
        def durations(): return {'r': numpy.zeros(2, 'm8[s]')}
        def named(): return {'r': numpy.zeros(2, numpy.dtype('f4', metadata={'a': 1}))}
        def matrix(): return {'r': numpy.matrix([[1.0, 2.0]], dtype='float32')}
        def scalar(): return {'r': numpy.float32(1.5)}

        # Layers

        class Layer(keras.Layer):
            def __init__(self):
                super().__init__()
                self.kernel = self.add_weight((2,), 'kernel')
                self.built = True
        def text_name():
            layer = Layer()
            layer.name = 7
            return layer
        class BadName(Layer):
            @property
            def name(self): return 1 / 0 if vars(self).get('built') else 'bad'
            @name.setter
            def name(self, value): pass
        def name_raises(): return BadName()
        class BadBuilt(Layer):
            built = property(lambda self: 1 / 0, lambda self, value: None)
        def built_raises(): return BadBuilt()
        class BadVariables(Layer):
            variables = property(lambda self: sys.exit(4))
        def variables_exit(): return BadVariables()
        class BadFlatten(Layer):
            def _flatten_layers(self): raise KeyboardInterrupt
        def flatten_raises(): return BadFlatten()
        class NotVariables(Layer):
            weights = variables = property(lambda self: ['text'])
        def weights_are_text(): return NotVariables()
        class NoList(Layer):
            weights = variables = property(lambda self: 3)
        def weights_are_a_number(): return NoList()
        class Changing(Layer):
            count = 0
            @property
            def weights(self):
                Changing.count += 1
                return self._own * (Changing.count % 2 + 1)
        def weights_change(): return Changing()
        class BadInitializer(Layer):
            class kernel_initializer:
                def get_config(self): sys.exit(1)
            kernel_initializer = kernel_initializer()
        def initializer_exits(): return BadInitializer()
        class OddModule(Layer):
            __module__ = 3
        def odd_module(): return OddModule()
        def odd_attributes():
            layer = Layer()
            layer.itself = loop = []
            loop.append(loop)
            vars(layer)[3] = vars(layer)[Hostile()] = {'deep': [loop]}
            return layer

        class Module(tensorflow.Module):
            def __init__(self): self.w = tensorflow.Variable(ONES, name='w')
        class BadModule(Module):
            variables = property(lambda self: 1 / 0)
        def module_variables_raise(): return BadModule()
        class BadSubmodules(Module):
            submodules = property(lambda self: sys.exit())
        def submodules_exit(): return BadSubmodules()

        # Exceptions and factories

        def exits_with_hostile(): sys.exit(Hostile())
        class NumberAsName(type):
            __name__ = property(lambda cls: 3)
        class OddError(Exception, metaclass=NumberAsName): pass
        def odd_error(): raise OddError('odd')
        def odd_text(): raise ValueError(OddText('odd text'))
        def wants_more(a, b=Hostile()): pass
        class BadSignature:
            __signature__ = property(lambda self: 1 / 0)
            def __call__(self): return [ONES]
        bad_signature = BadSignature()
    """,
    "odd_missing.py": "raise ModuleNotFoundError('no such module', name=3)\n",
    "odd_syntax.py": "raise SyntaxError('odd', (object(), 'line', object(), b'text'))\n",
    "odd_exit.py": "class Code:\n    def __repr__(self): raise SystemExit\nraise SystemExit(Code())\n",
    "replaces.py": "import sys\nsys.modules[__name__] = 3\n",
    "exits_on_lookup.py": "def __getattr__(name): raise SystemExit(name)\n",
}
ARRAYS = "every value must be an array, a tensor or a variable"
PARAMETERS = "give its arguments with -p NAME=JSON, e.g. -p units=16"
BYTES = "only numbers and booleans have fixed bytes; leave it out of what the factory returns"
TWO = "return the values and the mask as two arrays"
RECORD = "tensor 'r' holds (numpy.record, [('x', '<i4'), ('y', '<f4')]) values, which have no fingerprint"
MASKED = "tensor {!r} is a masked array (masked elements: {}), and a mask has no fingerprint"


def _reading(what: str, factory: str, error: str) -> str:
    return f"reading the {what} of what objects:{factory} returned raised {error}"


FAILURES = [
    ("objects:no_class", "raised", _reading("class", "no_class", "RuntimeError: no class"), None),
    ("objects:nameless", "raised", _reading("class", "nameless", "RuntimeError: no name"), None),
    ("objects:nameless_item", "wrong-return",
     "objects:nameless_item returned an object of type list whose item '0' is of type Nameless, not an array",
     ARRAYS),
    ("objects:items_exit", "raised", _reading("weights", "items_exit", "SystemExit: no items"), None),
    ("objects:items_raise", "raised", _reading("weights", "items_raise", "RuntimeError: no items"), None),
    ("objects:numpy_property_raises", "raised",
     _reading("weights", "numpy_property_raises", "RuntimeError: no numpy"), None),
    ("objects:numpy_raises", "unsupported-dtype", "tensor '0' cannot be read: ValueError: in numpy", None),
    ("objects:numpy_exits", "unsupported-dtype", "tensor '0' cannot be read: SystemExit: 3", None),
    ("objects:numpy_interrupts", "unsupported-dtype", "tensor '0' cannot be read: KeyboardInterrupt", None),
    ("objects:numpy_out_of_memory", "memory", "the build ran out of memory", None),
    ("objects:numpy_gives_text", "unsupported-dtype",
     "tensor '0' holds <U4 values, which have no fingerprint", BYTES),
    ("objects:numpy_gives_nothing", "unsupported-dtype",
     "tensor '0' holds object values, which have no fingerprint", BYTES),
    ("objects:masked", "unsupported-dtype", MASKED.format("m", 2), TWO),
    ("objects:masked_constant", "unsupported-dtype", MASKED.format("m", 1), TWO),
    ("objects:mask_by_numpy", "unsupported-dtype", MASKED.format("0", 1), TWO),
    ("objects:record_array", "unsupported-dtype", RECORD, BYTES),
    ("objects:record", "unsupported-dtype", RECORD, BYTES),
    ("objects:void", "unsupported-dtype", "tensor 'r' holds |V3 values, which have no fingerprint", BYTES),
    ("objects:durations", "unsupported-dtype",
     "tensor 'r' holds timedelta64[s] values, which have no fingerprint", BYTES),
    ("objects:name_raises", "raised",
     _reading("attributes", "name_raises", "ZeroDivisionError: division by zero"), None),
    ("objects:built_raises", "raised",
     _reading("built", "built_raises", "ZeroDivisionError: division by zero"), None),
    ("objects:variables_exit", "raised", _reading("variables", "variables_exit", "SystemExit: 4"), None),
    ("objects:flatten_raises", "raised", _reading("weights", "flatten_raises", "KeyboardInterrupt"), None),
    ("objects:weights_are_text", "unsupported-dtype",
     "tensor 'str' holds <U4 values, which have no fingerprint", BYTES),
    ("objects:weights_are_a_number", "raised",
     _reading("weights", "weights_are_a_number", "TypeError: 'int' object is not iterable"), None),
    ("objects:module_variables_raise", "raised",
     _reading("weights", "module_variables_raise", "ZeroDivisionError: division by zero"), None),
    ("objects:submodules_exit", "raised", _reading("weights", "submodules_exit", "SystemExit"), None),
    ("objects:exits_with_hostile", "exit", "objects:exits_with_hostile called sys.exit(Hostile)",
     "a factory must return a model"),
    ("objects:odd_error", "raised", "objects:odd_error raised OddError: odd", None),
    ("objects:odd_text", "raised", "objects:odd_text raised ValueError: odd text", None),
    ("objects:wants_more", "arguments",
     "objects:wants_more(…) cannot be called: missing a required argument: 'a'", PARAMETERS),
    ("odd_missing:build", "import-raised",
     "importing odd_missing raised ModuleNotFoundError: no such module", None),
    ("odd_syntax:build", "syntax-error", None, None),
    ("odd_exit:build", "exit", "importing odd_exit called sys.exit(Code)",
     "put the code of a script under: if __name__ == '__main__':"),
    ("replaces:build", "name-not-found", None, None),
    ("exits_on_lookup:build", "import-raised",
     "looking up exits_on_lookup:build raised SystemExit: build", None),
]  # fmt: skip
NAMES = {
    "objects:keys": ["1", "1", "None", "(1, 2)", "shown", "2.5"],
    "objects:odd_keys": ["Hostile", "<objects.Addressed object>", "odd"],
    "objects:huge_key": ["k" * 1000 + "…"],
    "objects:unprintable_key": ["a\nb\x1b?"],
    "objects:numpy_gives_a_number": ["0"],
    "objects:left_an_alarm": ["0"],
    "objects:mask_of_nothing": ["m"],
    "objects:named": ["r"],
    "objects:matrix": ["r"],
    "objects:scalar": ["r"],
    "objects:text_name": ["layer/kernel"],
    "objects:weights_change": ["changing/kernel"],
    "objects:initializer_exits": ["badinitializer/kernel"],
    "objects:odd_module": ["oddmodule/kernel"],
    "objects:odd_attributes": ["layer/kernel"],
    "objects:bad_signature": ["0"],
}


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, fake_tensorflow_environ: dict[str, str]
) -> dict[str, Outcome]:
    root: Path = write_project(tmp_path_factory.mktemp("hostile"), FILES)
    recipes = [recipe(address) for address in [case[0] for case in FAILURES] + list(NAMES)]
    with LocalExecutor(
        sys.executable, root, environ=fake_tensorflow_environ, isolation=Isolation.FORK, jobs=2, timeout_s=60
    ) as executor:
        return {request.recipe.factory: outcome for request, outcome in executor.run(requests_of(recipes))}


@pytest.mark.parametrize(("address", "kind", "message", "hint"), FAILURES, ids=[one[0] for one in FAILURES])
def test_failure_names_what_happened(
    outcomes: dict[str, Outcome], address: str, kind: str, message: str | None, hint: str | None
) -> None:
    found = shown(failed(outcomes[address]))
    assert found == (kind, message or found[1], hint if message else found[2])


@pytest.mark.parametrize("address", NAMES)
def test_weights_are_read_under_names_that_are_text(outcomes: dict[str, Outcome], address: str) -> None:
    tensors = built(outcomes[address]).fingerprint.tensors
    assert [tensor.name for tensor in tensors] == NAMES[address]


def test_layer_name_that_is_not_text_becomes_text(outcomes: dict[str, Outcome]) -> None:
    (tensor,) = built(outcomes["objects:text_name"]).fingerprint.tensors
    assert (tensor.layer, tensor.layer_class) == ("7", "Layer")
