"""The files that weights are written to."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seedreg.worker import frameworks
from seedreg.worker.export import open_sink
from seedreg.worker.protocol import Failure
from seedreg.worker.reading import read

from .arrays import SIX, ZEROS, fingerprint, tensors

np = pytest.importorskip("numpy")
npst = pytest.importorskip("hypothesis.extra.numpy")


ARRAYS = {
    "z/kernel:0": SIX,
    "a/bias": np.asfortranarray(SIX.astype(">f4")),
    "a.bias": np.array([True, False]),
    "a/bias:0": np.int64(7),
    "empty": np.zeros((0, 4), "float16"),
    "größe/\udce9": np.array([1 + 2j], "complex64"),
    "__metadata__": ZEROS,
}


def export(format: str, path: Path, arrays: Mapping[str, Any]) -> None:
    listed = tensors(arrays)
    sink = open_sink({"format": format, "path": str(path)}, frameworks.arrays, None, listed)
    try:
        read(listed, sink)
    finally:
        sink.close()


def test_npz_holds_every_tensor_in_order(tmp_path: Path) -> None:
    export("npz", tmp_path / "w.npz", ARRAYS)
    with np.load(tmp_path / "w.npz", allow_pickle=False) as found:
        assert found.files == [
            "z.kernel",
            "a.bias",
            "a.bias#2",
            "a.bias#3",
            "empty",
            "größe.?",
            "__metadata__",
        ]
        for name, array in zip(found.files, ARRAYS.values(), strict=True):
            assert found[name].dtype.name == array.dtype.name
            np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "int4"])
def test_npz_refuses_what_it_could_not_give_back(tmp_path: Path, name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.zeros(2).astype(getattr(ml_dtypes, name))
    with pytest.raises(Failure) as caught:
        export("npz", tmp_path / "w.npz", {"a": array})
    facts = {"format": "npz", "tensor": "a", "dtype": name}
    assert (caught.value.kind, caught.value.facts) == ("export", facts)


def test_safetensors_library_reads_every_tensor_in_order(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    arrays = {name: array for name, array in ARRAYS.items() if array.dtype.kind != "c"}
    path = tmp_path / "w.safetensors"
    export("safetensors", path, arrays)
    with safetensors.safe_open(path, "np") as found:
        names = list(found.offset_keys())
        assert names == ["z/kernel", "a/bias", "a.bias", "a/bias#2", "empty", "__metadata__#2"]
        for name, array in zip(names, arrays.values(), strict=True):
            assert found.get_tensor(name).dtype.name == array.dtype.name
            np.testing.assert_array_equal(found.get_tensor(name), array)


def test_safetensors_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        export("safetensors", tmp_path / "w", {"fine": SIX, "odd": np.zeros(1, "complex128")})
    facts = {"format": "safetensors", "tensor": "odd", "dtype": "complex128"}
    assert (caught.value.kind, caught.value.facts) == ("export", facts)


def test_safetensors_header_is_ascii_and_aligned(tmp_path: Path) -> None:
    export("safetensors", tmp_path / "w", ARRAYS)
    data = (tmp_path / "w").read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    assert next(iter(json.loads(data[8 : 8 + length].decode("ascii")))) == "z/kernel"


def test_objects_are_named_by_their_digests(tmp_path: Path) -> None:
    export("objects", tmp_path, {"a": SIX, "b": SIX.copy(), "c": ZEROS})
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert files == {hashlib.sha256(data).hexdigest(): data for data in (SIX.tobytes(), ZEROS.tobytes())}


def test_only_keras_models_are_written_as_h5(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        export("h5", tmp_path / "w.weights.h5", {"a": SIX})
    facts = {"format": "h5", "type": "NoneType"}
    assert (caught.value.kind, caught.value.facts) == ("export", facts)


def test_fingerprint_can_be_recomputed_with_standard_tools(tmp_path: Path) -> None:
    if any(shutil.which(tool) is None for tool in ("sha256sum", "od", "tail", "head", "sh")):
        pytest.skip("no sha256sum, od, tail or head here")
    arrays = {"kernel": SIX, "bias": ZEROS}
    path = tmp_path / "weights.safetensors"
    export("safetensors", path, arrays)
    script = """
        set -eu
        n=$(od -An -tu8 -N8 weights.safetensors | tr -d ' ')
        digest() { sha256sum | cut -c1-64; }
        tensor() { tail -c +$((9 + n + $1)) weights.safetensors | head -c $(($2 - $1)) | digest; }
        printf 'sr1\\nfloat32 2x3 %s\\nfloat32 3 %s\\n' "$(tensor 0 24)" "$(tensor 24 36)" | digest
    """
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"sr1:{done.stdout.strip()}" == str(fingerprint(arrays))


class Changing:
    """A weight that has another shape each time it is read."""

    count = 0

    def numpy(self) -> Any:
        self.count += 1
        return np.zeros(self.count, "float32")


def test_tensor_that_changes_between_two_reads_makes_no_wrong_file(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        export("safetensors", tmp_path / "w.safetensors", {"w": Changing()})
    facts = {"format": "safetensors", "error": "ValueError: tensor 0 changes between two reads"}
    assert (caught.value.kind, caught.value.facts) == ("export", facts)


@pytest.mark.parametrize("format", ["objects", "npz", "safetensors"])
def test_file_that_cannot_be_written_is_a_failure_of_the_export(tmp_path: Path, format: str) -> None:
    with pytest.raises(Failure) as caught:
        export(format, tmp_path / "nowhere" / "w", {"w": ZEROS})
    assert (caught.value.kind, caught.value.facts["format"]) == ("export", format)
    assert str(caught.value.facts["error"]).startswith("FileNotFoundError: ")
