from __future__ import annotations

import errno
import hashlib
from io import BytesIO
from pathlib import Path

import pytest
from privileges import permissions_count

from seedreg.domain.problem import ProblemKind, problem
from seedreg.errors import RegistryError, Step
from seedreg.storage import ObjectStore

from .files import abandoned_name

BYTES = b"weights" * 300_000
SHA256 = hashlib.sha256(BYTES).hexdigest()


class Broken(BytesIO):
    """A stream that fails after its first bytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        return super().read(7)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "objects", tmp_path / "registry.db")


def read(store: ObjectStore) -> bytes:
    with store.open(SHA256) as file:
        return file.read()


def files(store: ObjectStore) -> list[str]:
    return [str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file()]


def test_adopted_bytes_are_found_under_their_hash(store: ObjectStore) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    assert files(store) == [f"{SHA256[:2]}/{SHA256[2:]}"]
    assert read(store) == BYTES
    assert list(store.problems()) == []


def test_adopting_again_reads_and_changes_nothing(store: ObjectStore) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    again = BytesIO(b"not even these")
    store.adopt(again, SHA256)
    assert (read(store), again.tell()) == (BYTES, 0)


def test_bytes_with_another_hash_are_refused_and_leave_nothing(store: ObjectStore) -> None:
    with pytest.raises(RegistryError) as error:
        store.adopt(BytesIO(BYTES), "0" * 64)
    assert error.value.message == f"weights have the SHA-256 {SHA256}, not {'0' * 64}: they are not kept"
    assert files(store) == []


def test_a_stream_that_fails_leaves_nothing(store: ObjectStore) -> None:
    with pytest.raises(RegistryError, match=r"cannot be kept in .*objects: Input/output error"):
        store.adopt(Broken(BYTES), SHA256)
    assert files(store) == []


def test_a_missing_object_says_when_weights_are_kept(store: ObjectStore) -> None:
    with pytest.raises(RegistryError) as error:
        read(store)
    assert (error.value.message, error.value.step) == (
        f"weights {SHA256} are not in {store.folder}",
        Step.KEEP_WEIGHTS,
    )


@pytest.mark.parametrize("damaged", [b"", BYTES[:-1], b"W" + BYTES[1:], BYTES + b"s"])
def test_a_damaged_object_is_never_read(store: ObjectStore, damaged: bytes) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    path = store.folder / SHA256[:2] / SHA256[2:]
    path.write_bytes(damaged)
    with pytest.raises(RegistryError, match="are damaged: their SHA-256 is another one"):
        store.open(SHA256)
    assert list(store.problems()) == [problem(ProblemKind.WEIGHTS_DIFFER, path=str(path))]


@pytest.mark.parametrize("damaged", [b"", BYTES[:-1], b"W" + BYTES[1:], BYTES + b"s"])
def test_a_damaged_object_is_replaced_when_its_bytes_are_adopted_again(
    store: ObjectStore, damaged: bytes
) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    (store.folder / SHA256[:2] / SHA256[2:]).write_bytes(damaged)
    store.adopt(BytesIO(BYTES), SHA256)
    assert (read(store), files(store)) == (BYTES, [f"{SHA256[:2]}/{SHA256[2:]}"])


def test_what_a_killed_process_left_is_no_problem_and_is_removed(store: ObjectStore) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    left = abandoned_name()
    (store.folder / left).write_bytes(b"half")
    assert list(store.problems()) == []
    store.remove_leftovers()
    assert files(store) == [f"{SHA256[:2]}/{SHA256[2:]}"]


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA256.upper(), SHA256[:-1]])
def test_only_hashes_name_objects(store: ObjectStore, name: str) -> None:
    with pytest.raises(ValueError, match="is not a SHA-256"):
        store.open(name)


def test_an_object_that_this_user_may_not_see_is_not_a_missing_one(store: ObjectStore) -> None:
    store.adopt(BytesIO(BYTES), SHA256)
    folder = store.folder / SHA256[:2]
    folder.chmod(0o444)
    try:
        with permissions_count():
            with pytest.raises(PermissionError):
                store.has(SHA256)
            with pytest.raises(RegistryError, match=f"{store.folder} cannot be read: Permission denied"):
                store.receive([SHA256], store)
            assert store.size_bytes() == 0
            assert list(store.problems()) == [
                problem(
                    ProblemKind.WEIGHTS_UNREADABLE, path=str(folder / SHA256[2:]), error="Permission denied"
                )
            ]
    finally:
        folder.chmod(0o700)
    assert (store.has(SHA256), store.size_bytes()) == (True, len(BYTES))
