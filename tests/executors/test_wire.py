"""Protocol 1 as released: its frozen sample is written and read so for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seedreg.domain.build import BuildRequest, Built, ExportFormat
from seedreg.domain.entry import BuildFacts, Source
from seedreg.domain.environment import Environment
from seedreg.domain.failure import BuildFailure, FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.inputs import InputSpec
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe, Seeding
from seedreg.domain.statistics import TensorStats
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.executors import wire
from seedreg.reports.words.failures import failure_message
from seedreg.worker import protocol

SAMPLE = Path(__file__).parents[1] / "data" / "worker-protocol-1.jsonl"
LINES = SAMPLE.read_bytes().splitlines()
ROOT = Path("/project")

STATS = TensorStats(
    6, 2.5, 1.707825127659933, 0.0, 5.0, 7.416198487095663, 1, 0, 0, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
)
KERNEL = TensorRecord(
    "float32",
    (2, 3),
    "e2c0a71510b5394df7773b63fb5f54372b84c3564e67811bde7d665be227976d",
    "sequential/dense/kernel",
    "dense",
    "Dense",
    {"class": "GlorotUniform", "config": {"seed": None}},
    STATS,
)
ODD = TensorRecord(
    "complex64",
    (),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "0",
    stats=TensorStats(1, None, None, None, None, None, 0, 1, 0, (["NaN", "-Infinity"],)),
)
BARE = TensorRecord(
    KERNEL.dtype, KERNEL.shape, KERNEL.sha256, KERNEL.name, "dense", "Dense", None, STATS
)  # fmt: skip
ENVIRONMENT = Environment(
    "3.10.13",
    "2.15.0",
    "2.15.0",
    "keras",
    "1.26.4",
    (("keras", "2.15.0"), ("numpy", "1.26.4")),
    "Linux 6.1 glibc-2.36",
    "x86_64 A CPU avx2",
    (("TF_DETERMINISTIC_OPS", "1"),),
    (("backend", "tensorflow"), ("floatx", "float32")),
)
NO_KERAS = Environment(
    "3.10.13",
    "2.15.0",
    None,
    None,
    "1.26.4",
    ENVIRONMENT.distributions,
    ENVIRONMENT.os,
    ENVIRONMENT.cpu,
)
MESSAGES: list[wire.Message] = [
    wire.Ready(),
    wire.Unusable(build_failure(FailureKind.NO_TENSORFLOW, python="/python")),
    wire.Finished(
        0,
        Built(
            Fingerprint((KERNEL, ODD)),
            ENVIRONMENT,
            Source("models.py", 7, "a" * 64, "b" * 64, 'def build():\n    return "é"\n'),
            BuildFacts(
                Isolation.FORK,
                0.25,
                0.125,
                3,
                None,
                (f"dropout/seed_generator_state uint32 {'c' * 64}",),
                (build_warning(WarningKind.SHARED_START, count=5, tensors=["a", "é"], more=True),),
            ),
            0.5,
        ),
    ),
    wire.Finished(
        1,
        Built(Fingerprint((BARE,)), NO_KERAS, Source(), BuildFacts(Isolation.FRESH, 0.25, 0.125, 0, 0), 0.25),
    ),
    wire.Finished(
        2,
        build_failure(
            FailureKind.TIMEOUT,
            details="Traceback",
            output="caf?",
            duration_s=600.0,
            timeout_s=600.0,
        ),
    ),
    wire.FreshNeeded(3, ("KERAS_BACKEND", "TF_USE_LEGACY_KERAS")),
    wire.Ready(beat_s=1.0),
    wire.Alive(),
    wire.Finished(
        4, build_failure(FailureKind.EXIT, output="last words", duration_s=0.5, factory="f", code="é")
    ),
    wire.Finished(
        5,
        build_failure(
            FailureKind.WORKER,
            duration_s=0.5,
            misread="not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            said="{",
        ),
    ),
]
REQUESTS = [
    (
        BuildRequest(
            0,
            Recipe(
                "p",
                "pkg.models:build",
                2**32 - 1,
                '{"name":"\\u00e9","units":16}',
                Seeding.FULL,
                (InputSpec((28, 28, 1)), InputSpec((), "int32")),
                "gpu:0",
            ),
            export=ExportFormat.SAFETENSORS,
        ),
        (Path("/project"), Path("/project/src")),
        600.0,
    ),
    (BuildRequest(1, Recipe("p", "models.py:build", 0, seeding=Seeding.TF)), (Path("/project"),), 1.5),
]


@pytest.mark.parametrize("index", range(len(REQUESTS)))
def test_request_is_written_as_released(index: int) -> None:
    request, paths, timeout_s = REQUESTS[index]
    line = wire.encode_request(request, ROOT, paths, timeout_s, Path("/out/w.safetensors"))
    assert line.endswith(b"\n")
    assert json.loads(line) == json.loads(LINES[index])
    assert protocol.decode(line) == json.loads(LINES[index])


@pytest.mark.parametrize("index", range(len(MESSAGES)))
def test_message_is_read_as_released(index: int) -> None:
    assert wire.decode_message(LINES[len(REQUESTS) + index], ROOT) == MESSAGES[index]


def test_sample_holds_nothing_else() -> None:
    assert len(LINES) == len(REQUESTS) + len(MESSAGES)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_worker_writes_lines_as_the_sample_has_them(line: bytes) -> None:
    assert protocol.encode(json.loads(line)) == line + b"\n"


def test_both_sides_speak_the_same_protocol() -> None:
    assert wire.PROTOCOL == protocol.PROTOCOL == 1


def outcome(**changed: Any) -> bytes:
    message = json.loads(LINES[4])
    message["outcome"]["built"].update(changed)
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "it said ''"),
        (b"good morning", "it said 'good morning'"),
        (b"\xff\xfe", "it said '\ufffd\ufffd'"),
        (b"[]", "it sent what is not protocol 1"),
        (b"{}", "type: it is missing"),
        (b'{"type": "ready"}', "protocol: it is missing"),
        (b'{"type": "ready", "protocol": 2}', "it speaks worker protocol 2, not 1"),
        (b'{"type": "unusable", "protocol": 0}', "it speaks worker protocol 0, not 1"),
        (b'{"type": "song"}', "it sent a message of unknown type 'song'"),
        (b'{"type": "outcome", "id": null, "duration_s": 0, "outcome": {}}', "id: null is not an integer"),
        (b'{"type": "outcome", "id": true, "duration_s": 0, "outcome": {}}', "id: true is not an integer"),
        (b'{"type": "outcome", "id": 0, "duration_s": "soon", "outcome": {}}', "duration_s: 'soon' is not"),
        (b'{"type": "answer", "id": 0, "duration_s": 0, "text": {}}', "text: an object is not a text"),
        (b"[" * 100_000, "it said '[[["),
        (b'{"type": ' + b"9" * 5000 + b"}", "it s"),
    ],
)
def test_line_off_the_protocol_is_an_error_that_shows_it(line: bytes, reason: str) -> None:
    with pytest.raises(wire.ProtocolError) as caught:
        wire.decode_message(line, ROOT)
    message = failure_message(build_failure(FailureKind.WORKER, python="P", **caught.value.facts))
    assert message.startswith("the worker of P cannot be understood: it s")
    assert reason in message
    assert len(message) < 500


def answer(text: str, output: str | None = None) -> bytes:
    message = {"type": "answer", "id": 3, "duration_s": 0.5, "text": text, "output": output}
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    ("built", "reason"),
    [
        ({"tensors": []}, "a model without tensors has no fingerprint"),
        ({"environment": {"format": 2}}, "built.environment.format: 2 is not 1"),
        ({"tensors": [{"dtype": "float32"}]}, "built.tensors[0].shape: it is missing"),
        ({"facts": None}, "built.facts: null is not an object"),
    ],
)
def test_an_outcome_off_the_protocol_is_that_builds_alone(built: dict[str, Any], reason: str) -> None:
    line = outcome(**built)
    text = json.dumps(json.loads(line)["outcome"])
    found = [wire.decode_message(one, ROOT) for one in (line, answer(text))]
    assert found == [
        wire.Finished(key, build_failure(FailureKind.WORKER, misread=reason, said=said[:200], duration_s=0.5))
        for key, said in ((0, line.decode()), (3, text))
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "a list is not an object"),
        ("{}", "built: it is missing"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"failed": {"kind": "raised", "facts": {}, "duration_s": 1e400}}', "failed.duration_s: inf is"),
        ('{"failed": {"kind": "sung", "facts": {}}}', "failed.kind: 'sung' is not one of"),
        ('{"failed": {"kind": "raised", "facts": {"a": {}}}}', "failed.facts: a fact is an object"),
        ('{"failed": {"kind": "raised", "facts": NaN}}', "NaN is not a finite number"),
        ('{"fresh_needed": {"variables": [1]}}', "fresh_needed.variables[0]: 1 is not a text"),
        ('{"built": {}}, "id": 0', "not JSON: Extra data"),
    ],
    ids=range(10),
)  # fmt: skip
def test_whatever_a_build_answers_the_message_is_understood(text: str, reason: str) -> None:
    found = wire.decode_message(answer(text), ROOT)
    assert isinstance(found, wire.Finished)
    assert isinstance(found.outcome, BuildFailure)
    assert (found.key, found.outcome.kind, found.outcome.duration_s) == (3, FailureKind.WORKER, 0.5)
    message = failure_message(found.outcome)
    assert message.startswith(f"the build's answer cannot be understood ({reason}")


def test_output_belongs_to_a_failure() -> None:
    failed = json.dumps({"failed": {"kind": "raised", "facts": {"factory": "f", "error": "e"}}})
    assert wire.decode_message(answer(failed, "last words"), ROOT) == wire.Finished(
        3, build_failure(FailureKind.RAISED, output="last words", duration_s=0.5, factory="f", error="e")
    )


def test_source_file_that_no_system_has_is_an_error() -> None:
    source = {"file": "a\0b", "line": 7, "sha256": None, "file_sha256": None, "text": None}
    found = wire.decode_message(outcome(source=source), ROOT)
    assert isinstance(found, wire.Finished)
    assert isinstance(found.outcome, BuildFailure)
    assert found.outcome.fact("misread") == "built: source.file: embedded null byte"


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/project/a/models.py", "a/models.py"),
        ("/elsewhere/models.py", "/elsewhere/models.py"),
        ("/projects/models.py", "/projects/models.py"),
        (None, None),
    ],
)
def test_source_inside_the_root_is_told_relative_to_it(file: str | None, shown: str | None) -> None:
    source = {"file": file, "line": 7, "sha256": None, "file_sha256": None, "text": None}
    message = wire.decode_message(outcome(source=source), ROOT)
    assert isinstance(message, wire.Finished)
    assert isinstance(message.outcome, Built)
    assert message.outcome.source.file == shown


def test_characters_beyond_the_first_plane_survive() -> None:
    message = json.loads(LINES[6])
    message["outcome"]["failed"]["facts"] = {"factory": "🎲"}
    found = wire.decode_message(protocol.encode(message), ROOT)
    assert isinstance(found, wire.Finished)
    assert isinstance(found.outcome, BuildFailure)
    assert found.outcome.fact("factory") == "🎲"
