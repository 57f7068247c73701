"""Domain values ⇄ the worker's JSON; no other module of seedreg reads or writes a protocol line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.decoding import DecodingError
from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint, tensor_from_document

PROTOCOL = 1


@dataclass(frozen=True)
class Ready:
    """The worker can take requests."""


@dataclass(frozen=True)
class Unusable:
    """The worker cannot build anything, for this reason, and has ended."""

    failure: BuildFailure


@dataclass(frozen=True)
class Finished:
    """A build ended."""

    key: int
    outcome: Outcome


@dataclass(frozen=True)
class FreshNeeded:
    """Importing the factory's module changed these variables: the build needs a fresh interpreter."""

    key: int
    variables: tuple[str, ...]


Message: TypeAlias = Ready | Unusable | Finished | FreshNeeded


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
) -> None:
    """Ask a worker for a build; see `encode_request`."""
    pipe.send(encode_request(request, root, import_paths, timeout_s, exported))


def encode_request(
    request: BuildRequest,
    root: Path,
    import_paths: tuple[Path, ...],
    timeout_s: float,
    exported: Path | None = None,
) -> bytes:
    """The line that asks a worker for one build; `exported` is where it writes what is asked for."""
    recipe = request.recipe
    build = {
        "factory": recipe.factory,
        "params": recipe.params,
        "seed": recipe.seed,
        "seeding": recipe.seeding.value,
        "inputs": [{"shape": list(spec.shape), "dtype": spec.dtype} for spec in recipe.inputs],
        "device": recipe.device,
        "root": str(root),
        "import_paths": [str(path) for path in import_paths],
        "export": request.export and {"format": request.export.value, "path": str(exported)},
    }
    message = {"type": "build", "id": request.key, "timeout_s": timeout_s, "build": build}
    return json.dumps(message, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def decode_message(line: bytes, root: Path) -> Message:
    """One line of a worker; the source's file becomes relative to `root` if it is inside.

    Raises:
        ProtocolError: if the line is not one of protocol 1, or of another number.
        NoMessage: if it is not JSON.
    """
    shown = line[:200].decode("utf-8", "replace")
    try:
        message = json.loads(line)
        if b"\\ud" in line.lower():
            # A lone surrogate is a byte that is not UTF-8; terminals and databases refuse it.
            message = json.loads(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))
        if message["type"] in ("ready", "unusable") and message["protocol"] != PROTOCOL:
            raise ProtocolError(protocol=str(message["protocol"]), expected=PROTOCOL)
        match message["type"]:
            case "ready":
                return Ready()
            case "unusable":
                return Unusable(_failure(message["failure"], 0.0))
            case "outcome":
                return _outcome(message, root)
            case other:
                raise ProtocolError(type=str(other))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NoMessage(said=shown) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error) if isinstance(error, DecodingError) else repr(error)
        raise ProtocolError(error=reason, said=shown, expected=PROTOCOL) from error


def _outcome(message: dict[str, Any], root: Path) -> Message:
    key, duration_s, outcome = message["id"], float(message["duration_s"]), message["outcome"]
    if not isinstance(key, int):
        raise TypeError(f"id {key!r} is not one that was sent")
    if "fresh_needed" in outcome:
        return FreshNeeded(key, tuple(outcome["fresh_needed"]["variables"]))
    if "failed" in outcome:
        return Finished(key, _failure(outcome["failed"], duration_s))
    built = outcome["built"]
    return Finished(
        key,
        Built(
            fingerprint=Fingerprint(tuple(tensor_from_document(tensor) for tensor in built["tensors"])),
            environment=Environment.from_document(built["environment"]),
            source=_source(built["source"], root),
            facts=BuildFacts.from_document(built["facts"]),
            duration_s=duration_s,
        ),
    )


def _failure(document: dict[str, Any], duration_s: float) -> BuildFailure:
    return BuildFailure.from_document({**document, "facts": document["facts"], "duration_s": duration_s})


def _source(document: dict[str, Any], root: Path) -> Source:
    file = document["file"]
    if file is not None:
        relative = os.path.relpath(os.path.realpath(file), os.path.realpath(root))
        file = file if relative.startswith("..") else Path(relative).as_posix()
    return Source(
        file=file,
        line=document["line"],
        sha256=document["sha256"],
        file_sha256=document["file_sha256"],
        text=document["text"],
    )
