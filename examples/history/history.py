"""Finds out which releases of TensorFlow and Keras start which models from other weights.

    python examples/history/history.py --out docs/reference/history.md

It registers the factories of `zoo.py`, audits them in an environment for every release, and writes the
results as a table: equal letters in a column are equal weights, bit for bit. uv creates the environments
(`pip install 'seedreg[envs]'`); all of them together take 30 GB. The program can be stopped at any time.
If it is run again, it continues, and retries what failed. Explanations that were added by hand after the
dashes in the list of changes are kept.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import ascii_uppercase
from typing import Any

# Dependencies are those of a release's time: uploaded at most a month after it.
_GRACE = timedelta(days=30)
_SEEDREG = (sys.executable, "-m", "seedreg")
_NOTHING_SELECTED = 4
_ENDED = (0, 1, 125)  # all checks were made, whatever their verdicts


@dataclass(frozen=True)
class Release:
    """A minor release: its last patch, the day `uploaded` of that patch, and the day `first` of X.Y.0."""

    package: str
    version: str
    first: str
    uploaded: str
    python: str

    @property
    def minor(self) -> str:
        """`2.15` of 2.15.1."""
        return self.version.rpartition(".")[0]

    @property
    def name(self) -> str:
        """What its environment is called."""
        return f"{self.package}-{self.minor}"

    @property
    def title(self) -> str:
        """`TensorFlow 2.15`."""
        return f"{'TensorFlow' if self.package == 'tf' else 'Keras'} {self.minor}"


def _tf(version: str, first: str, uploaded: str, python: str) -> Release:
    return Release("tf", version, first, uploaded, python)


def _keras(version: str, first: str, uploaded: str) -> Release:
    return Release("keras", version, first, uploaded, "3.11")


# Days are upload times of the package index (https://pypi.org/pypi/tensorflow/json, .../keras/json).
# Versions are the newest of each minor that were not yanked; each Python is one that has wheels.
TENSORFLOW = (
    _tf("2.0.4", "2019-09-30", "2021-01-06", "3.7"),
    _tf("2.1.4", "2020-01-08", "2021-06-15", "3.7"),
    _tf("2.2.3", "2020-05-07", "2021-06-15", "3.7"),
    _tf("2.3.4", "2020-07-27", "2021-08-10", "3.7"),
    _tf("2.4.4", "2020-12-14", "2021-11-01", "3.8"),
    _tf("2.5.3", "2021-05-13", "2022-02-02", "3.9"),
    _tf("2.6.5", "2021-08-11", "2022-05-23", "3.9"),
    _tf("2.7.4", "2021-11-04", "2022-09-02", "3.9"),
    _tf("2.8.4", "2022-02-02", "2022-11-16", "3.9"),
    _tf("2.9.3", "2022-05-16", "2022-11-16", "3.9"),
    _tf("2.10.1", "2022-09-06", "2022-11-16", "3.9"),
    _tf("2.11.1", "2022-11-18", "2023-03-20", "3.10"),
    _tf("2.12.1", "2023-03-22", "2023-07-05", "3.10"),
    _tf("2.13.1", "2023-07-05", "2023-09-26", "3.10"),
    _tf("2.14.1", "2023-09-26", "2023-11-14", "3.11"),
    _tf("2.15.1", "2023-11-14", "2024-03-08", "3.11"),
    _tf("2.16.2", "2024-03-09", "2024-06-28", "3.11"),
    _tf("2.17.1", "2024-07-11", "2024-10-24", "3.11"),
    _tf("2.18.1", "2024-10-25", "2025-03-12", "3.11"),
    _tf("2.19.1", "2025-03-12", "2025-08-13", "3.11"),
    _tf("2.20.0", "2025-08-13", "2025-08-13", "3.11"),
    _tf("2.21.0", "2026-03-06", "2026-03-06", "3.11"),
)
# The only release that works with every Keras 3: 2.17 needs at least 3.2.
KERAS_ON = next(release for release in TENSORFLOW if release.minor == "2.16")
KERAS = (
    _keras("3.0.5", "2023-11-28", "2024-02-14"),
    _keras("3.1.1", "2024-03-18", "2024-03-19"),
    _keras("3.2.1", "2024-04-08", "2024-04-10"),
    _keras("3.3.3", "2024-04-22", "2024-04-26"),
    _keras("3.4.1", "2024-06-25", "2024-06-26"),
    _keras("3.5.0", "2024-08-12", "2024-08-12"),
    _keras("3.6.0", "2024-10-03", "2024-10-03"),
    _keras("3.7.0", "2024-11-26", "2024-11-26"),
    _keras("3.8.0", "2025-01-07", "2025-01-07"),
    _keras("3.9.2", "2025-03-04", "2025-04-02"),
    _keras("3.10.0", "2025-05-19", "2025-05-19"),
    _keras("3.11.3", "2025-07-30", "2025-08-21"),
    _keras("3.12.4", "2025-10-27", "2026-07-29"),
    _keras("3.13.2", "2025-12-17", "2026-01-30"),
    _keras("3.14.1", "2026-04-03", "2026-05-07"),
    _keras("3.15.1", "2026-06-24", "2026-07-29"),
)
FACTORIES = (
    "dense",
    "cnn",
    "dropout",
    "lstm",
    "gru",
    "embedding",
    "attention",
    "mobilenet",
    "subclass",
    "seeded",
    "raw",
)


def main() -> int:
    """Audit what is missing and write the table; 1 if something is still missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, metavar="FILE", required=True, help="where the table goes")
    parser.add_argument("--only", choices=("tf", "keras"), help="one of the two tables")
    parser.add_argument("--releases", metavar="X.Y,…", help="only these releases of either")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        default=Path("build/history"),
        help="folder for the project and its results (default: %(default)s)",
    )
    parser.add_argument("--jobs", metavar="N", default="2", help="builds at once (default: %(default)s)")
    options = parser.parse_args()
    wanted = _wanted(options.only, options.releases, parser)

    work = Work(options.work.absolute(), options.jobs)
    work.prepare()
    work.register(wanted[-1] if wanted[-1].package == "tf" else wanted[0])
    work.audit(wanted)
    found = work.found()
    before = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
    options.out.write_text("\n".join(document(wanted, found, before)) + "\n", encoding="utf-8")
    lost = [release.title for release in wanted if not _is_complete(found, release)]
    if lost:
        _say(f"incomplete: {', '.join(lost)}; run it again to retry")
    return 1 if lost else 0


def _wanted(only: str | None, releases: str | None, parser: argparse.ArgumentParser) -> list[Release]:
    every = [release for release in (*KERAS, *TENSORFLOW) if only in (None, release.package)]
    if releases is not None:
        minors = releases.split(",")
        if unknown := set(minors) - {release.minor for release in every}:
            parser.error(f"not a release known here: {', '.join(sorted(unknown))}")
        every = [release for release in every if release.minor in minors]
    return every


class Work:
    """A project in a folder of its own, in which the factories are registered and audited."""

    def __init__(self, folder: Path, jobs: str) -> None:
        self._folder = folder
        self._jobs = jobs
        self._state = folder / "audits.json"

    def prepare(self) -> None:
        """Write the project: the factories and an environment for every release."""
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(__file__).with_name("zoo.py"), self._folder)
        lines = ["[tool.seedreg]", 'project = "history"', 'factories = ["zoo"]']
        for release in (*TENSORFLOW, *KERAS):
            lines += ["", *_environment(release)]
        (self._folder / "pyproject.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def register(self, release: Release) -> None:
        """Register what is not registered yet; the table does not depend on the release of the baselines."""
        listed = json.loads(self._output("list", "--json")) if self._has_registry() else {"entries": []}
        known = {entry["recipe"]["factory"] for entry in listed["entries"]}
        for name in FACTORIES:
            if f"zoo:{name}" not in known:
                code = self._run("register", name, "--seed", "0", "--env", release.name)
                if code not in _ENDED:
                    sys.exit(code)

    def audit(self, releases: Sequence[Release]) -> None:
        """Build everything in the environments that are incomplete, also after an interruption."""
        state = self._read()
        if state["open"]:
            if self._audit(state["open"], "--resume") == _NOTHING_SELECTED:
                _say("the last audit was complete")
            self._close()
        found = self.found()
        if missing := [release.name for release in releases if not _is_complete(found, release)]:
            self._write({**self._read(), "open": missing})
            self._audit(missing)
            self._close()

    def found(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The newest check of each `(environment, factory)`, from `seedreg report`."""
        found = {}
        for number in self._read()["numbers"]:
            for line in self._output("report", str(number), "--format", "jsonl").splitlines():
                check = json.loads(line).get("check")
                if check is not None:
                    factory = check["entry"]["recipe"]["factory"].rpartition(":")[2]
                    found[check["column"], factory] = check
        return found

    def _audit(self, names: Iterable[str], *options: str) -> int:
        arguments = [word for name in names for word in ("--env", name)]
        code = self._run(
            "audit", *options, *arguments, "--jobs", self._jobs, "--format", "jsonl", "-o", "/dev/null"
        )
        if code not in (*_ENDED, _NOTHING_SELECTED):
            sys.exit(code)
        return code

    def _close(self) -> None:
        self._write({**self._read(), "open": []})

    def _run(self, *arguments: str) -> int:
        """Run a command, show its messages, and store the number of the audit that it starts."""
        command = [*_SEEDREG, *arguments]
        with subprocess.Popen(command, cwd=self._folder, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                sys.stderr.write(line)
                if match := re.match(r"seedreg: audit (\d+): \d+ check", line):
                    state = self._read()
                    numbers = [*(one for one in state["numbers"] if one != int(match[1])), int(match[1])]
                    self._write({**state, "numbers": numbers})
        return process.returncode

    def _output(self, *arguments: str) -> str:
        done = subprocess.run(
            [*_SEEDREG, *arguments], cwd=self._folder, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    def _has_registry(self) -> bool:
        return (self._folder / ".seedreg" / "registry.db").exists()

    def _read(self) -> dict[str, Any]:
        if not self._state.exists():
            return {"numbers": [], "open": []}
        state: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        return state

    def _write(self, state: Mapping[str, Any]) -> None:
        partial = self._state.with_suffix(".tmp")
        partial.write_text(json.dumps(state) + "\n", encoding="utf-8")
        partial.replace(self._state)


def _environment(release: Release) -> Iterator[str]:
    packages = [f"tensorflow=={release.version}"]
    day = date.fromisoformat(release.uploaded)
    if release.package == "keras":
        packages = [f"tensorflow=={KERAS_ON.version}", f"keras=={release.version}"]
        day = max(day, date.fromisoformat(KERAS_ON.uploaded))
    yield f'[tool.seedreg.envs."{release.name}"]'
    yield f"with = {json.dumps(packages)}"
    yield f'python-version = "{release.python}"'
    yield f'exclude-newer = "{day + _GRACE}"'


def _is_complete(found: Mapping[tuple[str, str], dict[str, Any]], release: Release) -> bool:
    """Whether its environment was created, and every factory was built there or failed for its own reason."""
    checks = [found.get((release.name, factory)) for factory in FACTORIES]
    return any(checks) and not any(
        check["failure"] is not None and check["failure"]["kind"] == "environment"
        for check in checks
        if check
    )


# The table ----------------------------------------------------------------------------------------


def document(
    releases: Sequence[Release], found: Mapping[tuple[str, str], dict[str, Any]], before: str
) -> Iterator[str]:
    """The whole page; explanations by hand are taken from the page `before`."""
    words = _written_by_hand(before)
    tensorflow = [release for release in TENSORFLOW if release in releases]
    keras = [release for release in KERAS if release in releases]
    letters = _letters([*tensorflow, *keras], found)
    yield "# Which releases start models from other weights"
    yield ""
    yield words.get("", "Equal letters in a column are equal initial weights, bit for bit; A are the oldest.")
    yield ""
    yield (
        "Written by `python examples/history/history.py --out docs/reference/history.md`, which builds "
        "the factories of [zoo.py](../../examples/history/zoo.py) at seed 0 with full seeding, on a CPU."
    )
    for title, table in (
        ("TensorFlow", tensorflow),
        (f"Keras 3 on TensorFlow {KERAS_ON.version}", keras),
    ):
        if table:
            yield ""
            yield f"## {title}"
            yield ""
            yield from _table(table, found, letters)
            yield ""
            yield from _changes(table, letters, words)
            yield from _failures(table, found)


def _letters(
    releases: Iterable[Release], found: Mapping[tuple[str, str], dict[str, Any]]
) -> dict[tuple[str, str], str]:
    """A letter for each `(environment, factory)` that was built; letters mean the same in both tables."""
    letters = {}
    for factory in FACTORIES:
        known: dict[str, str] = {}
        for release in releases:
            check = found.get((release.name, factory))
            if check is not None and check["fingerprint"] is not None:
                letter = known.setdefault(check["fingerprint"], ascii_uppercase[len(known) % 26])
                letters[release.name, factory] = "≠" if check["verdict"] == "NONDETERMINISTIC" else letter
    return letters


def _table(
    releases: Sequence[Release],
    found: Mapping[tuple[str, str], dict[str, Any]],
    letters: Mapping[tuple[str, str], str],
) -> Iterator[str]:
    yield "| release | of | tried | Python | Keras | NumPy | " + " | ".join(FACTORIES) + " |"
    yield "|---" * (6 + len(FACTORIES)) + "|"
    last: dict[str, str] = {}
    for release in releases:
        versions = next(
            (
                check["versions"]
                for f in FACTORIES
                if (check := found.get((release.name, f))) and check["versions"]
            ),
            {"python": None, "keras": None, "numpy": None},
        )
        cells = [release.minor, release.first, release.version]
        cells += [versions[name] or "-" for name in ("python", "keras", "numpy")]
        for factory in FACTORIES:
            letter = letters.get((release.name, factory), "-")
            changed = letter != "-" and last.get(factory, letter) != letter
            cells.append(f"**{letter}**" if changed else letter)
            if letter != "-":
                last[factory] = letter
        yield f"| {' | '.join(cells)} |"


def _changes(
    releases: Sequence[Release], letters: Mapping[tuple[str, str], str], words: Mapping[str, str]
) -> Iterator[str]:
    """A line for each release that changed something; why is written by hand, behind the dash."""
    last: dict[str, str] = {}
    for release in releases:
        moved: dict[str, list[str]] = {}
        for factory in FACTORIES:
            letter = letters.get((release.name, factory))
            if letter is None:
                continue
            if factory in last and last[factory] != letter:
                moved.setdefault(f"{last[factory]} → {letter}", []).append(factory)
            last[factory] = letter
        if moved:
            what = "; ".join(f"{step}: {', '.join(names)}" for step, names in moved.items())
            why = words.get(release.title, "")
            yield f"- **{release.title}** ({release.first}): {what} — {why}".rstrip()


def _failures(releases: Sequence[Release], found: Mapping[tuple[str, str], dict[str, Any]]) -> Iterator[str]:
    """Why factories were not built, once for all factories with the same reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for release in releases:
        for factory in FACTORIES:
            check = found.get((release.name, factory))
            if check is not None and check["failure"] is not None:
                message = check["failure"]["message"].strip().splitlines()[0]
                reasons.setdefault((release.title, message), []).append(factory)
    if reasons:
        yield ""
        yield "Not built:"
        yield ""
    for (title, message), names in reasons.items():
        what = "everything" if len(names) == len(FACTORIES) else ", ".join(names)
        yield f"- {title}, {what}: `{message}`"


def _written_by_hand(page: str) -> dict[str, str]:
    """Why each release changed something, by its title; the introduction under the empty one."""
    words = {}
    for match in re.finditer(r"^- \*\*(.+?)\*\* .*? — (.+)$", page, flags=re.MULTILINE):
        words[match[1]] = match[2]
    introduction = re.match(r"# .*\n\n(.+?)\n\nWritten by ", page, flags=re.DOTALL)
    if introduction:
        words[""] = introduction[1]
    return words


def _say(text: str) -> None:
    sys.stderr.write(f"history: {text}\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        _say("interrupted; run it again to continue")
        sys.exit(130)
