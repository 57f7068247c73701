"""The worker runs in any interpreter that has TensorFlow: Python 3.6 syntax, and no imports but its own."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seedreg.executors.local import WORKER_FOLDER
from seedreg.worker.probe import distributions

FILES = sorted(WORKER_FOLDER.rglob("*.py"))

# Modules of the standard library of Python 3.6 that the worker uses; look a new one up before adding it.
STANDARD_3_6 = {
    "array", "ast", "builtins", "collections", "contextlib", "ctypes", "errno", "functools", "gc", "hashlib",
    "importlib", "inspect", "io", "json", "linecache", "marshal", "math", "os", "platform", "random", "re",
    "resource", "select", "shutil", "signal", "socket", "stat", "subprocess", "sys", "tempfile", "textwrap",
    "time", "traceback", "types", "typing", "unicodedata", "warnings", "zipfile", "zipimport",
}  # fmt: skip
TYPING_3_6 = {
    "Any", "Callable", "Collection", "Dict", "Iterable", "Iterator", "List", "Optional", "Set", "Tuple",
    "TypeVar",
}  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(WORKER_FOLDER)) for path in FILES])
def test_syntax_is_that_of_python_3_6(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    newer = [
        type(node).__name__
        for node in ast.walk(tree)
        # Held here too, should `feature_version` let it pass.
        if isinstance(node, ast.NamedExpr | ast.Match)
        or (isinstance(node, ast.arguments) and node.posonlyargs)
        or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    assert newer == []


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(WORKER_FOLDER)) for path in FILES])
def test_imports_are_the_standard_library_numpy_tensorflow_and_itself(path: Path) -> None:
    allowed = STANDARD_3_6 | {"numpy", "tensorflow", "_seedreg_worker"}
    foreign = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            foreign |= {alias.name for alias in node.names if alias.name.split(".")[0] not in allowed}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            if node.module.split(".")[0] not in allowed:
                foreign.add(node.module)
            if node.module == "typing":
                foreign |= {f"typing.{alias.name}" for alias in node.names} - {
                    f"typing.{name}" for name in TYPING_3_6
                }
    assert foreign == set()


def test_standard_modules_are_still_there() -> None:
    assert set(sys.stdlib_module_names) >= STANDARD_3_6


COMPILE = """
import sys
for name in sys.argv[1:]:
    with open(name, "rb") as stream:
        compile(stream.read(), name, "exec")
"""


def interpreters(version: str, pyenv_root: str) -> list[Path]:
    """Pythons of that version on the search path and in pyenv."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(pyenv_root) / "versions"
    return [*([Path(on_path)] if on_path else []), *pyenv.glob(f"{version}.*/bin/python")]


@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_old_and_new_interpreters_compile_it(version: str, network_variables: dict[str, str]) -> None:
    for python in interpreters(version, network_variables["PYENV_ROOT"]):
        if subprocess.run([python, "-S", "-c", ""], capture_output=True, check=False).returncode == 0:
            break  # pyenv puts commands on the path that only say that they are not active
    else:
        pytest.skip(f"no Python {version} here")
    command = [str(python), "-W", "error", "-S", "-c", COMPILE, *map(str, FILES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_distributions_are_read_from_the_names_of_their_metadata(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (
        first / "tf_keras-2.17.0.dist-info",
        first / "Foo.Bar-1.0.dist-info",
        first / "old-1.2-py3.6.egg-info",
        first / "develop.egg-info",
        first / "~umpy-1.0.dist-info",
        first / "package",
        second / "foo_bar-2.0.dist-info",
        second / "numpy-1.26.4.dist-info",
    ):
        folder.mkdir(parents=True)
    assert distributions([str(first), str(tmp_path / "nowhere"), str(second)]) == {
        "tf-keras": "2.17.0",
        "foo-bar": "1.0",
        "old": "1.2",
        "numpy": "1.26.4",
    }
