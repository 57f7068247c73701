"""The worker's seeding and reading of weights, in this process and for a model in its memory."""

from __future__ import annotations

from typing import Any

from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, tensor_from_document
from seedreg.domain.frameworks import NUMPY, TENSORFLOW
from seedreg.domain.recipe import check_seed
from seedreg.errors import SeedregError


class TensorFlowMissing(SeedregError):
    """This interpreter has no TensorFlow to seed or read from (exit 2)."""

    def __init__(self) -> None:
        super().__init__(
            "TensorFlow is not installed in this environment", hint="pip install 'seedreg[tensorflow]'"
        )


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's, TensorFlow's and Keras' global generators (seeding protocol `full`).

    Call it just before the model is built: random numbers drawn in between change the weights. It also sets
    `PYTHONHASHSEED`, which takes effect in processes started from now on, not in this one.

    Args:
        seed: an integer from 0 to 2**32 - 1.

    Raises:
        UsageError: if the seed is anything else.
        TensorFlowMissing: if TensorFlow is not installed.
    """
    from seedreg.worker import seeding

    number = check_seed(seed)
    try:
        seeding.seed_everything(number)
    except ModuleNotFoundError as error:
        raise _explained(error) from error


def fingerprint(model: Any) -> Fingerprint | BuildFailure:
    """The fingerprint of a model's weights as they are now, or why it has none; see `seedreg.fingerprint`.

    Raises:
        TensorFlowMissing: if TensorFlow is not installed.
    """
    from seedreg.worker import frameworks, reading
    from seedreg.worker.protocol import Failure

    try:
        tensors, _ = frameworks.owner(model).tensors(model, "the call")
        records = reading.read(tensors)
    except ModuleNotFoundError as error:
        raise _explained(error) from error
    except Failure as failure:
        return build_failure(FailureKind(failure.kind), details=failure.details, **failure.facts)
    if not records:
        return build_failure(FailureKind.UNBUILT, type=type(model).__name__)
    return Fingerprint(tuple(tensor_from_document(record) for record in records))


def _explained(error: ModuleNotFoundError) -> Exception:
    return TensorFlowMissing() if error.name in (TENSORFLOW.name, NUMPY.name) else error
