"""What a specification resolves to: every distribution with its version, and a key that names the result."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.environments.about import CACHE_FORMAT
from seedreg.environments.cached import KEY_LENGTH
from seedreg.environments.interpreters import Interpreter
from seedreg.environments.pins import local_path
from seedreg.environments.requirements import Wanted, has_hashes
from seedreg.environments.uv import Uv
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

# How uv begins to say that the requirements themselves are wrong. Anything else, such as a server that does
# not answer, is no mistake in them.
_WRONG = ("No solution found", "Couldn't parse", "Error parsing", "Distribution not found")


@dataclass(frozen=True)
class Resolution:
    """`pins` are all distributions, sorted; `indexes` are the options that name where they come from."""

    pins: tuple[str, ...]
    indexes: tuple[str, ...]

    def is_remote(self) -> bool:
        """Whether nothing is installed from a path on this machine, whose content may change."""
        return all(local_path(pin) is None for pin in self.pins)

    def key(self, interpreter: Interpreter, wanted: Wanted, content: str) -> str:
        """A name that no other environment has: the same releases may be other files elsewhere.

        `content` is the digest of the requirements files.
        """
        # Without credentials, which may be new every day.
        files: list[object] = [re.sub(r"//[^/@\s]*@", "//", line) for line in self.indexes]
        if has_hashes(content):
            files.append(content)
        for pin in self.pins:
            local = local_path(pin)
            if local is not None and (wanted.root / local).is_file():
                about = os.stat(wanted.root / local)
                files.append([local, about.st_size, about.st_mtime_ns])
        python = [os.path.realpath(interpreter.path), interpreter.version, interpreter.machine]
        return sha256_text(canonical_json([CACHE_FORMAT, python, list(self.pins), files]))[:KEY_LENGTH]


def resolve(uv: Uv, wanted: Wanted, interpreter: Interpreter) -> Resolution:
    """What the environment will hold.

    Raises:
        EnvironmentFailed: if nothing fits, in uv's words, or a folder is named whose content may change.
    """
    flags = ("--emit-index-url", "--emit-find-links", *wanted.flags)
    answer = uv.compile(wanted.text, interpreter.path, *flags, files=wanted.files)
    if answer.failure is not None:
        raise answer.error(_problem(answer.failure), wanted.label)
    lines = [line.strip() for line in answer.output.splitlines()]
    indexes = tuple(line for line in lines if line.startswith("--"))
    pins = tuple(sorted(line for line in lines if line and not line.startswith(("#", "--"))))
    for pin in pins:
        local = local_path(pin)
        if local is not None and not pin.startswith("-e") and (wanted.root / local).is_dir():
            # uv itself keeps what it built of a folder until its pyproject.toml changes.
            raise EnvironmentFailed(
                EnvironmentProblem.CHANGING_FOLDER, environment=wanted.label, folder=local
            )
    return Resolution(pins, indexes)


def _problem(words: str) -> EnvironmentProblem:
    is_wrong = words.removeprefix("error: ").startswith(_WRONG)
    # Without a network every package that was never installed seems not to exist.
    offline = "network was disabled" in words
    return EnvironmentProblem.NO_SOLUTION if is_wrong and not offline else EnvironmentProblem.UNRESOLVED
