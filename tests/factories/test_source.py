from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedreg.factories.lookup import candidates, canonical_address

from .projects import project, refused


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


@pytest.mark.parametrize(
    ("code", "line"), [(b"x = 1\ndef f(:\n", 2), (b"f = 1\n\xff\n", None), (b"f = 1\0", None)]
)
def test_broken_python_is_an_error_with_its_file_and_line_when_it_has_to_be_read(
    tmp_path: Path, code: bytes, line: int | None
) -> None:
    config = project(tmp_path, {})
    (tmp_path / "models.py").write_bytes(code)
    message, _ = refused("f", config)
    assert message.startswith(f"{tmp_path}/models.py, line {line or ''}")
    assert ": not valid Python" in message
    assert canonical_address("models:f", config) == "models:f"
    assert canonical_address("models.py:f", config) == "models:f"


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
def test_a_signature_is_written_as_it_is_called(tmp_path: Path, code: str, signature: str) -> None:
    assert [found.signature for found in candidates(project(tmp_path, {"models.py": code}))] == [signature]


def test_no_user_code_is_run(tmp_path: Path) -> None:
    config = project(tmp_path, {"models.py": "open('ran', 'w')\ndef f(): pass\n"})
    assert canonical_address("f", config, cwd=tmp_path) == "models:f"
    assert not os.path.exists("ran")
