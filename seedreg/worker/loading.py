"""From a factory's address to the factory: importing its module, and every way in which that fails."""

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
import unicodedata
from typing import Any, Dict, List

from .bytecode import load_carefully
from .calling import end_copy, exit_code
from .exceptions import describe, user_traceback
from .foreign import class_name, text
from .protocol import Failure


def load(address: str, import_paths: List[str], root: str) -> Any:
    """The factory at `package.module:name` or `path/file.py:name` (relative to `root`).

    Raises:
        Failure: see `import_module_of` and `find`.
    """
    return find(address, import_module_of(address, import_paths, root))


def find(address: str, module: Any) -> Any:
    """The factory at `package.module:name` or `path/file.py:name` in its module.

    Raises:
        Failure: kinds `import-raised`, `name-not-found`, `not-callable`.
    """
    where, _, name = address.rpartition(":")
    found = module
    for part in name.split("."):
        if _leads_out(module, found):
            raise Failure(
                "name-not-found", module=where, name=name, leads_to=str(getattr(found, "__name__", ""))
            )
        try:
            found = _attribute(found, part)
        except AttributeError:
            raise Failure("name-not-found", module=where, name=name, present=_callables(module))
        except BaseException as error:  # a module may have a __getattr__
            raise Failure("import-raised", user_traceback(), factory=address, error=describe(error))
    if not callable(found):
        raise Failure("not-callable", factory=address, type=class_name(found))
    return found


def _leads_out(module: Any, found: Any) -> bool:
    """Whether a name has come to another module: `models:os.system` could be any function of any module."""
    if found is module or not isinstance(found, types.ModuleType):
        return False
    return not str(getattr(found, "__name__", "")).startswith(str(getattr(module, "__name__", "")) + ".")


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        # Python normalises identifiers in source to NFKC; a typed name may be composed otherwise.
        return getattr(owner, unicodedata.normalize("NFKC", name))


def _callables(module: Any) -> List[str]:
    try:
        return sorted(
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and callable(value)
            and getattr(value, "__module__", None) == module.__name__
        )
    except BaseException:  # a module may put any object in its place, and objects may have any __module__
        return []


def import_module_of(address: str, import_paths: List[str], root: str) -> Any:
    """The module of the factory at the address, where a path is relative to `root`.

    Raises:
        Failure: kinds `module-not-found`, `syntax-error`, `import-raised`, `exit`, `memory`.
    """
    where = address.rpartition(":")[0]
    is_path = where.endswith(".py") or "/" in where
    pid = os.getpid()
    load_carefully(import_paths)
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
            file=text(error.filename),
            line=error.lineno if isinstance(error.lineno, int) else None,
            error=text(error.msg),
        )
    except ModuleNotFoundError as error:
        missing = error.name if isinstance(error.name, str) else ""
        if not is_path and missing and (where + ".").startswith(missing + "."):
            raise Failure("module-not-found", module=missing, searched=import_paths, python=sys.executable)
        raise Failure(
            "import-raised",
            user_traceback(),
            module=where,
            error=describe(error),
            **_missing(missing),
        )
    except SystemExit as error:
        raise Failure("exit", user_traceback(), module=where, code=exit_code(error))
    except MemoryError:
        raise Failure("memory", user_traceback(), module=where)
    except BaseException as error:
        raise Failure("import-raised", user_traceback(), module=where, error=describe(error))
    finally:
        end_copy(pid)


def _missing(name: str) -> Dict[str, Any]:
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
    loader = importlib.machinery.SourceFileLoader(name, path)  # whatever the file's suffix is
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
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
