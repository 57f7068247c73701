"""A project in a folder of its own, and the command line in it: in this process, or as a program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from package_index import add_keras, add_numpy, add_tensorflow, add_wheel, index_variables

from seedreg.__main__ import run
from seedreg.domain.canonical import canonical_json
from seedreg.domain.recipe import Recipe

MODELS = '''\
import os
import time

import keras
import numpy as np


def build(units=4):
    """Two dense layers."""
    layers = [keras.layers.Input((3,)), keras.layers.Dense(units), keras.layers.Dense(2)]
    return keras.Sequential(layers)


def unbuilt():
    return keras.Sequential([keras.layers.Dense(3)])


def clock():
    return {"a": np.zeros(2), "w": np.array([float(time.time_ns())])}


def constant():
    return {"w": np.arange(4.0)}


def twins():
    start = np.random.normal(size=4)
    return {"a": start, "b": start.copy()}


def nan():
    return [np.array([1.0, np.nan])]


def broken():
    print("loading the data")
    raise ValueError("no data")


def hangs():
    time.sleep(600)


def slow(pause=0.05):
    time.sleep(pause)
    return {"w": np.random.normal(size=4)}


def flips():
    if os.path.exists("break"):
        raise KeyError("weights")
    return {"w": np.random.normal(size=4) + os.path.exists("drift")}
'''

NOT_IN_GIT = "the factory's source is not in git: a later change of it cannot be looked up"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def shown(self) -> tuple[int, str, str]:
        """Exit code and both streams, without what no two runs have in common."""
        return (self.code, _plain(self.out), _plain(self.err))


def _plain(text: str) -> str:
    text = re.sub(r"\b\d+\.\d\d s\b", "N s", text)
    return re.sub(r"sr1:([0-9a-f]{64}|[0-9a-f]{12})\b", lambda m: f"sr1:{len(m[1])}", text)


@dataclass(frozen=True)
class Project:
    """A project's folder; calling it runs a command in it, in this process."""

    root: Path
    environ: dict[str, str]
    call: Callable[..., Result] = field(repr=False)

    def __call__(self, *arguments: str, **variables: str) -> Result:
        return self.call(self, arguments, variables)

    @property
    def db(self) -> Path:
        return self.root / ".seedreg" / "registry.db"

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def edit(self, old: str, new: str) -> None:
        models = (self.root / "models.py").read_text(encoding="utf-8")
        assert old in models
        self.write("models.py", models.replace(old, new))

    def id(self, name: str, seed: int = 0, **others: Any) -> str:
        """The first 12 digits of the id of a factory in `models.py`."""
        params = canonical_json(others.pop("params", {}))
        return Recipe("shop", f"models:{name}", seed, params, **others).id[:12]

    def popen(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        """The program itself, started."""
        settings.setdefault("stdout", subprocess.PIPE)
        settings.setdefault("stderr", subprocess.PIPE)
        environ = {**self.environ, **settings.pop("variables", {})}
        command = [sys.executable, "-m", "seedreg", *arguments]
        return subprocess.Popen(
            command, cwd=self.root, env=environ, text=True, stdin=subprocess.DEVNULL, **settings
        )

    def program(self, *arguments: str, **settings: Any) -> Result:
        """The program itself, run to its end."""
        process = self.popen(*arguments, **settings)
        out, err = process.communicate(timeout=60)
        return Result(process.returncode, out or "", err or "")

    def processes(self) -> list[str]:
        """The command lines of all processes that work in this folder, this one aside."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if int(folder.name) == os.getpid() or Path(os.readlink(folder / "cwd")) != self.root:
                    continue
                if (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


@pytest.fixture
def empty_project(
    tmp_path: Path,
    fake_tensorflow_environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Project:
    """A project with factories and without a registry."""

    def call(project: Project, arguments: tuple[str, ...], variables: dict[str, str]) -> Result:
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(project.root)
            for name in set(os.environ) - set(project.environ):
                patch.delenv(name)
            for name, value in {**project.environ, **variables}.items():
                patch.setenv(name, value)
            code = run(list(arguments))
        return Result(code, *capfd.readouterr())

    project = Project((tmp_path / "shop").resolve(), dict(fake_tensorflow_environ), call)
    project.root.mkdir()
    project.write("pyproject.toml", '[tool.seedreg]\nproject = "shop"\n')
    project.write("models.py", MODELS)
    return project


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where registries that several tests begin with are kept."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def project(empty_project: Project, made: Path) -> Project:
    """A project with `build` at seeds 0 to 2 and `flips` registered, and a check of `build@0`."""
    if not (made / "registry.db").exists():
        assert empty_project("register", "build", "--seed", "0-2", "--tag", "nightly").code == 0
        assert empty_project("register", "flips", "--alias", "coin").code == 0
        assert empty_project("verify", "build@0").code == 0
        shutil.copytree(empty_project.root / ".seedreg", made, dirs_exist_ok=True)
    else:
        shutil.copytree(made, empty_project.root / ".seedreg")
    return empty_project


UPGRADED = """\
import grain
import keras
import noise
import numpy as np


def build():
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])


def joint():
    return {"w": np.random.normal(size=4) + (noise.VALUE + grain.VALUE > 2)}


def steady():
    return {"w": np.random.normal(size=4)}


def edited():
    return {"w": np.random.normal(size=4)}
"""


@pytest.fixture(scope="session")
def upgrades(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index in which Keras changes its weights in 1.2, goes back in 1.3, and changes again in 1.5."""
    folder = tmp_path_factory.mktemp("upgrades")
    index = folder / "index"
    add_numpy(index, folder / "links")
    add_tensorflow(index, "1.0")
    for version, stream in (("1.0", ""), ("1.1", ""), ("1.2", "b"), ("1.3", ""), ("1.5", "c")):
        add_keras(index, version, stream)
    add_wheel(index, "keras", "1.4", {"keras/__init__.py": "raise ImportError('built for another machine')"})
    add_wheel(index, "keras", "1.5rc1", {"keras.py": ""})
    for name in ("noise", "grain"):
        for value in (1, 2):
            add_wheel(index, name, f"{value}", {f"{name}.py": f"VALUE = {value}\n"})
    return folder


@pytest.fixture
def upgraded(empty_project: Project, upgrades: Path) -> Project:
    """A project with `build`, `joint`, `steady` and `edited` registered before `TODAY`'s upgrades."""
    pytest.importorskip("uv")
    environ = {name: value for name, value in empty_project.environ.items() if not name.startswith("UV_")}
    environ.update(
        index_variables(upgrades / "index", upgrades / "uv"),
        SEEDREG_CACHE_DIR=str(upgrades / "cache"),
        SEEDREG_JOBS="1",
    )
    del environ["PYTHONPATH"]
    project = Project(empty_project.root, environ, empty_project.call)
    project.write("models.py", UPGRADED)
    if not (upgrades / "registry.db").exists():
        then = [f"--with={pin}" for pin in ("tensorflow==1.0", "keras==1.0", "noise==1", "grain==1")]
        for name in ("build", "joint", "steady", "edited"):
            result = project("register", name, *then)
            assert result.code == 0, result
        shutil.copytree(project.db.parent, upgrades / "registry.db")
    else:
        shutil.copytree(upgrades / "registry.db", project.db.parent)
    return project


TODAY = tuple(f"--with={pin}" for pin in ("tensorflow==1.0", "keras==1.5", "noise==2", "grain==2"))
