"""The files of the project that a build reads are named, so that they can be depended on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from builds import built, recipe, run_one, write_project

from seedreg.domain.isolation import Isolation
from seedreg.domain.warning import BuildWarning, WarningKind, build_warning, without_files

pytestmark = pytest.mark.skipif(sys.version_info < (3, 8), reason="this Python notes nothing")

FILES = {
    "models.py": """
        import os, pathlib
        import helper
        from tensorflow import keras

        names = pathlib.Path(__file__).with_name('names.txt').read_text().split()

        def build():
            open('data/vocab.txt').read()
            os.close(os.open('data/vocab.txt', os.O_RDONLY))
            open('written.txt', 'w').close()
            open('.hidden').read()
            return keras.Sequential([keras.Input((4,)), keras.Dense(len(names))])

        def many():
            for number in range(25):
                path = 'data/{:02}.txt'.format(number)
                open(path, 'w').close()
                open(path).close()
            return build()

        def missing():
            try:
                open('gone.txt')
            except FileNotFoundError:
                pass
            return build()
    """,
    "helper.py": "",
    "names.txt": "a b c",
    "data/vocab.txt": "x",
    ".hidden": "",
}


def noticed(root: Path, environ: Mapping[str, str], name: str, isolation: Isolation) -> list[BuildWarning]:
    """The warnings of one build that are about files."""
    write_project(root, FILES)
    build = built(run_one(root, environ, recipe(f"models:{name}"), isolation))
    return [one for one in build.facts.warnings if one.kind is WarningKind.READS_FILES]


@pytest.mark.parametrize("isolation", [Isolation.FORK, Isolation.FRESH])
@pytest.mark.parametrize("name", ["build", "missing"])
def test_what_module_and_factory_read_below_the_project_is_named(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], name: str, isolation: Isolation
) -> None:
    files = ["data/vocab.txt", "names.txt"]
    assert noticed(tmp_path, fake_tensorflow_environ, name, isolation) == [
        build_warning(WarningKind.READS_FILES, files=files, more=False)
    ]


def test_of_many_files_the_first_are_named(tmp_path: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    files = [f"data/{number:02}.txt" for number in range(20)]
    assert noticed(tmp_path, fake_tensorflow_environ, "many", Isolation.FORK) == [
        build_warning(WarningKind.READS_FILES, files=files, more=True)
    ]


def test_files_that_were_named_are_not_warned_of() -> None:
    both = build_warning(WarningKind.READS_FILES, files=["a", "b"], more=False)
    other = build_warning(WarningKind.NOT_IN_GIT)
    assert without_files(both, ["a", "b", "c"]) is None
    assert without_files(both, ["b"]) == build_warning(WarningKind.READS_FILES, files=["a"], more=False)
    assert without_files(other, ["a"]) == other
