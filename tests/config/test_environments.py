from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.config import load_config
from seedreg.domain.environment_spec import EnvironmentSpec

from .projects import error, write


def test_environments_are_described_by_their_tables_relative_to_the_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [tool.seedreg.envs.old]
        with = ["tensorflow==2.0.*", "./dist/mine-1.0-py3-none-any.whl"]
        python-version = "3.7"
        exclude-newer = 2020-02-01

        [tool.seedreg.envs.nightly]
        requirements = "requirements/nightly.txt"
        python = "../python/bin/python"

        [tool.seedreg.envs.here]
        python = "python3.12"
        """,
    )
    wheel = f"{tmp_path}/dist/mine-1.0-py3-none-any.whl"
    assert load_config({}, {}, tmp_path).envs == (
        EnvironmentSpec.of(
            "old",
            packages=("tensorflow==2.0.*", wheel),
            python_version="3.7",
            exclude_newer="2020-02-01",
        ),
        EnvironmentSpec.of(
            "nightly",
            python=str(tmp_path.parent / "python" / "bin" / "python"),
            requirements=str(tmp_path / "requirements" / "nightly.txt"),
        ),
        EnvironmentSpec.of("here", python="python3.12"),
    )


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        (
            "wiht = []",
            "unknown key 'wiht' in {where}",
            "did you mean 'with'?",
        ),
        (
            "qqq = 1",
            "unknown key 'qqq' in {where}",
            "known keys: python, with, requirements, python-version, exclude-newer",
        ),
        (
            "with = 'tensorflow'",
            "with = 'tensorflow' ({where}) is not a list of requirements, e.g. [\"tensorflow==2.15.*\"]",
            'set with to a list of requirements, e.g. ["tensorflow==2.15.*"]',
        ),
        (
            "with = ['tensorflow']\npython-version = 3.10",
            'python-version = 3.1 ({where}) is not a version in quotes, e.g. "3.10"',
            'set python-version to a version in quotes, e.g. "3.10"',
        ),
        (
            "with = ['-r other.txt']",
            "{where}: '-r other.txt' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (
            "with = ['a\\nb']".replace("'", '"'),
            "{where}: 'a\\nb' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (
            "with = ['tensorflow']\npython-version = '3.5'",
            "{where}: '3.5' is not a Python version of at least 3.6",
            "write it as 3.10, or 3.10.13",
        ),
        (
            "with = ['tensorflow']\npython-version = '3.7'\npython = '/usr/bin/python3'",
            "{where}: Python 3.7 is asked for, and /usr/bin/python3",
            "give one of the two",
        ),
        (
            "with = ['tensorflow']\nexclude-newer = '2020-13-01'",
            "{where}: '2020-13-01' is not a date",
            "write it as 2020-02-01, or 2020-02-01T12:00:00Z",
        ),
        (
            "python-version = '3.7'",
            "{where}: no packages are named for the environment (Python 3.7)",
            'name packages: with = ["tensorflow==2.15.*"], or requirements = "FILE"',
        ),
        (
            "",
            "{where} is empty",
            'name an interpreter (python = "…") or packages (with = ["…"])',
        ),
    ],
)
def test_a_wrong_environment_is_an_error_with_its_table(
    tmp_path: Path, table: str, message: str, hint: str
) -> None:
    path = write(tmp_path, f"[tool.seedreg.envs.old]\n{table}\n")
    where = f"[tool.seedreg.envs.old] in {path}"
    assert error({}, {}, tmp_path) == (message.replace("{where}", where), hint)


def test_the_name_of_the_configured_interpreter_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool.seedreg.envs.this]\nwith = ['tensorflow']\n")
    assert error({}, {}, tmp_path)[0] == (
        f"[tool.seedreg.envs.this] in {path}: 'this' already names the interpreter of this configuration"
    )
    path = write(tmp_path, "[tool.seedreg.envs]\nold = 3\n")
    assert error({}, {}, tmp_path)[0] == f"old = 3 ([tool.seedreg.envs] in {path}) is not a table"
