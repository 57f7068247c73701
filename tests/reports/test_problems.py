from __future__ import annotations

from string import Formatter

import pytest

from seedreg.domain.problem import ProblemKind, problem
from seedreg.reports.words.problems import WORDS, problem_text


@pytest.mark.parametrize("kind", ProblemKind)
def test_every_problem_has_words_for_all_its_fields(kind: ProblemKind) -> None:
    fields = {name for _, name, _, _ in Formatter().parse(WORDS[kind]) if name}
    text = problem_text(problem(kind, **{name: f"‹{name}›" for name in fields}))
    assert [f"‹{name}›" in text for name in fields] == [True] * len(fields)


def test_an_entry_is_named_by_the_beginning_of_its_id() -> None:
    found = problem(ProblemKind.ENTRY_ID, entry="a" * 64, found="b" * 64)
    assert problem_text(found) == f"entry {'a' * 12}: its recipe has the id {'b' * 64}"
