"""Every kind of failure and every set of facts that the program makes has words that fit."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import seedreg
from seedreg.cli.hints import WORDS as STEPS
from seedreg.cli.hints import failure_step, hint_of
from seedreg.domain.failure import (
    BuildFailure,
    Difference,
    Distrust,
    FailureKind,
    RandomSource,
    build_failure,
    environment_failure,
)
from seedreg.errors import EnvironmentFailed, EnvironmentProblem, NotJudged, Step
from seedreg.reports.words.failure_table import WORDS
from seedreg.reports.words.failures import failure_error, failure_hint, failure_message

PACKAGE = Path(seedreg.__file__).parent
DATA = Path(__file__).parents[2] / "data"

Shape = tuple[FailureKind, frozenset[str]]


def shapes() -> set[Shape]:
    """The kind and the names of the facts of every failure that the source makes."""
    found: set[Shape] = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _called(node) in ("Failure", "build_failure"):
                kind = _kind(node.args[0])
                if kind is not None:
                    found.update((kind, names) for names in _facts(node, functions))
    # Of a program that is no worker only the line that it said is known.
    others = misunderstandings() - {frozenset({"said"})}
    return found - {(FailureKind.INTERPRETER, names | {"python"}) for names in others}


def misunderstandings() -> set[frozenset[str]]:
    """The names of the facts of every line of a worker that is not understood."""
    calls = [
        node
        for path in (PACKAGE / "executors").glob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and _called(node) in ("ProtocolError", "NoMessage") and node.keywords
    ]
    return {frozenset(keyword.arg or "" for keyword in call.keywords) for call in calls}


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _kind(node: ast.expr) -> FailureKind | None:
    match node:
        case ast.Constant(str(word)):
            return FailureKind(word)
        case ast.Attribute(ast.Name("FailureKind"), name):
            return FailureKind[name]
    return None  # passed on


def _facts(call: ast.Call, functions: dict[str, ast.FunctionDef]) -> Iterator[frozenset[str]]:
    """The names of a call's facts; a `**call()` may give any of the dictionaries that it returns."""
    own = {keyword.arg for keyword in call.keywords if keyword.arg} - {"details", "output", "duration_s"}
    more: list[set[str]] = [set()]
    for keyword in call.keywords:
        match keyword:
            case ast.keyword(None, ast.Call() as other):
                more = list(_dictionaries(functions[_called(other)]))
            case ast.keyword(None, ast.Attribute(ast.Name("error"), "facts")):
                more = [set(names) for names in misunderstandings()]
    for names in more:
        yield frozenset(own | names)


def _dictionaries(function: ast.FunctionDef) -> Iterator[set[str]]:
    """The keys of each dictionary that a function returns."""
    for node in ast.walk(function):
        match node:
            case ast.Return(ast.Dict(keys)):
                yield {str(key.value) for key in keys if isinstance(key, ast.Constant)}


FOUND = sorted(shapes(), key=lambda shape: (shape[0].value, sorted(shape[1])))


def test_the_source_is_read() -> None:
    assert len(FOUND) > 40
    assert {kind for kind, _ in FOUND} == set(FailureKind) - {FailureKind.ENVIRONMENT}


@pytest.mark.parametrize("shape", FOUND, ids=lambda shape: f"{shape[0].value} {' '.join(sorted(shape[1]))}")
def test_every_failure_of_the_program_has_words(shape: Shape) -> None:
    kind, names = shape
    assert names in {each.facts for each in WORDS[kind]}


def test_no_words_are_left_over() -> None:
    listed = {(kind, each.facts) for kind, words in WORDS.items() for each in words}
    # The executor of a created environment adds its name.
    assert listed - set(FOUND) == {(FailureKind.NO_TENSORFLOW, frozenset({"environment", "python"}))}


def test_what_has_words_for_one_value_of_a_fact_has_them_for_all() -> None:
    values = {
        "reason": {reason.value for reason in Difference} - {Difference.UNSEEDED.value},
        "source": {source.value for source in RandomSource},
        "format": {"npz", "safetensors"},
        "distrust": {distrust.value for distrust in Distrust},
    }
    for listed in WORDS.values():
        for each in listed:
            alike = [other for other in listed if other.facts == each.facts]
            if all(other.when is not None for other in alike):
                ((name, _), *_) = [other.when for other in alike if other.when is not None]
                assert {other.when[1] for other in alike if other.when is not None} == values[name]


def test_words_are_filled_with_the_facts() -> None:
    failure = build_failure(
        FailureKind.MODULE_NOT_FOUND, module="zoo", searched=["/a", "/b"], python="/bin/python"
    )
    assert failure_message(failure) == "no module named 'zoo'"
    assert failure_hint(failure) == "looked in /a, /b and the packages of /bin/python"
    assert failure_step(failure) is None


def test_the_command_line_adds_its_options() -> None:
    failure = build_failure(FailureKind.TIMEOUT, timeout_s=2.5)
    assert failure_message(failure) == "the build took longer than 2.5 s and was ended"
    assert failure_hint(failure) == "see what it waits for: its standard input is empty"
    assert failure_step(failure) == "give it more with --timeout SECONDS"
    error = failure_error(failure, NotJudged)
    assert hint_of(error) == (
        "see what it waits for: its standard input is empty; give it more with --timeout SECONDS"
    )


def test_no_words_below_the_command_line_name_an_option() -> None:
    texts = [text for listed in WORDS.values() for each in listed for text in (each.message, each.hint or "")]
    assert [text for text in texts if "--" in text] == []


def test_every_step_has_words_and_both_lists_are_sorted() -> None:
    assert [*STEPS] == [*Step] == sorted(Step, key=lambda step: step.name)


def test_facts_that_no_words_fit_are_shown_as_they_are() -> None:
    failure = build_failure(FailureKind.RAISED, planet="Mars", days=[1, 2])
    assert (failure_message(failure), failure_hint(failure)) == ("days: 1, 2, planet: Mars", None)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (build_failure(FailureKind.TIMEOUT, timeout_s="soon"), "timeout_s: soon"),
        (build_failure(FailureKind.TIMEOUT, timeout_s=[1, 2]), "timeout_s: 1, 2"),
        (build_failure(FailureKind.ENVIRONMENT, environment="e", cause="x"), "cause: x, environment: e"),
        (
            build_failure(FailureKind.ENVIRONMENT, environment="e", cause="environment"),
            "cause: environment, environment: e",
        ),
    ],
)
def test_facts_that_a_build_made_up_are_shown_as_they_are(failure: BuildFailure, message: str) -> None:
    assert failure_message(failure) == message


def test_an_environment_that_could_not_be_created_keeps_the_words_of_its_error() -> None:
    error = EnvironmentFailed(EnvironmentProblem.NO_PYTHON, version="3.7", found=("3.11.7", "3.12.1"))
    failure = environment_failure(error)
    assert (failure_message(failure), failure_hint(failure)) == (error.message, error.hint)
    assert error.message.endswith("found were: 3.11.7, 3.12.1")
    assert failure_step(failure) == "`uv python install 3.7` installs it; --python PATH names any other"


def test_an_environment_that_was_deleted_says_how_the_build_ended() -> None:
    failure = build_failure(FailureKind.ENVIRONMENT, environment="old", cause="signal", signal="SIGKILL")
    assert failure_message(failure) == (
        "environment old was deleted while it was in use (the build's process was killed by SIGKILL)"
    )


def test_failures_that_were_kept_as_sentences_are_shown_verbatim() -> None:
    with closing(sqlite3.connect(DATA / "registry-0003.db")) as file:
        texts = [text for (text,) in file.execute("SELECT failure FROM checks WHERE failure IS NOT NULL")]
    assert texts
    for text in texts:
        recorded = json.loads(text)
        failure = BuildFailure.from_document(recorded)
        assert "message" in recorded
        assert (failure.kind.value, failure_message(failure), failure_hint(failure)) == (
            recorded["kind"],
            recorded["message"],
            recorded["hint"],
        )
        assert (failure.details, failure.output, failure.duration_s) == (
            recorded["details"],
            recorded["output"],
            recorded["duration_s"],
        )
        assert failure_step(failure) is None


def test_a_fact_that_is_no_value_for_the_words_is_listed() -> None:
    failure = build_failure(FailureKind.TIMEOUT, timeout_s="600.0")
    assert failure_message(failure) == "timeout_s: 600.0"


@pytest.mark.parametrize(
    ("format", "message"),
    [("h5", "save_weights raised OSError: full"), ("npz", "the weights could not be written: OSError: full")],
)
def test_an_export_that_failed_names_what_could_not_write(format: str, message: str) -> None:
    assert failure_message(build_failure(FailureKind.EXPORT, format=format, error="OSError: full")) == message
