"""A factory that was edited is never built from bytecode of what it was, whatever its times and size."""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import marshal
import os
import py_compile
import sys
import zipfile
import zipimport
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedreg.worker import loading
from seedreg.worker.source import source_of

TIME = 1_700_000_000
NEVER = 'def build():\n    return "never"\n'
Mode = py_compile.PycInvalidationMode


@pytest.fixture(autouse=True)
def loaders_are_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    for loader in (importlib.machinery.SourceFileLoader, zipimport.zipimporter):
        monkeypatch.setattr(loader, "get_code", loader.get_code)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def write(file: Path, text: str) -> Path:
    """The file with a normalised time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    os.utime(file, (TIME, TIME))
    return file


def edited(file: Path, mode: Mode = Mode.TIMESTAMP) -> Path:
    """A module that was compiled long after its time, then edited, and has its old time and size."""
    write(file, "def build():\n    return 1\n")
    cached = py_compile.compile(str(file), doraise=True, invalidation_mode=mode)
    assert cached is not None
    os.utime(cached, (TIME + 1000, TIME + 1000))
    return write(file, "def build():\n    return 2\n")


def built(root: Path, address: str) -> object:
    sys.path.insert(0, str(root))
    return loading.load(address, [str(root)], str(root))()


@pytest.mark.parametrize("mode", [Mode.TIMESTAMP, Mode.UNCHECKED_HASH, Mode.CHECKED_HASH])
@pytest.mark.parametrize("address", ["models:build", "models.py:build"])
def test_edit_that_keeps_time_and_size_is_seen(tmp_path: Path, mode: Mode, address: str) -> None:
    edited(tmp_path / "models.py", mode)
    assert built(tmp_path, address) == 2


def test_edit_of_a_module_that_the_factory_imports_is_seen(tmp_path: Path) -> None:
    edited(tmp_path / "package" / "layers.py")
    write(tmp_path / "models.py", "from package.layers import build\n")
    assert built(tmp_path, "models:build") == 2


def test_edit_of_a_file_that_the_factory_loads_by_its_path_is_seen(tmp_path: Path) -> None:
    other = edited(tmp_path / "other" / "layers.py")
    write(
        tmp_path / "models.py",
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('layers', {str(other)!r})\n"
        "layers = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(layers)\n"
        "build = layers.build\n",
    )
    assert built(tmp_path, "models:build") == 2


def test_edit_of_an_editable_install_outside_the_project_is_seen(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "src"
    edited(elsewhere / "library.py")
    (elsewhere / "library.egg-info").mkdir()
    sys.path.append(str(elsewhere))  # as a `.pth` file does
    write(tmp_path / "project" / "models.py", "from library import build\n")
    assert built(tmp_path / "project", "models:build") == 2


def test_edit_is_seen_where_bytecode_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "cache"))
    edited(tmp_path / "project" / "models.py")
    assert not (tmp_path / "project" / "__pycache__").exists()
    assert built(tmp_path / "project", "models:build") == 2


def test_project_in_a_folder_named_like_one_of_packages_is_no_package(tmp_path: Path) -> None:
    edited(tmp_path / "site-packages" / "my-packages" / "models.py")
    assert built(tmp_path / "site-packages", "my-packages/models.py:build") == 2


@pytest.mark.skipif(sys.version_info < (3, 10), reason="zipimport asks for no code")
def test_source_in_an_archive_counts(tmp_path: Path) -> None:
    file = edited(tmp_path / "there" / "archived.py")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(importlib.util.cache_from_source(str(file)), "archived.pyc")
        archive.write(file, "archived.py")
    sys.path.append(str(tmp_path / "archive.zip"))
    write(tmp_path / "project" / "models.py", "from archived import build\n")
    assert built(tmp_path / "project", "models:build") == 2


@pytest.mark.parametrize("folder", ["project/.venv/lib/site-packages", "project/dist-packages", "target"])
def test_installed_packages_are_loaded_as_python_does(tmp_path: Path, folder: str) -> None:
    edited(tmp_path / folder / "installed.py")
    (tmp_path / folder / "installed-1.0.dist-info").mkdir()
    sys.path.append(str(tmp_path / folder))
    write(tmp_path / "project" / "models.py", "from installed import build\n")
    assert built(tmp_path / "project", "models:build") == 1


# Cached bytecode ------------------------------------------------------------------------------


def bytecode(file: Path, text: str, name: str) -> bytes:
    """Bytecode of the text that names the hash of the file as it is."""
    code = compile(text, name, "exec", dont_inherit=True)
    digest = importlib.util.source_hash(file.read_bytes())
    return importlib.util.MAGIC_NUMBER + b"\3\0\0\0" + digest + marshal.dumps(code)


def test_source_is_compiled_once(tmp_path: Path) -> None:
    file = write(tmp_path / "models.py", "def build():\n    return 2\n")
    assert built(tmp_path, "models:build") == 2
    cached = Path(importlib.util.cache_from_source(str(file)))
    assert cached.read_bytes()[:16] == bytecode(file, NEVER, "")[:16]
    cached.write_bytes(bytecode(file, 'def build():\n    return "cached"\n', str(file)))
    del sys.modules["models"]
    assert built(tmp_path, "models:build") == "cached"


@pytest.mark.parametrize("length", [0, 3, 16, 40])
def test_bytecode_that_was_cut_off_is_not_used(tmp_path: Path, length: int) -> None:
    file = write(tmp_path / "models.py", "def build():\n    return 2\n")
    cached = Path(importlib.util.cache_from_source(str(file)))
    cached.parent.mkdir()
    cached.write_bytes(bytecode(file, NEVER, str(file))[:length])
    assert built(tmp_path, "models:build") == 2


def test_bytecode_compiled_at_another_place_is_not_used(tmp_path: Path) -> None:
    file = write(tmp_path / "models.py", "def build():\n    return 2\n")
    cached = Path(importlib.util.cache_from_source(str(file)))
    cached.parent.mkdir()
    cached.write_bytes(bytecode(file, NEVER, "/elsewhere/models.py"))
    assert built(tmp_path, "models:build") == 2


def test_bytecode_is_as_private_as_its_source(tmp_path: Path) -> None:
    file = write(tmp_path / "models.py", "def build():\n    return 2\n")
    file.chmod(0o600)
    built(tmp_path, "models:build")
    assert Path(importlib.util.cache_from_source(str(file))).stat().st_mode & 0o777 == 0o600


def test_no_bytecode_is_written_where_python_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(tmp_path / "models.py", "def build():\n    return 2\n")
    assert built(tmp_path, "models:build") == 2
    assert not (tmp_path / "__pycache__").exists()


def test_loader_that_translates_its_source_shares_no_bytecode(tmp_path: Path) -> None:
    other = write(tmp_path / "translated.src.py", "def build():\n    return ONE\n")
    write(
        tmp_path / "models.py",
        "import importlib.machinery, types\n"
        "class Translates(importlib.machinery.SourceFileLoader):\n"
        "    def source_to_code(self, data, path):\n"
        "        return super().source_to_code(data.replace(b'ONE', b'1'), path)\n"
        f"loader = Translates('translated', {str(other)!r})\n"
        "translated = types.ModuleType('translated')\n"
        "exec(loader.get_code('translated'), vars(translated))\n"
        "build = translated.build\n",
    )
    assert built(tmp_path, "models:build") == 1
    assert not Path(importlib.util.cache_from_source(str(other))).exists()


# The recorded source --------------------------------------------------------------------------


def test_recorded_source_is_what_was_run_even_if_the_file_is_edited_meanwhile(tmp_path: Path) -> None:
    text = "X = 1\n\ndef build():\n    return 1"
    file = write(tmp_path / "models.py", text)
    sys.path.insert(0, str(tmp_path))
    factory = loading.load("models:build", [str(tmp_path)], str(tmp_path))
    write(file, "X = 2\n# edited\n\ndef build():\n    return 2\n")
    shown = "def build():\n    return 1\n"
    assert source_of(factory) == {
        "file": str(file),
        "line": 3,
        "sha256": hashlib.sha256(shown.encode()).hexdigest(),
        "file_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "text": shown,
    }
