"""The parsers of what users write and of what lies in files, with examples of what they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from seedreg.cli.outputs import plan_reports
from seedreg.cli.parsing import parse_age, parse_day, parse_params, parse_shard
from seedreg.config import Config, declared_distributions, load_config
from seedreg.domain.distributions import is_distribution_name, is_exact_requirement, is_version, normal_name
from seedreg.domain.entry import check_name
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.domain.inputs import InputSpec
from seedreg.domain.recipe import Recipe, Seeding, parse_seeds
from seedreg.environments.about import About, read_about
from seedreg.environments.manifest import Files
from seedreg.environments.pins import is_release, local_path, released_names
from seedreg.environments.requirements import Wanted
from seedreg.environments.versions import version_key
from seedreg.errors import SeedregError
from seedreg.factories.lookup import candidates, canonical_address
from seedreg.factories.ownership import Ownership
from seedreg.storage import SqliteFile, open_repository, parse_location

_Parser: TypeAlias = tuple[str, Callable[[Any], object], list[Any], tuple[type[Exception], ...], int]

_REFUSES: tuple[type[Exception], ...] = (SeedregError,)

_PYPROJECT = """\
[project]
name = "shop"
dependencies = ["zoo>=1", "keras[x] @ https://example.org/k.whl ; python_version > '3'"]
[dependency-groups]
dev = ["pytest", {include-group = "x"}]
[tool.seedreg]
db = "~/x.db"
jobs = 2
timeout = 1.5
factories = ["models:build", "pkg.models"]
pythonpath = ["lib", "~/y"]
[tool.seedreg.envs.old]
with = ["tensorflow==2.15.*", "./a.whl"]
python-version = "3.10"
exclude-newer = 2020-02-01
"""

_MODELS = """\
import os
from keras.applications import ResNet50 as net
from shutil import *
def build(units=4, *, seed=0):
    'Two layers.'
class Zoo:
    def small(self): pass
PARTS = [1, 2]
"""

_OPTIONS = (
    *("db", "project", "python", "isolation", "seeding", "device", "jobs", "timeout_s", "busy_timeout_s"),
    *("factories", "pythonpath", "cache_dir", "state_dir"),
)


def text_parsers(folder: Path, stack: ExitStack) -> Iterator[_Parser]:
    """What reads the words of a command line."""
    config = _project(folder / "project")
    cwd = config.root
    ownership = Ownership(config)
    recipe = Recipe("shop", "models:build", 0)
    repository = stack.enter_context(open_repository(SqliteFile(folder / "r.db"), create=True))
    addresses = [
        "build",
        "models:build",
        "models.py:build",
        "models:Zoo.small",
        "pkg.deep:x",
        "models:os.system",
    ]
    simple: list[tuple[str, Callable[[str], object], list[str]]] = [
        ("seeds", parse_seeds, ["7", "0-9", " 1 - 4294967295 "]),
        ("an input's shape", InputSpec.parse, ["28,28,1", "10:int32", "3x4"]),
        ("a seeding protocol", Seeding.of, ["full", "tf"]),
        ("a device", lambda text: Recipe("p", "m:f", 0, device=text), ["cpu", "gpu:1"]),
        ("a shard", parse_shard, ["2/5"]),
        ("an age", parse_age, ["90m", "1.5d"]),
        ("a day", parse_day, ["2030-12-31"]),
        (
            "params",
            lambda text: parse_params((text,)),
            ["units=16", 'name="a"', 'deep={"a": [1, 2.5, null]}'],
        ),
        ("an alias", lambda text: check_name("alias", text), ["golden"]),
        (
            "a place of a registry",
            lambda text: parse_location(text, cwd),
            ["x.db", "sqlite:////x/y.db", "~/x.db"],
        ),
        ("a package", lambda text: EnvironmentSpec.of(packages=(text,)), ["tensorflow==2.15.*", "./a.whl"]),
        ("an exact package", lambda text: EnvironmentSpec.of(packages=(text,), exact=True), ["keras==3.0.1"]),
        (
            "a Python's version",
            lambda text: EnvironmentSpec.of(packages=("a",), python_version=text),
            ["3.10.13"],
        ),
        (
            "a date",
            lambda text: EnvironmentSpec.of(packages=("a",), exclude_newer=text),
            ["2020-02-01T12:00:00Z"],
        ),
        ("a label", EnvironmentSpec, ["old"]),
        ("a distribution", _distribution, ["keras==3.0.1", "tf-keras==2.15.0rc1", "torch==2.1.0+cpu"]),
        ("a pin", _pin, ["keras==3.0.1", "-e file:///x", "./x.whl ; a", "keras[b] @ file:///x%20y#z"]),
        ("a report", lambda text: plan_reports((text,), (), {}), ["json", "junit", "github"]),
        ("a report's place", lambda text: plan_reports(("json",), (text,), {}), ["x.json", "-", "~/x.json"]),
    ]
    for name, read, examples in simple:
        yield name, read, examples, _REFUSES, 10
    yield "an address", lambda text: canonical_address(text, config, cwd=cwd), addresses, _REFUSES, 10
    yield "a recorded factory", ownership.owner, addresses, _REFUSES, 10
    selectors = ["build", "build@0", "models:build@0", recipe.id[:8], recipe.id, "tag:nightly", "golden"]
    yield "a selector", repository.entries.select, selectors, _REFUSES, 2
    for option in _OPTIONS:
        yield (
            f"option {option}",
            _option(option, cwd),
            ["1", "full", "models:build", "~/x", "a:b", "600.5"],
            _REFUSES,
            1,
        )


def file_parsers(folder: Path) -> Iterator[_Parser]:
    """What reads files that others may write."""
    project = folder / "toml"
    project.mkdir()
    pyproject = project / "pyproject.toml"

    def configuration(text: str) -> object:
        pyproject.write_bytes(text.encode("utf-8", "surrogatepass"))
        declared_distributions(pyproject)
        return load_config({}, {}, project)

    def module(text: str) -> object:
        (project / "models.py").write_bytes(text.encode("utf-8", "surrogatepass"))
        pyproject.write_text("[tool.seedreg]\n", encoding="utf-8")
        config = load_config({}, {}, project)
        for factory in ("models:build", "models:Zoo.small", "models:net"):
            Ownership(config).owner(factory)
        return candidates(config)

    environment = folder / "env"
    environment.mkdir()
    about = About("3.11", "/python", "x", ("a==1",), 1.5)
    about.write(environment)
    written = (environment / "seedreg.json").read_text(encoding="utf-8")

    def described(text: bytes) -> object:
        (environment / "seedreg.json").write_bytes(text)
        (environment / "seedreg-files.json").write_bytes(text)
        return read_about(environment), Files({}, 0).changes(environment)

    def requirements(text: str) -> object:
        (project / "r.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
        spec = EnvironmentSpec.of(requirements="r.txt")
        return Wanted("x", spec.place, project).content()  # type: ignore[arg-type]

    yield "pyproject.toml", configuration, [_PYPROJECT], _REFUSES, 8
    yield "a module", module, [_MODELS], _REFUSES, 4
    files = '{"format": 1, "files": {"a": [1, 2]}}'
    yield "an environment's files", described, [written.encode(), files.encode()], _REFUSES, 6
    yield "requirements", requirements, ["-r x.txt\nkeras==3 --hash=sha256:0\n-c y.txt # z\n"], _REFUSES, 4


def _project(root: Path) -> Config:
    root.mkdir()
    (root / "pyproject.toml").write_text('[tool.seedreg]\nproject = "shop"\n', encoding="utf-8")
    (root / "models.py").write_text(_MODELS, encoding="utf-8")
    return load_config({}, {}, root)


def _option(name: str, cwd: Path) -> Callable[[str], object]:
    return lambda text: load_config({name: text}, {}, cwd)


def _distribution(text: str) -> None:
    """What counts as a version is one to `packaging`, and the name compares."""
    name, _, version = text.partition("==")
    version_key(version)
    normal_name(name)
    if is_exact_requirement(text) and not (is_distribution_name(name) and is_version(version)):
        raise AssertionError("more than a name and a version")


def _pin(text: str) -> None:
    is_release(text)
    local_path(text)
    released_names([text])
