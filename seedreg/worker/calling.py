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
        end_copy(pid)


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
