"""Whether an object can still create weights, as far as the code of its class shows.

Most layers without weights are complete before they are called: an activation, a loss, a lookup. Only
the class knows; so its methods are read, not run.
"""

import re
from types import CodeType, FunctionType
from typing import Any, Dict, Iterator, List, Set, Tuple

from ..foreign import attribute

# What creates a variable in Keras, TensorFlow and the libraries on them.
_MAKERS = frozenset(
    ("add_weight", "add_variable", "get_variable", "create_variable", "Variable", "ResourceVariable")
)
# A class that is called in `build` may be a layer's. These are not.
_NO_LAYER = re.compile(r"[a-z_].*|[A-Z0-9_]+|InputSpec|TensorShape|Dimension|\w*(Error|Exception|Warning)")
_FRAMEWORKS = ("keras", "tf_keras", "tensorflow", "tensorflow_core", "builtins")
_ROOTS = ("Layer", "Model", "Functional", "Sequential", "Module", "object")
_DECORATED = ("__wrapped__", "__func__")
_MAX_PARTS = 64

_known: Dict[Tuple[type, str], bool] = {}


def layer_creates(kind: type) -> bool:
    """Whether a layer of Keras of this class creates weights in `build`, or when it is called."""
    return _creates(kind, "layer", ("build", "call"))


def module_creates(kind: type) -> bool:
    """Whether a `tf.Module` of this class creates variables when it is called or one of its methods is."""
    return _creates(kind, "module", tuple(_methods(kind)))


def _creates(kind: type, what: str, names: Tuple[str, ...]) -> bool:
    found = _known.get((kind, what))
    if found is None:
        found = _known[kind, what] = any(_reaches(kind, name, what, set()) for name in names)
    return found


def _own(kind: type) -> List[type]:
    """The class and its bases, up to those that every layer or module has."""
    own = []
    for base in type.__dict__["__mro__"].__get__(kind):
        package = str(base.__module__).split(".")[0]
        if package in _FRAMEWORKS and base.__name__ in _ROOTS:
            break
        own.append(base)
    return own


def _methods(kind: type) -> Iterator[str]:
    for base in _own(kind):
        for name in vars(base):
            if name == "__call__" or not name.startswith("__"):
                yield name


def _reaches(kind: type, method: str, what: str, seen: Set[str]) -> bool:
    """Whether a variable is created in the method, or in another of the class's methods that it names."""
    if method in seen:
        return False
    seen.add(method)
    for base in _own(kind):
        if method not in vars(base):
            continue
        names = _names(vars(base)[method])
        # Code that asks whether something is a variable names the class, too.
        if names & _MAKERS and "isinstance" not in names:
            return True
        if method == "build" and what == "layer" and any(not _NO_LAYER.fullmatch(name) for name in names):
            return True
        if any(_reaches(kind, name, what, seen) for name in sorted(names)):
            return True
    return False


def _names(member: Any) -> Set[str]:
    """The names that a method's code uses, also in the functions inside it; none if it is no function."""
    found: Set[str] = set()
    seen: Set[int] = set()
    waiting = [member]
    while waiting and len(seen) < _MAX_PARTS:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, CodeType):
            found.update(part.co_names)
            waiting.extend(each for each in part.co_consts if isinstance(each, CodeType))
            continue
        # What a decorator gives keeps what it decorates under one of these names, or in its closure.
        waiting += [inner for inner in (attribute(part, name) for name in _DECORATED) if inner is not None]
        if isinstance(part, FunctionType):
            waiting.append(part.__code__)
            held = map(_content, part.__closure__ or ())
            waiting += [each for each in held if isinstance(each, FunctionType)]
    return found


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None
