"""Reading weights: the scheme's vectors, and what each digest is of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.worker.protocol import Failure, encode
from seedreg.worker.reading import read
from seedreg.worker.tensors import Tensor, raw_bytes

from .arrays import SIX, ZEROS, fingerprint, tensors

np = pytest.importorskip("numpy")
npst = pytest.importorskip("hypothesis.extra.numpy")

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
