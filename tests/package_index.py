"""A package index in a folder, for tests without a network: small wheels, written by hand."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

FAKE_TENSORFLOW = Path(__file__).parent / "stand_ins" / "fake_tensorflow"


def add_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()
) -> Path:
    """Write a pure-Python wheel into the folder; `files` maps paths inside it to their text."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    members = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{member},{_sha256(text)},{len(text.encode())}\n" for member, text in members.items())
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in members.items():
            wheel.writestr(member, text)
    return path


def _sha256(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    return "sha256=" + digest.rstrip(b"=").decode()


def add_keras(folder: Path, version: str, stream: str = "") -> Path:
    """The stand-in for Keras as a release; another `stream` gives other initial weights."""
    text = (FAKE_TENSORFLOW / "keras" / "__init__.py").read_text(encoding="utf-8")
    text = text.replace('"3.99.0"', repr(version))
    text = text.replace("os.environ.get('FAKE_TF_STREAM', '')", repr(stream))
    return add_wheel(folder, "keras", version, {"keras/__init__.py": text}, ["numpy"])


def add_tensorflow(folder: Path, version: str, requires: Sequence[str] = ("keras",)) -> Path:
    """The stand-in for TensorFlow as a release."""
    root = FAKE_TENSORFLOW / "tensorflow"
    files = {
        f"tensorflow/{file.relative_to(root).as_posix()}": file.read_text(encoding="utf-8")
        for file in sorted(root.rglob("*.py"))
    }
    main = "tensorflow/__init__.py"
    files[main] = files[main].replace('os.environ.get("FAKE_TF_VERSION", "2.99.0")', repr(version))
    return add_wheel(folder, "tensorflow", version, files, [*requires, "numpy"])


def add_numpy(folder: Path, links: Path) -> Path:
    """The NumPy of this interpreter as a wheel that only points to it, through the folder `links`."""
    import numpy

    links.mkdir(parents=True, exist_ok=True)
    installed = Path(numpy.__file__).parent
    for part in (installed, installed.with_name("numpy.libs")):
        if part.exists():
            (links / part.name).symlink_to(part)
    return add_wheel(folder, "numpy", numpy.__version__, {"numpy_links.pth": f"{links}\n"})


def index_variables(folder: Path, uv_cache: Path) -> dict[str, str]:
    """The variables that make uv know this folder and nothing else; one cache may serve many folders."""
    return {
        "UV_FIND_LINKS": str(folder),
        # uv knows --no-index but no variable for it: the same folder, in which no package has a page, is
        # the index too.
        "UV_DEFAULT_INDEX": folder.as_uri(),
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(uv_cache),
    }


def environ_of(folder: Path, uv_cache: Path) -> dict[str, str]:
    """This process's variables, with the folder as the only index."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    return {**others, **index_variables(folder, uv_cache)}
