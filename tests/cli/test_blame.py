"""`seedreg blame`, with environments made by uv from an index of small packages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema

from .conftest import TODAY, Project

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document, which fits its schema."""
    jsonschema.validate(document, json.loads((SCHEMAS / "blame-1.schema.json").read_text("utf-8")))
    return document


def test_it_names_the_package_and_shows_the_evidence(upgraded: Project) -> None:
    code, out, err = upgraded("blame", "build", *TODAY).shown
    assert code == 1
    assert (
        out
        == f"""\
DRIFTED  {upgraded.id("build")}  models:build@0  N s
  1 of 2 tensors differ from baseline 1; layers: dense
  environment: keras 1.0 → 1.5, grain 1 → 2, noise 1 → 2
  source: unchanged

ENVIRONMENT                               RESULT            WEIGHTS
today's, created again                    same as today     B
today's with keras 1.0, grain 1, noise 1  same as baseline  A
today's with keras 1.0                    same as baseline  A
baseline's with keras 1.5                 same as today     B
equal letters are equal weights: A is baseline 1, B today where it differs

found: keras 1.0 → 1.5
  today's environment with only this undone gives the baseline's weights
  the baseline's environment with only this changed gives today's weights
  next: seedreg bisect {upgraded.id("build")} --package keras {" ".join(TODAY).replace("--with=", "--with ")}
"""
    )
    assert "seedreg: today's with keras 1.0: same as baseline (A)  N s\n" in err


def test_it_names_the_two_that_did_it_together(upgraded: Project) -> None:
    result = upgraded("blame", "joint", "--json", *TODAY)
    document = checked(result.document)
    assert result.code == document["exit_code"] == 1
    assert document["cause"] == "found"
    assert [change["name"] for change in document["culprits"]] == ["grain", "noise"]
    assert (document["backward"], document["forward"]) == ("same_as_baseline", "same_as_today")


def test_it_says_so_when_nothing_drifted(upgraded: Project) -> None:
    result = upgraded("blame", "steady", *TODAY)
    assert result.code == 0
    assert result.out.endswith("\nit still reproduces: nothing is to blame\n")


def test_a_changed_factory_is_not_put_down_to_a_package(upgraded: Project) -> None:
    upgraded.edit(
        'def edited():\n    return {"w": np.random.normal(size=4)}', "def edited():\n    return [np.ones(2)]"
    )
    result = upgraded("blame", "edited", *TODAY)
    assert result.code == 1
    assert result.out.endswith(f"""
not found: no package and no Python that could be moved explains it
  moving back all 3 changes of packages changes nothing
  the factory's source changed since the baseline
  next: seedreg show {upgraded.id("edited")}
""")


def test_what_the_index_no_longer_has_is_told_in_the_installers_words(
    upgraded: Project, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    shutil.copytree(upgraded.environ["UV_FIND_LINKS"], index)
    (index / "keras-1.0-py3-none-any.whl").unlink()
    result = upgraded("blame", "build", "--json", *TODAY, UV_FIND_LINKS=str(index))
    document = checked(result.document)
    assert (result.code, document["cause"], document["culprits"]) == (1, "not_found", [])
    (fixed,) = document["not_movable"]
    assert fixed["change"]["name"] == "keras"
    assert "there is no version of keras==1.0" in fixed["installer"]


def test_an_entry_that_cannot_be_built_today_is_not_judged(upgraded: Project) -> None:
    upgraded.edit("import noise\n", "import noise\nimport nowhere\n")
    result = upgraded("blame", "build", *TODAY)
    assert result.code == 125
    assert "No module named 'nowhere'" in result.out


def test_todays_environment_that_nothing_fits_is_wrong_usage(upgraded: Project) -> None:
    result = upgraded("blame", "build", "--with", "keras==7")
    assert (result.code, result.out) == (2, "")
    assert "there is no version of keras==7" in result.err


def test_it_takes_one_entry(upgraded: Project) -> None:
    result = upgraded("blame", "nothing", *TODAY)
    assert (result.code, result.out) == (4, "")
    assert upgraded("blame", "build", "--builds", "0").code == 2
