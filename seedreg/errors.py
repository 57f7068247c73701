"""Every deliberate error of seedreg: what happened, to which thing, and what to do about it.

A verdict is not an error: a drift is a value (`seedreg.domain.verdict`), never an exception.
"""

from __future__ import annotations

import enum

EXIT_OK = 0
EXIT_DRIFT = 1
EXIT_USAGE = 2
EXIT_REGISTRY = 3
EXIT_NOTHING_SELECTED = 4
EXIT_NOT_JUDGED = 125
EXIT_INTERRUPTED = 130


class Step(enum.Enum):
    """What to do about an error, where the words depend on the interface.

    `seedreg.cli.hints` has the words of the command line; its options and commands are named nowhere
    below it. Names in braces are the `fields` that the error gives.
    """

    ACCEPT = "accept {entry}"
    ALLOW_NONFINITE = "allow weights that are not finite"
    BUILD_FRESH = "build in fresh interpreters"
    CHECK_BACKUP = "check {path}"
    CHECK_INPUT_SHAPE = "check the shapes of the inputs"
    CHECK_MODULE = "check the name of the module"
    CHECK_REGISTRY = "check the registry, or restore a backup"
    CREATE_REGISTRY = "register something, or name another registry"
    DROP_MODULE = "write {address} without a module"
    FREE_ALIAS = "choose another alias, or remove that of {entry} first"
    FREE_CACHE = "name another cache folder, or remove environments"
    FREE_DISK = "remove environments"
    GIVE_ARGUMENTS = "give the arguments of the factory"
    GIVE_INPUT_SHAPE = "give the shape of the input"
    GIVE_INPUT_SHAPES = "give the shapes of the inputs"
    GIVE_REASON = "give a reason"
    GIVE_SEED = "give the seed on its own"
    GIVE_TIME = "give the build more time"
    INSTALL_PYTHON = "install Python {version}"
    KEEP_WEIGHTS = "ask for weights to be kept"
    KEEP_WEIGHTS_AGAIN = "keep the weights once more"
    LIST_AUDITS = "list the audits"
    LIST_ENTRIES = "list the entries"
    LIST_PROBLEMS = "list the problems of the registry"
    NAME_COLUMN = "name one of the environments of the audit"
    NAME_FINGERPRINT = "name the fingerprint of the drift"
    NAME_MODULE = "write the full address of {name}, or name its module"
    NAME_PACKAGES = "name packages to install"
    NAME_PYTHON = "name a Python that has the framework"
    NAME_REGISTRY = "name the registry"
    NAME_REGISTRY_FILE = "name {path}"
    NAME_RELEASE = "name a release for the {end} of the search"
    NAME_RELEASES = "name both ends of the search"
    REPLACE_EMPTY_FILE = "remove the file, then register something"
    SEED_FULLY = "seed every generator"
    SELECT_MORE = "select more entries"
    SET_ASIDE = "restore a backup, or remove {file}"
    SET_OPTION = "give {option} as {allowed}"
    SHAPE_WITHOUT_BATCH = "write the shape without the batch dimension"
    SHOW_TRACEBACK = "verify {entry} to see the traceback"
    TRUST = "trust the registry"
    UPGRADE_REGISTRY = "upgrade the registry"
    USE_CPU = "use the CPU"
    VERIFY = "verify {entry}"


class EnvironmentProblem(enum.Enum):
    """Why there is no environment to build in; the values are stored with checks and never change."""

    CACHE_NOT_WRITABLE = "cache-not-writable"
    CHANGING_FOLDER = "changing-folder"
    CONFIGURED_INTERPRETER = "configured-interpreter"
    DISK_FULL = "disk-full"
    INSTALLED_ELSEWHERE = "installed-elsewhere"
    NOT_A_PYTHON = "not-a-python"
    NOT_CREATED = "not-created"
    NOT_REMOVABLE = "not-removable"
    NO_INTERPRETER = "no-interpreter"
    NO_PYTHON = "no-python"
    NO_RELEASES = "no-releases"
    NO_SOLUTION = "no-solution"
    NO_REQUIREMENTS = "no-requirements"
    NO_UV = "no-uv"
    PYTHON_NOT_RUNNABLE = "python-not-runnable"
    REQUIREMENTS_CHANGED = "requirements-changed"
    REQUIREMENTS_UNREADABLE = "requirements-unreadable"
    UNRESOLVED = "unresolved"
    UV_NOT_RUNNABLE = "uv-not-runnable"
    VERSION_UNRESOLVED = "version-unresolved"


# What each problem is called, and what to do about it; facts are named in braces. `words` are uv's or
# those of a program that was to be a Python.
_PROBLEMS: dict[EnvironmentProblem, tuple[str, str | Step | None]] = {
    EnvironmentProblem.CACHE_NOT_WRITABLE: (
        "the environment cache {folder} cannot be written: {error}",
        Step.FREE_CACHE,
    ),
    EnvironmentProblem.CHANGING_FOLDER: (
        "environment {environment} holds the folder {folder}, whose content may change unseen",
        "put `-e FOLDER` into a requirements file, or name a wheel of it",
    ),
    EnvironmentProblem.CONFIGURED_INTERPRETER: ("{error}", Step.NAME_PYTHON),
    EnvironmentProblem.DISK_FULL: (
        "environment {environment} could not be created: {words}",
        Step.FREE_DISK,
    ),
    EnvironmentProblem.INSTALLED_ELSEWHERE: (
        "environment {environment} could not be created: {missing} was not installed into it",
        "see whether a setting of uv (target, prefix) sends packages elsewhere",
    ),
    EnvironmentProblem.NOT_A_PYTHON: (
        "{python} is not a Python {oldest} or newer that runs ({words})",
        Step.NAME_PYTHON,
    ),
    EnvironmentProblem.NOT_CREATED: ("environment {environment} could not be created: {words}", None),
    EnvironmentProblem.NOT_REMOVABLE: (
        "environment {environment} cannot be removed from {folder}: {error}",
        None,
    ),
    EnvironmentProblem.NO_INTERPRETER: ("environment {environment}: {error}", Step.NAME_PYTHON),
    EnvironmentProblem.NO_PYTHON: (
        "no Python {version} was found by uv, in pyenv or on the search path; found were: {found}",
        Step.INSTALL_PYTHON,
    ),
    EnvironmentProblem.NO_RELEASES: ("the releases of {package} could not be listed: {words}", None),
    EnvironmentProblem.NO_SOLUTION: ("environment {environment} could not be resolved: {words}", None),
    EnvironmentProblem.NO_REQUIREMENTS: ("there is no requirements file {path}", None),
    EnvironmentProblem.NO_UV: (
        "uv, which creates environments, is not installed",
        "pip install 'seedreg[envs]'",
    ),
    EnvironmentProblem.PYTHON_NOT_RUNNABLE: ("the interpreter {python} cannot be run: {error}", None),
    EnvironmentProblem.REQUIREMENTS_CHANGED: (
        "the requirements of environment {environment} changed while it was created",
        "run the command again",
    ),
    EnvironmentProblem.REQUIREMENTS_UNREADABLE: ("requirements file {path} cannot be read: {error}", None),
    EnvironmentProblem.UNRESOLVED: ("environment {environment} could not be resolved: {words}", None),
    EnvironmentProblem.UV_NOT_RUNNABLE: ("{uv} cannot be run: {error}", None),
    EnvironmentProblem.VERSION_UNRESOLVED: ("{package} {version} could not be resolved: {words}", None),
}


# What is wrong in the specification itself. Everything else is the state of this machine or of a server.
_MISTAKES = frozenset(
    {
        EnvironmentProblem.CHANGING_FOLDER,
        EnvironmentProblem.NOT_A_PYTHON,
        EnvironmentProblem.NO_PYTHON,
        EnvironmentProblem.NO_REQUIREMENTS,
        EnvironmentProblem.NO_SOLUTION,
        EnvironmentProblem.REQUIREMENTS_UNREADABLE,
    }
)


class SeedregError(Exception):
    """A deliberate error, shown as `message` and what to do about it; the exit code is `exit_code`.

    Args:
        message: what happened, to which thing.
        hint: what to do, where that is the same in every interface.
        step: what to do, where each interface has its own words for it.
        fields: the values that the step names.
    """

    exit_code = EXIT_USAGE

    def __init__(
        self, message: str, *, hint: str | None = None, step: Step | None = None, **fields: str
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.step = step
        self.fields = fields


class UsageError(SeedregError):
    """The command or call was given something it cannot take (exit 2)."""


class ConfigError(UsageError):
    """A setting from an option, the environment or `[tool.seedreg]` is wrong (exit 2)."""


class RegistryError(SeedregError):
    """The registry is missing, locked, corrupt or not a seedreg file (exit 3)."""

    exit_code = EXIT_REGISTRY


class DamageError(RegistryError):
    """One thing in the registry is not as it was stored; others can be read (exit 3)."""


class SchemaError(RegistryError):
    """The registry's schema is older or newer than this seedreg (exit 3)."""


class NothingSelected(SeedregError):
    """No entry fits the selectors (exit 4)."""

    exit_code = EXIT_NOTHING_SELECTED


class NotJudged(SeedregError):
    """A required build failed (exit 125).

    Commands over several entries report such a build as the verdict ERROR instead.
    """

    exit_code = EXIT_NOT_JUDGED


class EnvironmentFailed(NotJudged):
    """An environment to build in could not be found or created (exit 125; 2 if its specification is wrong).

    Args:
        problem: what is wrong.
        facts: the values that the words of the problem name.
    """

    def __init__(self, problem: EnvironmentProblem, **facts: str | tuple[str, ...]) -> None:
        message, advice = _PROBLEMS[problem]
        fields = {
            name: value if isinstance(value, str) else ", ".join(value) for name, value in facts.items()
        }
        hint, step = (None, advice) if isinstance(advice, Step) else (advice, None)
        super().__init__(message.format(**fields), hint=hint, step=step, **fields)
        self.problem = problem
        self.facts = facts
        self.exit_code = EXIT_USAGE if problem in _MISTAKES else EXIT_NOT_JUDGED


class UvMissing(UsageError):
    """An environment has to be created, and uv is not installed (exit 2)."""

    def __init__(self) -> None:
        message, hint = _PROBLEMS[EnvironmentProblem.NO_UV]
        super().__init__(message, hint=str(hint))


class RegistrationRefused(SeedregError):
    """Two builds of one recipe differ, or an entry no longer reproduces (exit 1)."""

    exit_code = EXIT_DRIFT
