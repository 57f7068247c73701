"""What uv cannot resolve: a mistake in the requirements, or something that is wrong elsewhere."""

from __future__ import annotations

import pytest

from seedreg.domain.environment_spec import MadeEnvironment
from seedreg.environments.interpreters import Interpreter
from seedreg.environments.requirements import Wanted
from seedreg.environments.resolution import resolve
from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

from .shop import Shop


@pytest.mark.parametrize(
    ("words", "problem", "code"),
    [
        ("error: No solution found when resolving dependencies\n  x", EnvironmentProblem.NO_SOLUTION, 2),
        ("error: Couldn't parse requirement in `-` at position 0", EnvironmentProblem.NO_SOLUTION, 2),
        ("error: Distribution not found at: file:///x", EnvironmentProblem.NO_SOLUTION, 2),
        ("error: Request failed after 3 retries in 10.6s", EnvironmentProblem.UNRESOLVED, 125),
        (
            "error: No solution found when resolving dependencies\n\n"
            "hint: Packages were unavailable because the network was disabled.",
            EnvironmentProblem.UNRESOLVED,
            125,
        ),
        ("error: x: No space left on device (os error 28)", EnvironmentProblem.DISK_FULL, 125),
    ],
)
def test_a_mistake_in_the_requirements_has_another_exit_code_than_a_server_that_fails(
    shop: Shop, words: str, problem: EnvironmentProblem, code: int
) -> None:
    program = shop.root / "uv"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{words}\nEND\nexit 2\n")
    program.chmod(0o755)
    uv = Uv(shop.root, shop.environ, lambda environ: str(program))
    wanted = Wanted("old", MadeEnvironment(("alpha",)), shop.root)
    with pytest.raises(EnvironmentFailed) as caught:
        resolve(uv, wanted, Interpreter("/usr/bin/python3", "3.11.7", (3, 11, 7), "x86_64", usual=True))
    assert (caught.value.problem, caught.value.exit_code) == (problem, code)
