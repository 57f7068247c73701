from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.factories.lookup import canonical_address

from .projects import PLAIN, project, refused


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("models.py:f", "models:f"),
        ("./models.py:f", "models:f"),
        ("pkg/__init__.py:f", "pkg:f"),
        ("pkg:f", "pkg:f"),
        ("pkg/:f", "pkg:f"),
        ("pkg/sub/deep.py:C.m", "pkg.sub.deep:C.m"),
        ("src/inner/mod.py:f", "inner.mod:f"),
        ("lib/extra.py:f", "extra:f"),
        ("loose/mod.py:f", "loose/mod.py:f"),
        ("pkg/data/mod.py:f", "pkg/data/mod.py:f"),
        ("my-models.py:f", "my-models.py:f"),
        ("__init__.py:f", "__init__.py:f"),
        ("random.py:f", "random.py:f"),
        ("src/models.py:f", "src/models.py:f"),
        ("mit leer zeichen/m.py:f", "mit leer zeichen/m.py:f"),
        ("モデル.py:f", "モデル:f"),
        ("../outside.py:f", "../outside.py:f"),
    ],
)
def test_a_file_is_named_by_its_module_where_it_can_be_imported(
    tmp_path: Path, text: str, address: str
) -> None:
    files = [
        "models.py",
        "pkg/__init__.py",
        "pkg/sub/__init__.py",
        "pkg/sub/deep.py",
        "src/inner/__init__.py",
        "src/inner/mod.py",
        "lib/extra.py",
        "loose/mod.py",
        "pkg/data/mod.py",
        "my-models.py",
        "__init__.py",
        "random.py",  # Python's own is imported long before
        "src/models.py",  # hidden by models.py
        "mit leer zeichen/m.py",
        "モデル.py",
        "../outside.py",
    ]
    config = project(tmp_path / "root", dict.fromkeys(files, ""), pythonpath="lib")
    assert canonical_address(text, config) == address
    name, _, rest = text.partition(":")
    if "/" in text or ".py" in text:
        assert canonical_address(f"{config.root}/{name}:{rest}", config) == address


def test_paths_are_tried_in_the_current_folder_before_the_root(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.py": "", "b.py": "", "sub/a.py": "", "sub/c.py": ""})
    cwd = tmp_path / "sub"
    found = [canonical_address(f"{name}.py:f", config, cwd=cwd) for name in "abc"]
    assert found == ["sub/a.py:f", "b:f", "sub/c.py:f"]


def test_a_project_reached_through_a_link_has_the_same_addresses(tmp_path: Path) -> None:
    config = project(tmp_path / "real", {"models.py": "", "loose/m.py": ""})
    (tmp_path / "link").symlink_to("real")
    assert canonical_address(f"{tmp_path}/link/models.py:f", config) == "models:f"
    assert canonical_address(f"{tmp_path}/link/loose/m.py:f", config) == "loose/m.py:f"


def test_a_missing_file_is_an_error_that_names_the_folders_searched(tmp_path: Path) -> None:
    config = project(tmp_path, {"sub/x": "", "nb.ipynb": ""})
    hint = "paths are relative to the current folder or to the project's root"
    shown = [refused(text, config, cwd=tmp_path / "sub") for text in ("m.py:f", "/no/m.py:f")]
    assert shown == [
        (f"there is no file m.py in {tmp_path}/sub or {tmp_path}", hint),
        ("there is no file /no/m.py", hint),
    ]
    other = [refused(text, config)[0] for text in ("./sub:f", "nb.ipynb:f")]
    assert other == [
        f"{tmp_path}/sub is a folder without __init__.py",
        f"{tmp_path}/nb.ipynb is not a .py file",
    ]


def test_a_file_without_a_factory_is_an_error_that_names_those_in_it(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "empty.py": ""})
    shown = [refused(text, config) for text in ("models.py", "empty.py")]
    assert shown == [
        ("'models.py' names a file, and no factory in it", "write models:build_model"),
        ("'empty.py' names a file, and no factory in it", "write empty.py:build_model"),
    ]
