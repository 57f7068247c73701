"""The three styles of Keras from the command line to the registry file and back."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .conftest import run_seedreg

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
HEX = r"[0-9a-f]{12}"


def test_the_three_styles_register_and_verify(project: Path, tmp_path: Path) -> None:
    db = ("--db", str(tmp_path / "registry.db"))
    fork = ("--isolation", "fork")
    for factory, options in {
        "acceptance:functional": (),  # one of its builds is fresh and one forked
        "acceptance:sequential": fork,
        "acceptance:subclass": ("--input-shape", "16,16,3", *fork),
    }.items():
        done = run_seedreg(project, "register", factory, *options, "--tag", "styles", *db)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(
            rf"registered  {HEX}  {factory}@0  sr1:{HEX}  8 tensors, 1,698 parameters\n", done.stdout
        )
    done = run_seedreg(project, "verify", "tag:styles", "--json", *db)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["summary"] == {"REPRODUCED": 3, "DRIFTED": 0, "NONDETERMINISTIC": 0, "ERROR": 0}
    assert document["exit_code"] == 0


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_a_seed_out_of_range_is_wrong_usage(project: Path, tmp_path: Path, seed: str) -> None:
    db = tmp_path / "registry.db"
    done = run_seedreg(project, "register", "acceptance:functional", "--seed", seed, "--db", str(db))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"seedreg: error: seed {seed} is not an integer from 0 to 4294967295",
        "  hint: the range is NumPy's: numpy.random.seed takes 0 … 2**32 - 1",
    ]
    assert not db.exists()


def test_the_quickstart_does_what_the_readme_says(tmp_path: Path) -> None:
    folder = tmp_path / "checkout" / "examples" / "quickstart"
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns(".seedreg", "__pycache__"))
    (tmp_path / "checkout" / "pyproject.toml").touch()  # the project is the nearest folder, not this one
    done = run_seedreg(folder, "register", "build_model", "--seed", "0")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"registered  {HEX}  models:build_model@0  sr1:{HEX}  6 tensors, 5,258 parameters\n", done.stdout
    )
    assert (folder / ".seedreg" / ".gitignore").is_file()
    assert (folder / ".seedreg" / "registry.db").is_file()
    assert not (tmp_path / "checkout" / ".seedreg").exists()
    done = run_seedreg(folder, "verify", "build_model@0")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(rf"REPRODUCED  {HEX}  models:build_model@0  ", done.stdout)
