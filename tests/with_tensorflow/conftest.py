from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from seedreg.project import open_registry
from seedreg.registry import Registry

_HERE = Path(__file__).parent
_THIRD_PARTIES = (
    "tensorflow",
    "keras",
    "google",
    "numpy",
    "h5py",
    "ml_dtypes",
    "flatbuffers",
    "jax",
    "distutils",
)
_KINDS = ("DeprecationWarning", "FutureWarning", "UserWarning", "ImportWarning")


def _installed(name: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None  # not a folder that happens to have the name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    present = _installed("tensorflow")
    for item in items:
        if _HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.tensorflow)
        if not present:
            item.add_marker(
                pytest.mark.skip(reason="TensorFlow is not installed: pip install 'seedreg[tensorflow]'")
            )
        for module in _THIRD_PARTIES:
            for kind in _KINDS:
                # What other people's modules say of one another is not ours to turn into a failure.
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind}:{module}"))


@pytest.fixture(scope="session", autouse=True)
def tensorflow_is_imported() -> None:
    """Importing TensorFlow sets variables of this process; that is no test's doing."""
    before = dict(os.environ)
    importlib.import_module("tensorflow")
    _restore(before)


@pytest.fixture(autouse=True)
def seeds_set_variables() -> Iterator[None]:
    """`seedreg.set_seed` sets `PYTHONHASHSEED` for child processes, as it should."""
    before = dict(os.environ)
    yield
    _restore(before)


def _restore(variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def keras_version() -> tuple[int, int]:
    """Of the Keras that builds here; (0, 0) where there is none."""
    try:
        major, minor, *_ = importlib.metadata.version("keras").split(".")
    except importlib.metadata.PackageNotFoundError:
        return 0, 0
    return int(major), int(minor)


def clean_environ(**more: str) -> dict[str, str]:
    """This process's environment without what would configure seedreg."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SEEDREG_")} | more


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


Seedreg = Callable[..., "subprocess.CompletedProcess[str]"]


def run_seedreg(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "seedreg", *arguments],
        cwd=folder,
        env=clean_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def new_project(folder: Path) -> Path:
    """A project with every factory of `project/`, committed in git where there is git."""
    shutil.copytree(_HERE / "project", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text(
        '[tool.seedreg]\nproject = "zoo"\npythonpath = ["../outside"]\n', encoding="utf-8"
    )
    outside = folder.parent / "outside"
    outside.mkdir()
    shutil.copy(folder / "acceptance.py", outside / "not_in_git.py")
    (folder / ".gitignore").write_text("__pycache__/\n.seedreg/\n", encoding="utf-8")
    if shutil.which("git"):
        git(folder, "init", "--quiet")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "All factories")
    shutil.copy(folder / "acceptance.py", folder / "uncommitted.py")
    return folder


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_project(tmp_path_factory.mktemp("with_tensorflow") / "zoo")


@pytest.fixture(scope="package")
def registry(project: Path) -> Iterator[Registry]:
    """A registry whose builds are all forks of one zygote: TensorFlow is imported once for every test.

    That a fork gives what a fresh interpreter gives is tested by those that open their own.
    """
    with open_registry(cwd=project, isolation="fork", jobs=2) as registry:
        yield registry


@pytest.fixture(scope="package")
def acceptance(project: Path) -> ModuleType:
    """The factories of `acceptance.py`, in this process."""
    spec = importlib.util.spec_from_file_location("acceptance", project / "acceptance.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
