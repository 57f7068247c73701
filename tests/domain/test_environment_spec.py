from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from seedreg.domain.environment_spec import (
    EnvironmentSpec,
    ExistingPython,
    MadeEnvironment,
    Place,
    PythonVersion,
    ThisPython,
)
from seedreg.errors import Step, UsageError

EMPTY: dict[str, Any] = {
    "label": "x",
    "python": None,
    "packages": [],
    "requirements": None,
    "python_version": None,
    "exclude_newer": None,
}


# The documents are those of registries with schema 0002 and 0003.
@pytest.mark.parametrize(
    ("place", "fields", "label"),
    [
        (ThisPython(), {}, "this"),
        (ExistingPython("/py/bin/python"), {"python": "/py/bin/python"}, "/py/bin/python"),
        (MadeEnvironment(("keras<3", "six")), {"packages": ["keras<3", "six"]}, "keras<3, six"),
        (
            MadeEnvironment(("keras",), python=ExistingPython("/py")),
            {"packages": ["keras"], "python": "/py"},
            "keras, Python /py",
        ),
        (
            MadeEnvironment((), "a.txt", PythonVersion("3.7"), "2020-02-01"),
            {"requirements": "a.txt", "python_version": "3.7", "exclude_newer": "2020-02-01"},
            "-r a.txt, Python 3.7, before 2020-02-01",
        ),
        (
            MadeEnvironment(("a==1", "b==2"), exact=True),
            {"packages": ["a==1", "b==2"], "exact": True},
            "2 exact packages",
        ),
    ],
)
def test_a_place_is_a_document_and_has_a_label(place: Place, fields: dict[str, Any], label: str) -> None:
    spec = EnvironmentSpec("x", place)
    assert json.loads(json.dumps(spec.document())) == {**EMPTY, **fields}
    assert EnvironmentSpec.from_document({**EMPTY, **fields}) == spec
    assert place.label == label


def test_an_environment_that_nobody_named_is_called_what_it_is() -> None:
    assert EnvironmentSpec.of() == EnvironmentSpec("this")
    assert EnvironmentSpec.of(python="/py") == EnvironmentSpec("/py", ExistingPython("/py"))
    made = EnvironmentSpec.of(packages=("keras",), python_version="3.10.13")
    assert made == EnvironmentSpec(
        "keras, Python 3.10.13", MadeEnvironment(("keras",), python=PythonVersion("3.10.13"))
    )
    assert (made.is_made, made.python) == (True, PythonVersion("3.10.13"))


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "a\x1b[0m"])
def test_a_label_that_cannot_be_shown_is_refused(label: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an environment"):
        EnvironmentSpec(label)


def test_parts_without_anything_to_install_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        EnvironmentSpec.of("x", exclude_newer="2020-02-01")
    assert (caught.value.message, caught.value.step) == (
        "no packages are named for the environment (before 2020-02-01)",
        Step.NAME_PACKAGES,
    )


@pytest.mark.parametrize("version", ["3", "3.5", "2.7", "3.10.1.1", "3.x", "3.١٠", "latest", ""])
def test_text_that_is_no_version_of_python_is_refused(version: str) -> None:
    with pytest.raises(UsageError, match="is not a Python version of at least"):
        PythonVersion(version)


@pytest.mark.parametrize("time", ["2020-02-01", "2020-02-01T12:00:00Z", "2020-02-01 12:00:00.5+01:00"])
def test_releases_are_limited_by_a_date_or_a_time(time: str) -> None:
    assert MadeEnvironment(("keras",), exclude_newer=time).exclude_newer == time


@pytest.mark.parametrize(
    "time", ["2020-13-01", "2020-02-30", "yesterday", "2020-02-01T25:00:00", "20200201", ""]
)
def test_text_that_is_no_date_is_refused(time: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        MadeEnvironment(("keras",), exclude_newer=time)


@pytest.mark.parametrize("package", ["-r other.txt", "--index-url=http://localhost", "a\nb", "", " keras"])
def test_text_that_an_installer_would_read_as_an_option_is_refused(package: str) -> None:
    with pytest.raises(UsageError, match="is not a requirement"):
        MadeEnvironment((package,))


def test_the_guide_describes_an_environment_as_this_package_takes_it() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "python.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"^old = (EnvironmentSpec.*)$", guide, re.MULTILINE)
    described = eval(written, {"EnvironmentSpec": EnvironmentSpec})
    assert described == EnvironmentSpec("old", MadeEnvironment(("tensorflow==2.15.*",)))


@pytest.mark.parametrize(
    "package", ["keras", "keras>=3", "keras==3.*", "keras==3.0 ; a", "keras @ file:///x"]
)
def test_exact_packages_are_names_and_versions(package: str) -> None:
    with pytest.raises(UsageError, match="is not the name and version of a distribution"):
        MadeEnvironment((package,), exact=True)
