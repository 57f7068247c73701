"""What a build failure says: its message and what to do, in words.

What to do is a hint where it is the same in every interface, and a `Step` where each interface has
its own words for it, such as an option.
"""

from __future__ import annotations

from typing import Any, TypeVar

from seedreg.domain.failure import BuildFailure, FailureKind
from seedreg.errors import EnvironmentFailed, EnvironmentProblem, SeedregError, Step
from seedreg.reports.words.failure_table import WORDS, Words


def failure_message(failure: BuildFailure) -> str:
    """What happened, to which thing."""
    if (recorded := _recorded(failure)) is not None:
        return recorded[0]
    if (error := _environment_error(failure)) is not None:
        return error.message
    if (deleted := _deleted(failure)) is not None:
        environment, cause = deleted
        return f"environment {environment} was deleted while it was in use ({failure_message(cause)})"
    if (words := _words(failure)) is not None and (filled := _filled(words.message, failure)) is not None:
        return filled
    # A later seedreg may know more facts.
    return ", ".join(f"{name}: {value}" for name, value in _shown(failure).items())


def failure_hint(failure: BuildFailure) -> str | None:
    """What to do about it, where that is the same in every interface."""
    if (recorded := _recorded(failure)) is not None:
        return recorded[1]
    if (error := _environment_error(failure)) is not None:
        return error.hint
    if _deleted(failure) is not None:
        return "run the command again: the environment is created again"
    words = _words(failure)
    return None if words is None or words.hint is None else _filled(words.hint, failure)


def _filled(words: str, failure: BuildFailure) -> str | None:
    """The words with the facts in them; None if a fact is no value that they can show."""
    try:
        return words.format(**_shown(failure))
    except (ValueError, TypeError):  # e.g. a text where a number is written with two decimals
        return None


def failure_step(failure: BuildFailure) -> Step | None:
    """What to do about it, where each interface has its own words; these may name the facts."""
    if (error := _environment_error(failure)) is not None:
        return error.step
    words = _words(failure)
    return None if words is None else words.step


def step_fields(failure: BuildFailure) -> dict[str, str]:
    """The facts as the fields of the failure's step."""
    return {
        name: str(value) for name, value in _shown(failure).items() if name not in ("message", "hint", "step")
    }


_Error = TypeVar("_Error", bound=SeedregError)


def failure_error(failure: BuildFailure, kind: type[_Error]) -> _Error:
    """The failure as an error to raise."""
    return kind(
        failure_message(failure),
        hint=failure_hint(failure),
        step=failure_step(failure),
        **step_fields(failure),
    )


def _words(failure: BuildFailure) -> Words | None:
    return next((words for words in WORDS[failure.kind] if words.fit(failure)), None)


def _recorded(failure: BuildFailure) -> tuple[str, str | None] | None:
    """Message and hint of a failure that was stored before facts were."""
    match failure.fact("message"), failure.fact("hint"):
        case str(message), str(hint):
            return message, hint
        case str(message), _:
            return message, None
    return None


def _environment_error(failure: BuildFailure) -> EnvironmentFailed | None:
    """The error that the environment could not be found or created with; its words are `seedreg.errors`'."""
    facts: dict[str, Any] = dict(failure.facts)
    try:
        return EnvironmentFailed(EnvironmentProblem(facts.pop("problem", None)), **facts)
    except (KeyError, TypeError, ValueError):  # another kind of failure, or one of a later seedreg
        return None


def _deleted(failure: BuildFailure) -> tuple[str, BuildFailure] | None:
    """The environment that was deleted during the build, and how the build failed then."""
    facts = dict(failure.facts)
    environment, cause = facts.pop("environment", None), facts.pop("cause", None)
    if failure.kind is not FailureKind.ENVIRONMENT:
        return None
    kind = next((kind for kind in FailureKind if kind.value == cause), None)
    # A build could say that such a failure caused itself.
    if kind is None or kind is FailureKind.ENVIRONMENT:
        return None
    return str(environment), BuildFailure(kind, tuple(facts.items()))


def _shown(failure: BuildFailure) -> dict[str, Any]:
    return {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in failure.facts
    }
