from __future__ import annotations

from pathlib import Path

import pytest

from seedreg.errors import Step, UsageError
from seedreg.factories.lookup import Candidate, candidates, canonical_address
from seedreg.factories.source import FactoryKind

from .projects import PLAIN, project, refused


def test_a_name_reached_through_two_modules_is_ambiguous_even_if_one_re_exports_it(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "model.py": "from models import build_model\n"})
    assert refused("build_model", config) == (
        "'build_model' fits several factories: model:build_model, models:build_model",
        "write one of them in full",
    )


def test_one_module_that_is_named_twice_is_not_ambiguous(tmp_path: Path) -> None:
    config = project(tmp_path, {"zoo.py": PLAIN}, factories="zoo,zoo.py,zoo:build_model")
    assert canonical_address("build_model", config) == "zoo:build_model"


def test_a_name_that_is_nowhere_is_answered_with_near_ones(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "pkg/a.py": ""})
    shown = [refused(name, config) for name in ("biuld_model", "zzz", "pkg.a.build")]
    assert shown == [
        (
            "there is no factory 'biuld_model' in models.py",
            "did you mean models:build_model? Otherwise write package.module:biuld_model "
            "or path/to/file.py:biuld_model",
        ),
        ("there is no factory 'zzz' in models.py", "write package.module:zzz or path/to/file.py:zzz"),
        (
            "there is no factory 'pkg.a.build' in models.py",
            "did you mean pkg.a:build? Otherwise write package.module:pkg.a.build "
            "or path/to/file.py:pkg.a.build",
        ),
    ]


def test_a_folder_without_models_is_an_error_that_says_how_to_name_a_factory(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        canonical_address("build_model", project(tmp_path, {}))
    assert (caught.value.message, caught.value.step, caught.value.fields) == (
        f"'build_model' could be in any module: there is no models.py or model.py in {tmp_path}",
        Step.NAME_MODULE,
        {"name": "build_model"},
    )


def test_candidates_are_public_factories_with_functions_and_classes_first(tmp_path: Path) -> None:
    config = project(
        tmp_path,
        {
            "models/__init__.py": (
                "from functools import partial\n"
                "from tensorflow import keras\n"
                "from . import layers\n"
                "from .layers import WIDTH, Block as B, dynamic\n"
                "small = partial(print)\n"
                "RATE = -0.5\n"
                "NAMES = ['a']\n"
                "_private = print\n"
                "def build(width=8, *, seed):\n"
                '    """Build the model.\n\n    More.\n    """\n'
                "build = cached(build)\n"
            ),
            "models/layers.py": "WIDTH = 3\n\n\nclass Block:\n    def __init__(self, n): pass\n",
            "model.py": "class Net(Base): pass\n",
        },
    )
    init, layers = tmp_path / "models/__init__.py", tmp_path / "models/layers.py"
    assert candidates(config) == (
        Candidate("B", "models:B", layers, 4, "(n)", FactoryKind.CLASS, None),
        Candidate(
            "build", "models:build", init, 9, "(width=8, *, seed)", FactoryKind.FUNCTION, "Build the model."
        ),
        Candidate("Net", "model:Net", tmp_path / "model.py", 1, "", FactoryKind.CLASS, None),
        Candidate("dynamic", "models:dynamic", init, 4, "", FactoryKind.NAME, None),
        Candidate("small", "models:small", init, 5, "", FactoryKind.NAME, None),
    )


def test_candidates_of_a_module_and_of_an_address(tmp_path: Path) -> None:
    config = project(tmp_path, {"zoo.py": f"{PLAIN}def other(): pass\n"}, factories="zoo:build_model,x.y:z")
    file = tmp_path / "zoo.py"
    first = Candidate("build_model", "zoo:build_model", file, 1, "(seed)", FactoryKind.FUNCTION, None)
    assert candidates(config) == (first,)
    assert candidates(config, "zoo") == (
        first,
        Candidate("other", "zoo:other", file, 3, "()", FactoryKind.FUNCTION, None),
    )


def test_without_any_module_there_are_no_candidates(tmp_path: Path) -> None:
    assert candidates(project(tmp_path, {})) == ()
