"""Worker protocol 1: what its messages are; nothing here acts on them.

Control is JSON, one object per line, in ASCII. The worker reads requests from its standard input and
writes messages to its standard output; it moves both to private descriptors before anything else.

Requests: `{"type": "build", "id": …, "timeout_s": …, "build": {…}}`. The end of input ends the
worker and everything it started.

Messages: `{"type": "ready", "protocol": 1}` once, or `{"type": "unusable", "protocol": 1,
"failure": {…}}` and the end; `{"type": "outcome", "id": …, "duration_s": …, "outcome": {…}}` for
every request that the worker itself ends, where the outcome has exactly one of the keys `built`, `failed`,
`fresh_needed`; `{"type": "answer", "id": …, "duration_s": …, "text": …, "output": …}` for every request whose
build has answered: the text should be the JSON of an outcome, and the worker does not look into it;
`{"type": "alive"}` about every second while builds run.
"""

import json
from typing import Any, Dict, Optional

PROTOCOL = 1

# How often the worker shows that it is alive while builds run.
BEAT_S = 1.0

# How much of the end of what a build printed is sent with a failure.
OUTPUT_TAIL_BYTES = 8192


class Failure(Exception):
    """A build that cannot be judged: its kind, and named facts that are JSON values without objects.

    seedreg has the words for each kind; untrusted text, such as an exception's, is among the facts.
    """

    def __init__(self, kind: str, details: Optional[str] = None, **facts: Any) -> None:
        super().__init__(kind, facts)
        self.kind = kind
        self.facts = facts
        self.details = details


def failed(
    failure: Failure, output: Optional[str] = None, environment: Optional[Dict[str, Any]] = None
) -> Dict[str, Any]:
    """The outcome of a failed build; `environment` is what it ran on, as far as that is known."""
    return {
        "failed": {
            "kind": failure.kind,
            "facts": failure.facts,
            "details": failure.details,
            "output": output,
            "environment": environment,
        }
    }


def warning(kind: str, **facts: Any) -> Dict[str, Any]:
    """What the user should know about a build that succeeded, for the list of its facts."""
    return {"kind": kind, "facts": facts}


def encode(message: Dict[str, Any]) -> bytes:
    """One line, newline included; never NaN or infinities, which JSON does not have."""
    return json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes) -> Dict[str, Any]:
    """The object of one line.

    Raises:
        ValueError: if the line is not a JSON object.
    """
    message = json.loads(line.decode("utf-8"))
    if not isinstance(message, dict):
        raise ValueError("a protocol line must be a JSON object")
    return message
