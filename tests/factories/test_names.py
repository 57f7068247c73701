from __future__ import annotations

from pathlib import Path

from seedreg.factories.lookup import candidates, canonical_address
from seedreg.factories.source import FactoryKind

from .projects import PLAIN, project, refused


def test_star_imports_bring_the_names_of_the_projects_own_files(tmp_path: Path) -> None:
    config = project(
        tmp_path,
        {
            "models/__init__.py": "from .a import *\nfrom .b import *\nfrom numpy import *\n",
            "models/a.py": "from . import *\ndef build_a(): pass\ndef _hidden(): pass\n",
            "models/b.py": "__all__ = ['_told']\ndef _told(): pass\ndef build_b(): pass\n",
        },
    )
    found = [canonical_address(name, config) for name in ("build_a", "_told")]
    assert found == ["models:build_a", "models:_told"]
    for name in ("_hidden", "build_b"):
        assert refused(name, config)[0] == f"there is no factory {name!r} in models/__init__.py"


def test_modules_that_import_each_other_are_followed_once(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "from model import f\n", "model.py": "from models import f\n"})
    assert [(found.address, found.kind) for found in candidates(config)] == [
        ("models:f", FactoryKind.NAME),
        ("model:f", FactoryKind.NAME),
    ]


def test_a_broken_file_that_was_not_asked_for_does_not_matter(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": f"from helpers import x\n{PLAIN}", "helpers.py": "def ("})
    assert canonical_address("build_model", config) == "models:build_model"
    assert [found.name for found in candidates(config)] == ["build_model", "x"]
