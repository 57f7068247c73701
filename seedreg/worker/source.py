"""Where a factory's code is, and what it is."""

import functools
import hashlib
import inspect
import os
from typing import Any, Dict


def source_of(factory: Any) -> Dict[str, Any]:
    """File, first line, text and hashes of the factory's source; None for each that is not known."""
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
    except Exception:  # the file may be deleted, changed, or have never existed; no build fails for that
        return source
    text = "".join(lines)
    source.update(
        file=os.path.abspath(file),
        line=max(line, 1),
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        text=text.encode("utf-8", "replace").decode("utf-8"),
    )
    return source
