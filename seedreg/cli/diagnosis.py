"""What `blame` and `bisect` share: an entry verified today, and the means to build it elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from seedreg.cli.options import load_for_builds, open_for_builds, tell

if TYPE_CHECKING:
    from seedreg.domain.diagnosis import Trial
    from seedreg.domain.environment_spec import EnvironmentSpec
    from seedreg.domain.results import Verification
    from seedreg.environments.index import PackageIndex
    from seedreg.executors import Executor


@dataclass(frozen=True)
class Bench:
    """An entry as it is today, and where it can be built in other environments."""

    verification: Verification
    environment: EnvironmentSpec
    python: str
    index: PackageIndex
    open_executor: Callable[[EnvironmentSpec], Executor]
    find_python: Callable[[str], str | None]


@contextmanager
def bench(ctx: click.Context, selector: str, settings: dict[str, object]) -> Iterator[Bench]:
    """The entry that the selector names, verified in the environment that the options name.

    Raises:
        UsageError: if it names several, or uv is not installed.
        NothingSelected: if it names none.
        EnvironmentFailed: if today's environment cannot be made.
    """
    from functools import cache

    from seedreg.domain.environment_spec import ExistingPython, MadeEnvironment, PythonVersion
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.index import PackageIndex
    from seedreg.environments.interpreters import find_interpreter
    from seedreg.environments.uv import Uv
    from seedreg.errors import EnvironmentFailed, UsageError
    from seedreg.project import open_executor

    config, environment = load_for_builds(ctx, **settings)
    uv = Uv(config.root, os.environ)
    uv.require()
    with open_for_builds(config, environment) as registry:
        entries = registry.select([selector], include_retired=True)
        if len(entries) > 1:
            raise UsageError(
                f"{selector!r} names {len(entries)} entries", hint="this command takes one: give its id"
            )
        (verification,) = registry.verify_all(entries)

    @cache
    def find_python(version: str) -> str | None:
        try:
            return find_interpreter(version, uv).path
        except EnvironmentFailed:
            return None

    def bench_of(python: str, exclude_newer: str | None = None) -> Bench:
        return Bench(
            verification,
            environment,
            python,
            PackageIndex(uv, exclude_newer),
            lambda spec: open_executor(config, spec, tell),
            find_python,
        )

    match environment.place:
        case MadeEnvironment(python=base) as made:
            if not isinstance(base, PythonVersion):
                base = ExistingPython(config.interpreter(base))
            cache_of_today = EnvironmentCache(config.cache_dir, uv)
            with closing(cache_of_today.open(environment.label, made, base)) as held:
                yield bench_of(held.python, made.exclude_newer)
        case python:
            yield bench_of(config.interpreter(python))


def tell_trial(trial: Trial) -> None:
    """Say on stderr what became of one trial; the table comes at the end."""
    from seedreg.reports.text.diagnosis import trial_line

    tell(trial_line(trial))
