"""What TensorFlow does for every model that runs on it: first calls and forks; and what objects hold."""

from typing import Any, Dict, Iterator, List, Tuple


def materialise(model: Any, inputs: List[Dict[str, Any]]) -> None:
    """Call the model once on zeros, with a batch of 1 for each input."""
    import tensorflow

    zeros = [tensorflow.zeros([1] + list(spec["shape"]), dtype=spec["dtype"]) for spec in inputs]
    model(zeros[0] if len(zeros) == 1 else zeros)


def fork_is_safe(platform: str) -> bool:
    """Not on macOS, whose system libraries abort in a forked child."""
    return platform.startswith("linux")


def attributes(owner: Any) -> Iterator[Tuple[str, Any]]:
    """The attributes of a module or layer with their values, one by one where they are collections."""
    for name, value in sorted(vars(owner).items()):
        # TensorFlow's own records of what the object holds.
        if not name.startswith("_self_") and name != "_obj_reference_counts_dict":
            for part in _flat(value):
                yield name, part


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _flat(part)
    else:
        yield value
