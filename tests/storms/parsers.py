"""Foreign text and documents, changed at random: every parser takes or refuses them with its own error."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedreg.domain.audit import AuditPlan
from seedreg.domain.canonical import canonical_json
from seedreg.domain.decoding import DecodingError, parse
from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.failure import BuildFailure
from seedreg.domain.fingerprint import Fingerprint
from seedreg.domain.recipe import Recipe
from seedreg.domain.warning import BuildWarning
from seedreg.errors import NotJudged, SeedregError, UsageError
from seedreg.executors.wire import ProtocolError, decode_message
from seedreg.reports.words.failures import failure_error
from seedreg.reports.words.warnings import warning_text
from storms.parser_texts import file_parsers, text_parsers
from storms.storm import ROOT, Storm, Tally

_PROTOCOL = ROOT / "tests" / "data" / "worker-protocol-1.jsonl"
_SHOWN = 300

# Pieces that mean something to one parser or another.
_PIECES = (
    *(
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\u2028",
        "\ud800",
        "\uff3f",
        "é",
        "١",
        "²",
    ),
    *(
        "-",
        "--",
        "..",
        "/",
        "\\",
        ":",
        "@",
        ",",
        "=",
        "==",
        "~",
        "~nosuch/",
        "://",
        "sqlite:///",
        "tag:",
        "#",
        ";",
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        '"',
        "'",
        "\\u",
        "\\ud800",
        "%s",
        "{0}",
        "{x!r}",
        "$HOME",
        "*",
        "null",
        "true",
        "NaN",
    ),
    *(
        "Infinity",
        "1e400",
        "-1",
        "0",
        "4294967296",
        "9" * 20,
        "1" * 5000,
        "a" * 5000,
        "[" * 2000,
        "{'a':" * 50,
    ),
    *(
        "__builtins__",
        "os.system",
        ".py",
        "T00:00:00Z",
        "9999-12-31",
        "0000-00-00",
        "1.0.dev",
        "+local",
        "==1.0\n-e x",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, -0.0, 1e308),
    *("", "x", "é", "\ud800", "a" * 5000, "\x1b[0m", [], {}, [[]], {"": None}, {"x": {}}, [None] * 50),
    *("float32", "cpu", "reproduced", "0" * 64, "2026-01-02T03:04:05.000006Z"),
)


@dataclass(frozen=True)
class Parser:
    """Something that reads foreign input: examples that it takes, and the errors that it may raise."""

    name: str
    read: Callable[[Any], object]
    examples: Sequence[Any]
    refuses: tuple[type[Exception], ...] = (SeedregError,)
    weight: int = 10


@dataclass
class _Storm:
    seed: int
    tally: Tally = field(default_factory=Tally)

    def run(self, parsers: Sequence[Parser], count: int) -> None:
        chosen = [parser for parser in parsers for _ in range(parser.weight)]
        for number in range(count):
            draw = random.Random((self.seed << 40) + number)
            parser = draw.choice(chosen)
            self._try(parser, _changed(draw, draw.choice(parser.examples)), number)

    def _try(self, parser: Parser, given: Any, number: int) -> None:
        try:
            parser.read(given)
        except parser.refuses:
            self.tally.counts["refused"] += 1
        except Exception as error:
            self.tally.counts["broken"] += 1
            shown = repr(given)[:_SHOWN]
            line = (
                f"seed {self.seed} case {number}: {parser.name} of {shown}: {type(error).__name__}: {error}"
            )
            self.tally.broken.append(line[: 2 * _SHOWN])
        else:
            self.tally.counts["accepted"] += 1


def _changed(draw: random.Random, example: Any) -> Any:
    """The example after one change, or a few."""
    if isinstance(example, bytes):
        text = example.decode("utf-8", "surrogateescape")
        if draw.random() < 0.7:
            with contextlib.suppress(ValueError):
                text = json.dumps(_changed_document(draw, json.loads(text)))
        if draw.random() < 0.5:
            text = _changed_text(draw, text)
        return text.encode("utf-8", "surrogatepass")
    if isinstance(example, str):
        for _ in range(draw.choice((0, 1, 1, 1, 2, 4))):
            example = _changed_text(draw, example)
        return example
    return _changed_document(draw, example)


def _changed_text(draw: random.Random, text: str) -> str:
    start = draw.randint(0, len(text))
    end = min(len(text), start + draw.choice((0, 0, 1, 1, 2, 5, 1000)))
    match draw.randrange(5):
        case 0:
            piece = draw.choice(_PIECES)
        case 1:
            piece = text[draw.randint(0, len(text)) :][:20]
        case 2:
            piece = chr(draw.choice((draw.randrange(128), draw.randrange(0x2100), draw.randrange(0x10FFFF))))
        case 3:
            piece = draw.choice(_PIECES) * draw.randint(1, 3)
        case _:
            piece = ""
    return text[:start] + piece + text[end:]


def _changed_document(draw: random.Random, document: Any) -> Any:
    """The document with one part of it replaced, removed or added."""
    document = copy.deepcopy(document)
    places = list(_places(document))
    if not places or draw.random() < 0.02:
        return draw.choice(_VALUES)
    holder, key = draw.choice(places)
    match draw.randrange(5):
        case 0 | 1:
            holder[key] = draw.choice(_VALUES)
        case 2 if isinstance(holder[key], str):
            holder[key] = _changed_text(draw, holder[key])
        case 2 if type(holder[key]) in (int, float):
            holder[key] = draw.choice((-holder[key], holder[key] + 1, str(holder[key]), holder[key] * 1e300))
        case 2 | 3:
            other, place = draw.choice(places)
            holder[key] = copy.deepcopy(other[place])
        case _ if isinstance(holder, dict):
            if draw.random() < 0.5:
                holder[draw.choice(("extra", "format", "", "kind"))] = draw.choice(_VALUES)
            else:
                del holder[key]
        case _:
            holder.insert(key, draw.choice(_VALUES))
    return document


def _places(value: Any) -> Any:
    """Every place in a document that holds a value: its container, and the key or position in it."""
    keys: Any = ()
    if isinstance(value, dict):
        keys = value.keys()
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _document_parsers(folder: Path) -> list[Parser]:
    """What is stored in a registry, and what workers answer."""
    lines = _PROTOCOL.read_bytes().splitlines()
    messages = [json.loads(line) for line in lines]
    built = next(one["outcome"]["built"] for one in messages if "built" in one.get("outcome", {}))
    failed = next(one["outcome"]["failed"] for one in messages if "failed" in one.get("outcome", {}))
    recipe = Recipe("p", "m:build", 3, '{"units":[1,{"a":0.5}]}').document()
    made = EnvironmentSpec.of("old", packages=("a==1",), python_version="3.10", exclude_newer="2020-02-01")
    plan = AuditPlan("p", ("0" * 64,), (made, EnvironmentSpec.of("this")), ("tag:x",)).document()
    warning = {"kind": "recorded", "facts": {"text": "x"}}
    fingerprint = {"scheme": "sr1", "tensors": built["tensors"]}
    readers: list[tuple[str, Callable[[Any], Any], Any]] = [
        ("a recipe", Recipe.from_document, recipe),
        ("an environment", Environment.from_document, built["environment"]),
        ("a specification", EnvironmentSpec.from_document, made.document()),
        ("a plan", AuditPlan.from_document, plan),
        ("facts", BuildFacts.from_document, {**built["facts"], "warnings": [warning]}),
        ("a source", Source.from_document, {**built["source"], "git_commit": "0" * 40, "git_dirty": False}),
        ("a fingerprint", Fingerprint.from_document, fingerprint),
        ("a failure", _shown_failure, failed),
        ("a warning", lambda given: warning_text(BuildWarning.from_document(given)), warning),
    ]
    parsers = [
        Parser(name, _stored(read), [json.dumps(example).encode()], (DecodingError, UsageError))
        for name, read, example in readers
    ]
    return [
        *parsers,
        Parser("a worker's line", lambda line: decode_message(line, folder), lines[2:], (ProtocolError,), 40),
        Parser(
            "canonical JSON",
            _canonical,
            [json.dumps(recipe), json.dumps(plan), "[1.5, -0.0, 1e22]"],
            (DecodingError,),
        ),
    ]


def _stored(read: Callable[[Any], Any]) -> Callable[[bytes], object]:
    def decode(text: bytes) -> object:
        value = read(parse(text))
        # What was read once is written, and read again, without a change.
        document = getattr(value, "document", None)
        if document is not None and read(parse(canonical_json(document()))) != value:
            raise AssertionError("it is not read back as it was written")
        return value

    return decode


def _shown_failure(document: Any) -> BuildFailure:
    failure = BuildFailure.from_document(document)
    str(failure_error(failure, NotJudged))
    return failure


def _canonical(text: str) -> None:
    value = parse(text)
    try:
        written = canonical_json(value)
    except ValueError as error:  # infinities
        raise DecodingError(str(error)) from error
    if canonical_json(parse(written)) != written:
        raise AssertionError("its canonical form has another canonical form")


def run(count: int, seed: int, folder: Path) -> Tally:
    """Give this many changed inputs to the parsers, one at a time."""
    storm = _Storm(seed)
    with contextlib.ExitStack() as stack:
        parsers = [Parser(*one) for one in (*text_parsers(folder, stack), *file_parsers(folder))]
        storm.run([*_document_parsers(folder), *parsers], count)
    return storm.tally


STORM = Storm(
    name="parsers",
    title="Changed texts and documents, given to every parser",
    promise="Each input is accepted, or refused with the error that the parser declares.",
    in_ci=20_000,
    by_hand=1_000_000,
    run=run,
)
