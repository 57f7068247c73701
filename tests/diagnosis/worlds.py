"""A world without interpreters: a function says what the versions of an environment give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from seedreg.domain.build import BuildRequest, Built, Outcome
from seedreg.domain.canonical import sha256_text
from seedreg.domain.drift import compare
from seedreg.domain.entry import Baseline, BuildFacts, Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.environment_changes import changes
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython, MadeEnvironment, PythonVersion
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.results import Verification
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.environments.versions import version_key
from seedreg.errors import EnvironmentFailed, EnvironmentProblem

T0 = "2026-01-02T03:04:05.000006Z"
TODAY_PYTHON = "/today/bin/python"
ENTRY = Entry(Recipe("shop", "models:build", 0), T0)
SOURCE = Source("models.py", 1, "a" * 64, "b" * 64)
FACTS = BuildFacts(Isolation.FORK, 0.1, 0.1)

Versions = dict[str, str]
Weights = Callable[[Versions], str]
"""What a build gives in an environment of these versions, Python's among them under `python`.

`fail: WORDS` is a build that fails, `random` one that never gives the same weights twice.
"""


def print_of(weights: str) -> Fingerprint:
    return Fingerprint((TensorRecord("float32", (2,), sha256_text(weights), "dense/kernel"),))


def environment(versions: Mapping[str, str], variables: Mapping[str, str] = {}) -> Environment:
    distributions = {name: version for name, version in versions.items() if name != "python"}
    return Environment(
        python=versions.get("python", "3.11.7"),
        tensorflow=versions.get("tensorflow"),
        keras=versions.get("keras"),
        keras_distribution="keras",
        numpy=versions.get("numpy"),
        distributions=tuple(sorted(distributions.items())),
        os="Linux",
        cpu="x86_64",
        variables=tuple(variables.items()),
    )


@dataclass
class World:
    """A baseline, today, and an index that has all releases but those that are `gone`.

    Args:
        weights: what an environment gives.
        then: versions of the baseline's environment.
        now: versions of today's.
        gone: pins (`keras==2.15.0`) that the index does not have.
        unmakeable: pins with which no environment can be made.
        pythons: versions of Python that are on this machine beside today's.
        listed: the releases of the package that is bisected.
    """

    weights: Weights
    then: Mapping[str, str]
    now: Mapping[str, str]
    gone: Sequence[str] = ()
    unmakeable: Sequence[str] = ()
    pythons: Sequence[str] = ()
    listed: Sequence[str] = ()
    variables: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
    source: Source = SOURCE
    resolved: Callable[[Versions], Versions] = dict
    made: list[Versions] = field(default_factory=list)
    builds: int = 0

    def verification(self) -> Verification:
        then = environment(self.then, self.variables[0])
        now = environment(self.now, self.variables[1])
        old, new = print_of(self.weights(dict(self.then))), print_of(self.weights(dict(self.now)))
        baseline = Baseline(1, old, then, SOURCE, FACTS, T0)
        verdict = Verdict.REPRODUCED if old == new else Verdict.DRIFTED
        check = Check(ENTRY.id, 1, verdict, T0, 0.5, Observed(new, now, self.source))
        edited = self.source.sha256 != SOURCE.sha256
        return Verification(ENTRY, baseline, check, compare(old, new), changes(then, now), edited)

    def python_of(self, spec: EnvironmentSpec) -> str:
        match spec.python:
            case PythonVersion(version):
                return max(python for python in self.pythons if python.startswith(version))
            case python:
                assert python == ExistingPython(TODAY_PYTHON)
                return self.now.get("python", "3.11.7")

    def open_executor(self, spec: EnvironmentSpec) -> StandInExecutor:
        assert isinstance(spec.place, MadeEnvironment)
        assert spec.place.exact
        pairs = (pin.partition("==") for pin in spec.place.packages)
        versions = {name: version for name, _, version in pairs}
        versions["python"] = self.python_of(spec)
        self.made.append(versions)
        for pin in (*self.gone, *self.unmakeable):
            if pin in spec.place.packages:
                raise EnvironmentFailed(
                    EnvironmentProblem.NOT_CREATED, environment=spec.label, words=f"{pin} does not build"
                )
        return StandInExecutor(self, versions)

    def find_python(self, version: str) -> str | None:
        fitting = [one for one in self.pythons if one == version or one.startswith(f"{version}.")]
        return f"/pythons/{max(fitting)}" if fitting else None

    # The index --------------------------------------------------------------------------------

    def missing(self, pins: Sequence[tuple[str, str]], python: str) -> dict[str, str]:
        gone = [pin for pin in pins if "==".join(pin) in self.gone]
        return {name: f"there is no version of {name}=={version}" for name, version in gone}

    def releases(self, package: str, first: str, last: str, python: str) -> tuple[str, ...]:
        low, high = sorted((first, last), key=version_key)
        inside = [one for one in self.listed if version_key(low) <= version_key(one) <= version_key(high)]
        return tuple(sorted({*inside, low, high}, key=version_key))

    def resolve_near(
        self, pins: Sequence[tuple[str, str]], name: str, version: str, python: str
    ) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(self.resolved({**dict(pins), name: version}).items()))


@dataclass
class StandInExecutor:
    world: World
    versions: Versions

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        for request in requests:
            self.world.builds += 1
            weights = self.world.weights(self.versions)
            if weights.startswith("fail: "):
                yield (
                    request,
                    build_failure(
                        FailureKind.RAISED,
                        message=weights.removeprefix("fail: "),
                        duration_s=0.5,
                    ),
                )
                continue
            if weights == "random":
                weights += str(self.world.builds)
            now = environment(self.versions)
            yield request, Built(print_of(weights), now, SOURCE, replace(FACTS), 0.5)

    def close(self) -> None:
        pass
