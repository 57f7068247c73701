from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from seedreg.config import Config, load_config
from seedreg.errors import UsageError
from seedreg.factories.lookup import Candidate, candidates, canonical_address

PLAIN = "def build_model(seed):\n    pass\n"


def project(root: Path, files: dict[str, str], **options: object) -> Config:
    (root / ".seedreg").mkdir(parents=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_config(options, {}, root)


def refused(
    text: str, config: Config, module: str | None = None, cwd: Path | None = None
) -> tuple[str, str | None]:
    with pytest.raises(UsageError) as caught:
        canonical_address(text, config, module, cwd=cwd)
    return caught.value.message, caught.value.hint


# Full addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pkg.mod:build", "pkg.mod:build"),
        ("not_installed.anywhere:Class.method", "not_installed.anywhere:Class.method"),
        ("  models : build ", "models:build"),
        ("models:モデル", "models:モデル"),
        ("models:my model", "models:my model"),
        ("my-models:build", "my-models:build"),
    ],
)
def test_a_full_address_passes_through(tmp_path: Path, text: str, address: str) -> None:
    assert canonical_address(text, project(tmp_path, {}), None) == address


def test_two_spellings_of_one_identifier_are_one_address(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "def モデル(seed): pass\n"})
    decomposed = unicodedata.normalize("NFD", "モデル")
    assert decomposed != "モデル"
    assert canonical_address(f"models:{decomposed}", config) == "models:モデル"
    assert canonical_address(decomposed, config) == "models:モデル"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "::",
        "a:b:c",
        "C:\\x\\models.py:f",
        "a\\b:f",
        "mod:",
        ":f",
        "a..b:f",
        ".a:f",
        "a:b..c",
        "a:.b",
        "f.",
        "a\0:f",
        "a:\udcff",
        "a\nb:f",
        "models:f@0",
        "f@0",
    ],
)
def test_text_that_is_no_address_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    message, hint = refused(text, project(tmp_path, {"models.py": "def f(): pass\n"}))
    assert repr(text.strip()) in message
    assert hint is not None
    assert hint.startswith(("write package.module:", "give the seed by --seed"))


# Paths


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("models.py:f", "models:f"),
        ("./models.py:f", "models:f"),
        ("pkg/__init__.py:f", "pkg:f"),
        ("pkg:f", "pkg:f"),
        ("pkg/:f", "pkg:f"),
        ("pkg/sub/deep.py:C.m", "pkg.sub.deep:C.m"),
        ("src/inner/mod.py:f", "inner.mod:f"),
        ("lib/extra.py:f", "extra:f"),
        ("loose/mod.py:f", "loose/mod.py:f"),
        ("pkg/data/mod.py:f", "pkg/data/mod.py:f"),
        ("my-models.py:f", "my-models.py:f"),
        ("__init__.py:f", "__init__.py:f"),
        ("random.py:f", "random.py:f"),
        ("src/models.py:f", "src/models.py:f"),
        ("mit leer zeichen/m.py:f", "mit leer zeichen/m.py:f"),
        ("モデル.py:f", "モデル:f"),
        ("../outside.py:f", "../outside.py:f"),
    ],
)
def test_a_file_is_named_by_its_module_where_it_can_be_imported(
    tmp_path: Path, text: str, address: str
) -> None:
    files = [
        "models.py",
        "pkg/__init__.py",
        "pkg/sub/__init__.py",
        "pkg/sub/deep.py",
        "src/inner/__init__.py",
        "src/inner/mod.py",
        "lib/extra.py",
        "loose/mod.py",
        "pkg/data/mod.py",
        "my-models.py",
        "__init__.py",
        "random.py",  # Python's own is imported long before
        "src/models.py",  # hidden by models.py
        "mit leer zeichen/m.py",
        "モデル.py",
        "../outside.py",
    ]
    config = project(tmp_path / "root", dict.fromkeys(files, ""), pythonpath="lib")
    assert canonical_address(text, config) == address
    name, _, rest = text.partition(":")
    if "/" in text or ".py" in text:
        assert canonical_address(f"{config.root}/{name}:{rest}", config) == address


def test_paths_are_tried_in_the_current_folder_before_the_root(tmp_path: Path) -> None:
    config = project(tmp_path, {"a.py": "", "b.py": "", "sub/a.py": "", "sub/c.py": ""})
    cwd = tmp_path / "sub"
    found = [canonical_address(f"{name}.py:f", config, cwd=cwd) for name in "abc"]
    assert found == ["sub/a.py:f", "b:f", "sub/c.py:f"]


def test_a_project_reached_through_a_link_has_the_same_addresses(tmp_path: Path) -> None:
    config = project(tmp_path / "real", {"models.py": "", "loose/m.py": ""})
    (tmp_path / "link").symlink_to("real")
    assert canonical_address(f"{tmp_path}/link/models.py:f", config) == "models:f"
    assert canonical_address(f"{tmp_path}/link/loose/m.py:f", config) == "loose/m.py:f"


def test_a_missing_file_is_told_with_the_folders_it_was_looked_for_in(tmp_path: Path) -> None:
    config = project(tmp_path, {"sub/x": "", "nb.ipynb": ""})
    hint = "paths are relative to the current folder or to the project's root"
    told = [refused(text, config, cwd=tmp_path / "sub") for text in ("m.py:f", "/no/m.py:f")]
    assert told == [
        (f"there is no file m.py in {tmp_path}/sub or {tmp_path}", hint),
        ("there is no file /no/m.py", hint),
    ]
    other = [refused(text, config)[0] for text in ("./sub:f", "nb.ipynb:f")]
    assert other == [
        f"{tmp_path}/sub is a folder without __init__.py",
        f"{tmp_path}/nb.ipynb is not a .py file",
    ]


def test_a_file_without_a_factory_is_told_with_what_is_in_it(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "empty.py": ""})
    told = [refused(text, config) for text in ("models.py", "empty.py")]
    assert told == [
        ("'models.py' names a file, and no factory in it", "write models:build_model"),
        ("'empty.py' names a file, and no factory in it", "write empty.py:build_model"),
    ]


# Bare names


@pytest.mark.parametrize("file", ["models.py", "model.py", "models/__init__.py", "src/models.py"])
def test_a_bare_name_is_found_in_models_or_model(tmp_path: Path, file: str) -> None:
    config = project(tmp_path, {file: PLAIN})
    module = "model" if file == "model.py" else "models"
    assert canonical_address("build_model", config, None) == f"{module}:build_model"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("f", "def f(): pass"),
        ("f", "async def f(): pass"),
        ("F", "class F: pass"),
        ("F.create", "class F:\n    @classmethod\n    def create(cls): pass"),
        ("f", "from functools import partial\nf = partial(print)"),
        ("f", "f: object = print"),
        ("f", "g, (*f, h) = print, (1, 2)"),
        ("f", "from .x import f"),
        ("f", "from .x import g as f"),
        ("Dense", "from tensorflow.keras.layers import Dense"),
        ("_f", "def _f(): pass"),
        ("f", "if 1 > 0:\n    def f(): pass\nelse:\n    pass"),
        ("f", "try:\n    import x\nexcept ImportError:\n    def f(): pass"),
        ("f", "with x:\n    def f(): pass"),
        ("f", "'\\d'\ndef f(): pass"),
        ("モデル", "def モデル(): pass"),
    ],
)
def test_a_bare_name_is_whatever_a_file_binds_at_its_top_level(tmp_path: Path, name: str, code: str) -> None:
    assert canonical_address(name, project(tmp_path, {"models.py": code})) == f"models:{name}"


@pytest.mark.parametrize(
    "code",
    [
        "def g():\n    def f(): pass",
        "class C:\n    def f(self): pass",
        "if TYPE_CHECKING:\n    from x import f",
        "if __name__ == '__main__':\n    f = 1",
        "from __future__ import f",
        "import f",
        "o.f = 1",
        "f: int",
    ],
)
def test_what_importing_does_not_bind_is_not_found(tmp_path: Path, code: str) -> None:
    config = project(tmp_path, {"models.py": code})
    assert refused("f", config)[0] == "there is no factory 'f' in models.py"


def test_star_imports_bring_the_names_of_the_projects_own_files(tmp_path: Path) -> None:
    config = project(
        tmp_path,
        {
            "models/__init__.py": "from .a import *\nfrom .b import *\nfrom numpy import *\n",
            "models/a.py": "from . import *\ndef build_a(): pass\ndef _hidden(): pass\n",
            "models/b.py": "__all__ = ['_told']\ndef _told(): pass\ndef build_b(): pass\n",
        },
    )
    found = [canonical_address(name, config) for name in ("build_a", "_told")]
    assert found == ["models:build_a", "models:_told"]
    for name in ("_hidden", "build_b"):
        assert refused(name, config)[0] == f"there is no factory {name!r} in models/__init__.py"


def test_configured_factories_may_be_modules_files_and_addresses(tmp_path: Path) -> None:
    config = project(
        tmp_path,
        {"models.py": PLAIN, "pkg/a.py": "def a(): pass\n", "zoo/b.py": "def b(): pass\n"},
        factories="pkg.a,zoo/b.py,other.mod:c",
    )
    found = [canonical_address(name, config) for name in "abc"]
    assert found == ["pkg.a:a", "zoo/b.py:b", "other.mod:c"]
    assert refused("build_model", config)[0] == (
        "there is no factory 'build_model' in any of pkg/a.py, zoo/b.py, other.mod"
    )


def test_a_given_module_is_the_only_one_looked_in(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": PLAIN, "pkg/a.py": PLAIN, "sub/b.py": PLAIN})
    found = [
        canonical_address("build_model", config, module, cwd=tmp_path / "sub")
        for module in ("pkg.a", "pkg/a.py", "b.py", "b", "models")
    ]
    assert found == [
        "pkg.a:build_model",
        "pkg/a.py:build_model",
        "sub/b.py:build_model",
        "sub/b.py:build_model",
        "models:build_model",
    ]
    assert canonical_address("models:f", config, "pkg.a") == "models:f"


def test_models_beside_the_current_folder_count_too(tmp_path: Path) -> None:
    config = project(tmp_path, {"exp/models.py": PLAIN})
    assert canonical_address("build_model", config, cwd=tmp_path / "exp") == "exp/models.py:build_model"
    (tmp_path / "models.py").write_text(PLAIN)
    assert refused("build_model", config, cwd=tmp_path / "exp") == (
        "'build_model' fits several factories: exp/models.py:build_model, models:build_model",
        "write one of them in full",
    )


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
    told = [refused(name, config) for name in ("biuld_model", "zzz", "pkg.a.build")]
    assert told == [
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


def test_a_folder_without_models_is_told_the_three_ways(tmp_path: Path) -> None:
    assert refused("build_model", project(tmp_path, {})) == (
        f"'build_model' could be in any module: there is no models.py or model.py in {tmp_path}",
        "write package.module:build_model or path/to/file.py:build_model, or say --module package.module, "
        'or set factories = ["package.module"] in [tool.seedreg] of pyproject.toml',
    )


def test_an_installed_module_is_believed_when_it_is_the_only_one(tmp_path: Path) -> None:
    config = project(tmp_path, {"zoo.py": PLAIN}, factories="zoo,keras_zoo.models")
    assert canonical_address("ResNet", config) == "keras_zoo.models:ResNet"
    assert canonical_address("build_model", config) == "zoo:build_model"
    assert canonical_address("my model", config, "keras_zoo") == "keras_zoo:my model"
    two = load_config({"factories": "a_zoo,b_zoo"}, {}, tmp_path)
    assert refused("ResNet", two)[0] == "there is no factory 'ResNet' in a_zoo or b_zoo"


def test_a_module_that_is_missing_from_the_projects_own_package_is_an_error(tmp_path: Path) -> None:
    config = project(tmp_path, {"pkg/__init__.py": "", "models.py": PLAIN})
    hint = "check the name in --module or in factories of [tool.seedreg]"
    assert refused("f", config, "pkg.modles") == (f"there is no module pkg.modles in {tmp_path}", hint)
    assert refused("f", config, "models:build_model") == (
        "--module 'models:build_model' is a factory's address, not a module",
        "say models:build_model without --module",
    )
    assert refused("f", config, "a..b")[0] == "'a..b' is not a module's full name"
    assert refused("f", config, "no/m.py")[0] == f"there is no file no/m.py in {tmp_path}"


@pytest.mark.parametrize(
    ("code", "line"), [(b"x = 1\ndef f(:\n", 2), (b"f = 1\n\xff\n", None), (b"f = 1\0", None)]
)
def test_broken_python_is_told_with_its_file_and_line_when_it_has_to_be_read(
    tmp_path: Path, code: bytes, line: int | None
) -> None:
    config = project(tmp_path, {})
    (tmp_path / "models.py").write_bytes(code)
    message, _ = refused("f", config)
    assert message.startswith(f"{tmp_path}/models.py, line {line or ''}")
    assert ": not valid Python" in message
    assert canonical_address("models:f", config) == "models:f"
    assert canonical_address("models.py:f", config) == "models:f"


def test_a_broken_file_that_was_not_asked_for_does_not_matter(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": f"from helpers import x\n{PLAIN}", "helpers.py": "def ("})
    assert canonical_address("build_model", config) == "models:build_model"
    assert [found.name for found in candidates(config)] == ["build_model", "x"]


# Candidates


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
        Candidate("B", "models:B", layers, 4, "(n)", "class", None),
        Candidate("build", "models:build", init, 9, "(width=8, *, seed)", "function", "Build the model."),
        Candidate("Net", "model:Net", tmp_path / "model.py", 1, "", "class", None),
        Candidate("dynamic", "models:dynamic", init, 4, "", "name", None),
        Candidate("small", "models:small", init, 5, "", "name", None),
    )


def test_candidates_of_a_module_and_of_an_address(tmp_path: Path) -> None:
    config = project(tmp_path, {"zoo.py": f"{PLAIN}def other(): pass\n"}, factories="zoo:build_model,x.y:z")
    file = tmp_path / "zoo.py"
    first = Candidate("build_model", "zoo:build_model", file, 1, "(seed)", "function", None)
    assert candidates(config) == (first,)
    assert candidates(config, "zoo") == (
        first,
        Candidate("other", "zoo:other", file, 3, "()", "function", None),
    )


def test_without_any_module_there_are_no_candidates(tmp_path: Path) -> None:
    assert candidates(project(tmp_path, {})) == ()


def test_modules_that_import_each_other_are_followed_once(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "from model import f\n", "model.py": "from models import f\n"})
    assert [(found.address, found.kind) for found in candidates(config)] == [
        ("models:f", "name"),
        ("model:f", "name"),
    ]


@pytest.mark.parametrize(
    ("code", "signature"),
    [
        ("def f(a, /, b=1, *rest, c, d='x', **more): pass", "(a, /, b=1, *rest, c, d='x', **more)"),
        ("def f(a: int, *, b: str = 'y') -> int: pass", "(a, *, b='y')"),
        (f"def f(a=[{'1, ' * 50}]): pass", "(a=…)"),
        ("class f:\n    def __init__(self, /, a): pass", "(a)"),
        ("class f:\n    def __init__(self, a, /, b): pass", "(a, /, b)"),
        ("class f:\n    def __init__(*args): pass", "(*args)"),
    ],
)
def test_a_signature_is_told_as_it_is_called(tmp_path: Path, code: str, signature: str) -> None:
    assert [found.signature for found in candidates(project(tmp_path, {"models.py": code}))] == [signature]


def test_nothing_of_the_users_is_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "open('ran', 'w')\ndef f(): pass\n"})
    assert canonical_address("f", config, cwd=tmp_path) == "models:f"
    assert not os.path.exists("ran")
