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
    from seedreg.domain.environment import EnvironmentSpec
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

    from seedreg.config import resolve_python
    from seedreg.environments.cache import EnvironmentCache, find_uv
    from seedreg.environments.index import PackageIndex
    from seedreg.environments.interpreters import find_interpreter
    from seedreg.errors import EnvironmentFailed, UsageError
    from seedreg.project import open_executor

    config, environment = load_for_builds(ctx, **settings)
    uv = find_uv(os.environ)
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
            return find_interpreter(version, os.environ, uv).path
        except EnvironmentFailed:
            return None

    def bench_of(python: str) -> Bench:
        return Bench(
            verification,
            environment,
            python,
            PackageIndex(uv, config.root, os.environ, environment.exclude_newer),
            lambda spec: open_executor(config, spec, tell),
            find_python,
        )

    python = None
    if environment.python_version is None:
        python = resolve_python(environment.python or config.python, config.root)
    if environment.is_made:
        cache_of_today = EnvironmentCache(config.cache_dir, config.root, os.environ)
        with closing(cache_of_today.open(environment, python)) as held:
            yield bench_of(held.python)
        return
    assert python is not None
    yield bench_of(python)


def tell_trial(trial: Trial) -> None:
    """Say on stderr what became of one trial; the table comes at the end."""
    from seedreg.reports.text.diagnosis import trial_line

    tell(trial_line(trial))
