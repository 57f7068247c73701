"""Answers of builds with one wrong place each: refused as that build's failure, or shown by every command."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import enum
import io
import json
import math
import os
import random
import shutil
import traceback
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from seedreg.__main__ import run as run_command
from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.failure import FailureKind
from seedreg.executors import opening, wire
from storms.storm import Storm, Tally

_SAMPLE = Path(__file__).parents[1] / "data" / "worker-protocol-1.jsonl"
_FACTORY = "models:build"

_DEEP: Any = 1
for _ in range(300):
    _DEEP = [_DEEP]

# What is put in the place of a value. A few have no JSON in Python, so their text is put in afterwards.
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**80, 0.5, -0.0, 1e300,
    1e-320, "", "x", "7", "NaN", "Infinity", "nan", "a" * 64, "../../etc/passwd", "/etc/passwd", "two\nlines",
    "\x1b[31mred\x1b]8;;http://x\x07", "::error::x", "##[stop-commands]x", "\x00", "\x7f\x9b", "\u202egnp",
    "\ud800", "\U0001f3b2" * 3, "x" * 100_000, "{braces} {0} {}", "%s%d%n", "[bold]x[/bold]", "<b>&amp;",
    "a,b:c@d", "fork", "raised", "timeout", "environment", "float32", "2.99.0", [], [[]], {}, {"a": 1}, ["a"],
    [1, 2], [None], {"kind": "raised", "facts": {}}, {"": {"": []}}, list(range(2000)), _DEEP,
    "@1e400@", "@NaN@", "@-Infinity@", "@digits@", "@deep@",
)  # fmt: skip
_TEXTS = {
    '"@1e400@"': "1e400",
    '"@NaN@"': "NaN",
    '"@-Infinity@"': "-Infinity",
    '"@digits@"': "9" * 5000,
    '"@deep@"': "[" * 1000 + "]" * 1000,
}


def run(count: int, seed: int, folder: Path) -> Tally:
    """Decode mutated answers, and put those that are accepted through verify, show and history."""
    tally, chance = Tally(), random.Random(seed)
    answers = list(_answers())
    with _project(folder) as executor:
        executor.text = json.dumps(answers[0])
        code, shown = _command("register", _FACTORY, "--seed", "0", "--allow-nonfinite")
        assert code == 0, shown
        registry = folder / "shop" / ".seedreg" / "registry.db"
        template = shutil.copy(registry, folder / "template.db")
        for case in range(count):
            outcome, mutation = _mutated(chance, chance.choice(answers))
            executor.text = outcome
            shutil.copy(template, registry)
            end, wrong = _case(executor)
            tally.counts[end] += 1
            if wrong:
                tally.broken.append(f"case {case}, seed {seed}, {mutation}: {wrong[:600]}")
    return tally


def _answers() -> Iterator[dict[str, Any]]:
    """The outcomes of the frozen sample: two builds, failures, and a request for a fresh interpreter."""
    for line in _SAMPLE.read_bytes().splitlines():
        message = json.loads(line)
        if message["type"] == "outcome":
            yield message["outcome"]


def _mutated(chance: random.Random, answer: dict[str, Any]) -> tuple[str, str]:
    """The answer with another value, without a value, or with one more, at one place; and what was done."""
    changed = copy.deepcopy(answer)
    places = list(_places(changed))
    holder, name = chance.choice(places)
    match chance.choice(("replace", "replace", "replace", "remove", "add", "repeat")):
        case "replace":
            value = chance.choice(_VALUES)
            done = f"{name!r} := {str(value)[:50]!r}"
            holder[name] = value
        case "remove":
            done = f"{name!r} removed"
            del holder[name]
        case "add" if isinstance(holder, dict):
            value = chance.choice(_VALUES)
            done = f"{str(value)[:50]!r} added beside {name!r}"
            holder[chance.choice(("", "extra", "kind", "\x1b[31m", "__class__"))] = value
        case _:
            done = f"{name!r} doubled"
            holder[name] = [holder[name], holder[name]]
    text = json.dumps(changed)
    for before, after in _TEXTS.items():
        text = text.replace(before, after)
    return text, done


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        parts: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return
    for name, part in parts:
        yield value, name
        yield from _places(part)


# One case


@dataclasses.dataclass
class _Executor:
    """An executor whose every build answers the same text."""

    root: Path
    text: str = ""

    def outcome(self, key: int) -> wire.Message:
        line = json.dumps({"type": "answer", "id": key, "duration_s": 0.1, "text": self.text, "output": None})
        return wire.decode_message(line.encode(), self.root)

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        for request in requests:
            message = self.outcome(request.key)
            assert isinstance(message, wire.Finished)
            yield request, message.outcome

    def close(self) -> None:
        pass


def _case(executor: _Executor) -> tuple[str, str | None]:
    """How it ended, and what is wrong with that."""
    try:
        message = executor.outcome(0)
    except Exception:
        return "crash", traceback.format_exc()
    if isinstance(message, wire.FreshNeeded):
        return "fresh interpreter", _untyped(message)
    assert isinstance(message, wire.Finished)
    if untyped := _untyped(message.outcome):
        return "accepted with a wrong type", untyped
    refused = not isinstance(message.outcome, Built) and message.outcome.kind is FailureKind.WORKER
    end = "built" if isinstance(message.outcome, Built) else "refused" if refused else "failure"
    allowed = {0, 1} if end == "built" else {125}
    for arguments, codes in (
        (("verify", _FACTORY, "--json"), allowed),
        (("verify", _FACTORY), allowed),
        (("show", _FACTORY), {0}),
        (("show", _FACTORY, "--json"), {0}),
        (("history", _FACTORY), {0}),
    ):
        code, shown = _command(*arguments)
        if code not in codes:
            return end, f"{' '.join(arguments)} ended with {code}: {shown}"
        if "--json" in arguments:
            json.loads(shown)
        elif bad := [character for character in shown if not character.isprintable() and character != "\n"]:
            return end, f"{' '.join(arguments)} printed {bad[:5]}"
    return end, None


def _command(*arguments: str) -> tuple[int, str]:
    """The exit code of a command and what it printed; a traceback has the code -1."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run_command(list(arguments))
        except (Exception, SystemExit):
            return -1, traceback.format_exc()[-500:]
    shown = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
    return code, shown[0] if code in (0, 1, 125) else "".join(shown)


@contextlib.contextmanager
def _project(folder: Path) -> Iterator[_Executor]:
    """A project in the current folder, whose builds are those of the executor."""
    root, home = (folder / "shop").resolve(), folder / "home"
    root.mkdir()
    home.mkdir()
    (root / "pyproject.toml").write_text('[tool.seedreg]\nproject = "shop"\n', encoding="utf-8")
    (root / "models.py").write_text("def build(): pass\n", encoding="utf-8")
    executor, before = _Executor(root), os.getcwd()
    environ = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
    os.chdir(root)
    try:
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            mock.patch.object(opening, "open_executor", return_value=executor),
        ):
            yield executor
    finally:
        os.chdir(before)


# Whether a value is what its class says


def _untyped(value: Any) -> str | None:
    """Where a value of a dataclass is not of the type of its field; None if all are."""
    hints = typing.get_type_hints(type(value))
    for field in dataclasses.fields(value):
        part = getattr(value, field.name)
        if not _fits(part, hints[field.name]):
            return f"{type(value).__name__}.{field.name} is {str(part)[:100]!r}"
    return None


def _fits(value: Any, kind: Any) -> bool:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if isinstance(kind, (str, typing.ForwardRef)):  # a recursive alias
        return True
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(_fits(part, arguments[0]) for part in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if origin is dict:
        return isinstance(value, dict) and all(_fits(name, arguments[0]) for name in value)
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    if kind is int:
        return type(value) is int
    if kind is str:
        return isinstance(value, str) and value.encode("utf-8", "ignore").decode() == value
    if dataclasses.is_dataclass(kind):
        return isinstance(value, typing.cast("type", kind)) and _untyped(value) is None
    return isinstance(value, kind if isinstance(kind, type) else enum.Enum)


STORM = Storm(
    name="answers",
    title="Answers of builds with one wrong place",
    promise="A wrong type is a failure of that build alone. Accepted values have the right types. Every "
    "command prints them.",
    in_ci=120,
    by_hand=6000,
    run=run,
)
