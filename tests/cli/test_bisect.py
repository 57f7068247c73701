"""`seedreg bisect`, with environments made by uv from an index of small packages."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from .conftest import TODAY, Project

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def test_it_tells_the_history_of_the_package(upgraded: Project) -> None:
    code, out, _ = upgraded("bisect", "build", "--package", "Keras", *TODAY).shown
    assert code == 1
    assert (
        out[out.index("KERAS") :]
        == """\
KERAS  WEIGHTS  RESULT            OTHER PACKAGES
1.0    A        same as baseline  as today
1.1    A        same as baseline  as today
1.2    C        a third value     as today
1.3    A        same as baseline  as today
1.4    -        could not run     as today
1.5    B        same as today     as today
  1.4: import-raised: importing models raised ImportError: built for another machine
equal letters are equal weights: A is baseline 1, B today where it differs

keras changes the weights in 1.2 (A → C)
keras changes the weights back in 1.3 (C → A)
keras changes the weights after 1.3, at the latest in 1.5 (A → B); could not
  run: 1.4
"""
    )


def test_its_document_fits_the_schema(upgraded: Project) -> None:
    result = upgraded("bisect", "build", "--package", "keras", "--builds", "3", "--json", *TODAY)
    document = result.document
    jsonschema.validate(document, json.loads((SCHEMAS / "bisect-1.schema.json").read_text("utf-8")))
    assert (result.code, document["exit_code"]) == (1, 1)
    assert document["releases"] == ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"]
    assert [one["release"] for one in document["tried"]] == ["1.0", "1.3", "1.5"]
    assert document["known"] == [{"kind": "releases_left", "fields": {"builds": 3}}]


def test_an_end_that_does_not_exist_could_not_run(upgraded: Project) -> None:
    result = upgraded(
        "bisect", "build", "--package", "keras", "--from", "0.9", "--to", "1.0", "--json", *TODAY
    )
    missing, first = result.document["tried"]
    assert "there is no version of keras==0.9" in missing["trial"]["failure"]["message"]
    assert (first["release"], first["trial"]["letter"]) == ("1.0", "A")


def test_an_entry_that_reproduces_needs_named_releases(upgraded: Project) -> None:
    result = upgraded("bisect", "steady", "--package", "keras", *TODAY)
    assert result.code == 0
    assert "the baseline still reproduces; --from and --to name releases" in result.out


def test_bad_input_is_told(upgraded: Project) -> None:
    bad = upgraded("bisect", "build", "--package", "keras", "--from", "newest")
    assert (bad.code, bad.out) == (2, "")
    assert "--from 'newest' is not a version" in bad.err
    unknown = upgraded("bisect", "build", "--package", "jax", *TODAY)
    assert (unknown.code, unknown.out) == (2, "")
    assert "jax is not among the distributions of the baseline's environment" in unknown.err
    assert upgraded("bisect", "build", *TODAY).code == 2
