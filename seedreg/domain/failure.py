"""Why a build could not be judged: a kind and its facts; the sentences are in `reports.words.failures`."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from seedreg.domain.decoding import Fields, member_of, number, optional, text
from seedreg.domain.environment import Environment
from seedreg.domain.kinds import Facts, FactValue, decode_facts, facts_document, facts_from
from seedreg.errors import EnvironmentFailed, EnvironmentProblem, UsageError, UvMissing


class FailureKind(enum.Enum):
    """What happened (docs/reference/worker-protocol.md). The values are stored and never change."""

    ARGUMENTS = "arguments"
    DEVICE = "device"
    ENVIRONMENT = "environment"
    EXIT = "exit"
    EXPORT = "export"
    IMPORT_RAISED = "import-raised"
    INTERNAL = "internal"
    INTERPRETER = "interpreter"
    MEMORY = "memory"
    MODULE_NOT_FOUND = "module-not-found"
    NAME_NOT_FOUND = "name-not-found"
    NONDETERMINISTIC = "nondeterministic"
    NONFINITE = "nonfinite"
    NOT_CALLABLE = "not-callable"
    NO_TENSORFLOW = "no-tensorflow"
    NO_TENSORS = "no-tensors"
    PROJECT = "project"
    RAISED = "raised"
    SIGNAL = "signal"
    SYNTAX_ERROR = "syntax-error"
    TENSORFLOW_BROKEN = "tensorflow-broken"
    TIMEOUT = "timeout"
    UNBUILT = "unbuilt"
    UNSUPPORTED = "unsupported"
    UNSUPPORTED_DTYPE = "unsupported-dtype"
    UNTRUSTED = "untrusted"
    VANISHED = "vanished"
    WORKER = "worker"
    WRONG_RETURN = "wrong-return"


# What the recipe itself names wrongly: at its registration this is a mistake of whoever wrote it.
RECIPE_MISTAKES = frozenset(
    {
        FailureKind.ARGUMENTS,
        FailureKind.MODULE_NOT_FOUND,
        FailureKind.NAME_NOT_FOUND,
        FailureKind.NOT_CALLABLE,
    }
)


class Difference(enum.Enum):
    """The likely reason why two builds differ: the fact `reason` of kind `nondeterministic`."""

    ISOLATION = "isolation"
    TF_SEEDING = "tf-seeding"
    UNKNOWN = "unknown"
    UNSEEDED = "unseeded"


class Distrust(enum.Enum):
    """Why a factory that only a registry names is not run: the fact `distrust` of kind `untrusted`."""

    ELSEWHERE = "elsewhere"
    FRAMEWORK = "framework"


class RandomSource(enum.Enum):
    """What a factory uses that no seed sets: the fact `source` where the reason is `UNSEEDED`."""

    CLOCK = "clock"
    DEFAULT_RNG = "numpy-default-rng"
    NON_DETERMINISTIC_STATE = "non-deterministic-state"
    PROCESS_ID = "process-id"
    RANDOM = "python-random"
    RANDOM_STATE = "numpy-random-state"
    SYSTEM = "operating-system"


@dataclass(frozen=True)
class BuildFailure:
    """The build could not be judged.

    `details` is a traceback and `output` the end of what the build printed, where there is one. Untrusted
    text, such as an exception's, is among the facts. `environment` is what the build ran on, without what
    only a model shows; None where it is not known.
    """

    kind: FailureKind
    facts: Facts = ()
    details: str | None = None
    output: str | None = None
    duration_s: float = 0.0
    environment: Environment | None = None

    def fact(self, name: str) -> FactValue:
        """The fact of this name; None if there is none."""
        return dict(self.facts).get(name)

    def document(self) -> dict[str, Any]:
        """The failure as the JSON object that the registry keeps; it keeps the environment beside it."""
        return {
            "kind": self.kind.value,
            "facts": facts_document(self.facts),
            "details": self.details,
            "output": self.output,
            "duration_s": self.duration_s,
        }

    @classmethod
    def from_document(cls, document: Any) -> BuildFailure:
        """The failure that `document()` describes.

        Before facts were kept, a failure had a message and a hint: these become its facts.

        Raises:
            DecodingError: if its kind is not known, or a value is of another type.
        """
        fields = Fields(document)
        facts = fields.get("facts", optional(decode_facts), None)
        if facts is None:
            recorded = {name: fields.get(name, optional(text), None) for name in ("message", "hint")}
            facts = facts_from({name: value for name, value in recorded.items() if value is not None})
        return cls(
            fields("kind", member_of(FailureKind)),
            facts,
            fields.get("details", optional(text), None),
            fields.get("output", optional(text), None),
            fields.get("duration_s", number, 0.0),
        )


def build_failure(
    kind: FailureKind,
    *,
    details: str | None = None,
    output: str | None = None,
    duration_s: float = 0.0,
    **facts: Any,
) -> BuildFailure:
    """A failure with these facts."""
    return BuildFailure(kind, facts_from(facts), details, output, duration_s)


def environment_failure(error: EnvironmentFailed | UsageError) -> BuildFailure:
    """The failure of every build in an environment that could not be found or created."""
    facts: dict[str, Any]
    match error:
        case EnvironmentFailed():
            facts = {"problem": error.problem.value, **error.facts}
        case UvMissing():
            facts = {"problem": EnvironmentProblem.NO_UV.value}
        case _:
            facts = {"problem": EnvironmentProblem.CONFIGURED_INTERPRETER.value, "error": error.message}
    return BuildFailure(FailureKind.ENVIRONMENT, facts_from(facts))
