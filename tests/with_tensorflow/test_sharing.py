"""Real Keras: whatever builds leave behind, each outcome of a shared process is that of one of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builds import recipe, write_project
from executors.contaminations import CONTAMINATIONS, HEADER, KERAS_CONTAMINATIONS

from seedreg.domain.build import BuildRequest, Built
from seedreg.domain.isolation import Isolation
from seedreg.executors.local import LocalExecutor

pytestmark = pytest.mark.slow

# It would take its time-out, which must be long enough for any other build.
_FACTORIES = {
    name: code
    for name, code in {**CONTAMINATIONS, **KERAS_CONTAMINATIONS}.items()
    if not name.startswith("hangs")
} | {"clean": "def build():\n    return model()\n"}
_SEEDS = 4

Digests = dict[tuple[str, int], str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"{name}.py": HEADER + code for name, code in _FACTORIES.items()}
    return write_project(tmp_path_factory.mktemp("contaminations"), files)


@pytest.fixture(scope="module")
def executor(project: Path) -> Iterator[LocalExecutor]:
    with LocalExecutor(sys.executable, project, isolation=Isolation.SHARED, jobs=2) as executor:
        yield executor


def run(executor: LocalExecutor, expected: Digests) -> tuple[Digests, dict[tuple[str, int], Isolation]]:
    """The digests, or kinds of failure, by factory and seed; and the isolation of what was built."""
    wanted = [(name, seed) for name in _FACTORIES for seed in range(_SEEDS)]
    requests = [
        BuildRequest(key, recipe(f"{name}:build", seed), expected=expected.get((name, seed)))
        for key, (name, seed) in enumerate(wanted)
    ]
    found = {wanted[request.key]: outcome for request, outcome in executor.run(requests)}
    digests = {
        key: one.fingerprint.digest if isinstance(one, Built) else one.kind.value
        for key, one in found.items()
    }
    return digests, {key: one.facts.isolation for key, one in found.items() if isinstance(one, Built)}


@pytest.fixture(scope="module")
def own(executor: LocalExecutor) -> Digests:
    digests, how = run(executor, {})  # nothing is known, so nothing is shared
    assert set(how.values()) == {Isolation.FORK}
    return digests


def test_what_reproduces_still_does(executor: LocalExecutor, own: Digests) -> None:
    shared, how = run(executor, own)
    assert shared == own
    assert [how["clean", seed] for seed in range(_SEEDS)].count(Isolation.SHARED) >= _SEEDS - 2


def test_what_drifted_is_built_in_a_process_of_its_own(project: Path, own: Digests) -> None:
    drifted = {(name, seed): own[name, seed - seed % 2] for name, seed in own}
    with LocalExecutor(sys.executable, project, isolation=Isolation.SHARED, jobs=2) as executor:
        shared, how = run(executor, drifted)
    assert shared == own
    accused = {key for key in how if own[key] != drifted[key]}
    assert len(accused) >= len(_FACTORIES)
    assert {how[key] for key in accused} == {Isolation.FORK}


def test_the_names_of_layers_are_those_of_a_process_of_its_own(project: Path, own: Digests) -> None:
    requests = [
        BuildRequest(seed, recipe("clean:build", seed), expected=own["clean", seed]) for seed in range(_SEEDS)
    ]
    with LocalExecutor(sys.executable, project, isolation=Isolation.SHARED) as executor:
        found = [outcome for _, outcome in executor.run(requests)]
    assert {one.facts.isolation for one in found if isinstance(one, Built)} == {
        Isolation.FORK,
        Isolation.SHARED,
    }
    names = [tuple(t.name for t in one.fingerprint.tensors) for one in found if isinstance(one, Built)]
    assert names == [names[0]] * _SEEDS
