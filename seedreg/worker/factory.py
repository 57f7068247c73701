"""From a factory's address to a model: importing, calling, building; every way to fail has a kind."""

import functools
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback
import unicodedata
from typing import Any, Dict, List, Optional

from .protocol import Failure

_HERE = os.path.dirname(os.path.abspath(__file__))
_MAX_TRACEBACK = 32768
_DOUBT_S = 2.0  # a second, and one more for file systems that keep time in steps of two


def load(address: str, import_paths: List[str], root: str) -> Any:
    """The factory at `package.module:name` or `path/file.py:name` (relative to `root`).

    Raises:
        Failure: kinds `module-not-found`, `syntax-error`, `import-raised`, `exit`,
            `name-not-found`, `not-callable`.
    """
    where, _, name = address.rpartition(":")
    module = _import(where, import_paths, root)
    found = module
    for part in name.split("."):
        try:
            found = _attribute(found, part)
        except AttributeError:
            raise Failure("name-not-found", module=where, name=name, present=_callables(module))
        except Exception as error:  # a module may have a __getattr__
            raise Failure("import-raised", user_traceback(), factory=address, error=describe(error))
    if not callable(found):
        raise Failure("not-callable", factory=address, type=type(found).__name__)
    return found


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        # Python normalises identifiers in source to NFKC; a typed name may be composed otherwise.
        return getattr(owner, unicodedata.normalize("NFKC", name))


def _callables(module: Any) -> List[str]:
    return sorted(
        name
        for name, value in getattr(module, "__dict__", {}).items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", None) == getattr(module, "__name__", None)
    )


class _CarefulLoader(importlib.machinery.SourceFileLoader):
    """Loads a module's source, from cached bytecode only if that cannot be of another state of the file.

    Python takes bytecode to be current if time (in whole seconds) and size of the source are those it
    was made of, so an edit within the second is missed. Bytecode written well after the source's time
    has no such doubt. The same thought keeps git's index right.
    """

    def path_stats(self, path: Any) -> Any:
        """Time and size of the source, once bytecode that is in doubt is gone.

        An OSError makes the import machinery do without bytecode.
        """
        stats = super().path_stats(path)
        cached = importlib.util.cache_from_source(os.fspath(path))
        try:
            written = os.stat(cached).st_mtime
        except OSError:
            return stats  # there is none yet
        if written < stats["mtime"] + _DOUBT_S:
            os.unlink(cached)
        return stats


def _load_carefully(import_paths: List[str]) -> None:
    """Have the project's modules, not the installed packages below its root, loaded by `_CarefulLoader`."""
    machinery = importlib.machinery
    roots = tuple(os.path.join(os.path.realpath(path), "") for path in import_paths)

    def hook(path: str) -> Any:
        real = os.path.join(os.path.realpath(path), "")
        if not real.startswith(roots) or "-packages" + os.sep in real or not os.path.isdir(real):
            raise ImportError
        return machinery.FileFinder(
            path,
            (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
            (_CarefulLoader, machinery.SOURCE_SUFFIXES),
            (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
        )

    sys.path_hooks.insert(0, hook)
    for path in import_paths:
        sys.path_importer_cache.pop(path, None)


def _import(where: str, import_paths: List[str], root: str) -> Any:
    is_path = where.endswith(".py") or "/" in where
    pid = os.getpid()
    _load_carefully(import_paths)
    try:
        if is_path:
            return _import_path(os.path.join(root, where))
        return importlib.import_module(where)
    except Failure:
        raise
    except SyntaxError as error:
        raise Failure(
            "syntax-error",
            user_traceback(),
            module=where,
            file=str(error.filename),
            line=error.lineno,
            error=str(error.msg),
        )
    except ModuleNotFoundError as error:
        if not is_path and error.name and (where + ".").startswith(error.name + "."):
            raise Failure("module-not-found", module=error.name, searched=import_paths, python=sys.executable)
        raise Failure(
            "import-raised",
            user_traceback(),
            module=where,
            error="ModuleNotFoundError: {}".format(error),
            **_missing(error.name),
        )
    except SystemExit as error:
        raise Failure(
            "exit", user_traceback(), module=where, code="" if error.code is None else repr(error.code)
        )
    except MemoryError:
        raise Failure("memory", user_traceback(), module=where)
    except BaseException as error:
        raise Failure("import-raised", user_traceback(), module=where, error=describe(error))
    finally:
        _end_copy(pid)


def _end_copy(pid: int) -> None:
    if os.getpid() != pid:
        os._exit(0)  # the user's code forked, and this is the copy that came back here too


def _missing(name: Optional[str]) -> Dict[str, Any]:
    """The facts on a module that an import did not find, and where it could come from."""
    if not name:
        return {}
    if "." in name:
        return {"missing": name, "package": name.split(".")[0]}
    return {"missing": name, "python": sys.executable}


def _import_path(path: str) -> Any:
    if not os.path.isfile(path):
        raise Failure("module-not-found", path=path)
    sys.path.insert(0, os.path.dirname(path))  # as `python path/file.py` does
    stem = os.path.splitext(os.path.basename(path))[0]
    known = _find_spec(stem.split(".")[0])
    taken = stem in sys.modules or known is not None
    same = taken and "." not in stem and _is_file(known, path)
    name = stem if same or not taken else "_seedreg_factory_" + stem
    spec = importlib.util.spec_from_file_location(name, path, loader=_CarefulLoader(name, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _find_spec(name: str) -> Any:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None  # ValueError: it is loaded and has no spec


def _is_file(spec: Any, path: str) -> bool:
    return (
        spec is not None
        and spec.origin is not None
        and os.path.realpath(spec.origin) == os.path.realpath(path)
    )


def call(factory: Any, address: str, params: Dict[str, Any], seed: int) -> Any:
    """What the factory returns for the params; it gets `seed` too if it has such a parameter.

    Raises:
        Failure: kinds `arguments`, `raised`, `exit`, `memory`.
    """
    params = dict(params)
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        signature = None  # builtins and C extensions have none
    if signature is not None:
        parameter = signature.parameters.get("seed")
        if (
            parameter is not None
            and "seed" not in params
            and parameter.kind
            in (
                parameter.POSITIONAL_OR_KEYWORD,
                parameter.KEYWORD_ONLY,
            )
        ):
            params["seed"] = seed
        try:
            signature.bind(**params)
        except TypeError as error:
            raise Failure("arguments", factory=address, signature=str(signature), error=str(error))
    pid = os.getpid()
    try:
        return factory(**params)
    except SystemExit as error:
        raise Failure(
            "exit", user_traceback(), factory=address, code="" if error.code is None else repr(error.code)
        )
    except MemoryError:
        raise Failure("memory", user_traceback(), factory=address)
    except BaseException as error:
        raise Failure("raised", user_traceback(), factory=address, error=describe(error))
    finally:
        _end_copy(pid)


def call_on_zeros(model: Any, address: str, inputs: List[Dict[str, Any]]) -> None:
    """Call the model once on zeros, a batch of 1 for each input, so that its layers make their weights.

    Raises:
        Failure: kind `raised`.
    """
    import tensorflow

    zeros = [tensorflow.zeros([1] + list(spec["shape"]), dtype=spec["dtype"]) for spec in inputs]
    shapes = ["{}{}".format(spec["dtype"], tuple([1] + list(spec["shape"]))) for spec in inputs]
    try:
        model(zeros[0] if len(zeros) == 1 else zeros)
    except BaseException as error:
        raise Failure("raised", user_traceback(), factory=address, error=describe(error), inputs=shapes)


def source_of(factory: Any) -> Dict[str, Any]:
    """File, first line, text and hashes of the factory's source; None for each that is not known."""
    import hashlib

    while isinstance(factory, functools.partial):
        factory = factory.func
    source: Dict[str, Any] = {"file": None, "line": None, "sha256": None, "file_sha256": None, "text": None}
    try:
        factory = inspect.unwrap(factory)
        if not (inspect.isfunction(factory) or inspect.ismethod(factory) or inspect.isclass(factory)):
            factory = type(factory)
        lines, line = inspect.getsourcelines(factory)
        file = inspect.getsourcefile(factory)
        if file is None:
            return source
        with open(file, "rb") as stream:
            source["file_sha256"] = hashlib.sha256(stream.read()).hexdigest()
    except Exception:  # the file may be gone, changed or never have been; none of that fails a build
        return source
    text = "".join(lines)
    source.update(
        file=os.path.abspath(file),
        line=max(line, 1),
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        text=text.encode("utf-8", "replace").decode("utf-8"),
    )
    return source


def describe(error: BaseException) -> str:
    """`ValueError: what it says`, in one line of at most 300 characters."""
    try:
        text = " ".join(str(error)[:4096].split())
    except BaseException:  # the user's class may define any __str__
        text = "(its message could not be read)"
    name = type(error).__name__
    return "{}: {}".format(name, text[:300] + ("…" if len(text) > 300 else "")) if text else name


def user_traceback() -> Optional[str]:
    """The traceback of the exception being handled, without the worker's own frames."""
    kind, error, frames = sys.exc_info()
    if kind is None:
        return None
    while frames is not None and _is_machinery(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    try:
        text = "".join(traceback.format_exception(kind, error, frames))
    except BaseException:
        return None
    if len(text) > _MAX_TRACEBACK:
        half = _MAX_TRACEBACK // 2
        text = "{}\n[{} characters left out]\n{}".format(text[:half], len(text) - 2 * half, text[-half:])
    return text


def _is_machinery(filename: str) -> bool:
    return filename.startswith("<frozen importlib") or os.path.dirname(os.path.abspath(filename)) in (
        _HERE,
        os.path.dirname(os.path.abspath(importlib.__file__)),
    )
