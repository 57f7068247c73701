"""Rebuilt and kept weights: other programs find in them what the fingerprint says."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

import seedreg
from seedreg.domain.results import Registered
from seedreg.registry import RegisterOptions, Registry

from .conftest import keras_version, run_seedreg

SEED = 11
DTYPES = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16", "I64": "int64"}


@pytest.fixture(scope="module")
def entry(registry: Registry) -> Registered:
    result = registry.register("acceptance:sequential", SEED)
    assert isinstance(result, Registered)
    return result


def sha256sum(data: bytes) -> str:
    done = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True)
    return done.stdout.decode("ascii").split()[0]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="there is no sha256sum program")
@pytest.mark.parametrize("factory", ["acceptance:sequential", "zoo:normalization", "zoo:mixed_precision"])
def test_sha256sum_computes_the_registered_fingerprint(
    registry: Registry, tmp_path: Path, factory: str
) -> None:
    result = registry.register(factory, SEED + 1)
    assert isinstance(result, Registered)
    output = tmp_path / "weights.safetensors"
    assert registry.rebuild(result.entry.id, output).drift is None

    data = output.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    manifest = "sr1\n"
    for tensor in json.loads(data[8:begin]).values():
        first, last = tensor["data_offsets"]
        shape = "x".join(map(str, tensor["shape"])) or "scalar"
        manifest += f"{DTYPES[tensor['dtype']]} {shape} {sha256sum(data[begin + first : begin + last])}\n"
    assert f"sr1:{sha256sum(manifest.encode('ascii'))}" == str(result.baseline.fingerprint)


def test_the_safetensors_library_reads_what_was_rebuilt(
    registry: Registry, entry: Registered, tmp_path: Path
) -> None:
    numpy_of = pytest.importorskip("safetensors.numpy")
    output = tmp_path / "weights.safetensors"
    registry.rebuild(entry.entry.id, output)
    found = numpy_of.load_file(output)
    tensors = entry.baseline.fingerprint.tensors
    assert {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in found.items()} == {
        tensor.name.removesuffix(":0"): tensor.sha256 for tensor in tensors
    }


def test_numpy_reads_what_was_rebuilt_in_the_models_order(
    registry: Registry, entry: Registered, tmp_path: Path
) -> None:
    import numpy as np

    output = tmp_path / "weights.npz"
    registry.rebuild(entry.entry.id, output)
    with np.load(output) as archive:
        arrays = [archive[name] for name in archive.files]
    assert str(seedreg.fingerprint(arrays)) == str(entry.baseline.fingerprint)


def test_keras_loads_what_was_rebuilt_into_a_model_of_another_seed(
    registry: Registry, entry: Registered, acceptance: ModuleType, tmp_path: Path
) -> None:
    output = tmp_path / "rebuilt.weights.h5"
    registry.rebuild(entry.entry.id, output)
    seedreg.set_seed(SEED + 1)
    model = acceptance.sequential()
    assert str(seedreg.fingerprint(model)) != str(entry.baseline.fingerprint)
    model.load_weights(output)
    assert str(seedreg.fingerprint(model)) == str(entry.baseline.fingerprint)


def test_what_is_no_keras_model_cannot_be_written_as_h5(registry: Registry, tmp_path: Path) -> None:
    result = registry.register("zoo:module", SEED)
    assert isinstance(result, Registered)
    with pytest.raises(seedreg.SeedregError) as caught:
        registry.rebuild(result.entry.id, tmp_path / "weights.weights.h5")
    assert caught.value.message == "only a Keras model can be written as .h5"
    assert list(tmp_path.iterdir()) == []


def test_an_export_draws_nothing_that_moves_the_weights(
    registry: Registry, entry: Registered, tmp_path: Path
) -> None:
    for name in ("a.npz", "a.safetensors", "a.weights.h5"):
        rebuilt = registry.rebuild(entry.entry.id, tmp_path / name)
        assert (rebuilt.drift, rebuilt.fingerprint) == (None, str(entry.baseline.fingerprint))


def test_a_seed_in_this_process_gives_what_is_registered(entry: Registered, acceptance: ModuleType) -> None:
    seedreg.set_seed(SEED)
    assert str(seedreg.fingerprint(acceptance.sequential())) == str(entry.baseline.fingerprint)


@pytest.mark.parametrize("factory", ["acceptance:functional", "zoo:typed", "zoo:module", "zoo:arrays"])
def test_kept_weights_are_the_tensors_bytes_under_their_digest(
    registry: Registry, project: Path, factory: str
) -> None:
    params = {"zoo:typed": {"dtype": "bfloat16"}, "zoo:arrays": {"case": "two"}}.get(factory, {})
    result = registry.register(factory, SEED + 2, params=params, options=RegisterOptions(keep_weights=True))
    assert isinstance(result, Registered)
    itemsize = {"float32": 4, "bfloat16": 2}
    for tensor in result.baseline.fingerprint.tensors:
        kept = project / ".seedreg" / "objects" / tensor.sha256[:2] / tensor.sha256[2:]
        data = kept.read_bytes()
        assert hashlib.sha256(data).hexdigest() == tensor.sha256
        assert len(data) == tensor.size * itemsize[tensor.dtype]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(keras_version() == (0, 0), reason="applications are addressed by the keras distribution")
def test_real_models_register_verify_and_keep_their_fingerprint_in_a_file(
    registry: Registry, project: Path, tmp_path: Path
) -> None:
    factory = "keras.applications:MobileNetV2"
    done = run_seedreg(project, "register", factory, "-p", "weights=null", "--isolation", "fork")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("  262 tensors, 3,538,984 parameters\n")
    entries = {"MobileNetV2": registry.select([factory])[0]}
    for name, count in {"ResNet50": 25_636_712, "EfficientNetB0": 5_330_571}.items():
        result = registry.register(f"keras.applications:{name}", params={"weights": None})
        assert isinstance(result, Registered)
        assert result.baseline.fingerprint.parameter_count == count
        entries[name] = result.entry
    verifications = list(registry.verify_all(list(entries.values())))
    assert [v.verdict.value for v in verifications] == ["REPRODUCED"] * 3

    output = tmp_path / "mobilenet.npz"
    rebuilt = registry.rebuild(entries["MobileNetV2"].id, output)
    assert rebuilt.drift is None
    applications = importlib.import_module("keras.applications")
    seedreg.set_seed(0)
    assert str(seedreg.fingerprint(applications.MobileNetV2(weights=None))) == rebuilt.fingerprint
