from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedreg.config import Config, Default, Given, Setting, Table, Variable, load_config
from seedreg.domain.environment_spec import EnvironmentSpec

from .projects import origins, write

FULL = """
[project]
name = "my-models"

[tool.seedreg]
db = "data/reg.db"
python = ".venv/bin/python"
project = "vision"
factories = ["pkg.models", "pkg.more:build"]
pythonpath = ["lib", "../shared"]
environ = {A = "1"}
isolation = "fresh"
jobs = 3
timeout = 12.5
seeding = "tf"
device = "gpu:1"
busy_timeout = 0
cache_dir = "made"

[tool.seedreg.envs.old]
with = ["tensorflow==2.15.*"]
"""


def test_without_any_setting_every_value_is_the_default(tmp_path: Path) -> None:
    root = tmp_path / "vision"
    (root / ".seedreg").mkdir(parents=True)
    config = load_config({}, {}, root)
    expected = {
        "db": str(root / ".seedreg" / "registry.db"),
        "project": "vision",
        "python": sys.executable,
        "factories": ("models", "model"),
        "pythonpath": (),
        "environ": (),
        "isolation": "auto",
        "jobs": config.jobs,
        "timeout": 600.0,
        "seeding": "full",
        "device": "cpu",
        "busy_timeout": 30.0,
        "cache_dir": Path.home() / ".cache" / "seedreg",
        "state_dir": Path.home() / ".local" / "state" / "seedreg",
    }
    assert config == Config(
        root=root,
        project="vision",
        db=str(root / ".seedreg" / "registry.db"),
        python=sys.executable,
        factories=("models", "model"),
        pythonpath=(),
        isolation="auto",
        jobs=config.jobs,
        timeout_s=600.0,
        seeding="full",
        device="cpu",
        busy_timeout_s=30.0,
        given_cache_dir=None,
        given_state_dir=None,
        origins=tuple((name, Default()) for name in expected),
        envs=(),
    )
    assert config.settings == tuple(Setting(name, value, Default()) for name, value in expected.items())
    assert 1 <= config.jobs <= (os.cpu_count() or 1)


def test_pyproject_sets_everything_relative_to_the_root(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    config = load_config({}, {}, tmp_path / "deep" / "down")
    expected = {
        "db": str(tmp_path / "data" / "reg.db"),
        "project": "vision",
        "python": str(tmp_path / ".venv" / "bin" / "python"),
        "factories": ("pkg.models", "pkg.more:build"),
        "pythonpath": (tmp_path / "lib", tmp_path.parent / "shared"),
        "environ": ("A=1",),
        "isolation": "fresh",
        "jobs": 3,
        "timeout": 12.5,
        "seeding": "tf",
        "device": "gpu:1",
        "busy_timeout": 0.0,
        "cache_dir": tmp_path / "made",
    }
    *settings, state_dir = config.settings
    assert settings == [
        Setting(name, value, Table("[tool.seedreg]", path)) for name, value in expected.items()
    ]
    assert (state_dir.name, state_dir.origin) == ("state_dir", Default())
    assert config.root == tmp_path
    assert config.envs == (EnvironmentSpec.of("old", packages=("tensorflow==2.15.*",)),)
    assert (config.timeout_s, config.busy_timeout_s) == (12.5, 0.0)
    assert isinstance(hash(config), int)


def test_variables_beat_pyproject_and_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    cwd = tmp_path / "deep"
    cwd.mkdir()
    environ = {
        "SEEDREG_DB": "mine.db",
        "SEEDREG_PYTHON": "python3.12",
        "SEEDREG_PROJECT": "sound",
        "SEEDREG_FACTORIES": "a.models, b.models,",
        "SEEDREG_PYTHONPATH": os.pathsep.join(["here", "", "/there"]),
        "SEEDREG_ENVIRON": "B=2,C=3",
        "SEEDREG_ISOLATION": "fork",
        "SEEDREG_JOBS": "7",
        "SEEDREG_TIMEOUT": "1.5",
        "SEEDREG_SEEDING": "full",
        "SEEDREG_DEVICE": "gpu",
        "SEEDREG_BUSY_TIMEOUT": "2",
        "SEEDREG_CACHE_DIR": "kept",
        "SEEDREG_STATE_DIR": "known",
        "SEEDREG_SOMETHING_ELSE": "ignored",
    }
    config = load_config({}, environ, cwd)
    expected = {
        "db": str(cwd / "mine.db"),
        "project": "sound",
        "python": "python3.12",
        "factories": ("a.models", "b.models"),
        "pythonpath": (cwd / "here", Path("/there")),
        "environ": ("B=2", "C=3"),
        "isolation": "fork",
        "jobs": 7,
        "timeout": 1.5,
        "seeding": "full",
        "device": "gpu",
        "busy_timeout": 2.0,
        "cache_dir": cwd / "kept",
        "state_dir": cwd / "known",
    }
    assert config.settings == tuple(
        Setting(name, value, Variable(f"SEEDREG_{name.upper()}")) for name, value in expected.items()
    )


def test_options_beat_variables(tmp_path: Path) -> None:
    options: dict[str, object] = {
        "db": Path("o.db"),
        "factories": ("pkg.a", "pkg.b"),
        "busy_timeout_s": 4.0,
        "jobs": None,
        "pythonpath": (),
    }
    environ = {"SEEDREG_DB": "v.db", "SEEDREG_BUSY_TIMEOUT": "5", "SEEDREG_JOBS": "2", "SEEDREG_DEVICE": ""}
    config = load_config(options, environ, tmp_path)
    assert (config.db, config.factories) == (str(tmp_path / "o.db"), ("pkg.a", "pkg.b"))
    assert (config.busy_timeout_s, config.jobs, config.device) == (4.0, 2, "cpu")
    assert origins(config) == {
        "db": Given(),
        "project": Default(),
        "python": Default(),
        "factories": Given(),
        "pythonpath": Default(),
        "environ": Default(),
        "isolation": Default(),
        "jobs": Variable("SEEDREG_JOBS"),
        "timeout": Default(),
        "seeding": Default(),
        "device": Default(),
        "busy_timeout": Given(),
        "cache_dir": Default(),
        "state_dir": Default(),
    }


def test_an_option_that_is_no_setting_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"not a setting: timeout$"):
        load_config({"timeout": 3}, {}, tmp_path)


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git", ".seedreg"])
def test_the_root_is_the_nearest_parent_with_a_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    root = tmp_path / "inner"
    (root / "a" / "b").mkdir(parents=True)
    (root / marker).touch()
    assert load_config({}, {}, root / "a" / "b").root == root


def test_the_project_is_named_by_pyproject_before_its_folder(tmp_path: Path) -> None:
    path = write(tmp_path, '[project]\nname = "my-models"\n')
    config = load_config({}, {}, tmp_path)
    assert (config.project, origins(config)["project"]) == ("my-models", Table("[project] name", path))
    assert load_config({"project": "other"}, {}, tmp_path).project == "other"


def test_loading_a_configuration_imports_no_toml_parser_without_a_pyproject(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from seedreg.config import load_config; "
        "load_config({}, {}, Path(sys.argv[1])); "
        "late = {'tomllib', 'tomli', 'shutil', 'difflib', 'sqlalchemy', 'click', 'platformdirs'}; "
        "print(sorted(late & set(sys.modules)))"
    )
    (tmp_path / ".git").mkdir()
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(tmp_path)], cwd=repository, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
