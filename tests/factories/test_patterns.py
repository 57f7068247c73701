from __future__ import annotations

from pathlib import Path

import pytest
from builds import write_project

from seedreg.config import load_config
from seedreg.errors import UsageError
from seedreg.factories.patterns import addresses

FILES = {
    "pyproject.toml": "[tool.seedreg]\n",
    "models.py": """
        from functools import partial
        from other import build_imported

        raise_if_imported = 1 / 0

        def build_a(): ...
        def build_b(width=3): ...
        def _build_c(): ...
        class BuildNet: ...
        build_d = partial(build_b, 2)
        SIZE = 3
    """,
    "other.py": "def build_imported(): ...\n",
    "src/pkg/__init__.py": "",
    "src/pkg/nets.py": "def net1(): ...\ndef net2(): ...\ndef small(): ...\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path, FILES)


def found(root: Path, *texts: str, module: str | None = None) -> tuple[str, ...]:
    return addresses(texts, load_config({}, {}, root), module, cwd=root)


def test_a_pattern_stands_for_the_functions_and_classes_that_fit_without_an_import(root: Path) -> None:
    assert set(found(root, "models:build_*")) == {
        "models:build_a",
        "models:build_b",
        "models:build_imported",
    }
    assert found(root, "B*") == ("models:BuildNet",)
    assert found(root, "pkg.nets:net[12]") == ("pkg.nets:net1", "pkg.nets:net2")
    assert found(root, "src/pkg/nets.py:net?") == ("pkg.nets:net1", "pkg.nets:net2")
    assert found(root, "net*", module="pkg.nets") == ("pkg.nets:net1", "pkg.nets:net2")


def test_several_texts_name_each_factory_once_in_their_order(root: Path) -> None:
    assert found(root, "pkg.nets:small", "pkg.nets:net*", "pkg.nets:net2", "build_a") == (
        "pkg.nets:small",
        "pkg.nets:net1",
        "pkg.nets:net2",
        "models:build_a",
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "pkg.nets:x*",
            "no factory fits 'pkg.nets:x*'",
            "there are: pkg.nets:net1, pkg.nets:net2, pkg.nets:small",
        ),
        ("numpy:build_*", "no factory fits 'numpy:build_*'", "a pattern needs a module whose source is here"),
        (":build_*", "':build_*' names no module", "write package.module:build_*"),
    ],
)
def test_a_pattern_that_nothing_fits_says_what_there_is(
    root: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        found(root, text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
