"""What a model without weights is called on once, and how that reaches its call.

| inputs of the recipe | the model is called on |
|---|---|
| a list of shapes | zeros with a batch of 1 |
| a function | what the function returns; specs in it become zeros |
| none | its `dummy_inputs`, if it has some, as the models of Hugging Face do; otherwise it is not called |
"""

import ast
from collections.abc import Mapping
from inspect import Parameter, getsource
from inspect import signature as signature_of
from textwrap import dedent
from typing import Any, Dict, List, Optional, Tuple

from .foreign import attribute, class_name, text

# Arguments of a call that are no inputs.
_MODES = frozenset(("self", "training", "mask", "is_training"))
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
# What stands for a tensor without values: its dimensions of unknown size become 1.
_SPECS = frozenset(("TensorSpec", "KerasTensor"))


class Zeros(object):
    """Zeros of the shapes that the recipe gives, by name or by position."""

    def __init__(self, specs: List[Dict[str, Any]]) -> None:
        self._specs = specs

    def shown(self) -> List[str]:
        """The inputs as a failure names them."""
        shown = []
        for spec in self._specs:
            shape = "{}{}".format(spec["dtype"], tuple([1] + list(spec["shape"])))
            shown.append("{}={}".format(spec["name"], shape) if "name" in spec else shape)
        return ["zeros of " + ", ".join(shown)]

    def part(self, path: str) -> Optional["Zeros"]:
        """Those whose names begin with the path of one of several models; None if there are none."""
        found = []
        for spec in self._specs:
            name = spec.get("name", "")
            if name == path:
                found.append({key: value for key, value in spec.items() if key != "name"})
            elif name.startswith(path + "/"):
                found.append(dict(spec, name=name[len(path) + 1 :]))
        return Zeros(found) if found else None

    def call(self, model: Any) -> bool:
        """Call the model; whether it was called."""
        import tensorflow

        given = [
            (spec.get("name"), tensorflow.zeros([1] + list(spec["shape"]), dtype=spec["dtype"]))
            for spec in self._specs
        ]
        positional = [value for name, value in given if name is None]
        named = {name: value for name, value in given if name is not None}
        arguments, keywords = bind(model, positional, named)
        model(*arguments, **keywords)
        return True


class Returned(object):
    """What a function of the project returns."""

    def __init__(self, value: Any, address: str) -> None:
        self._value = value
        self._address = address

    def shown(self) -> List[str]:
        """The inputs as a failure names them."""
        return ["what {} returns".format(self._address)]

    def part(self, path: str) -> Optional["Returned"]:
        """The value under the key or at the position of one of several models; None if there is none."""
        value = self._value
        for name in path.split("/"):
            if isinstance(value, Mapping) and name in value:
                value = value[name]
            elif isinstance(value, (list, tuple)) and name.isdigit() and int(name) < len(value):
                value = value[int(name)]
            else:
                return None
        return Returned(value, self._address)

    def call(self, model: Any) -> bool:
        """Call the model; whether it was called.

        A tuple holds arguments, `(arguments, keywords)` both kinds, a mapping inputs by name; all else is the
        first argument.
        """
        value = _with_zeros(self._value)
        if _has_keywords(value):
            arguments, keywords = list(value[0]), dict(value[1])
        elif isinstance(value, tuple):
            arguments, keywords = bind(model, list(value), {})
        elif isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
            arguments, keywords = bind(model, [], dict(value))
        else:
            arguments, keywords = [value], {}
        model(*arguments, **keywords)
        return True


class Dummy(object):
    """The inputs that a model has of its own: `dummy_inputs`, as Hugging Face's models have."""

    def shown(self) -> List[str]:
        """The inputs as a failure names them."""
        return ["its dummy_inputs"]

    def part(self, path: str) -> "Dummy":
        """The same: each of several models has its own."""
        return self

    def call(self, model: Any) -> bool:
        """Call the model if it has such inputs; whether it was called."""
        inputs = attribute(model, "dummy_inputs")
        if inputs is None or callable(inputs):
            return False
        model(inputs)
        return True


def _has_keywords(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], (list, tuple))
        and isinstance(value[1], dict)
        and all(isinstance(name, str) for name in value[1])
    )


def _with_zeros(value: Any) -> Any:
    """The value with zeros in the place of every spec in it."""
    if class_name(value) in _SPECS:
        import tensorflow

        shape = [1 if size is None else int(size) for size in value.shape]
        return tensorflow.zeros(shape, dtype=value.dtype)
    if isinstance(value, dict):
        return {name: _with_zeros(part) for name, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_with_zeros(part) for part in value)
    return value


def bind(model: Any, positional: List[Any], named: Dict[str, Any]) -> Tuple[List[Any], Dict[str, Any]]:
    """The arguments and keywords by which inputs reach the model's call.

    Several inputs without names are several arguments if the call requires several, and a list in the first
    argument otherwise. Names that are no arguments of the call are the keys of a mapping in the first.
    """
    parameters = _parameters(model)
    leading = [each for each in parameters if each.kind in _POSITIONAL]
    kinds = [each.kind for each in parameters]
    if len(positional) > 1 and len(_required(leading)) < 2 and Parameter.VAR_POSITIONAL not in kinds:
        positional = [positional]
    if Parameter.VAR_KEYWORD in kinds and not leading:
        return positional, named
    known = {each.name for each in parameters if each.kind is not Parameter.VAR_KEYWORD}
    keywords = {name: value for name, value in named.items() if name in known}
    if len(keywords) < len(named):
        mapping = {name: value for name, value in named.items() if name not in known}
        positional = positional + [mapping]
    for each in leading[len(positional) :]:  # Keras wants its first input by position
        if each.name not in keywords:
            break
        positional = positional + [keywords.pop(each.name)]
    return positional, keywords


def _parameters(model: Any) -> List[Parameter]:
    """The parameters of what runs when the model is called; none if that is not known."""
    for function in (attribute(model, "call"), attribute(model, "__call__")):
        if callable(function):
            try:
                return [each for each in signature_of(function).parameters.values() if each.name != "self"]
            except BaseException:
                continue
    return []


def _required(parameters: List[Parameter]) -> List[Parameter]:
    return [each for each in parameters if each.default is each.empty and each.name not in _MODES]


def wanted(model: Any) -> List[str]:
    """The names of the inputs that the model's call takes, if it takes several; otherwise none.

    They are its required arguments, or the keys that its code takes from the one argument.
    """
    leading = [each for each in _parameters(model) if each.kind in _POSITIONAL]
    required = [text(each.name) for each in _required(leading)]
    return required if len(required) != 1 else _keys(model, required[0])


def _keys(model: Any, argument: str) -> List[str]:
    """`["user", "item"]` where the call's code has `argument["user"]` and `argument["item"]`."""
    try:
        tree = ast.parse(dedent(getsource(attribute(model, "call") or type(model).__call__)))
    except BaseException:  # a class of a console or of C, or another language
        return []
    found: List[str] = []
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node.value, ast.Name) and node.value.id == argument:
            key: Any = node.slice
            for _ in range(2):  # a `Constant`; before Python 3.9 in an `Index`, before 3.8 a `Str`
                key = getattr(key, "value", getattr(key, "s", key))
            if isinstance(key, str) and key not in found:
                found.append(key)
    return found
