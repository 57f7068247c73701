"""Domain values ⇄ the worker's JSON; no other module of seedreg reads or writes a protocol line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.decoding import (
    DecodingError,
    Fields,
    list_of,
    number,
    optional,
    parse,
    text,
)
from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, tensors_from_documents
from seedreg.domain.inputs import inputs_document

PROTOCOL = 1
_SHOWN_LENGTH = 200


@dataclass(frozen=True)
class Ready:
    """The worker can take requests; every `beat_s` seconds it shows that it is alive while builds run.

    `beat_s` is None where it does not do so.
    """

    beat_s: float | None = None


@dataclass(frozen=True)
class Alive:
    """The worker is alive."""


@dataclass(frozen=True)
class Unusable:
    """The worker cannot build anything, for this reason, and has ended."""

    failure: BuildFailure


@dataclass(frozen=True)
class Finished:
    """A build ended; importing its module took `import_s`, as far as that is known."""

    key: int
    outcome: Outcome
    import_s: float = 0.0


@dataclass(frozen=True)
class FreshNeeded:
    """Importing the factory's module changed these variables: the build needs a fresh interpreter."""

    key: int
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Unhosted:
    """No host has run the build, for this reason: it is to be run without one."""

    key: int
    reason: str


Message: TypeAlias = Ready | Alive | Unusable | Finished | FreshNeeded | Unhosted


class ProtocolError(Exception):
    """A line from the worker that this seedreg cannot read; `facts` say why."""

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts: dict[str, Any] = facts


class NoMessage(ProtocolError):
    """A line that is not JSON, so it was not written by a worker."""


class Pipe(Protocol):
    """What takes lines for a worker."""

    def send(self, line: bytes) -> None:
        """Send one line."""
        ...


def send_request(
    pipe: Pipe,
    request: BuildRequest,
    root: Path,
    import_paths: tuple[Path, ...],
    timeout_s: float,
    exported: Path | None = None,
    host: str | None = None,
) -> None:
    """Ask a worker for a build; see `encode_request`."""
    pipe.send(encode_request(request, root, import_paths, timeout_s, exported, host))


def send_end_of_hosts(pipe: Pipe, host: str | None = None) -> None:
    """Have a worker end one of its hosts, or all."""
    message = {"type": "end_hosts", "host": host}
    pipe.send(json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n")


def encode_request(
    request: BuildRequest,
    root: Path,
    import_paths: tuple[Path, ...],
    timeout_s: float,
    exported: Path | None = None,
    host: str | None = None,
) -> bytes:
    """The line that asks a worker for one build.

    `exported` is where it writes what is asked for, `host` names the host that runs it.
    """
    recipe = request.recipe
    build = {
        "factory": recipe.factory,
        "params": recipe.params,
        "seed": recipe.seed,
        "seeding": recipe.seeding.value,
        "inputs": inputs_document(recipe.inputs),
        "device": recipe.device,
        "root": str(root),
        "import_paths": [str(path) for path in import_paths],
        "export": request.export and {"format": request.export.value, "path": str(exported)},
    }
    message = {"type": "build", "id": request.key, "timeout_s": timeout_s, "build": build}
    if host is not None:
        message["host"] = host
    return json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def decode_message(line: bytes, root: Path) -> Message:
    """One line of a worker; the source's file becomes relative to `root` if it is inside.

    Raises:
        ProtocolError: if the line is not one of protocol 1, or of another number.
        NoMessage: if it is not JSON.
    """
    shown = line[:_SHOWN_LENGTH].decode("utf-8", "replace")
    try:
        message = _document(line)
    except DecodingError as error:
        raise NoMessage(said=shown) from error
    try:
        return _message(Fields(message), shown, root)
    except ValueError as error:
        raise ProtocolError(error=str(error), said=shown, expected=PROTOCOL) from error


def _message(fields: Fields, shown: str, root: Path) -> Message:
    kind = fields("type", text)
    if kind in ("ready", "unusable") and (spoken := fields("protocol", _anything)) != PROTOCOL:
        raise ProtocolError(protocol=_shown(str(spoken)), expected=PROTOCOL)
    match kind:
        case "ready":
            return Ready(fields.get("beat_s", optional(_seconds), None))
        case "alive":
            return Alive()
        case "unusable":
            return Unusable(fields("failure", _failure))
        case "outcome":
            return _end(fields, shown, root, lambda: fields("outcome", Fields))
        case "answer":
            said = fields("text", text)
            return _end(fields, _shown(said), root, lambda: Fields(_document(said)))
        case other:
            raise ProtocolError(type=_shown(other))


def _end(fields: Fields, said: str, root: Path, read: Callable[[], Fields]) -> Message:
    """The message about the end of a build; what it answered may be anything, and is that build's alone."""
    key, duration_s = fields("id", _key), fields("duration_s", _seconds)
    try:
        return _outcome(key, duration_s, read(), fields.get("output", optional(text), None), root)
    except ValueError as error:
        failure = build_failure(FailureKind.WORKER, misread=str(error), said=said, duration_s=duration_s)
        return Finished(key, failure)


def _outcome(key: int, duration_s: float, outcome: Fields, output: str | None, root: Path) -> Message:
    if "fresh_needed" in outcome:
        return FreshNeeded(key, outcome("fresh_needed", _changed_variables))
    if "unhosted" in outcome:
        return Unhosted(key, outcome("unhosted", lambda value: Fields(value)("reason", text)))
    if "failed" in outcome:
        failure = outcome("failed", _failure)
        return Finished(key, replace(failure, output=output or failure.output, duration_s=duration_s))
    import_s = outcome("built", Fields).get("import_s", number, 0.0)
    return Finished(key, outcome("built", lambda value: _built(Fields(value), duration_s, root)), import_s)


def _built(fields: Fields, duration_s: float, root: Path) -> Built:
    return Built(
        fingerprint=Fingerprint(fields("tensors", tensors_from_documents)),
        environment=fields("environment", Environment.from_document),
        source=_relative(fields("source", Source.from_document), root),
        facts=fields("facts", BuildFacts.from_document),
        duration_s=duration_s,
    )


def _document(line: str | bytes) -> Any:
    """The JSON value of a line or a text, without halves of characters."""
    message = parse(line)
    if b"\\ud" in (line.encode("utf-8", "replace") if isinstance(line, str) else line).lower():
        # A lone surrogate is a byte that is not UTF-8; terminals and databases refuse it.
        try:
            message = parse(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))
        except RecursionError:
            raise DecodingError("it is nested too deeply") from None
    return message


def _failure(value: Any) -> BuildFailure:
    fields = Fields(value)
    fields("facts", Fields)  # without them it would be a failure as it was stored before facts were
    environment = fields.get("environment", _environment, None)
    return replace(BuildFailure.from_document(value), environment=environment)


_environment = optional(Environment.from_document)


def _changed_variables(value: Any) -> tuple[str, ...]:
    return Fields(value)("variables", list_of(text))


def _key(value: Any) -> int:
    if type(value) is not int:
        raise DecodingError(f"{json.dumps(value)[:_SHOWN_LENGTH]} is not an integer")
    return value


def _seconds(value: Any) -> float:
    return float(number(value))


def _anything(value: Any) -> Any:
    return value


def _relative(source: Source, root: Path) -> Source:
    if source.file is None:
        return source
    try:
        relative = os.path.relpath(os.path.realpath(source.file), os.path.realpath(root))
    except ValueError as error:  # no path has a null character
        raise DecodingError(f"source.file: {error}") from error
    return source if relative.startswith("..") else replace(source, file=Path(relative).as_posix())


def _shown(said: str) -> str:
    return said[:_SHOWN_LENGTH]
