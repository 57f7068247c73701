"""What TensorFlow does for every model that runs on it: first calls and forks; and what objects hold."""

from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from ..foreign import attribute, class_name, text
from ..protocol import warning
from ..tensors import Tensor

_KERAS_AND_TENSORFLOW = ("keras", "tf_keras", "tensorflow", "tensorflow_core")
# The attribute that holds the state of a generator of numbers, or the generator of a generator.
_GENERATORS = {"SeedGenerator": "state", "Generator": "state", "RandomGenerator": "_generator"}
_RESOURCES = frozenset(("LookupInterface", "TrackableResource", "CapturableResource"))
# Layers of Keras whose `adapt` or arguments give state that is in no variable.
_ADAPTED = {"Discretization": "bin_boundaries", "Normalization": "mean"}

_known_bases: Dict[type, Tuple[str, ...]] = {}


def fork_is_safe(platform: str) -> bool:
    """Not on macOS, whose system libraries abort in a forked child."""
    return platform.startswith("linux")


def attributes(owner: Any) -> Iterator[Tuple[str, Any]]:
    """The attributes of a module or layer with their values, one by one where they are collections."""
    names = {name if type(name) is str else text(name): value for name, value in vars(owner).items()}
    for name, value in sorted(names.items(), key=lambda item: item[0]):
        # TensorFlow's own records of what the object holds.
        if not name.startswith("_self_") and name != "_obj_reference_counts_dict":
            for part in _flat(value, set()):
                yield name, part


def _flat(value: Any, seen: Set[int]) -> Iterator[Any]:
    if not isinstance(value, (dict, list, tuple)):
        yield value
    elif id(value) not in seen:  # a list may hold itself
        seen.add(id(value))
        for part in list(value.values()) if isinstance(value, dict) else value:
            yield from _flat(part, seen)


def _bases(kind: type) -> Tuple[str, ...]:
    """The names of the class's bases that are Keras' or TensorFlow's."""
    found = _known_bases.get(kind)
    if found is None:
        found = _known_bases[kind] = tuple(base.__name__ for base in kind.__mro__ if _is_theirs(base))
    return found


def _is_theirs(kind: type) -> bool:
    return str(kind.__module__).split(".")[0] in _KERAS_AND_TENSORFLOW


def without_random_state(
    weights: List[Tensor], variables: List[Tensor], owners: List[Any]
) -> Tuple[List[Tensor], List[Tensor]]:
    """The weights, and those variables that are the state of a generator which one of the owners holds.

    The generator decides, not the name: a weight may be called `StateVar` too.
    """
    states: Set[int] = set()
    for owner in owners:
        for _, part in attributes(owner):
            state = _random_state(part)
            if state is not None:
                states |= {id(state), id(attribute(state, "value"))}
    return (
        [tensor for tensor in weights if id(tensor.variable) not in states],
        [tensor for tensor in variables if id(tensor.variable) in states],
    )


def _random_state(part: Any) -> Optional[Any]:
    for base in _bases(type(part)):
        if base in _GENERATORS:
            held = attribute(part, _GENERATORS[base])
            return _random_state(held) if base == "RandomGenerator" else held
    return None


def uncovered(owners: List[Tuple[str, str, Any]]) -> List[Dict[str, Any]]:
    """Warnings of state that is no variable: lookup tables and other resources, and constants.

    `owners` are layers and modules: which of the two, its name, the object. Owners of one class that
    hold such a thing under one name get one warning.
    """
    first: Dict[Tuple[type, str, str], Dict[str, Any]] = {}
    seen: Set[int] = set()
    for kind, label, owner in owners:
        for name, part in _uncovered_parts(owner):
            if id(part) in seen:
                continue
            seen.add(id(part))
            facts = first.setdefault(
                (type(owner), name, class_name(part)),
                {kind: label, "holds": class_name(part), "attribute": name, "more": -1},
            )
            facts["more"] += 1
    return [warning("uncovered", **facts) for facts in first.values()]


def _uncovered_parts(owner: Any) -> Iterator[Tuple[str, Any]]:
    adapted = [_ADAPTED[base] for base in _bases(type(owner)) if base in _ADAPTED and not owner.weights]
    is_theirs = _is_theirs(type(owner))
    for name, part in attributes(owner):
        if not _RESOURCES.isdisjoint(_bases(type(part))):
            yield name, part
        elif not is_theirs and _is_constant(part):
            yield name, part
    for name in adapted:
        if attribute(owner, name) is not None:
            yield name, attribute(owner, name)


def _is_constant(part: Any) -> bool:
    """Whether it is an array or an eager tensor, of more than a single number."""
    return class_name(part) in ("EagerTensor", "ndarray") and len(attribute(part, "shape", ())) > 0
