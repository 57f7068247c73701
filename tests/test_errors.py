from __future__ import annotations

import pytest

from seedreg.domain.failure import BuildFailure, FailureKind, environment_failure
from seedreg.errors import EnvironmentFailed, EnvironmentProblem, Step
from seedreg.reports.words.failures import failure_hint, failure_message, failure_step

# Whatever the words of a problem may name.
FACTS = (
    *("environment", "error", "folder", "found", "missing", "oldest"),
    *("package", "path", "python", "uv", "version", "words"),
)


@pytest.mark.parametrize("problem", EnvironmentProblem)
def test_a_problem_that_was_stored_is_shown_as_it_was_when_it_was_raised(problem: EnvironmentProblem) -> None:
    error = EnvironmentFailed(problem, **{name: f"<{name}>" for name in FACTS})
    stored = BuildFailure.from_document(environment_failure(error).document())
    assert stored.fact("problem") == problem.value
    assert (failure_message(stored), failure_hint(stored), failure_step(stored)) == (
        error.message,
        error.hint,
        error.step,
    )


def test_several_facts_of_one_name_are_listed() -> None:
    found = ("3.7.9 (/a)", "3.12.1 (/b)")
    error = EnvironmentFailed(EnvironmentProblem.NO_PYTHON, version="3.8", found=found)
    assert error.message.endswith("found were: 3.7.9 (/a), 3.12.1 (/b)")
    assert (error.step, error.fields["version"], error.facts["found"]) == (Step.INSTALL_PYTHON, "3.8", found)


def test_a_problem_of_a_later_seedreg_is_shown_as_its_facts() -> None:
    facts = {"problem": "quota", "environment": "old"}
    stored = BuildFailure.from_document({"kind": FailureKind.ENVIRONMENT.value, "facts": facts})
    assert (failure_message(stored), failure_hint(stored)) == ("environment: old, problem: quota", None)
