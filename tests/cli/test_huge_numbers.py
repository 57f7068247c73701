"""Numbers that no machine can hold, and homes of users who do not exist, are errors like any other."""

from __future__ import annotations

import pytest

from .conftest import Project

BIG = "9" * 20
HUGE = "1" * 5000


@pytest.mark.parametrize("number", [str(2**63), BIG])
@pytest.mark.parametrize(
    "command",
    [
        ("audits", "show", "N"),
        ("audits", "compare", "N", "1"),
        ("audits", "compare", "1", "N"),
        ("report", "N"),
        ("report", "--", "-N"),
    ],
)
def test_there_is_no_audit_of_a_huge_number(project: Project, command: tuple[str, ...], number: str) -> None:
    assert project("audit", "flips").code == 0
    result = project(*(word.replace("N", number) for word in command))
    sign = "-" if "-N" in command else ""
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith(f"seedreg: error: there is no audit {sign}{number}\n")


def test_a_huge_limit_is_no_limit(project: Project) -> None:
    assert project("audit", "flips").code == 0
    assert project("audits", "--limit", BIG).out == project("audits").out


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("audits", "show", HUGE), 2),
        (("report", HUGE), 2),
        (("audits", "--limit", HUGE), 2),
        (("audit", "--shard", f"1/{HUGE}"), 2),
        (("audit", "--shard", f"{HUGE}/{HUGE}"), 2),
        (("audit", "--stale", f"{HUGE}d"), 2),
        (("verify", "flips", "--jobs", HUGE), 2),
        (("verify", "flips", "--timeout", HUGE), 2),
        (("register", "constant", "--seed", HUGE), 2),
        (("register", "constant", "--seed", f"0-{HUGE}"), 2),
        (("register", "constant", "-p", f"n={HUGE}"), 2),
        (("register", "constant", "--input-shape", HUGE), 2),
        (("register", "constant", "--device", f"gpu:{HUGE}"), 2),
        (("bisect", "flips", "--package", "keras", "--from", HUGE), 2),
        (("bisect", "flips", "--package", "keras", "--builds", HUGE), 2),
        (("list", "--seed", HUGE), 2),
        (("show", f"flips@{HUGE}"), 4),
        (("show", HUGE), 4),
        (("verify", "flips", "--python-version", f"3.{HUGE}"), 2),
        (("verify", "flips", "--exclude-newer", HUGE), 2),
        (("waive", "flips", "--reason", "x", "--until", HUGE), 2),
        (("envs", "prune", "--unused-for", f"{HUGE}d"), 2),
    ],
    ids=lambda value: " ".join(value).replace(HUGE, "HUGE") if isinstance(value, tuple) else str(value),
)
def test_a_number_of_5000_digits_is_an_error(project: Project, command: tuple[str, ...], code: int) -> None:
    assert project(*command).code == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("--db", "sqlite:///~nosuch/x.db", "list"), 3),
        (("--db", "~nosuch/x.db", "list"), 3),
        (("verify", "flips", "--requirements", "~nosuch/r.txt"), 2),
        (("verify", "flips", "--python", "~nosuch/bin/python"), 2),
        (("register", "~nosuch/models.py:build"), 2),
        (("register", "build", "--module", "~nosuch/models.py"), 2),
        (("rebuild", "flips", "-o", "~nosuch/w.npz"), 2),
        (("audit", "--format", "json", "-o", "~nosuch/x.json"), 2),
        (("db", "backup", "~nosuch/x.db"), 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_the_home_of_nobody_is_a_path_that_does_not_exist(
    project: Project, command: tuple[str, ...], code: int
) -> None:
    result = project(*command)
    assert (result.code, "~nosuch" in result.err) == (code, True)
