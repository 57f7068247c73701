"""Loading modules of the project: always what the source says now, never what it said before an edit.

Python takes cached bytecode for fresh if the source has the size and the whole-second time that the
bytecode names. Images with normalised times, Bazel, `cp -p` and `git-restore-mtime` keep both through
an edit. So bytecode of a module of the project counts only if it names the hash of its source (PEP 552).
"""

import importlib.machinery
import importlib.util
import marshal
import os
import sys
import zipimport
from os.path import dirname, join, realpath
from types import CodeType
from typing import Any, Callable, Dict, List, Optional, Tuple

_SOURCE_HASH = getattr(importlib.util, "source_hash", None)  # new in Python 3.7
_CHECKED_HASH = (0b11).to_bytes(4, "little")
_HEADER_BYTES = 16
_INSTALLED = ("site-packages", "dist-packages")

_loaded: Dict[str, bytes] = {}


def loaded_source(path: str) -> Optional[bytes]:
    """The source that a module of the project was run from, as it was read then; None of other files."""
    return _loaded.get(path)


def load_carefully(import_paths: List[str]) -> None:
    """From now on run the source of the project's modules, whichever finder finds them.

    The loader's class is changed, not the finders: editable installs, `.pth` files and factories that
    load a file by its path have finders of their own, and all of them end at this class.
    """
    is_installed = _installed_folders(import_paths)
    machinery = importlib.machinery
    load_installed = machinery.SourceFileLoader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if is_installed(dirname(path)):
            return load_installed(self, fullname)
        source = self.get_data(path)
        _loaded[path] = source
        if type(self) is not machinery.SourceFileLoader or _SOURCE_HASH is None:
            return self.source_to_code(source, path)  # a subclass may translate what it loads
        return _code(self, path, source)

    setattr(machinery.SourceFileLoader, "get_code", get_code)  # noqa: B010 - mypy: it is a method
    if sys.version_info >= (3, 10):  # earlier, importing from an archive does not ask for the code
        load_archived = zipimport.zipimporter.get_code

        def get_archived_code(self: Any, fullname: str) -> Any:
            source = self.get_source(fullname)
            if source is None or is_installed(dirname(self.archive)):
                return load_archived(self, fullname)
            return compile(source, self.get_filename(fullname), "exec", dont_inherit=True)

        setattr(zipimport.zipimporter, "get_code", get_archived_code)  # noqa: B010 - as above


def _installed_folders(import_paths: List[str]) -> Callable[[str], bool]:
    """Whether a folder belongs to installed packages or to Python, not to the project.

    Their bytecode is Python's business: TensorFlow has thousands of modules, and nobody edits them.
    """
    project = _folders(import_paths)
    installed = _folders([dirname(os.__file__)] + [path for path in sys.path if _is_target(path)])
    known: Dict[str, bool] = {}

    def is_installed(folder: str) -> bool:
        found = known.get(folder)
        if found is None:
            real = join(realpath(folder), "")
            below = [real[len(root) :] for root in project if real.startswith(root)]
            parts = min(below, key=len) if below else real
            found = known[folder] = (
                any(name in _INSTALLED for name in parts.split(os.sep))
                or not below
                and real.startswith(installed)
            )
        return found

    return is_installed


def _folders(paths: List[str]) -> Tuple[str, ...]:
    return tuple(join(realpath(path), "") for path in paths)


def _is_target(path: str) -> bool:
    """Whether `pip install --target` filled the folder; an editable install leaves no `.dist-info` there."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(path or os.curdir))
    except OSError:
        return False


def _code(loader: Any, path: str, source: bytes) -> Any:
    """The code of the source: from bytecode that is proved to be its own, else compiled and cached."""
    assert _SOURCE_HASH is not None
    header = importlib.util.MAGIC_NUMBER + _CHECKED_HASH + _SOURCE_HASH(source)
    try:
        cached = importlib.util.cache_from_source(path)
    except NotImplementedError:  # this Python caches nothing
        return loader.source_to_code(source, path)
    code = _cached_code(cached, header, path)
    if code is None:
        code = loader.source_to_code(source, path)
        if not sys.dont_write_bytecode:
            try:
                mode = os.stat(path).st_mode | 0o200  # nobody may read more of it than of the source
                loader.set_data(cached, header + marshal.dumps(code), _mode=mode)
            except OSError:
                pass
    return code


def _cached_code(cached: str, header: bytes, path: str) -> Any:
    try:
        with open(cached, "rb") as stream:
            if stream.read(_HEADER_BYTES) != header:
                return None
            code = marshal.loads(stream.read())
    except (OSError, EOFError, TypeError, ValueError):  # there is none, or it was cut off
        return None
    # Elsewhere compiled, it names files elsewhere, in tracebacks and as the factory's source.
    return code if isinstance(code, CodeType) and code.co_filename == path else None
