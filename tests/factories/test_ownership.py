from __future__ import annotations

import os
from pathlib import Path

import pytest
from builds import write_project

from seedreg.config import load_config
from seedreg.domain.canonical import canonical_json
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.recipe import Recipe
from seedreg.factories.ownership import Owner, Ownership

FILES = {
    "pyproject.toml": """
        [project]
        name = "Shop.Models"
        dependencies = ["model_zoo>=1", "tensorflow", "pandas[parquet]==2.* ; python_version > '3'"]
        [project.optional-dependencies]
        more = ["extra-zoo @ https://example.org/zoo.whl"]
        [dependency-groups]
        dev = ["Group.Zoo", {include-group = "other"}]
        [build-system]
        requires = ["builder"]
        [tool.seedreg]
        project = "p"
        pythonpath = ["../beside"]
    """,
    "models.py": """
        import functools
        import os
        import numpy as np
        import tensorflow.keras as keras
        from os import system
        from shutil import rmtree as tidy
        from keras.applications import ResNet50
        from model_zoo import small
        from .relative import nothing
        from layers import dense, shell
        from layers import *
        import layers
        from helpers import run as helper

        NUMBER = 4

        def build():
            pass

        partial = functools.partial(build)
        same = build
        run = os.system
        again = run
        shelled = system
        zoo = small
        mine = dense

        class Zoo:
            system = os.system
            def small(self):
                pass
            class Inner:
                @classmethod
                def large(cls):
                    pass
    """,
    "layers.py": """
        from os import popen as shell
        from subprocess import *
        def dense():
            pass
    """,
    "src/packed/__init__.py": "from .parts import part\nfrom . import parts\n",
    "src/packed/parts.py": "def part(): pass\n",
    "scripts/train.py": "def build(): pass\n",
    "new_syntax.py": "def build(: pass\n",
    ".venv/pyvenv.cfg": "",
    ".venv/lib/python3.11/site-packages/evil.py": "def run(): pass\n",
    "envs/one/pyvenv.cfg": "",
    "envs/one/lib/evil.py": "def run(): pass\n",
    "conda/conda-meta/history": "",
    "conda/lib/evil.py": "def run(): pass\n",
    "vendored/site-packages/evil.py": "def run(): pass\n",
    ".seedreg/evil.py": "def run(): pass\n",
    "../beside/shared.py": "def build(): pass\n",
    "../outside/evil.py": "def run(): pass\n",
    "../outside/pack/__init__.py": "def run(): pass\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_project(tmp_path / "project", FILES)
    (root / "linked.py").symlink_to("../outside/evil.py")
    (root / "linked_pack").symlink_to("../outside/pack")
    (root / "inner.py").symlink_to("scripts/train.py")
    (root / "helpers.py").symlink_to("../outside/evil.py")
    return root


def ownership(root: Path) -> Ownership:
    return Ownership(load_config({}, {}, root))


@pytest.mark.parametrize(
    "factory",
    [
        *("models:build", "models:partial", "models:NUMBER", "models:Zoo", "models:Zoo.small"),
        *("models:same", "models:mine"),
        *("models:Zoo.Inner.large", "models:dense", "packed:deleted", "packed:part", "packed.parts:part"),
        *("scripts/train.py:build", "scripts/gone.py:build", "inner:build", "inner.py:build"),
        *("shared:build", "../beside/shared.py:build", "new_syntax:build", "src/packed/parts.py:part"),
    ],
)
def test_code_in_the_projects_tree_is_the_projects_own(root: Path, factory: str) -> None:
    assert ownership(root).owner(factory) is Owner.PROJECT


@pytest.mark.parametrize(
    "factory",
    [
        *("os:system", "posix:system", "builtins:exec", "antigravity:x", "subprocess:run", "shutil:rmtree"),
        *("models:run", "models:again", "models:shelled", "models:Zoo.system"),
        *("models:os.system", "models:system", "models:tidy", "models:np.save", "models:shell"),
        *(
            "models:Popen",
            "models:layers.dense",
            "models:nothing",
            "models:helper",
            "models:functools.reduce",
        ),
        *("models:build.__globals__.get", "models:__builtins__.exec", "models:__loader__.get_data"),
        *("models:\uff3f\uff3fbuiltins\uff3f\uff3f.exec", "models:partial.func", "models:Zoo.mro"),
        *(
            "models:Zoo.Inner.mro",
            "models:Zoo.__init__",
            "models:",
            "models:a b",
            "models:build\n",
            ":x",
            "x",
        ),
        *("../outside/evil.py:run", "/etc/evil.py:run", "linked:run", "linked.py:run", "linked_pack:run"),
        *("linked_pack/__init__.py:run", ".venv/lib/python3.11/site-packages/evil.py:run"),
        *("envs/one/lib/evil.py:run", "conda/lib/evil.py:run", "vendored/site-packages/evil.py:run"),
        *(".seedreg/evil.py:run", "scripts/../../outside/evil.py:run", "a\0.py:run", "..:run", "a..b:run"),
        *("unheard_of:build", "builder:x", "model_zoo_2:build", "__main__:x", "models.__init__:x"),
    ],
)
def test_everything_else_is_not(root: Path, factory: str) -> None:
    assert ownership(root).owner(factory) is Owner.UNKNOWN


@pytest.mark.parametrize(
    "factory",
    [
        *("model_zoo:build", "model_zoo.sub:Net", "pandas:read_pickle", "extra_zoo:x", "group_zoo:x"),
        *("models:small", "models:zoo", "shop_models:x"),
        *("keras.applications:ResNet50", "tensorflow.keras.applications.resnet:ResNet50", "models:ResNet50"),
    ],
)
def test_a_package_of_pyproject_and_the_ready_made_models_are_declared(root: Path, factory: str) -> None:
    assert ownership(root).owner(factory) is Owner.DECLARED


@pytest.mark.parametrize(
    "factory",
    [
        *("tensorflow.io:write_file", "tensorflow:io.write_file", "keras.models:load_model", "numpy:save"),
        *("keras.utils:get_file", "keras.applications.resnet:decode_predictions", "tf_keras:Model"),
        *("keras.applications:resnet.ResNet50", "keras.applications_evil:X"),
    ],
)
def test_functions_of_frameworks_are_not_declared_by_whoever_uses_them(root: Path, factory: str) -> None:
    assert ownership(root).owner(factory) is Owner.FRAMEWORK


def test_where_there_is_no_project_nothing_is_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = write_project(tmp_path / "home", {"models.py": "def build(): pass\n"})
    monkeypatch.setenv("HOME", str(home))
    assert ownership(home).owner("models:build") is Owner.UNKNOWN
    (home / "mine").mkdir()
    (home / "mine" / "nets.py").write_text("def build(): pass\n")
    named = Ownership(load_config({"pythonpath": ("mine",)}, {}, home))
    assert named.owner("nets:build") is Owner.PROJECT
    assert named.owner("models:build") is Owner.UNKNOWN
    assert ownership(Path(os.sep)).owner("etc/evil.py:run") is Owner.UNKNOWN


@pytest.mark.parametrize(
    ("params", "argument"),
    [
        ({}, None),
        ({"units": 4, "rate": 0.5, "bias": None, "kind": "relu", "sizes": [1, {"deep": [2.5, None]}]}, None),
        ({"units": 4, "file": "../x"}, "file"),
        ({"text": "a b"}, "text"),
        ({"text": "x.pkl"}, "text"),
        ({"deep": [{"a-b": 1}]}, "deep"),
        ({"args": ["install", "evil"]}, "args"),
        ({"words": {"cmd": "reboot"}}, "words"),
        ({"long": "a" * 65}, "long"),
        ({"letters": "é"}, "letters"),
    ],
)
def test_a_declared_package_gets_numbers_and_words(
    root: Path, params: dict[str, object], argument: str | None
) -> None:
    found = ownership(root).refusal(Recipe("p", "model_zoo:build", 0, canonical_json(params)))
    refused = build_failure(FailureKind.UNTRUSTED, factory="model_zoo:build", argument=argument)
    assert found == (None if argument is None else refused)
    own = ownership(root).refusal(Recipe("p", "models:build", 0, canonical_json(params)))
    assert own is None


def test_the_project_without_pyproject_declares_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path / "plain", {"models.py": "def build(): pass\n", ".seedreg/x": ""})
    found = ownership(root)
    assert found.owner("models:build") is Owner.PROJECT
    assert found.owner("model_zoo:build") is Owner.UNKNOWN


def test_files_that_import_each_other_in_a_circle_end_the_search(tmp_path: Path) -> None:
    files = {
        ".git/x": "",
        "a.py": "from b import x\nfrom b import *\n",
        "b.py": "from a import x\nfrom a import *\n",
    }
    found = ownership(write_project(tmp_path / "circle", {".git/x": "", **files}))
    assert found.owner("a:x") is Owner.UNKNOWN
    assert found.owner("a:y") is Owner.PROJECT
