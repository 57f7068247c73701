"""Executors for the environments that somebody asks for: found or created, and opened now or when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seedreg.config import Config
from seedreg.domain.environment_spec import EnvironmentSpec, ExistingPython, MadeEnvironment, PythonVersion
from seedreg.domain.isolation import Isolation
from seedreg.environments.cache import EnvironmentCache
from seedreg.environments.notices import Notice
from seedreg.environments.uv import Uv
from seedreg.executors import Executor
from seedreg.executors.local import LocalExecutor
from seedreg.executors.wrappers import EnvironmentExecutor


def environment_cache(
    config: Config, environ: Mapping[str, str], notify: Callable[[Notice], None]
) -> EnvironmentCache:
    """Where uv creates environments for this project.

    Args:
        config: where environments are kept.
        environ: the variables of uv.
        notify: is called before something that takes long.
    """
    return EnvironmentCache(config.cache_dir, Uv(config.root, environ), notify)


def open_executor(
    config: Config,
    environment: EnvironmentSpec,
    environ: Mapping[str, str],
    notify: Callable[[Notice], None],
    *,
    several: bool = False,
) -> Executor:
    """Somewhere to build in the environment, which is created now if it has to be.

    Args:
        config: how builds run, and where environments are kept.
        environment: with interpreters as `Config.resolved` gives them.
        environ: the variables of builds and of the installer.
        notify: is called before something that takes long.
        several: start importing TensorFlow now, for the builds that will follow.

    Raises:
        UsageError: if the environment has to be created and uv is not installed.
        EnvironmentFailed: if it cannot be created.
    """
    held = None
    match environment.place:
        case MadeEnvironment(python=ExistingPython() | PythonVersion() as base) as made:
            held = environment_cache(config, environ, notify).open(environment.label, made, base)
            python = held.python
        case ExistingPython(path):
            python = path
        case _:
            raise ValueError(f"the interpreter of environment {environment.label} is not resolved")
    executor = LocalExecutor(
        python,
        config.root,
        config.import_paths,
        jobs=config.jobs,
        timeout_s=config.timeout_s,
        isolation=Isolation(config.isolation),
        environ=environ,
    )
    if several:
        executor.warm_up()
    return executor if held is None else EnvironmentExecutor(held, executor)
