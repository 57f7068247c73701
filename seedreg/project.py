"""Composition root: what commands and other interfaces need, put together from one configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from seedreg import storage
from seedreg.config import Config, declared_distributions, load_config
from seedreg.domain.distributions import OF_SEEDREG
from seedreg.domain.environment_spec import (
    THIS,
    EnvironmentSpec,
    ExistingPython,
    MadeEnvironment,
    PythonVersion,
    ThisPython,
)
from seedreg.domain.frameworks import often_moves_weights
from seedreg.domain.trust import Trust
from seedreg.errors import ConfigError, EnvironmentFailed, EnvironmentProblem, UsageError
from seedreg.executors.wrappers import DeferredExecutor
from seedreg.registry.known import KnownRegistries
from seedreg.registry.own import Refusal, refuse_nothing
from seedreg.registry.reading import Reading
from seedreg.storage import Location, parse_location

# What audits, builds and diagnoses is imported by the methods that need it: it takes 30 ms, which `seedreg
# list` and the other commands that build nothing do not spend.
if TYPE_CHECKING:
    from seedreg.audit import AuditHistory, Auditor
    from seedreg.diagnosis.laboratory import Laboratory
    from seedreg.environments.cache import EnvironmentCache
    from seedreg.environments.notices import Notice
    from seedreg.executors import Executor
    from seedreg.registry import Registry
    from seedreg.registry.findings import Findings
    from seedreg.storage import Repository


def _silent(notice: Notice) -> None:
    pass


class Project:
    """A project with its registry and its ways to build.

    Args:
        config: which registry and project, and how to build.
        environ: the variables of builds and of the installer.
        notify: is called before something that takes long, e.g. creating an environment.
        trust: which registered entries are built.
    """

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        notify: Callable[[Notice], None] = _silent,
        trust: Trust = Trust.OWN,
    ) -> None:
        self.config = config
        self._environ = environ
        self._notify = notify
        self._trust = trust

    @property
    def location(self) -> Location:
        """Where the registry is, or will be."""
        return parse_location(self.config.db, self.config.root)

    @property
    def has_registry(self) -> bool:
        """Whether anything is where the registry will be."""
        return storage.may_exist(self.location)

    def registry_in_git(self) -> bool:
        """Whether git tracks the registry, which a commit may then hold without what was written last."""
        from seedreg.executors.git import is_tracked

        return is_tracked(Path(os.path.realpath(self.location.path)))

    # Entries ----------------------------------------------------------------------------------

    def reading(self) -> Reading:
        """The registry, for use cases that build nothing and write nothing.

        Raises:
            RegistryError: if it is missing, locked, corrupt or not a registry.
        """
        return Reading(self._repository(write=False))

    def planning(self) -> Registry:
        """The registry, to see what a use case that writes or builds would do.

        Raises:
            RegistryError: if it is missing, locked, corrupt or not a registry.
        """
        return self._without_builds(write=False)

    def writing(self) -> Registry:
        """The registry, for use cases that build nothing.

        Raises:
            RegistryError: if it is missing, locked, corrupt or not a registry.
        """
        return self._without_builds(write=True)

    def _without_builds(self, *, write: bool) -> Registry:
        executor = DeferredExecutor(partial(self.executor, EnvironmentSpec(THIS)))
        return self._registry(self._repository(write=write), executor)

    def _registry(self, repository: Repository, executor: Executor) -> Registry:
        from seedreg.registry.registry import Registry

        refusal = self._refusal(repository)
        return Registry(repository, executor, self.config.project, refusal=refusal, root=self.config.root)

    def audited_environment(self, findings: Findings) -> EnvironmentSpec:
        """The environment of the configuration in which an audit made these findings.

        What the registry says of it is not used: building there could run anything.

        Raises:
            NothingSelected: if there is no such audit.
            UsageError: if it was made in several environments and none is named, or in one that the
                configuration does not describe.
        """
        with self.reading() as registry:
            column = registry.audited_column(findings)
        for environment in (EnvironmentSpec(THIS), *self.config.envs):
            if environment.label == column:
                return environment
        raise UsageError(
            f"audit {findings.audit} was made in {column}, which no [tool.seedreg.envs] describes",
            hint="name the environment with the options of that audit",
        )

    def building(
        self, environment: EnvironmentSpec | None = None, *, create: bool = False, several: bool = False
    ) -> Registry:
        """The registry with builds on this machine.

        An environment that has to be created is created with the first build: a registry that cannot be
        opened, or a selector that names nothing, costs no installation.

        Args:
            environment: where to build; the configured interpreter if None.
            create: make the registry file if there is none.
            several: more than one build will follow, so TensorFlow is imported for them while the registry
                is opened.

        Raises:
            RegistryError: if it is missing and not to be created, locked, corrupt or not a registry.
            ConfigError: if the interpreter that builds does not exist.
        """
        from seedreg.executors.opening import open_executor

        config, location = self.config, self.location
        spec = environment or EnvironmentSpec(THIS)
        executor = open_executor(config, spec, self._environ, self._notify, several=several, deferred=True)
        with ExitStack() as stack:
            stack.callback(executor.close)
            repository = storage.open_repository(
                location, create=create, busy_timeout_s=config.busy_timeout_s
            )
            stack.pop_all()
        if repository.is_new:
            KnownRegistries(config.state_dir).remember(repository.identity, str(location))
        return self._registry(repository, executor)

    # Audits -----------------------------------------------------------------------------------

    @contextmanager
    def audits(self) -> Iterator[AuditHistory]:
        """The audits that were made.

        Raises:
            RegistryError: if the registry is missing, locked, corrupt or not a registry.
        """
        from seedreg.audit import AuditHistory

        with self._repository(write=False) as repository:
            yield AuditHistory(repository)

    @contextmanager
    def auditor(self, columns: Sequence[EnvironmentSpec]) -> Iterator[Auditor]:
        """Audits of the registry, with somewhere to build for each environment.

        Where the first environment exists already, TensorFlow is imported in it while the registry is
        opened.

        Args:
            columns: the environments of the audit that will follow.

        Raises:
            RegistryError: if the registry is missing, locked, corrupt or not a registry.
            ConfigError: if the configured interpreter does not exist.
        """
        from seedreg.audit import Auditor

        for column in columns:
            if column.python == ThisPython():
                self.config.resolved(column)  # a mistake in the configuration is not an audit full of errors
        early: dict[EnvironmentSpec, Executor] = {}
        try:
            if not columns[0].is_made:
                with suppress(EnvironmentFailed):  # reported when the column's turn comes
                    early[columns[0]] = self.executor(columns[0], several=True)
            with self._repository(write=True) as repository:
                yield Auditor(
                    repository,
                    lambda spec: early.pop(spec, None) or self.executor(spec),
                    self.config.project,
                    refusal=self._refusal(repository),
                    root=self.config.root,
                )
        finally:
            for executor in early.values():
                executor.close()

    def _refusal(self, repository: Repository) -> Refusal:
        """Which of the registry's entries are not built here; looked up once one is to be built."""
        if self._trust is Trust.ALL:
            return refuse_nothing

        @cache
        def refusal() -> Refusal:
            if self._is_known(repository):
                return refuse_nothing
            from seedreg.factories.ownership import Ownership

            return Ownership(self.config).refusal

        return lambda recipe: refusal()(recipe)

    def _is_known(self, repository: Repository) -> bool:
        """Whether this user created the registry here."""
        return KnownRegistries(self.config.state_dir).knows(repository.identity)

    def _may_add(self, distribution: str) -> bool:
        """Whether a distribution that only the registry names may be installed.

        Installing it runs its code.
        """
        if self._trust is Trust.ALL or often_moves_weights(distribution):
            return True
        with self._repository(write=False) as repository:
            if self._is_known(repository):
                return True
        return distribution in self._declared()

    def _declared(self) -> frozenset[str]:
        return declared_distributions(self.config.root / "pyproject.toml")

    def _repository(self, *, write: bool) -> Repository:
        return storage.open_repository(self.location, write=write, busy_timeout_s=self.config.busy_timeout_s)

    # Building ---------------------------------------------------------------------------------

    def executor(self, environment: EnvironmentSpec, *, several: bool = False) -> Executor:
        """Somewhere to build in the environment, which is found or created now.

        With `several`, TensorFlow begins to be imported now for the builds that will follow.

        Raises:
            ConfigError: if the configured interpreter does not exist.
            UsageError: if the environment has to be created and uv is not installed.
            EnvironmentFailed: if the environment's own interpreter does not exist, or it cannot be created.
        """
        from seedreg.executors.opening import open_executor

        try:
            return open_executor(self.config, environment, self._environ, self._notify, several=several)
        except ConfigError as error:
            if environment.python == ThisPython():
                raise
            raise EnvironmentFailed(
                EnvironmentProblem.NO_INTERPRETER, environment=environment.label, error=error.message
            ) from error

    def environments(self) -> EnvironmentCache:
        """The environments that were created for builds."""
        from seedreg.executors.opening import environment_cache

        return environment_cache(self.config, self._environ, self._notify)

    @contextmanager
    def laboratory(self, selector: str, environment: EnvironmentSpec) -> Iterator[Laboratory]:
        """One entry, verified in the environment, and the means to build it in others.

        Raises:
            UsageError: if the selector names several entries, or uv is not installed.
            NothingSelected: if it names none.
            EnvironmentFailed: if the environment cannot be created.
        """
        from seedreg.diagnosis.laboratory import Laboratory
        from seedreg.environments.index import PackageIndex
        from seedreg.environments.interpreters import find_interpreter
        from seedreg.environments.uv import Uv

        uv = Uv(self.config.root, self._environ)
        uv.require()
        with self.building(environment) as registry:
            verification = registry.verify_one(selector)

        @cache
        def find_python(version: str) -> str | None:
            try:
                return find_interpreter(version, uv).path
            except EnvironmentFailed:
                return None

        def laboratory(python: str, exclude_newer: str | None = None) -> Laboratory:
            index = PackageIndex(uv, exclude_newer)
            return Laboratory(
                verification,
                environment,
                python,
                index,
                self.executor,
                find_python,
                cache(self._may_add),
                (OF_SEEDREG - self._declared()).__contains__,
            )

        match self.config.resolved(environment).place:
            case MadeEnvironment(python=ExistingPython() | PythonVersion() as base) as made:
                with closing(self.environments().open(environment.label, made, base)) as held:
                    yield laboratory(held.python, made.exclude_newer)
            case ExistingPython(path):
                yield laboratory(path)


def open_registry(
    db: str | os.PathLike[str] | None = None,
    *,
    create: bool = True,
    cwd: str | os.PathLike[str] | None = None,
    environment: EnvironmentSpec | None = None,
    trust: Trust = Trust.OWN,
    **settings: object,
) -> Registry:
    """The registry of a project, with builds on this machine; use it in a `with` statement.

    Args:
        db: path of the registry file, or its `sqlite:///` URL; None for the project's own.
        create: make the file if there is none.
        cwd: a folder of the project whose factories are built; the current one if None.
        environment: where to build instead of in `python`; it is created, if it has to be, for the
            first build.
        trust: which registered entries are built; `Trust.ALL` also builds those of a registry from elsewhere
            whose factories are not the project's.
        settings: settings by their field names in `seedreg.config.Config`: `python`, `jobs`,
            `timeout_s` (seconds), `isolation`, `project` …; what is not given comes from
            `SEEDREG_*`, `[tool.seedreg]` or the defaults.

    Raises:
        ConfigError: if a setting is wrong, or the interpreter that builds does not exist.
        RegistryError: if the file is missing and not to be created, locked, corrupt or not a registry.
    """
    folder = Path.cwd() if cwd is None else Path(cwd)
    given = {**settings, "db": None if db is None else os.fspath(db)}
    config = load_config(given, os.environ, folder)
    return Project(config, os.environ, trust=trust).building(environment, create=create)
