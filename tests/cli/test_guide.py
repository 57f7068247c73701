"""What the command line says to do next."""

from __future__ import annotations

import pytest

from seedreg.cli.guide import CommandLineGuide, environment_arguments
from seedreg.domain.audit import Audit, AuditPlan
from seedreg.domain.environment_spec import EnvironmentSpec

GUIDE = CommandLineGuide()


@pytest.mark.parametrize(
    ("spec", "arguments"),
    [
        (EnvironmentSpec("this"), ""),
        (EnvironmentSpec.of("old", packages=("tensorflow==2.15.*",)), " --env old"),
        (EnvironmentSpec.of("an old one", python="/py"), " --env 'an old one'"),
        (
            EnvironmentSpec.of(
                "tensorflow==2.0.*, h5py<3, Python 3.7, before 2020-02-01",
                packages=("tensorflow==2.0.*", "h5py<3"),
                python_version="3.7",
                exclude_newer="2020-02-01",
            ),
            " --with 'tensorflow==2.0.*' --with 'h5py<3' --python-version 3.7 --exclude-newer 2020-02-01",
        ),
        (EnvironmentSpec.of("/my py/python", python="/my py/python"), " --python '/my py/python'"),
        (EnvironmentSpec.of("-r a.txt", requirements="a.txt"), " --requirements a.txt"),
    ],
)
def test_the_next_command_names_the_same_environment(spec: EnvironmentSpec, arguments: str) -> None:
    assert environment_arguments(spec) == arguments


def test_an_audit_is_resumed_in_its_environments() -> None:
    def resuming(*columns: EnvironmentSpec) -> str | None:
        return GUIDE.after_interruption(
            Audit(1, AuditPlan("p", ("0",), columns), "2026-01-02T03:04:05.000006Z")
        )

    this, old = EnvironmentSpec("this"), EnvironmentSpec.of("old", packages=("tensorflow==2.15.*",))
    assert resuming(this) == "seedreg audit --resume"
    assert resuming(old) == "seedreg audit --resume --env old"
    assert resuming(this, old) == "seedreg audit --resume --env this --env old"
