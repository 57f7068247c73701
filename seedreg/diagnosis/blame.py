"""Which upgrade made an entry drift: found by moving packages back, never by assuming."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from seedreg.diagnosis.trials import BuildsSpent, Setting, Trials, pins_with
from seedreg.domain.diagnosis import Blame, Cause, Result, Trial
from seedreg.domain.environment_changes import Change, ChangeKind
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.results import Verification
from seedreg.domain.verdict import Verdict
from seedreg.reports.words.failures import failure_message

if TYPE_CHECKING:
    from seedreg.executors import Executor

# What most often moved initial weights, likeliest first; the rest is tried as one group.
LIKELY = ("keras", "tf-keras", "tensorflow", "numpy", "ml-dtypes", "h5py")
# TensorFlow as it is published under other names.
_TENSORFLOW = ("tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly", "tensorflow-gpu")

# As many are named in a label; of more the number is told.
_NAMED = 3
_OTHER_KINDS = (
    (ChangeKind.VARIABLE, "environment variables"),
    (ChangeKind.KERAS_CONFIG, "Keras' configuration"),
    (ChangeKind.MACHINE, "the machine"),
)

_Group = tuple[Change, ...]


class Index(Protocol):
    """What is asked of a package index; see `seedreg.environments.index.PackageIndex`."""

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        """The names of the distributions that cannot be had in this version, each with the reason."""
        ...


@dataclass(frozen=True)
class Blamer:
    """Finds the smallest group of packages that explains a drift.

    Args:
        open_executor: gives an executor for an environment; raises EnvironmentFailed if it cannot.
        index: what distributions can be had.
        find_python: path of an interpreter of a version (`3.10.13`, or `3.10`), or None.
        python: path of today's interpreter.
        builds: how many environments may be tried.
        notify: is called with each trial when it is known.
    """

    open_executor: Callable[[EnvironmentSpec], Executor]
    index: Index
    find_python: Callable[[str], str | None]
    python: str
    builds: int = 40
    notify: Callable[[Trial], None] = lambda trial: None

    def blame(self, verification: Verification) -> Blame:
        """What made the entry drift, beginning with its verification today."""
        match verification.verdict:
            case Verdict.REPRODUCED:
                return Blame(verification, Cause.NOTHING_CHANGED)
            case Verdict.NONDETERMINISTIC:
                known = ("two builds differ today, so no package can be named by building again",)
                return Blame(verification, Cause.NONDETERMINISTIC, known=known)
            case Verdict.ERROR:
                return Blame(verification, Cause.NOT_JUDGED)
        search = _Search(self, verification)
        try:
            return search.run()
        except BuildsSpent:
            return search.conclude_unfinished()


class _Search:
    """One blame: what can be moved, what was tried, what is known so far.

    A group is a set of changes; `_back(group)` builds today's environment with the group undone, and
    the group explains the drift if that is the baseline again.
    """

    def __init__(self, blamer: Blamer, verification: Verification) -> None:
        before, today = verification.baseline.environment, verification.check.environment
        assert today is not None
        self._blamer = blamer
        self._verification = verification
        self._before, self._today = before, today
        self._known: list[str] = []
        self._best: _Group = ()
        self._scope: _Group = ()
        self._added = 0
        changed = [change for change in verification.changes if change.kind is ChangeKind.DISTRIBUTION]
        self._packages = _ordered(filter(self._is_recorded, changed))
        self._fixed = [
            (change, "no metadata tell where it was installed from")
            for change in changed
            if not self._is_recorded(change)
        ]
        self._missing: list[tuple[Change, str]] = []
        self._python = next(
            (change for change in verification.changes if change.kind is ChangeKind.PYTHON), None
        )
        self._python_version: str | None = None
        self._left_out: dict[str, str] = {}
        if self._packages or self._python is not None:
            self._left_out = blamer.index.missing(today.distributions, blamer.python)
        self._trials = Trials(
            verification, blamer.open_executor, blamer.builds, self._left_out, blamer.notify
        )

    def _is_recorded(self, change: Change) -> bool:
        """Whether the change is one of recorded distributions, not of what a module says of itself."""
        before, today = dict(self._before.distributions), dict(self._today.distributions)
        return (before.get(change.name), today.get(change.name)) == (change.before, change.after)

    # The search -------------------------------------------------------------------------------

    def run(self) -> Blame:
        """Try what can be tried, in the order that excludes most soonest."""
        if not self._packages and self._python is None:
            self._known.append("no package changed that could be moved back, and Python is the same")
            return self._conclude(Cause.NOT_FOUND if self._fixed else Cause.NOT_A_PACKAGE)
        control = self._trials.build("today's, made anew", self._setting(()))
        self._note_control(control)
        if control.result is Result.BASELINE:
            return self._conclude(Cause.NOT_A_PACKAGE)
        self._set_aside_missing(self._blamer.python)
        group = self._packages
        if not self._explains(group):
            self._note_all_back(group)
            if self._python is None or not self._find_python(self._python):
                return self._conclude_without(group)
            if self._explains((self._python,)):
                return self._conclude_group((self._python,))
            assert self._python_version is not None
            self._set_aside_missing(self._blamer.find_python(self._python_version) or self._blamer.python)
            group = (self._python, *self._packages)
            if not self._explains(group):
                self._note_all_back(group)
                return self._conclude_without(group)
        self._scope = group
        return self._conclude_group(self._smallest(group))

    def _smallest(self, group: _Group) -> _Group:
        """The smallest part of the group, which explains the drift, that does so too.

        Single changes first, likely ones one at a time, the rest as one group; else what is left when
        none can be left out any more.
        """
        self._best = group
        likely = [change for change in group if _is_likely(change)]
        for change in likely:
            if self._explains((change,)):
                return (change,)
        self._keep_added()
        for change in likely:
            if change in self._scope and self._explains_forward(change):
                return (change,)
        rest = tuple(change for change in self._scope if not _is_likely(change))
        return self._within(rest) or self._reduce(self._scope, self._explains)

    def _keep_added(self) -> None:
        """Set aside what only today has, if the rest explains the drift too.

        What an upgrade brought along it needs: Keras 3 does not start without optree. Nothing could be
        moved forward alone, or back but the new dependencies, if these were taken out with the others.
        """
        kept = tuple(change for change in self._scope if change.before is not None)
        if kept and len(kept) < len(self._scope) and self._explains(kept):
            self._added = len(self._scope) - len(kept)
            self._scope = self._best = kept

    def _within(self, part: _Group) -> _Group:
        """The changes of this part that explain the drift by themselves, if any do.

        A part that changes nothing is excluded as a whole; one that cannot run is halved.
        """
        if not part:
            return ()
        together = self._back(part)
        if together.result is Result.TODAY:
            return ()
        if together.result is Result.BASELINE:
            return self._reduce(part, self._explains)
        if len(part) == 1:
            return part if self._explains_forward(part[0]) else ()
        middle = len(part) // 2
        return self._within(part[:middle]) or self._within(part[middle:])

    def _reduce(self, group: _Group, holds: Callable[[_Group], bool]) -> _Group:
        """Leave out part after part, unlikely ones first, while what is left still `holds`."""
        self._best = group
        size = max(1, len(group) // 2)
        while len(group) > 1:
            length = len(group)
            for start in range(max(0, length - size), -size, -size):
                smaller = group[: max(0, start)] + group[start + size :]
                if smaller and holds(smaller):
                    group = self._best = smaller
            if size == 1 and len(group) == length:
                break
            size = max(1, size // 2)
        return group

    def _explains(self, group: _Group) -> bool:
        return self._back(group).result is Result.BASELINE

    def _explains_forward(self, change: Change) -> bool:
        """What cannot run moved back alone may run moved forward alone, from the baseline's environment."""
        if len(self._scope) < 2 or self._back((change,)).result is not Result.FAILED:
            return False
        return self._brings_today((change,))

    def _brings_today(self, group: _Group) -> bool:
        return self._forward(group).result is Result.TODAY

    # Environments -----------------------------------------------------------------------------

    def _back(self, group: _Group) -> Trial:
        """Today's environment with only the group moved back."""
        return self._trials.build(f"today's with {self._named(group, back=True)}", self._setting(group))

    def _forward(self, group: _Group) -> Trial:
        """The baseline's environment, as far as it can be made, with only the group as it is today."""
        others = tuple(change for change in self._scope if change not in group)
        whose = "baseline's and additions" if self._added else "baseline's"
        label = f"{whose} with {self._named(group, back=False)}"
        return self._trials.build(label, self._setting(others))

    def _named(self, group: _Group, *, back: bool) -> str:
        if len(group) > _NAMED:
            return f"{len(group)} changes undone" if back else f"{len(group)} of today's versions"
        names = []
        for change in group:
            version = change.before if back else change.after
            if back and change is self._python:
                version = self._python_version
            names.append(f"{change.name} {version}" if version else f"no {change.name}")
        return ", ".join(names)

    def _setting(self, group: Collection[Change]) -> Setting:
        pins = pins_with(self._today, group, self._left_out)
        if self._python is not None and self._python in group:
            return Setting(pins, python_version=self._python_version)
        return Setting(pins, python=self._blamer.python)

    def _set_aside_missing(self, python: str) -> None:
        """Take out what this Python cannot have as it was; it stays as it is today.

        Asked again with the baseline's Python, for which other releases may be there.
        """
        packages = (*self._packages, *(change for change, _ in self._missing))
        olds = [(change.name, change.before) for change in packages if change.before is not None]
        words = self._blamer.index.missing(olds, python)
        self._packages = _ordered(change for change in packages if change.name not in words)
        self._missing = [(change, words[change.name]) for change in packages if change.name in words]

    def _find_python(self, change: Change) -> bool:
        """Whether the baseline's Python is on this machine, if need be in another patch release."""
        assert change.before is not None
        minor = ".".join(change.before.split(".")[:2])
        for version in (change.before, minor):
            if self._blamer.find_python(version) is not None:
                self._python_version = version
                if version == minor:
                    self._known.append(
                        f"Python {change.before} is not on this machine; another {minor} stands in for it"
                    )
                return True
        self._known.append(
            f"Python {change.before} is not on this machine, so going back to it could not be tried"
        )
        return False

    # Conclusions ------------------------------------------------------------------------------

    def _note_control(self, control: Trial) -> None:
        match control.result:
            case Result.TODAY:
                return
            case Result.BASELINE:
                what = "gives the baseline's weights: what made it drift is not in the versions of packages"
            case Result.FAILED:
                assert control.failure is not None
                what = f"could not run: {failure_message(control.failure)}"
            case _:
                what = "gives other weights than today's: more is in it than versions of packages tell"
        self._known.append(f"today's environment, made anew from its versions, {what}")

    def _note_all_back(self, group: _Group) -> None:
        """Why moving everything back that can be moved does not give the baseline."""
        if not group:
            return
        trial = self._back(group)
        what = f"moving back {_every(group)}"
        match trial.result:
            case Result.FAILED:
                assert trial.failure is not None
                self._known.append(f"{what} could not be tried: {failure_message(trial.failure)}")
            case Result.TODAY:
                self._known.append(f"{what} changes nothing")
            case _:
                self._known.append(
                    f"{what} gives neither the baseline's weights nor today's: it has a part in it, "
                    "but not alone"
                )

    def _conclude_without(self, group: _Group) -> Blame:
        """Not even moving everything back reproduces the baseline."""
        everything_moved = not self._missing and not self._fixed and (self._python in (None, *group))
        if everything_moved and self._back(group).result is Result.TODAY:
            return self._conclude(Cause.NOT_A_PACKAGE)
        return self._conclude(Cause.NOT_FOUND)

    def _conclude_group(self, group: _Group) -> Blame:
        """Look at the group from the other side too: from the baseline's environment."""
        backward, forward = self._back(group), None
        try:
            if len(group) < len(self._scope):
                forward = self._forward(group)
                if forward.result is Result.FAILED and not self._added:
                    self._keep_added()
                    forward = self._forward(group)
            if forward is not None and forward.result is Result.BASELINE:
                # Undoing it is enough to undo the drift, but it needs others to make it.
                needed = self._reduce(self._scope, self._brings_today)
                backward, forward = self._back(needed), self._forward(needed)
                names = " and ".join(change.name for change in group)
                self._known.append(f"moving {names} back is enough; the drift needs the others too")
                group = needed
        except BuildsSpent:
            self._known.append("no build was left to look at all of it from the baseline's environment")
        return self._conclude(Cause.FOUND, group, backward, forward)

    def conclude_unfinished(self) -> Blame:
        """What is known when no further build is allowed."""
        self._known.append(f"the search ended after {self._blamer.builds} builds; --builds allows more")
        if self._best:
            names = ", ".join(change.name for change in self._best)
            self._known.append(f"moving these back together brings the baseline back: {names}")
        return self._conclude(Cause.NOT_FOUND)

    def _conclude(
        self, cause: Cause, group: _Group = (), backward: Trial | None = None, forward: Trial | None = None
    ) -> Blame:
        if self._added:
            self._known.append(
                f"{self._added} of the changes added what the baseline did not have: that has no part in the "
                "drift, and was kept where only some packages were moved"
            )
        if cause is not Cause.FOUND:
            self._known.extend(self._other_changes())
        return Blame(
            self._verification,
            cause,
            self._trials.made,
            group,
            backward,
            forward,
            (*self._fixed, *self._missing),
            tuple(sorted(self._left_out.items())),
            tuple(self._known),
        )

    def _other_changes(self) -> list[str]:
        """What else is not as it was: told, not tried."""
        verification = self._verification
        before, today = verification.baseline.source, verification.check.source
        told = []
        if verification.source_changed:
            told.append("the factory's source changed since the baseline")
        elif verification.source_changed is None or today is None:
            told.append("whether the factory's source changed is not known")
        elif before.file_sha256 != today.file_sha256:
            told.append(f"the factory's own source is unchanged, but not the rest of {today.file}")
        for kind, name in _OTHER_KINDS:
            found = [str(change) for change in verification.changes if change.kind is kind]
            if found:
                told.append(f"{name} changed: {', '.join(found)}")
        return told or [
            "source, variables, configuration and machine are as they were; files that the factory reads and "
            "modules of the project that it imports are not recorded"
        ]


def _ordered(changes: Iterable[Change]) -> _Group:
    """Likeliest first."""
    return tuple(sorted(changes, key=_rank))


def _rank(change: Change) -> tuple[int, str]:
    name = "tensorflow" if change.name in _TENSORFLOW else change.name
    return (LIKELY.index(name) if name in LIKELY else len(LIKELY), change.name)


def _is_likely(change: Change) -> bool:
    return change.kind is ChangeKind.PYTHON or _rank(change)[0] < len(LIKELY)


def _every(group: _Group) -> str:
    if len(group) == 1:
        return f"the one thing that can be moved ({group[0]})"
    return f"all {len(group)} changes" + (
        " with Python" if group[0].kind is ChangeKind.PYTHON else " of packages"
    )
