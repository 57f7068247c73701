"""Reading weights: the scheme's vectors, the statistics beside them, and the files they are written to."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedreg.domain.fingerprint import Fingerprint, TensorRecord, tensor_from_document
from seedreg.worker.export import open_sink
from seedreg.worker.protocol import Failure, encode
from seedreg.worker.weights import Tensor, raw_bytes, read, statistics

np = pytest.importorskip("numpy")
npst = pytest.importorskip("hypothesis.extra.numpy")

SIX = np.arange(6, dtype="float32").reshape(2, 3)
ZEROS = np.zeros(3, "float32")

# Tensors, the digests of their lines, and the fingerprint: docs/reference/fingerprint.md.
VECTORS: dict[str, tuple[list[Any], list[str], str]] = {
    "negative zero": (
        [np.array([0.0, -0.0, 1.5], "float32")],
        ["float32 3 39093b17a422b3958b0b3f6789da2d88e11300cacde197bd811453b4d5daa852"],
        "sr1:7aa7df857335a7c6311b5647b81ac4abbb6f646a094143e116a832201ba3734d",
    ),
    "two tensors": (
        [SIX, ZEROS],
        [
            "float32 2x3 e2c0a71510b5394df7773b63fb5f54372b84c3564e67811bde7d665be227976d",
            "float32 3 15ec7bf0b50732b49f8228e07d24365338f9e3ab994b00af08e5a3bffe55fd8b",
        ],
        "sr1:3dc5c11f6cb35a37fee837a3373d6759e02c08b99974d17d856290effd6219c2",
    ),
    "the same, swapped": (
        [ZEROS, SIX],
        [
            "float32 3 15ec7bf0b50732b49f8228e07d24365338f9e3ab994b00af08e5a3bffe55fd8b",
            "float32 2x3 e2c0a71510b5394df7773b63fb5f54372b84c3564e67811bde7d665be227976d",
        ],
        "sr1:8feb974c3259f140e9ccb12c22c89dfbffa9b154cb2bef95da10587717eb6861",
    ),
    "scalar and bool": (
        [np.int64(7), np.array([[True, False]])],
        [
            "int64 scalar aae89fc0f03e2959ae4d701a80cc3915918c950b159f6abb6c92c1433b1a8534",
            "bool 1x2 47dc540c94ceb704a23875c11273e16bb0b8a87aed84de911f2133568115f254",
        ],
        "sr1:888bf2a808a9d86d9594302e3a2a7df710adedcd52a781ed634b5feeb0f7a72f",
    ),
    "big-endian in Fortran order": (
        [np.asfortranarray(SIX.astype(">f4"))],
        ["float32 2x3 e2c0a71510b5394df7773b63fb5f54372b84c3564e67811bde7d665be227976d"],
        "sr1:40d7d1fbeb51ac733b39e51d5d1649a06872a20a37ca0ff2027a003078b45a27",
    ),
    "no element": (
        [np.zeros((0, 4), "float16")],
        ["float16 0x4 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        "sr1:1800a7878596e781b12e2956221b059bda6a6b66ecbef1f95886e4ab5964608a",
    ),
}


def tensors(arrays: Mapping[str, Any] | list[Any]) -> list[Tensor]:
    named = arrays if isinstance(arrays, Mapping) else {str(i): array for i, array in enumerate(arrays)}
    return [Tensor(name, array) for name, array in named.items()]


def fingerprint(arrays: Mapping[str, Any] | list[Any]) -> Fingerprint:
    return Fingerprint(tuple(tensor_from_document(record) for record in read(tensors(arrays))))


@pytest.mark.parametrize(("arrays", "lines", "text"), VECTORS.values(), ids=VECTORS)
def test_vector_is_read_so(arrays: list[Any], lines: list[str], text: str) -> None:
    found = fingerprint(arrays)
    assert found.manifest == "".join(f"{line}\n" for line in ["sr1", *lines])
    assert str(found) == text


@pytest.mark.parametrize(("arrays", "lines", "text"), VECTORS.values(), ids=VECTORS)
def test_vector_is_in_the_documentation(arrays: list[Any], lines: list[str], text: str) -> None:
    document = Path(__file__).parents[2] / "docs" / "reference" / "fingerprint.md"
    assert f"`{text}`" in document.read_text(encoding="utf-8")


def test_fingerprint_is_the_digest_of_the_manifest_alone() -> None:
    _, lines, text = VECTORS["two tensors"]
    parts = [line.split(" ") for line in lines]
    records = [
        TensorRecord(dtype, tuple(map(int, shape.split("x"))), digest, f"any name {dtype}")
        for dtype, shape, digest in parts
    ]
    assert str(Fingerprint(tuple(records))) == text


def test_nan_payloads_count() -> None:
    quiet, other = (np.array([bits], "uint32").view("float32") for bits in (0x7FC00000, 0x7FC00001))
    assert fingerprint([quiet]).digest != fingerprint([other]).digest
    bits = np.array([0x7FC00001], "<u4").tobytes()
    assert fingerprint([other]).tensors[0].sha256 == hashlib.sha256(bits).hexdigest()


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"])
def test_small_floats_and_integers_are_their_raw_bits(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([0, 1, 2, 3]).astype(getattr(ml_dtypes, name))
    (record,) = read(tensors([array]))
    assert (record["dtype"], record["shape"]) == (name, [4])
    assert record["sha256"] == hashlib.sha256(array.view("uint8").tobytes()).hexdigest()
    assert record["stats"]["samples"] == [0, 1, 2, 3]
    assert (record["stats"]["mean"], record["stats"]["zeros"]) == (1.5, 1)
    encode(record)


any_array = npst.arrays(
    st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(endianness="?"),
        npst.unsigned_integer_dtypes(endianness="?"),
        npst.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
        npst.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    ),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


@given(any_array, st.booleans())
def test_digest_is_that_of_the_little_endian_bytes_in_c_order(array: Any, fortran: bool) -> None:
    stored = np.asfortranarray(array) if fortran and array.ndim else array
    (record,) = read(tensors([stored]))
    little = array.astype(array.dtype.newbyteorder("<"))
    assert record["sha256"] == hashlib.sha256(little.tobytes(order="C")).hexdigest()
    assert (record["dtype"], record["shape"]) == (array.dtype.name, list(array.shape))
    json.loads(encode(record))


@given(any_array)
def test_strided_views_are_read_as_their_copies(array: Any) -> None:
    view = np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
    assert raw_bytes(view).tobytes() == raw_bytes(array).tobytes()


@given(
    npst.arrays(
        npst.floating_dtypes(endianness="=", sizes=(32, 64)),
        npst.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=40),
        elements={"min_value": -(2.0**60), "max_value": 2.0**60, "allow_nan": False, "allow_infinity": False},
    ),
    st.lists(st.sampled_from([math.nan, math.inf, -math.inf]), max_size=3),
)
def test_statistics_are_those_of_numpy_in_float64(array: Any, extra: list[float]) -> None:
    flat = np.concatenate([array.reshape(-1), np.array(extra, array.dtype)])
    found = statistics(flat)
    finite = flat[np.isfinite(flat)].astype("float64")
    assert (found["count"], found["zeros"]) == (flat.size, int((flat == 0).sum()))
    assert (found["nans"], found["infinities"]) == (int(np.isnan(flat).sum()), int(np.isinf(flat).sum()))
    if finite.size == 0:
        assert [found[name] for name in ("mean", "std", "minimum", "maximum", "l2")] == [None] * 5
        return
    scale = float(np.abs(finite).max())
    assert (found["minimum"], found["maximum"]) == (finite.min(), finite.max())
    assert found["mean"] == pytest.approx(finite.mean(), rel=1e-12, abs=scale * 1e-12)
    assert found["std"] == pytest.approx(finite.std(), rel=1e-9, abs=scale * 1e-12)
    assert found["l2"] == pytest.approx(np.linalg.norm(finite), rel=1e-12)


@pytest.mark.parametrize("count", [65535, 65536, 65537, 200_001])
def test_statistics_of_chunks_are_merged(count: int) -> None:
    values = np.random.RandomState(1).normal(1000.0, 0.001, count)
    found = statistics(values)
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-14)
    assert found["std"] == pytest.approx(values.std(), rel=1e-6)
    assert found["samples"] == [float(values[i * (count - 1) // 15]) for i in range(16)]


def test_values_that_are_not_finite_are_told_as_text() -> None:
    found = statistics(np.array([1.0, math.nan, math.inf, -math.inf]))
    assert found["samples"] == [1.0, "NaN", "Infinity", "-Infinity"]


def test_squares_that_overflow_leave_no_norm() -> None:
    found = statistics(np.array([1e300, -1e300]))
    assert (found["l2"], found["minimum"], found["maximum"]) == (None, -1e300, 1e300)
    encode(found)


def test_complex_numbers_have_a_norm_and_samples_only() -> None:
    found = statistics(np.array([3 + 4j, 0]))
    assert (found["l2"], found["zeros"], found["mean"], found["minimum"]) == (5.0, 1, None, None)
    assert found["samples"] == [[3.0, 4.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        (np.array(["text"]), "<U4"),
        (np.array([b"text"]), "|S4"),
        (np.array([None]), "object"),
        (np.array(["2020"], "M8[Y]"), "datetime64[Y]"),
        (np.zeros(1, [("x", "f4")]), "[('x', '<f4')]"),
        (np.zeros(1, "V3"), "|V3"),
        *([(np.zeros(1, "longdouble"), np.dtype("longdouble").name)] * (np.dtype("longdouble").itemsize > 8)),
    ],
)
def test_dtype_without_fixed_bytes_is_refused_with_the_tensors_name(array: Any, shown: str) -> None:
    with pytest.raises(Failure) as caught:
        read(tensors({"fine": SIX, "odd": array}))
    facts = {"tensor": "odd", "dtype": shown}
    assert (caught.value.kind, caught.value.facts) == ("unsupported-dtype", facts)


def test_tensor_that_cannot_be_read_is_refused_with_its_name() -> None:
    class Symbolic:
        def numpy(self) -> None:
            raise AttributeError("no values yet")

    with pytest.raises(Failure) as caught:
        read([Tensor("odd", Symbolic())])
    facts = {"tensor": "odd", "error": "AttributeError: no values yet"}
    assert (caught.value.kind, caught.value.facts) == ("unsupported-dtype", facts)


# Files ----------------------------------------------------------------------------------------

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
    sink = open_sink({"format": format, "path": str(path)}, None, listed)
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
