from __future__ import annotations

import pytest
from packaging.version import Version

from seedreg.domain.distributions import (
    exact_requirement,
    is_distribution_name,
    is_exact_requirement,
    is_version,
    normal_name,
)
from seedreg.errors import UsageError

# What a crafted registry could hold, and what a requirements file or a command line would make of it.
HOSTILE = [
    "",
    " ",
    "-r",
    "--index-url=https://evil.example/",
    "1.0\n-e /tmp/evil",
    "1.0\r\n--index-url https://evil.example/",
    "1.0\n",
    "\n1.0",
    "1.0 ; python_version > '3'",
    "1.0,!=2",
    "1.*",
    "1.0 @ https://evil.example/a.whl",
    "@ file:///tmp/evil",
    "1.0 --hash=sha256:0",
    "1.0#egg=x",
    "1.0\\",
    "1.0\u2028-e x",
    "1.0\x00",
    "١.٠",
    "1" * 5000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_be_more_than_a_version_is_none(text: str) -> None:
    assert not is_version(text)
    assert not is_exact_requirement(f"keras=={text}")
    with pytest.raises(UsageError, match="is not the name and version of a distribution"):
        exact_requirement("keras", text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " keras", "keras ", "-e", "--index-url", "a[extra]", "a @ file:///x", "a;b", "a\nb", "a/b"),
        *(".a", "a.", "../a", "kéras", "a" * 5000),
    ],
)
def test_what_would_be_more_than_a_name_is_none(text: str) -> None:
    assert not is_distribution_name(text)
    with pytest.raises(UsageError):
        exact_requirement(text, "1.0")


@pytest.mark.parametrize(
    "text",
    [
        *("1", "2.15.0", "2.16.0rc1", "1!2.3", "2.1.0+cpu", "0.5.0.post1.dev3", "1.0-dev", "v1.0_alpha.2"),
        *("1.0-1", "2024.07.01", "1.0.0RC1", "2.0+g1234.d20240101", "1.0+local-1_2"),
    ],
)
def test_every_spelling_that_installers_read_is_a_version(text: str) -> None:
    assert is_version(text)
    assert exact_requirement("tf-keras_2.x", text) == f"tf-keras_2.x=={text}"
    Version(text)


@pytest.mark.parametrize("text", ["latest", "1.0+", "1.0.", "2004d", "1.0-bumpversion-dirty", "unknown"])
def test_a_version_of_no_release_never_becomes_a_requirement(text: str) -> None:
    assert not is_version(text)


@pytest.mark.parametrize("name", ["Tf_Keras.x", "tf-keras-x", "TF--Keras_.-x"])
def test_names_are_compared_as_indexes_do(name: str) -> None:
    assert normal_name(name) == "tf-keras-x"
