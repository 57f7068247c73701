"""`seedreg.set_seed` and `seedreg.fingerprint`, in a process whose TensorFlow is the stand-in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from seedreg.errors import UsageError
from seedreg.executors import inprocess


def run(environ: dict[str, str], script: str) -> str:
    head = "import numpy\nfrom seedreg.errors import SeedregError\n"
    head += "from seedreg import fingerprint, set_seed\n"
    done = subprocess.run(
        [sys.executable, "-c", head + script], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_seed_fixes_the_weights(fake_tensorflow_environ: dict[str, str]) -> None:
    script = """
from tensorflow import keras
def build():
    return keras.Sequential([keras.Input((4,)), keras.Dense(3), keras.Dropout(0.5), keras.Dense(2)])
for seed in (7, 7, 8):
    set_seed(seed)
    print(fingerprint(build()))
"""
    first, second, other = run(fake_tensorflow_environ, script).splitlines()
    assert first == second != other
    assert first.startswith("sr1:")


def test_mapping_and_sequence_have_the_same_fingerprint(fake_tensorflow_environ: dict[str, str]) -> None:
    script = """
six = numpy.arange(6, dtype='float32').reshape(2, 3)
print(fingerprint({'a': six, 'b': numpy.zeros(3, 'float32')}))
print(fingerprint([six, numpy.zeros(3, 'float32')]))
"""
    expected = "sr1:3dc5c11f6cb35a37fee837a3373d6759e02c08b99974d17d856290effd6219c2\n"
    assert run(fake_tensorflow_environ, script) == expected * 2


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("{}", "the dict has no weights, and so no fingerprint"),
        ("None", "the call returned None, not a model"),
        ("[numpy.array(['text'])]", "tensor '0' holds <U4 values, which have no fingerprint"),
    ],
)
def test_what_has_no_fingerprint_is_an_error(
    fake_tensorflow_environ: dict[str, str], expression: str, message: str
) -> None:
    script = f"""
try:
    fingerprint({expression})
except SeedregError as error:
    print(error.exit_code, error.message)
"""
    assert run(fake_tensorflow_environ, script) == f"125 {message}\n"


@pytest.mark.parametrize("call", ["set_seed(1)", "fingerprint([])"])
def test_missing_tensorflow_is_an_error_that_says_what_to_install(call: str) -> None:
    script = f"""
import sys
sys.modules['tensorflow'] = None
try:
    {call}
except SeedregError as error:
    print(error.exit_code, error.message, error.hint, sep='|')
"""
    shown = "2|TensorFlow is not installed in this environment|pip install 'seedreg[tensorflow]'\n"
    assert run(dict(os.environ), script) == shown


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True])
def test_seed_out_of_range_is_refused_before_anything_is_imported(seed: object) -> None:
    with pytest.raises(UsageError):
        inprocess.set_seed(seed)  # type: ignore[arg-type]
