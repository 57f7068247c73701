from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import load_config
from seedreg.errors import Step, UsageError
from seedreg.factories.lookup import candidates, canonical_address

from .projects import PLAIN, project, refused


@pytest.mark.parametrize("file", ["models.py", "model.py", "models/__init__.py", "src/models.py"])
def test_a_bare_name_is_found_in_models_or_model(tmp_path: Path, file: str) -> None:
    config = project(tmp_path, {file: PLAIN})
    module = "model" if file == "model.py" else "models"
    assert canonical_address("build_model", config, None) == f"{module}:build_model"


def test_configured_factories_may_be_modules_files_and_addresses(tmp_path: Path) -> None:
    config = project(
        tmp_path,
        {"models.py": PLAIN, "pkg/a.py": "def a(): pass\n", "zoo/b.py": "def b(): pass\n"},
        factories="pkg.a,zoo/b.py,other.mod:c",
    )
    found = [canonical_address(name, config) for name in "abc"]
    assert found == ["pkg.a:a", "zoo/b.py:b", "other.mod:c"]
    assert refused("build_model", config)[0] == (
        "there is no factory 'build_model' in any of pkg/a.py, zoo/b.py, other.mod"
    )


def test_a_given_module_is_the_only_one_looked_in(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "pkg/a.py": PLAIN, "sub/b.py": PLAIN})
    found = [
        canonical_address("build_model", config, module, cwd=tmp_path / "sub")
        for module in ("pkg.a", "pkg/a.py", "b.py", "b", "models")
    ]
    assert found == [
        "pkg.a:build_model",
        "pkg/a.py:build_model",
        "sub/b.py:build_model",
        "sub/b.py:build_model",
        "models:build_model",
    ]
    assert canonical_address("models:f", config, "pkg.a") == "models:f"


def test_models_beside_the_current_folder_count_too(tmp_path: Path) -> None:
    config = project(tmp_path, {"exp/models.py": PLAIN})
    assert canonical_address("build_model", config, cwd=tmp_path / "exp") == "exp/models.py:build_model"
    (tmp_path / "models.py").write_text(PLAIN)
    assert refused("build_model", config, cwd=tmp_path / "exp") == (
        "'build_model' fits several factories: exp/models.py:build_model, models:build_model",
        "write one of them in full",
    )


def test_an_installed_module_is_believed_when_it_is_the_only_one(tmp_path: Path) -> None:
    config = project(tmp_path, {"zoo.py": PLAIN}, factories="zoo,keras_zoo.models")
    assert canonical_address("ResNet", config) == "keras_zoo.models:ResNet"
    assert canonical_address("build_model", config) == "zoo:build_model"
    assert canonical_address("my model", config, "keras_zoo") == "keras_zoo:my model"
    two = load_config({"factories": "a_zoo,b_zoo"}, {}, tmp_path)
    assert refused("ResNet", two)[0] == "there is no factory 'ResNet' in a_zoo or b_zoo"


def test_a_module_that_is_missing_from_the_projects_own_package_is_an_error(tmp_path: Path) -> None:
    config = project(tmp_path, {"pkg/__init__.py": "", "models.py": PLAIN})
    assert refused("f", config, "pkg.modles") == (
        f"there is no module pkg.modles in {tmp_path}",
        Step.CHECK_MODULE,
    )
    with pytest.raises(UsageError) as caught:
        candidates(config, "models:build_model")
    assert (caught.value.message, caught.value.step, caught.value.fields) == (
        "'models:build_model' is a factory's address, not a module",
        Step.DROP_MODULE,
        {"address": "models:build_model"},
    )
    assert refused("f", config, "a..b")[0] == "'a..b' is not a module's full name"
    assert refused("f", config, "no/m.py")[0] == f"there is no file no/m.py in {tmp_path}"
