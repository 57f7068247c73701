"""Opening: from a configuration to a registry or to audits, with somewhere to build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg.domain.environment_spec import (
    THIS,
    EnvironmentSpec,
    ExistingPython,
    MadeEnvironment,
    PythonVersion,
    ThisPython,
)
from seedreg.domain.isolation import Isolation
from seedreg.errors import ConfigError, EnvironmentFailed, EnvironmentProblem

if TYPE_CHECKING:
    from seedreg.audit import Auditor
    from seedreg.config import Config
    from seedreg.executors import Executor
    from seedreg.registry import Registry
    from seedreg.storage import Repository


def open_registry(
    db: str | os.PathLike[str] | None = None,
    *,
    create: bool = True,
    cwd: str | os.PathLike[str] | None = None,
    environment: EnvironmentSpec | None = None,
    **settings: object,
) -> Registry:
    """The registry of a project, with builds on this machine; use it in a `with` statement.

    Args:
        db: path or SQLAlchemy URL of the registry file; None for the project's own.
        create: make the file if there is none.
        cwd: a folder of the project whose factories are built; the current one if None.
        environment: where to build instead of in `python`; it is made, if it has to be, when the
            first build is asked for.
        settings: settings by their field names in `seedreg.config.Config`: `python`, `jobs`,
            `timeout_s` (seconds), `isolation`, `project` …; what is not given comes from
            `SEEDREG_*`, `[tool.seedreg]` or the defaults.

    Raises:
        ConfigError: if a setting is wrong, or the interpreter that is to build does not exist.
        RegistryError: if the file is missing and not to be created, locked, corrupt or no registry.
    """
    from seedreg.config import load_config

    folder = Path.cwd() if cwd is None else Path(cwd)
    given = {**settings, "db": None if db is None else os.fspath(db)}
    return open_registry_of(load_config(given, os.environ, folder), environment, create=create)


def open_registry_of(
    config: Config,
    environment: EnvironmentSpec | None = None,
    *,
    create: bool = False,
    several: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Registry:
    """The registry that the configuration names, with builds on this machine.

    An environment that has to be made is made when the first build is asked for: a registry that
    cannot be opened or a selector that names nothing costs no installation.

    Args:
        config: which registry and project, and how to build.
        environment: where to build; the configured interpreter if None.
        create: make the registry file if there is none.
        several: more than one build is to be expected, so TensorFlow is imported for them while the
            registry is opened.
        tell: is told, in one line, when an environment is made.

    Raises:
        RegistryError: if it is missing and not to be created, locked, corrupt or no registry.
        ConfigError: if the interpreter that is to build does not exist.
    """
    from seedreg.executors.wrappers import DeferredExecutor

    spec = environment or EnvironmentSpec(THIS)
    if not isinstance(spec.python, PythonVersion):
        config.interpreter(spec.python)
    executor: Executor = DeferredExecutor(lambda: open_executor(config, spec, tell))
    if several and not spec.is_made:
        executor = open_executor(config, spec, tell, several=True)
    try:
        from seedreg.registry import Registry

        return Registry(_open_repository(config, create=create), executor, config.project)
    except BaseException:
        executor.close()
        raise


@contextmanager
def open_auditor(
    config: Config, columns: Sequence[EnvironmentSpec], tell: Callable[[str], None] = lambda text: None
) -> Iterator[Auditor]:
    """Audits of the registry that the configuration names, with somewhere to build for each environment.

    Where the first environment is there already, TensorFlow is imported in it while the registry is opened.

    Args:
        config: which registry and project, and how to build.
        columns: the environments of the audit that is to come.
        tell: is told, in one line, when an environment is made.

    Raises:
        RegistryError: if the registry is missing, locked, corrupt or none.
        ConfigError: if the interpreter that is to build does not exist.
    """
    early: dict[EnvironmentSpec, Executor] = {}

    def open_column(spec: EnvironmentSpec) -> Executor:
        return early.pop(spec, None) or open_executor(config, spec, tell)

    try:
        if not columns[0].is_made:
            with suppress(EnvironmentFailed):  # it is told when the column's turn comes
                early[columns[0]] = open_executor(config, columns[0], tell, several=True)
        from seedreg.audit import Auditor

        with closing(_open_repository(config)) as repository:
            yield Auditor(repository, open_column, config.project)
    finally:
        for executor in early.values():
            executor.close()


def _open_repository(config: Config, *, create: bool = False) -> Repository:
    from seedreg.storage import open_repository, parse_location

    location = parse_location(config.db, config.root)
    return open_repository(location, create=create, busy_timeout_s=config.busy_timeout_s)


def open_executor(
    config: Config,
    environment: EnvironmentSpec,
    tell: Callable[[str], None] = lambda text: None,
    *,
    several: bool = False,
) -> Executor:
    """Somewhere to build in the environment, which is found or made now.

    With `several` TensorFlow begins to be imported now for the builds that are to come.

    Raises:
        ConfigError: if the configured interpreter does not exist.
        UsageError: if the environment has to be made and uv is not installed.
        EnvironmentFailed: if the environment's own interpreter does not exist, or it cannot be made.
    """
    from seedreg.executors.local import LocalExecutor

    def local(python: str) -> Executor:
        executor = LocalExecutor(
            python,
            config.root,
            config.import_paths,
            jobs=config.jobs,
            timeout_s=config.timeout_s,
            isolation=Isolation(config.isolation),
        )
        if several:
            executor.warm_up()
        return executor

    match environment.place:
        case MadeEnvironment() as made:
            from seedreg.environments.cache import EnvironmentCache
            from seedreg.environments.uv import Uv
            from seedreg.executors.wrappers import EnvironmentExecutor

            base = made.python
            if not isinstance(base, PythonVersion):
                base = ExistingPython(_interpreter(config, environment.label, base))
            cache = EnvironmentCache(config.cache_dir, Uv(config.root, os.environ), tell)
            held = cache.open(environment.label, made, base)
            return EnvironmentExecutor(held, local(held.python))
        case python:
            return local(_interpreter(config, environment.label, python))


def _interpreter(config: Config, label: str, python: ThisPython | ExistingPython) -> str:
    """The absolute path of the interpreter; a missing one is wrong configuration only where that names it."""
    try:
        return config.interpreter(python)
    except ConfigError as error:
        if python == ThisPython():
            raise
        raise EnvironmentFailed(
            EnvironmentProblem.NO_INTERPRETER, environment=label, error=error.message
        ) from error
