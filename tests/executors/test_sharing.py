"""Builds that share a process: each outcome is that of a process of its own, whatever builds leave behind."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from builds import recipe, write_project

from executors.contaminations import CONTAMINATIONS, HEADER
from seedreg.domain.build import BuildRequest, Built
from seedreg.domain.isolation import Isolation
from seedreg.executors.local import LocalExecutor

SEEDS = 6
CLEAN = "def build():\n    return model()\n"


def run(
    root: Path, environ: Mapping[str, str], isolation: Isolation, expected: Mapping[int, str], **options: Any
) -> tuple[dict[int, str], dict[int, Isolation]]:
    """The digests of the seeds, or the kinds of failure; and the isolation of those that were built."""
    requests = [
        BuildRequest(seed, recipe("models:build", seed), expected=expected.get(seed)) for seed in range(SEEDS)
    ]
    with LocalExecutor(sys.executable, root, environ=environ, isolation=isolation, **options) as executor:
        outcomes = {request.key: outcome for request, outcome in executor.run(requests)}
    return (
        {
            key: one.fingerprint.digest if isinstance(one, Built) else one.kind.value
            for key, one in outcomes.items()
        },
        {key: one.facts.isolation for key, one in outcomes.items() if isinstance(one, Built)},
    )


@pytest.mark.parametrize("name", CONTAMINATIONS)
def test_no_outcome_differs_from_that_of_a_process_of_its_own(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], name: str
) -> None:
    write_project(tmp_path, {"models.py": HEADER + CONTAMINATIONS[name]})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    timeout = {"timeout_s": 3.0} if name.startswith("hangs") else {}

    shared, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, own, **timeout)
    assert shared == own
    assert how[0] is Isolation.FORK

    # As after a drift of every second seed, to what the neighbouring seed has now.
    drifted = {seed: own[seed + seed % 2] if seed + 1 < SEEDS else own[0] for seed in range(SEEDS)}
    shared, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, drifted, **timeout)
    assert shared == own
    accused = {seed for seed in range(SEEDS) if own[seed] != drifted[seed]}
    assert {how[seed] for seed in accused} <= {Isolation.FORK}


def test_seeds_that_confirm_share_a_process(tmp_path: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    text = (
        HEADER
        + "SEEN = open('seen', 'a')\n"
        + CLEAN.replace("return", "SEEN.write(f'{os.getpid()}\\n'); SEEN.flush(); return")
    )
    write_project(tmp_path, {"models.py": text})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    (tmp_path / "seen").unlink()

    shared, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, own)

    assert shared == own
    assert [how[seed] for seed in range(SEEDS)] == [Isolation.FORK] + [Isolation.SHARED] * (SEEDS - 1)
    assert len(set((tmp_path / "seen").read_text().split())) == 2


def test_builds_of_which_nothing_is_known_share_no_process(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    write_project(tmp_path, {"models.py": HEADER + CLEAN})
    _, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, {})
    assert set(how.values()) == {Isolation.FORK}


def test_a_factory_whose_first_build_differs_shares_no_process(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    write_project(tmp_path, {"models.py": HEADER + CLEAN})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    _, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, {**own, 0: own[1]})
    assert set(how.values()) == {Isolation.FORK}


def test_auto_shares_no_process(tmp_path: Path, fake_tensorflow_environ: dict[str, str]) -> None:
    write_project(tmp_path, {"models.py": HEADER + CLEAN})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    _, how = run(tmp_path, fake_tensorflow_environ, Isolation.AUTO, own)
    assert set(how.values()) == {Isolation.FORK}


def test_other_parameters_have_another_process(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    text = (
        HEADER
        + "def build(units=3):\n    open('seen', 'a').write(f'{os.getpid()}\\n')\n    return model(units)\n"
    )
    write_project(tmp_path, {"models.py": text})
    recipes = [recipe("models:build", seed, {"units": units}) for units in (3, 4) for seed in range(4)]

    def outcomes(isolation: Isolation, expected: list[str | None]) -> list[Any]:
        requests = [BuildRequest(key, one, expected=expected[key]) for key, one in enumerate(recipes)]
        with LocalExecutor(
            sys.executable, tmp_path, environ=fake_tensorflow_environ, isolation=isolation, jobs=2
        ) as executor:
            found = {request.key: outcome for request, outcome in executor.run(requests)}
        return [found[key] for key in range(len(recipes))]

    own = outcomes(Isolation.FORK, [None] * 8)
    (tmp_path / "seen").unlink()
    shared = outcomes(Isolation.SHARED, [one.fingerprint.digest for one in own])

    assert [one.fingerprint.digest for one in shared] == [one.fingerprint.digest for one in own]
    how = [one.facts.isolation for one in shared]
    assert how.count(Isolation.SHARED) == 6
    assert len(set((tmp_path / "seen").read_text().split())) == 4


def test_a_changed_module_is_built_as_it_is_in_the_next_run(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    write_project(tmp_path, {"models.py": HEADER + CLEAN})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    requests = [BuildRequest(seed, recipe("models:build", seed), expected=own[seed]) for seed in range(SEEDS)]
    with LocalExecutor(
        sys.executable, tmp_path, environ=fake_tensorflow_environ, isolation=Isolation.SHARED
    ) as executor:
        first = [outcome for _, outcome in executor.run(requests)]
        write_project(tmp_path, {"models.py": HEADER + CLEAN.replace("model()", "model(7)")})
        second = [outcome for _, outcome in executor.run(requests)]
    assert all(isinstance(one, Built) for one in (*first, *second))
    assert {one.fingerprint.tensors[0].shape for one in first if isinstance(one, Built)} == {(4, 3)}
    assert {one.fingerprint.tensors[0].shape for one in second if isinstance(one, Built)} == {(4, 7)}


def test_a_process_that_has_grown_is_replaced(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    text = (
        HEADER
        + "KEPT = []\n"
        + CLEAN.replace(
            "return",
            "KEPT.append(b'x' * (300 << 20)); open('seen', 'a').write(f'{os.getpid()}\\n'); return",
        )
    )
    write_project(tmp_path, {"models.py": text})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {})
    (tmp_path / "seen").unlink()

    shared, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, own)

    assert shared == own
    assert [how[seed] for seed in range(1, SEEDS)] == [Isolation.SHARED] * (SEEDS - 1)
    pids = (tmp_path / "seen").read_text().split()
    assert max(pids.count(pid) for pid in pids) == 2


@pytest.mark.slow
def test_a_build_that_waits_for_another_has_its_whole_time(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str]
) -> None:
    text = HEADER + "import time\n" + CLEAN.replace("return", "time.sleep(3); return")
    write_project(tmp_path, {"models.py": text})
    own, _ = run(tmp_path, fake_tensorflow_environ, Isolation.FORK, {}, jobs=2)
    shared, how = run(tmp_path, fake_tensorflow_environ, Isolation.SHARED, own, timeout_s=5.0)
    assert shared == own
    assert [how[seed] for seed in range(1, SEEDS)] == [Isolation.SHARED] * (SEEDS - 1)
