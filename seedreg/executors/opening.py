"""Executors for requested environments, found or created, with the settings of a configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from seedreg.config import Config
from seedreg.domain.environment_spec import (
    EnvironmentSpec,
    ExistingPython,
    MadeEnvironment,
    PythonVersion,
    ThisPython,
)
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.executors import Executor
from seedreg.executors.local import LocalExecutor
from seedreg.executors.wrappers import DeferredExecutor, EnvironmentExecutor, RoutedExecutor

if TYPE_CHECKING:
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.notices import Notice


def environment_cache(
    config: Config, environ: Mapping[str, str], notify: Callable[[Notice], None]
) -> EnvironmentCache:
    """Where uv creates environments for this project.

    Args:
        config: where environments are kept.
        environ: the variables of uv.
        notify: is called before something that takes long.
    """
    # Most builds need no created environment, and importing what creates them takes 27 ms.
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.uv import Uv

    return EnvironmentCache(config.cache_dir, Uv(config.root, environ), notify)


def open_executor(
    config: Config,
    environment: EnvironmentSpec,
    environ: Mapping[str, str],
    notify: Callable[[Notice], None],
    *,
    several: bool = False,
    deferred: bool = False,
) -> Executor:
    """Somewhere to build in the environment.

    Args:
        config: how builds run, and where environments are kept.
        environment: where to build; its interpreter is resolved here and nowhere else.
        environ: the variables of builds and of uv.
        notify: is called before something that takes long.
        several: start importing TensorFlow now, for the builds that will follow.
        deferred: create the environment, if it has to be, with the first build and not now.

    Raises:
        ConfigError: if the environment's interpreter does not exist.
        UsageError: if the environment has to be created now and uv is not installed.
        EnvironmentFailed: if it cannot be created.
    """
    local = partial(
        LocalExecutor,
        root=config.root,
        import_paths=config.import_paths,
        jobs=config.jobs,
        timeout_s=config.timeout_s,
        isolation=Isolation(config.isolation),
        environ=environ,
        variables_of=config.variables_of,
    )
    resolved = config.resolved(environment)
    match resolved.place:
        case ExistingPython(path):
            executor = local(path)
            if several:
                executor.warm_up()
            if environment.place != ThisPython() or all(one.python is None for one in config.builds):
                return executor

            def other(recipe: Recipe) -> str | None:
                found = config.python_of(recipe.factory)
                return None if found is None else config.interpreter(ExistingPython(found))

            return RoutedExecutor(executor, other, local)
        case MadeEnvironment(python=ExistingPython() | PythonVersion() as base) as made:

            def create() -> Executor:
                held = environment_cache(config, environ, notify).open(environment.label, made, base)
                return EnvironmentExecutor(held, local(held.python))

            return DeferredExecutor(create) if deferred else create()
        case _:
            raise ValueError(f"the interpreter of environment {environment.label} is not resolved")
