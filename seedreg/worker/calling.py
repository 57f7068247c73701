"""Calling a factory and, where its model needs it, the model; every way in which that fails."""

from inspect import signature as signature_of
from os import _exit, getpid
from signal import ITIMER_REAL, setitimer
from sys import getrecursionlimit, setprofile, setrecursionlimit, settrace
from typing import Any, Callable, Dict, TypeVar

from . import inputs
from .exceptions import describe, user_traceback
from .foreign import represented, text
from .protocol import Failure

_RECURSION_LIMIT = 1000  # Python's own

_Read = TypeVar("_Read")


def call(factory: Any, address: str, params: Dict[str, Any], seed: int) -> Any:
    """What the factory returns for the params; it gets `seed` too if it has such a parameter.

    Raises:
        Failure: kinds `arguments`, `raised`, `exit`, `memory`.
    """
    arguments = _arguments(factory, address, params, seed)
    pid = getpid()
    try:
        return _run(factory, **arguments)
    except SystemExit as error:
        raise Failure("exit", user_traceback(), factory=address, code=exit_code(error))
    except MemoryError:
        raise Failure("memory", user_traceback(), factory=address)
    except BaseException as error:
        raise Failure("raised", user_traceback(), factory=address, error=describe(error))
    finally:
        end_copy(pid)


def _run(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What the user's function returns; afterwards without what it left that would interrupt the worker."""
    try:
        return function(*arguments, **named)
    finally:
        settrace(None)
        setprofile(None)
        setrecursionlimit(max(getrecursionlimit(), _RECURSION_LIMIT))
        setitimer(ITIMER_REAL, 0)


def _arguments(factory: Any, address: str, params: Dict[str, Any], seed: int) -> Dict[str, Any]:
    try:
        signature = signature_of(factory)
    except BaseException:
        return dict(params)  # builtins and C extensions have none, and a user's object may have any
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
        shown = text(signature)  # with the defaults' `repr`, which may raise
        shown = shown if shown.startswith("(") else "(…)"
        raise Failure("arguments", factory=address, signature=shown, error=text(error))
    return arguments


def inputs_of(request: Dict[str, Any], function: Any) -> Any:
    """What the model is called on if it needs that; `function` is the one that the recipe names, or None.

    Raises:
        Failure: kinds `arguments`, `raised`, `exit`, `memory`, of the function.
    """
    if function is not None:
        address = request["inputs"]["function"]
        return inputs.Returned(call(function, address, {}, request["seed"]), address)
    return inputs.Zeros(request["inputs"]) if request["inputs"] else inputs.Dummy()


def materialise(framework: Any, model: Any, address: str, given: Any) -> bool:
    """Have the framework call the model once on its inputs; whether it was called.

    Raises:
        Failure: kinds `raised`, `memory`.
    """
    try:
        return bool(_run(framework.materialise, model, given))
    except Failure:
        raise
    except MemoryError:
        raise Failure("memory", user_traceback(), factory=address)
    except BaseException as error:
        raise Failure(
            "raised", user_traceback(), factory=address, error=describe(error), inputs=given.shown()
        )


def end_copy(pid: int) -> None:
    """End this process if user code forked it: the first process gives the answer."""
    if getpid() != pid:
        _exit(0)


def exit_code(error: SystemExit) -> str:
    """What was given to `sys.exit`, as it is written in Python."""
    return "" if error.code is None else represented(error.code)


def read(what: str, address: str, function: Callable[..., _Read], *arguments: Any) -> _Read:
    """What the function reads from the factory's model, whose properties are user code too.

    Raises:
        Failure: kind `raised` with `what` as the attribute, or one of the function's own.
    """
    try:
        return function(*arguments)
    except (Failure, MemoryError):
        raise
    except BaseException as error:
        raise Failure("raised", user_traceback(), factory=address, attribute=what, error=describe(error))
