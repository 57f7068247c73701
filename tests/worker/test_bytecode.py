"""A factory that was edited is never built from bytecode of what it was."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from seedreg.worker import loading

SAME_TIME = 1_700_000_000


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def _edited_within_the_second(folder: Path, name: str) -> Path:
    file = folder / f"{name}.py"
    file.write_text("def build():\n    return 1\n", "utf-8")
    os.utime(file, (SAME_TIME, SAME_TIME))
    cached = Path(py_compile.compile(str(file), doraise=True) or "")
    os.utime(cached, (SAME_TIME + 0.5, SAME_TIME + 0.5))
    file.write_text("def build():\n    return 2\n", "utf-8")
    os.utime(file, (SAME_TIME, SAME_TIME))
    return file


def test_module_edited_within_the_second_of_its_bytecode_is_built_from_its_source(
    tmp_path: Path, imported: None
) -> None:
    import sys

    _edited_within_the_second(tmp_path, "racy_models")
    sys.path.insert(0, str(tmp_path))
    assert loading.load("racy_models:build", [str(tmp_path)], str(tmp_path))() == 2


def test_file_edited_within_the_second_of_its_bytecode_is_built_from_its_source(
    tmp_path: Path, imported: None
) -> None:
    file = _edited_within_the_second(tmp_path, "racy_file")
    assert loading.load(f"{file.name}:build", [str(tmp_path)], str(tmp_path))() == 2


def test_bytecode_written_well_after_the_source_is_used(tmp_path: Path, imported: None) -> None:
    import sys

    file = _edited_within_the_second(tmp_path, "settled_models")
    cached = Path(importlib.util.cache_from_source(str(file)))
    os.utime(cached, (SAME_TIME + 10, SAME_TIME + 10))
    sys.path.insert(0, str(tmp_path))
    assert loading.load("settled_models:build", [str(tmp_path)], str(tmp_path))() == 1
