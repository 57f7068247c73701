"""The Python interface."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import seedreg
from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.failure import FailureKind, build_failure
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import (
    Registered,
)
from seedreg.domain.verdict import Verdict
from seedreg.errors import (
    NotJudged,
    RegistryError,
    SeedregError,
)
from seedreg.registry import Registry
from seedreg.storage import SqliteFile, open_repository

from .world import World


def test_the_interface_opens_the_projects_own_registry(
    tmp_path: Path, fake_tensorflow_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", fake_tensorflow_environ["PYTHONPATH"])
    (tmp_path / "pyproject.toml").write_text('[tool.seedreg]\nproject = "p"\n')
    (tmp_path / "models.py").write_text(
        "import numpy as np\n\ndef build(seed):\n    return {'w': np.random.normal(size=3)}\n"
    )
    with seedreg.open_registry(cwd=tmp_path, jobs=2, timeout_s=30) as registry:
        result = registry.register("models:build", 4, options=seedreg.RegisterOptions(alias="four"))
        assert isinstance(result, Registered)
        assert [one.verdict for one in registry.verify("four", "models:build@4")] == [Verdict.REPRODUCED]
        assert [summary.alias for summary in registry.entries(seed=4)] == ["four"]
        assert [check.verdict for check in registry.history("four").checks] == [Verdict.REPRODUCED]
        with pytest.raises(seedreg.SeedregError, match="no entry is named by 'five'"):
            registry.verify("five")
    assert (tmp_path / ".seedreg" / "registry.db").exists()


def test_the_interface_raises_what_the_command_line_tells(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no registry at "):
        seedreg.open_registry(tmp_path / "none.db", create=False, cwd=tmp_path)
    with pytest.raises(SeedregError, match="there is no interpreter /nowhere"):
        seedreg.open_registry(cwd=tmp_path, python="/nowhere")
    (tmp_path / "some.db").write_text("text")
    with pytest.raises(RegistryError, match="is not a seedreg registry"):
        seedreg.open_registry(tmp_path / "some.db", cwd=tmp_path)
    assert not (tmp_path / ".seedreg").exists()


def test_importing_seedreg_imports_nothing_heavy() -> None:
    script = (
        "import sys, seedreg\n"
        "heavy = {'numpy', 'click', 'sqlalchemy', 'tensorflow', 'alembic', 'dataclasses', 'json'}\n"
        "found = heavy & set(sys.modules)\n"
        "assert not found, found\n"
        "for name in seedreg.__all__: getattr(seedreg, name)\n"
        "assert not {'numpy', 'click', 'sqlalchemy', 'tensorflow', 'alembic'} & set(sys.modules)\n"
        "assert set(seedreg.__all__) <= set(dir(seedreg))\n"
        "try:\n    seedreg.nothing\n"
        "except AttributeError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "module 'seedreg' has no attribute 'nothing'\n",
        "",
    )


def test_an_executor_is_any_object_with_its_two_methods(world: World) -> None:
    class Lost:
        def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
            for request in requests:
                yield request, build_failure(FailureKind.WORKER, error=f"{request.recipe.label} was lost")

        def close(self) -> None:
            pass

    with Registry(open_repository(SqliteFile(world.db), create=True), Lost(), "p") as registry:
        with pytest.raises(NotJudged, match="m:build@0 was lost"):
            registry.register("m:build")
        assert Isolation.AUTO.value == "auto"
