"""What a package index offers, asked through uv: so that every setting of the installer holds here too."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from seedreg.errors import EnvironmentFailed

# uv's words for "nothing fits", which end a list, and for "no such package", which do not.
_NO_SOLUTION = "No solution found"
_UNKNOWN = re.compile("was not found in the (package registry|provided package locations)")
_VERSION = re.compile(
    r"v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?"
    r"(?:[-_.]?(post|rev|r)[-_.]?(\d*)|-(\d+))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9._-]+))?",
    re.IGNORECASE,
)
_STAGES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}


class PackageIndex:
    """The releases that uv can install.

    Args:
        uv: path of the uv program.
        root: the project's root: uv runs there, and reads its settings there.
        environ: variables of uv; its index settings are among them.
        exclude_newer: a date (RFC 3339); releases made later do not exist.
    """

    def __init__(
        self, uv: str, root: Path, environ: Mapping[str, str], exclude_newer: str | None = None
    ) -> None:
        self._uv = uv
        self._root = root
        self._environ = {k: v for k, v in environ.items() if k not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
        self._exclude_newer = exclude_newer

    def releases(self, package: str, first: str, last: str, python: str) -> tuple[str, ...]:
        """The final releases from `first` to `last` that fit this Python, oldest first, with both ends.

        The two may be given in either order.

        uv cannot list releases, and pip (which can) knows nothing of uv's indexes. But uv names the
        newest release below a bound: asked again and again (0.2 s each), below the release that it
        named last, it lists them all, and leaves out by its own rules what is yanked, excluded by
        date, or not for this Python. Pre-releases are left out, unless they are an end; so are
        sources where the next one below the bound cannot tell its name and version.

        Raises:
            EnvironmentFailed: if the index cannot be asked, in uv's words.
        """
        first, last = sorted((first, last), key=version_key)
        found: list[str] = []
        bound = f"<={_public(last)}"
        while True:
            asked = f"{package}>={_public(first)},{bound}"
            flags = ["--no-deps", "--prerelease", "disallow"]
            done = self._compile(asked, python, *flags)
            if done.returncode != 0 and _NO_SOLUTION not in done.stderr:
                done = self._compile(asked, python, *flags, "--only-binary", ":all:")
            if done.returncode != 0:
                if _NO_SOLUTION in done.stderr and not _UNKNOWN.search(done.stderr):
                    break
                raise EnvironmentFailed(f"the releases of {package} could not be listed: {_words(done)}")
            release = dict(_pins(done.stdout))[normal_name(package)]
            found.append(release)
            if version_key(release) <= version_key(_public(first)):
                break
            bound = f"<{_public(release)}"
        for end in (first, last):
            if version_key(end) not in map(version_key, found):
                found.append(end)
        return tuple(sorted(found, key=version_key))

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The names of the distributions that cannot be had in exactly this version, each with uv's words."""
        if not pins or self._compile(_lines(pins), python, "--no-deps").returncode == 0:
            return {}
        found = {}
        for name, version in pins:
            done = self._compile(f"{name}=={version}", python, "--no-deps")
            if done.returncode != 0:
                found[name] = _words(done)
        return found

    def resolve_near(
        self, pins: Sequence[tuple[str, str]], name: str, version: str, python: str
    ) -> tuple[tuple[str, str], ...]:
        """The pins with one distribution in another version, and others moved only where it demands so.

        Raises:
            EnvironmentFailed: if the index has no such set, in uv's words.
        """
        wanted = [other for other, _ in pins if other != name]
        with tempfile.TemporaryDirectory(prefix="seedreg-") as folder:
            # What stands in the output file already is what uv prefers.
            output = Path(folder) / "pins.txt"
            output.write_text(_lines([pin for pin in pins if pin[0] != name]), "utf-8")
            done = self._compile(
                "\n".join([f"{name}=={version}", *wanted]), python, "--output-file", str(output)
            )
            if done.returncode != 0:
                raise EnvironmentFailed(f"{name} {version} could not be resolved: {_words(done)}")
            return _pins(output.read_text("utf-8"))

    def _compile(self, requirements: str, python: str, *flags: str) -> subprocess.CompletedProcess[str]:
        command = [self._uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--no-strip-extras", "--python", python]
        if self._exclude_newer:
            command += ["--exclude-newer", self._exclude_newer]
        return subprocess.run(
            [*command, *flags, "-"],
            input=f"{requirements}\n",
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=self._root,
            env={**self._environ, "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"},
            check=False,
        )


def normal_name(name: str) -> str:
    """The name as indexes compare it: lower case, runs of `-_.` one `-`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def version_key(version: str) -> tuple[object, ...]:
    """Sorts versions as PEP 440 does; what is no version comes first.

    Local parts (`+cpu`) are compared as text.
    """
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return ((-1,), version)
    epoch, release, stage, pre, post, post_number, bare_post, dev, dev_number, local = match.groups()
    numbers = [int(part) for part in release.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    if stage is not None:
        pre_key: tuple[int, int] = (_STAGES[stage.lower()], int(pre or 0))
    elif dev is not None and post is None and bare_post is None:
        pre_key = (-1, 0)
    else:
        pre_key = (3, 0)
    post_key = int(post_number or bare_post or 0) if post or bare_post else -1
    dev_key = int(dev_number or 0) if dev is not None else float("inf")
    return ((int(epoch or 0),), tuple(numbers), pre_key, post_key, dev_key, (local or "").lower())


def is_version(text: str) -> bool:
    """Whether the text is a version as PEP 440 writes them."""
    return _VERSION.fullmatch(text.strip()) is not None


def _public(version: str) -> str:
    return version.partition("+")[0]


def _lines(pins: Sequence[tuple[str, str]]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in pins)


def _pins(text: str) -> tuple[tuple[str, str], ...]:
    lines = (line.partition(";")[0].strip() for line in text.splitlines() if not line.startswith("#"))
    pairs = (line.partition("==") for line in lines if "==" in line)
    return tuple(sorted((normal_name(name.partition("[")[0]), version.strip()) for name, _, version in pairs))


def _words(done: subprocess.CompletedProcess[str]) -> str:
    words = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
    # Of uv's two lines the second says what happened to which package.
    return " ".join(
        words.replace("error: No solution found when resolving dependencies", "").split()
    ).removeprefix("cause: ")
