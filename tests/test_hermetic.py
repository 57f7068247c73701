"""Every test starts from the known state, and what a test changes is noticed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hermetic import KnownState, network_variables
from privileges import permissions_count


@pytest.fixture
def state(known_state: None) -> KnownState:
    """A state as this process has it, with folders of the environment."""
    folder = Path(os.environ["HOME"]).parent
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return KnownState(folder, variables, {})


def test_only_known_variables_are_set() -> None:
    own = ("PYTEST_", "COV_CORE_", "COVERAGE_", "GIT_")
    others = {name for name in os.environ if not name.startswith(own)}
    assert others <= {
        "PATH",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "HOME",
        "TMPDIR",
        "LC_ALL",
        "TZ",
        "TERM",
    }
    assert (time.tzname[0], os.listdir(), os.listdir(os.environ["HOME"])) == ("UTC", [], [])


def test_modules_of_the_shells_python_path_are_not_found() -> None:
    assert importlib.util.find_spec("only_in_hostile") is None  # .ci/hostile.py has it on PYTHONPATH


def test_a_child_process_starts_from_the_known_state_too() -> None:
    script = (
        "import os, sys, time; "
        "print(time.tzname[0], sys.getfilesystemencoding(), f'{os.umask(0):04o}', os.environ.get('COLUMNS'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "UTC utf-8 0022 None\n"


def test_what_a_test_changes_is_noticed(state: KnownState, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state.changes() == []
    monkeypatch.setenv("TZ", "Pacific/Apia")
    monkeypatch.setenv("NEW", "1")
    assert state.changes() == ["variable NEW: None → '1'", "variable TZ: 'UTC' → 'Pacific/Apia'"]
    monkeypatch.undo()
    os.umask(0o077)
    assert state.changes() == ["umask: 0022 → 0077"]
    Path("left.txt").touch()
    assert state.changes() == ["files in the current folder: left.txt"]
    os.chdir("/")
    assert state.changes() == [f"current folder: {state.current_folder} → /"]
    state.restore()
    assert state.changes() == []


def test_uv_keeps_its_cache_and_its_index_where_real_packages_are_installed(tmp_path: Path) -> None:
    settings = tmp_path / ".config" / "uv" / "uv.toml"
    settings.parent.mkdir(parents=True)
    settings.touch()
    outside = {"HOME": str(tmp_path), "UV_INDEX_URL": "x", "https_proxy": "y", "TF_DETERMINISTIC_OPS": "1"}
    assert network_variables(outside) == {
        "UV_INDEX_URL": "x",
        "https_proxy": "y",
        "UV_CACHE_DIR": str(tmp_path / ".cache" / "uv"),
        "UV_CONFIG_FILE": str(settings),
        "PYENV_ROOT": str(tmp_path / ".pyenv"),
    }


def test_permissions_count_for_root_as_well(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0)
    with permissions_count(), pytest.raises(PermissionError):
        (tmp_path / "file").read_text()
