from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import pytest

from seedreg.config import load_config

DARWIN = sys.platform == "darwin"
USUAL = "Library/Caches/seedreg" if DARWIN else ".cache/seedreg"
USUAL_STATE = "Library/Application Support/seedreg" if DARWIN else ".local/state/seedreg"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return home


def test_environments_are_kept_where_the_platform_keeps_caches(tmp_path: Path, home: Path) -> None:
    assert load_config({}, {}, tmp_path).cache_dir == home / USUAL


def test_xdg_names_the_folder_of_caches(tmp_path: Path) -> None:
    config = load_config({}, {"XDG_CACHE_HOME": "/caches"}, tmp_path)
    assert config.cache_dir == Path("/caches/seedreg")


@pytest.mark.parametrize("relative", ["not/absolute", "", "~/caches"])
def test_a_relative_folder_of_caches_is_ignored_as_xdg_demands(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, relative: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    assert load_config({}, {"XDG_CACHE_HOME": relative}, tmp_path).cache_dir == home / USUAL


def test_a_setting_names_another_folder(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": "/caches", "SEEDREG_CACHE_DIR": "mine"}
    assert load_config({}, environ, tmp_path).cache_dir == tmp_path / "mine"


def test_the_folder_is_looked_up_once_it_is_needed(tmp_path: Path) -> None:
    config = load_config({}, {}, tmp_path)
    assert "cache_dir" not in vars(config)
    assert {setting.name: setting.value for setting in config.settings}["cache_dir"] == config.cache_dir


def test_known_registries_are_kept_where_the_platform_keeps_state(tmp_path: Path, home: Path) -> None:
    assert load_config({}, {}, tmp_path).state_dir == home / USUAL_STATE
    assert load_config({}, {"XDG_STATE_HOME": "/state"}, tmp_path).state_dir == Path("/state/seedreg")
    environ = {"XDG_STATE_HOME": "/state", "SEEDREG_STATE_DIR": "mine"}
    assert load_config({}, environ, tmp_path).state_dir == tmp_path / "mine"


@pytest.mark.parametrize("relative", ["not/absolute", "", "~/state"])
def test_a_relative_folder_of_state_is_ignored_as_xdg_demands(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, relative: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", relative)
    assert load_config({}, {"XDG_STATE_HOME": relative}, tmp_path).state_dir == home / USUAL_STATE


def test_a_user_without_a_home_has_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    config = load_config({}, {}, tmp_path)
    assert config.cache_dir == config.state_dir == Path(os.devnull, "seedreg")
