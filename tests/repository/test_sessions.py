"""The sessions of the pages are run, with stand-ins for TensorFlow and Keras, and print what the pages show.

A block of ```console is run unless the line before it is `<!-- not run: REASON -->`. The blocks of one page
are one session in a copy of examples/quickstart. `--update-golden` writes what the real TensorFlow prints.
"""

from __future__ import annotations

import difflib
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import pages

_END = "\x1e"
_HIDDEN = (
    (r"sr1:[0-9a-f]{12}\b", "sr1:…"),
    (r"sr1:[0-9a-f]{64}\b", "sr1:… in full"),
    (r"\bcommit [0-9a-f]{12}\b", "commit …"),
    (r"git diff [0-9a-f]{12}", "git diff …"),
    (r"\b\d+\.\d\d s\b", "N s"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
    (r"\b(python|tensorflow|tf|keras|numpy) \d+(\.\d+)+", r"\1 N"),
    (r"^  next: the same command with --verbose .*\n", ""),  # where a build printed something
    (r" {2,}", "  "),
    (r" +$", ""),
)


@dataclass(frozen=True)
class Step:
    """A command of a session, and what it prints."""

    command: str
    output: str


def is_run(before: str, language: str) -> bool:
    return language == "console" and not before.startswith("<!-- not run: ")


def steps(page: Path) -> list[Step]:
    found: list[Step] = []
    for before, language, block in pages.blocks(page):
        if not is_run(before, language):
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Step(command, output))
    return found


def run(commands: list[str], folder: Path, environ: dict[str, str]) -> list[Step]:
    """One shell runs them all, with both streams as a terminal would show them."""
    script = "".join(f"{command}\nprintf '{_END}'\n" for command in commands)
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{script}"],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return [Step(*one) for one in zip(commands, done.stdout.split(_END)[:-1], strict=True)]


def comparable(session: list[Step]) -> list[str]:
    """The lines of a session without what differs from run to run and from machine to machine."""
    text = "".join(f"$ {step.command}\n{step.output}" for step in session)
    # Lists show the beginning of a fingerprint without its scheme.
    for digest in set(re.findall(r"sr1:([0-9a-f]{12})", text)):
        text = re.sub(rf"(?<!:)\b{digest}\b", "…", text)
    for pattern, shown in _HIDDEN:
        text = re.sub(pattern, shown, text, flags=re.MULTILINE)
    return text.splitlines(keepends=True)


def checkout(folder: Path) -> Path:
    """The example's folder in a checkout in which it is committed."""
    example = folder / "examples" / "quickstart"
    ignored = shutil.ignore_patterns(".seedreg", "__pycache__")
    shutil.copytree(pages.ROOT / "examples" / "quickstart", example, ignore=ignored)
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    return example


def update(page: Path, session: list[Step]) -> None:
    """Write what the session printed into the page."""
    outputs = iter(session)
    text = pages.text(page)
    for before, language, block in pages.blocks(page):
        if is_run(before, language):
            count = len(re.findall(r"^\$ ", block, re.MULTILINE))
            printed = "".join(f"$ {step.command}\n{step.output}" for step in itertools.islice(outputs, count))
            text = text.replace(f"```console\n{block}```", f"```console\n{printed}```", 1)
    (pages.ROOT / page).write_text(text, encoding="utf-8")


@pytest.mark.skipif(None in (shutil.which("git"), shutil.which("bash")), reason="no git or no bash here")
@pytest.mark.parametrize("page", [page for page in pages.pages() if steps(page)], ids=str)
def test_session_prints_what_the_page_shows(
    request: pytest.FixtureRequest, page: Path, tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    both = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "SEEDREG_JOBS": "1",  # results in the order of the seeds
    }
    commands = [step.command for step in steps(page)]
    if request.config.getoption("update_golden") and importlib.util.find_spec("tensorflow"):
        update(page, run(commands, checkout(tmp_path / "real"), {**os.environ, **both}))
    found = run(commands, checkout(tmp_path / "seedreg"), {**fake_tensorflow_environ, **both})
    expected = comparable(steps(page))
    difference = "".join(difflib.unified_diff(expected, comparable(found), str(page), "run"))
    assert difference == "", difference


def test_blocks_that_are_not_run_say_why() -> None:
    reasons = [
        before
        for page in pages.pages()
        for before, language, _ in pages.blocks(page)
        if language == "console"
    ]
    marked = [reason for reason in reasons if "not run" in reason]
    assert len(reasons) > len(marked)
    assert [reason for reason in marked if not re.fullmatch(r"<!-- not run: \S.* -->", reason)] == []
