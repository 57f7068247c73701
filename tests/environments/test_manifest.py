from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedreg.environments.cached import CachedEnvironment
from seedreg.environments.manifest import (
    MANIFEST,
    FileChanges,
    Files,
    differing_contents,
    distributions_of,
)

from .shop import Shop


def changes(folder: Path) -> FileChanges | None:
    return Files.of(folder).changes(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "env"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "a.py").write_text("1\n")
    (folder / "lib" / "b.py").write_text("2\n")
    (folder / "python").symlink_to("/usr/bin/python3")
    Files.of(folder).record(folder)
    return folder


def test_an_untouched_folder_has_no_changes(folder: Path) -> None:
    assert changes(folder) == FileChanges()


def test_what_seedreg_and_imports_write_is_no_change(folder: Path) -> None:
    (folder / "seedreg.json").touch()
    (folder / "lib" / "__pycache__").mkdir()
    (folder / "lib" / "__pycache__" / "a.pyc").touch()
    assert changes(folder) == FileChanges()


def test_every_kind_of_change_is_named(folder: Path) -> None:
    (folder / "lib" / "a.py").write_text("1111\n")
    (folder / "lib" / "b.py").unlink()
    (folder / "sitecustomize.py").touch()
    (folder / "python").unlink()
    (folder / "python").symlink_to("/somewhere/else")
    found = FileChanges(("lib/a.py", "python"), ("lib/b.py",), ("sitecustomize.py",))
    assert changes(folder) == found
    assert found.count == 4


def test_a_file_of_the_same_size_has_another_time(folder: Path) -> None:
    os.utime(folder / "lib" / "a.py", (1, 1))
    assert changes(folder) == FileChanges(("lib/a.py",))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2, "files": {}}', '{"format": 1, "files": {"a": "b"}}', "[" * 9999]
)
def test_without_a_readable_manifest_nothing_is_known(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    assert changes(folder) is None


def environment(shop: Shop, *packages: str) -> CachedEnvironment:
    found = CachedEnvironment.read(shop.made(*packages))
    assert found is not None
    return found


def module(environment: CachedEnvironment) -> Path:
    (found,) = environment.path.glob("lib/*/site-packages/alpha.py")
    return found


def test_a_created_environment_has_the_contents_that_its_metadata_name(shop: Shop) -> None:
    made = environment(shop, "alpha==1.*")
    assert made.changes == FileChanges()
    assert differing_contents(made.path) == ()
    alpha = module(made)
    name = alpha.relative_to(made.path).as_posix()
    alpha.unlink()
    alpha.write_text("VERSION = 7\n")
    assert differing_contents(made.path) == (name,)
    assert distributions_of(made.path, (name,)) == ("alpha",)
    assert distributions_of(made.path, ("pyvenv.cfg",)) == ()


def test_a_repaired_environment_is_created_from_other_files_than_the_edited_ones(shop: Shop) -> None:
    made = environment(shop, "alpha==1.*")
    text = module(made).read_text()
    linked = module(made).stat().st_nlink > 1
    with module(made).open("a") as file:
        file.write("# edited in place\n")
    if linked:  # the reason for deleting uv's copies: it would install the edited file again
        assert shop.cache().remove(made.key)
        assert module(environment(shop, "alpha==1.*")).read_text() != text
    edited = CachedEnvironment.read(made.path)
    assert edited is not None
    if linked:
        # To its own manifest it is as it was created; only the content shows it.
        assert edited.changes == FileChanges()
        edited = shop.cache().checked(edited)
    name = module(made).relative_to(made.path).as_posix()
    assert edited.changes == FileChanges((name,))
    assert shop.cache().repair(edited)
    assert module(environment(shop, "alpha==1.*")).read_text() == text


def test_an_environment_in_use_is_not_repaired(shop: Shop) -> None:
    made = environment(shop, "alpha==1.*")
    held = shop.open("alpha==1.*")
    assert not shop.cache().repair(made)
    held.close()
    assert made.path.exists()
