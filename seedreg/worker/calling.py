"""Calling a factory and, where its model needs it, the model; every way in which that fails."""

import inspect
import os
from typing import Any, Dict, List

from .exceptions import describe, user_traceback
from .protocol import Failure


def call(factory: Any, address: str, params: Dict[str, Any], seed: int) -> Any:
    """What the factory returns for the params; it gets `seed` too if it has such a parameter.

    Raises:
        Failure: kinds `arguments`, `raised`, `exit`, `memory`.
    """
    arguments = _arguments(factory, address, params, seed)
    pid = os.getpid()
    try:
        return factory(**arguments)
    except SystemExit as error:
        raise Failure(
            "exit", user_traceback(), factory=address, code="" if error.code is None else repr(error.code)
        )
    except MemoryError:
        raise Failure("memory", user_traceback(), factory=address)
    except BaseException as error:
        raise Failure("raised", user_traceback(), factory=address, error=describe(error))
    finally:
        end_copy(pid)


def _arguments(factory: Any, address: str, params: Dict[str, Any], seed: int) -> Dict[str, Any]:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return dict(params)  # builtins and C extensions have none
    arguments = dict(params)
    parameter = signature.parameters.get("seed")
    if parameter is not None and parameter.kind in (
        parameter.POSITIONAL_OR_KEYWORD,
        parameter.KEYWORD_ONLY,
    ):
        arguments.setdefault("seed", seed)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise Failure("arguments", factory=address, signature=str(signature), error=str(error))
    return arguments


def materialise(framework: Any, model: Any, address: str, inputs: List[Dict[str, Any]]) -> None:
    """Have the framework call the model once on zeros, so that its layers create their weights.

    Raises:
        Failure: kind `raised`.
    """
    try:
        framework.materialise(model, inputs)
    except BaseException as error:
        shapes = ["{}{}".format(spec["dtype"], tuple([1] + list(spec["shape"]))) for spec in inputs]
        raise Failure("raised", user_traceback(), factory=address, error=describe(error), inputs=shapes)


def end_copy(pid: int) -> None:
    """End this process if user code forked it: the first process gives the answer."""
    if os.getpid() != pid:
        os._exit(0)
