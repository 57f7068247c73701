from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from seedreg.errors import Step
from seedreg.factories.lookup import canonical_address

from .projects import project, refused


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pkg.mod:build", "pkg.mod:build"),
        ("not_installed.anywhere:Class.method", "not_installed.anywhere:Class.method"),
        ("  models : build ", "models:build"),
        ("models:モデル", "models:モデル"),
        ("models:my model", "models:my model"),
        ("my-models:build", "my-models:build"),
    ],
)
def test_a_full_address_passes_through(tmp_path: Path, text: str, address: str) -> None:
    assert canonical_address(text, project(tmp_path, {}), None) == address


def test_two_spellings_of_one_identifier_are_one_address(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "def モデル(seed): pass\n"})
    decomposed = unicodedata.normalize("NFD", "モデル")
    assert decomposed != "モデル"
    assert canonical_address(f"models:{decomposed}", config) == "models:モデル"
    assert canonical_address(decomposed, config) == "models:モデル"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "::",
        "a:b:c",
        "C:\\x\\models.py:f",
        "a\\b:f",
        "mod:",
        ":f",
        "a..b:f",
        ".a:f",
        "a:b..c",
        "a:.b",
        "f.",
        "a\0:f",
        "a:\udcff",
        "a\nb:f",
        "models:f@0",
        "f@0",
    ],
)
def test_text_that_is_no_address_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    message, hint = refused(text, project(tmp_path, {"models.py": "def f(): pass\n"}))
    assert repr(text.strip()) in message
    if isinstance(hint, str):
        assert hint.startswith("write package.module:")
    else:
        assert (hint, "@" in text) == (Step.GIVE_SEED, True)
