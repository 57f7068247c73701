"""What a package index offers, asked through uv, so that all settings of the installer apply here too."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from seedreg.domain.distributions import exact_requirement, normal_name
from seedreg.environments.uv import Answer, Uv
from seedreg.environments.versions import version_key
from seedreg.errors import EnvironmentFailed, EnvironmentProblem
from seedreg.leftovers import temporary_name

# uv's words for "nothing fits", which end a list, and for "no such package", which do not.
_NO_SOLUTION = "No solution found"
_UNKNOWN = re.compile("was not found in the (package registry|provided package locations)")


class PackageIndex:
    """The releases that uv can install.

    Args:
        uv: asks the indexes that its settings name.
        exclude_newer: a date (RFC 3339); releases made later do not exist.
    """

    def __init__(self, uv: Uv, exclude_newer: str | None = None) -> None:
        self._uv = uv
        self._exclude_newer = exclude_newer

    def releases(self, package: str, first: str, last: str, python: str) -> tuple[str, ...]:
        """The final releases from `first` to `last` that fit this Python, oldest first, with both ends.

        The two may be given in either order.

        uv cannot list releases, and pip (which can) knows nothing of uv's indexes. But uv names the
        newest release below a bound. Asked repeatedly (0.2 s each), each time below the release that it
        named last, it lists them all, and leaves out by its own rules what is yanked, excluded by
        date, or not for this Python. Pre-releases are left out, unless they are an end; so are
        sources where the next one below the bound cannot report its name and version.

        Raises:
            EnvironmentFailed: if the index cannot be asked, in uv's words.
        """
        first, last = sorted((first, last), key=version_key)
        found: list[str] = []
        bound = f"<={_public(last)}"
        while True:
            asked = f"{package}>={_public(first)},{bound}"
            flags = ["--no-deps", "--prerelease", "disallow"]
            answer = self._compile(asked, python, *flags)
            if answer.failure is not None and _NO_SOLUTION not in answer.failure:
                answer = self._compile(asked, python, *flags, "--only-binary", ":all:")
            if answer.failure is not None:
                if _NO_SOLUTION in answer.failure and not _UNKNOWN.search(answer.failure):
                    break
                raise EnvironmentFailed(
                    EnvironmentProblem.NO_RELEASES, package=package, words=_words(answer.failure)
                )
            release = dict(_pins(answer.output))[normal_name(package)]
            found.append(release)
            if version_key(release) <= version_key(_public(first)):
                break
            bound = f"<{_public(release)}"
        for end in (first, last):
            if version_key(end) not in map(version_key, found):
                found.append(end)
        return tuple(sorted(found, key=version_key))

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The distributions that the index lacks in exactly this version: their names, and uv's words."""
        if not pins or self._compile(_lines(pins), python, "--no-deps").failure is None:
            return {}
        found = {}
        for name, version in pins:
            failure = self._compile(exact_requirement(name, version), python, "--no-deps").failure
            if failure is not None:
                found[name] = _words(failure)
        return found

    def resolve_near(
        self, pins: Sequence[tuple[str, str]], name: str, version: str, python: str
    ) -> tuple[tuple[str, str], ...]:
        """The pins with one distribution in another version, and others moved only where it demands so.

        Raises:
            EnvironmentFailed: if the index has no such set, in uv's words.
        """
        wanted = [other for other, _ in pins if other != name]
        prefix = temporary_name("-")  # the next build here removes it if this process is killed
        with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
            # uv prefers the versions that the output file names already.
            output = Path(folder) / "pins.txt"
            output.write_text(_lines([pin for pin in pins if pin[0] != name]), "utf-8")
            text = "\n".join([exact_requirement(name, version), *wanted])
            failure = self._compile(text, python, "--output-file", str(output)).failure
            if failure is not None:
                raise EnvironmentFailed(
                    EnvironmentProblem.VERSION_UNRESOLVED,
                    package=name,
                    version=version,
                    words=_words(failure),
                )
            return _pins(output.read_text("utf-8"))

    def _compile(self, text: str, python: str, *flags: str) -> Answer:
        return self._uv.compile(text, python, *flags, exclude_newer=self._exclude_newer)


def _public(version: str) -> str:
    return version.partition("+")[0]


def _lines(pins: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{exact_requirement(name, version)}\n" for name, version in pins)


def _pins(text: str) -> tuple[tuple[str, str], ...]:
    lines = (line.partition(";")[0].strip() for line in text.splitlines() if not line.startswith("#"))
    pairs = (line.partition("==") for line in lines if "==" in line)
    return tuple(sorted((normal_name(name.partition("[")[0]), version.strip()) for name, _, version in pairs))


def _words(failure: str) -> str:
    # Of uv's two lines the second says what happened to which package.
    words = failure.replace("error: No solution found when resolving dependencies", "")
    return " ".join(words.split()).removeprefix("cause: ")
