"""Project puts things together: what it opens, when, and what a mistake in the configuration costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.config import Config, load_config
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.results import Registered
from seedreg.domain.verdict import Observed, Verdict
from seedreg.errors import ConfigError, EnvironmentFailed, EnvironmentProblem, RegistryError
from seedreg.project import Project

MISSING = EnvironmentSpec.of("gone", python="/nowhere/python")
NEW = EnvironmentSpec.of("new", packages=("tensorflow",), python="/nowhere/python")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "models.py").write_text(
        "import numpy as np\n\ndef build(seed):\n    return {'w': np.random.normal(size=3)}\n"
    )
    return load_config(
        {"project": "p", "jobs": 2, "timeout_s": 30, "cache_dir": tmp_path / "cache"}, {}, tmp_path
    )


@pytest.fixture
def project(config: Config, fake_tensorflow_environ: dict[str, str]) -> Project:
    return Project(config, fake_tensorflow_environ)


def test_what_builds_records_and_what_reads_reads_it(project: Project) -> None:
    with project.building(create=True, several=True) as registry:
        assert isinstance(registry.register("models:build"), Registered)
        assert registry.verify_one("build").verdict is Verdict.REPRODUCED
    with project.reading() as registry:
        assert [summary.label for summary in registry.entries()] == ["models:build@0"]
    with project.planning() as registry:
        assert [summary.label for summary in registry.entries()] == ["models:build@0"]
        with pytest.raises(RegistryError):
            registry.retire(["build"])
    with project.writing() as registry:
        assert [entry.retired_reason for entry in registry.retire(["build"], "done")] == ["done"]


def test_a_registry_that_builds_nothing_needs_no_interpreter(config: Config) -> None:
    with Project(config, {}).building(create=True):
        pass
    project = Project(replace(config, python="/nowhere/python"), {})
    for opened in (project.reading, project.planning, project.writing):
        with opened() as registry:
            assert registry.entries() == []
    with project.audits() as audits:
        assert list(audits.reports()) == []


@pytest.mark.parametrize("environment", [MISSING, NEW])
def test_an_interpreter_that_is_missing_is_an_error_before_a_registry_is_made(
    project: Project, environment: EnvironmentSpec
) -> None:
    with pytest.raises(ConfigError, match="there is no interpreter /nowhere/python"):
        project.building(environment, create=True)
    assert not (project.config.root / ".seedreg").exists()


def test_a_registry_that_cannot_be_opened_creates_no_environment(project: Project) -> None:
    environment = EnvironmentSpec.of(packages=("tensorflow",), python_version="3.99")
    with pytest.raises(RegistryError, match="no registry at "):
        project.building(environment)
    assert not project.config.cache_dir.exists()


def test_an_audit_in_the_configured_python_needs_it_and_one_elsewhere_reports_it(config: Config) -> None:
    with Project(config, {}).building(create=True):
        pass
    project = Project(replace(config, python="/nowhere/python"), {})
    with pytest.raises(ConfigError), project.auditor((MISSING, EnvironmentSpec("this"))):
        pass
    with project.auditor((MISSING,)):
        pass
    with pytest.raises(EnvironmentFailed) as caught:
        project.executor(MISSING)
    assert caught.value.problem is EnvironmentProblem.NO_INTERPRETER


def test_verdicts_of_builds_that_share_a_process_are_those_of_builds_that_do_not(
    config: Config, fake_tensorflow_environ: dict[str, str]
) -> None:
    def verdicts(isolation: str) -> list[tuple[int, Verdict, str]]:
        project = Project(replace(config, isolation=isolation), fake_tensorflow_environ)
        with project.building(several=True) as registry:
            found = [
                (one.entry.recipe.seed, one.verdict, one.check.outcome.fingerprint.digest)
                for one in registry.verify("build")
                if isinstance(one.check.outcome, Observed)
            ]
        return sorted(found, key=lambda one: one[0])

    with Project(config, fake_tensorflow_environ).building(create=True, several=True) as registry:
        for seed in range(6):
            registry.register("models:build", seed)
    shared = verdicts("shared")
    assert [verdict for _, verdict, _ in shared] == [Verdict.REPRODUCED] * 6
    assert shared == verdicts("auto")

    (config.root / "models.py").write_text(
        "import numpy as np\n\ndef build(seed):\n    return {'w': np.random.normal(size=3) + (seed > 3)}\n"
    )
    shared = verdicts("shared")
    assert [verdict for _, verdict, _ in shared] == [Verdict.REPRODUCED] * 4 + [Verdict.DRIFTED] * 2
    assert shared == verdicts("auto")
