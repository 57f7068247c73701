"""Where a factory's code is, and what it is."""

import functools
import importlib.util
import inspect
import io
import linecache
from hashlib import sha256
from os.path import abspath
from typing import Any, Dict

from .bytecode import loaded_source


def source_of(factory: Any) -> Dict[str, Any]:
    """File, first line, text and hashes of the factory's source; None for each that is not known."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    source: Dict[str, Any] = {"file": None, "line": None, "sha256": None, "file_sha256": None, "text": None}
    try:
        factory = inspect.unwrap(factory)
        if not (inspect.isfunction(factory) or inspect.ismethod(factory) or inspect.isclass(factory)):
            factory = type(factory)
        file = inspect.getsourcefile(factory)
        if file is None:
            return source
        content = _content(file)
        lines, line = inspect.getsourcelines(factory)
        source["file_sha256"] = sha256(content).hexdigest()
    except Exception:  # the file may be deleted, changed, or have never existed; no build fails for that
        return source
    text = "".join(lines)
    source.update(
        file=abspath(file),
        line=max(line, 1),
        sha256=sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        text=text.encode("utf-8", "replace").decode("utf-8"),
    )
    return source


def _content(file: str) -> bytes:
    """What the file's code was run from, which `inspect` then takes its lines from too.

    The file may be edited while the build runs: text and hashes must be of what was run.
    """
    content = loaded_source(file)
    if content is None:
        with open(file, "rb") as stream:
            content = stream.read()
    lines = io.StringIO(importlib.util.decode_source(content)).readlines()
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    linecache.cache[file] = (len(content), None, lines, file)  # without a time it is not read again
    return content
