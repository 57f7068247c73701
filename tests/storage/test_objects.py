from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from seedreg.domain.problem import ProblemKind, problem
from seedreg.errors import RegistryError, Step
from seedreg.storage import ObjectStore

BYTES = b"weights" * 300_000
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    file = tmp_path / "raw"
    file.write_bytes(BYTES)
    return file


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects")


def read(store: ObjectStore) -> bytes:
    with store.open(SHA256) as file:
        return file.read()


def files(store: ObjectStore) -> list[str]:
    return [str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file()]


def test_an_adopted_file_is_found_under_its_hash(store: ObjectStore, raw: Path) -> None:
    store.adopt(raw, SHA256)
    assert files(store) == [f"{SHA256[:2]}/{SHA256[2:]}"]
    assert read(store) == BYTES
    with store.open(SHA256) as file:
        assert file.read(7) == b"weights"
    assert list(store.problems()) == []


def test_adopting_again_changes_nothing(store: ObjectStore, raw: Path, tmp_path: Path) -> None:
    store.adopt(raw, SHA256)
    store.adopt(tmp_path / "not even there", SHA256)
    assert read(store) == BYTES


def test_a_file_with_another_hash_is_refused_and_stays(store: ObjectStore, raw: Path) -> None:
    with pytest.raises(RegistryError) as error:
        store.adopt(raw, "0" * 64)
    assert error.value.message == f"weights file {raw} has the SHA-256 {SHA256}, not {'0' * 64}"
    assert (files(store), raw.read_bytes()) == ([], BYTES)


def test_a_file_from_another_file_system_is_copied(
    store: ObjectStore, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", rename)
    store.adopt(raw, SHA256)
    assert (files(store), read(store)) == ([f"{SHA256[:2]}/{SHA256[2:]}"], BYTES)


def test_a_missing_file_cannot_be_adopted(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"cannot be kept in .*objects: No such file or directory"):
        store.adopt(tmp_path / "nothing", SHA256)


def test_a_missing_object_says_when_weights_are_kept(store: ObjectStore) -> None:
    with pytest.raises(RegistryError) as error:
        read(store)
    assert (error.value.message, error.value.step) == (
        f"weights {SHA256} are not in {store.folder}",
        Step.KEEP_WEIGHTS,
    )


@pytest.mark.parametrize("damaged", [b"", BYTES[:-1], b"W" + BYTES[1:], BYTES + b"s"])
def test_a_damaged_object_is_never_read(store: ObjectStore, raw: Path, damaged: bytes) -> None:
    store.adopt(raw, SHA256)
    path = store.folder / SHA256[:2] / SHA256[2:]
    path.write_bytes(damaged)
    with pytest.raises(RegistryError, match="are damaged: their SHA-256 is another one"):
        store.open(SHA256)
    assert list(store.problems()) == [problem(ProblemKind.WEIGHTS_DIFFER, path=str(path))]


def test_what_a_killed_process_left_is_no_problem(store: ObjectStore, raw: Path) -> None:
    store.adopt(raw, SHA256)
    (store.folder / SHA256[:2] / f".{SHA256[2:]}.0123.new").write_bytes(b"half")
    assert list(store.problems()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA256.upper(), SHA256[:-1]])
def test_only_hashes_name_objects(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="is not a SHA-256"):
        store.open(name)
