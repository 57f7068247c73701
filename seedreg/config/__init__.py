"""Which registry, which project, which defaults: option > `SEEDREG_*` > `[tool.seedreg]` > default.

Nothing is opened or run here: whether the registry or the interpreter exists is asked by the commands
that need it, so that `seedreg list` works on a machine without TensorFlow.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from seedreg.domain.entry import DEVICES, SEEDINGS, is_device
from seedreg.domain.environment_spec import THIS, EnvironmentSpec, ExistingPython, ThisPython
from seedreg.errors import ConfigError, Step, UsageError

DEFAULT_FACTORIES = ("models", "model")
ISOLATIONS = ("auto", "fork", "fresh")
MARKERS = ("pyproject.toml", ".git", ".seedreg")
# Time-outs reach poll(), threading and SQLite's 32-bit milliseconds; about eleven days fit all of them.
MAX_TIMEOUT_S = 1_000_000
_NAME_PACKAGES = 'name packages: with = ["tensorflow==2.15.*"], or requirements = "FILE"'


@dataclass(frozen=True)
class Setting:
    """One setting, and who said so: `option --db`, `SEEDREG_DB`, `[tool.seedreg] in …` or `default`."""

    name: str
    value: object
    origin: str


@dataclass(frozen=True)
class Config:
    """What a command works with.

    `db` is an absolute path or an SQLAlchemy URL as it was written. `python` is an absolute path or
    a bare command name; `resolve_python` makes it an interpreter. `factories` are modules, files or
    full addresses in which bare names are looked up. `cache_dir` holds the environments that were
    made; `envs` are those of `[tool.seedreg.envs]`, labelled by their names.
    """

    root: Path
    project: str
    db: str
    python: str
    factories: tuple[str, ...]
    pythonpath: tuple[Path, ...]
    isolation: str
    jobs: int
    timeout_s: float
    seeding: str
    device: str
    busy_timeout_s: float
    cache_dir: Path
    settings: tuple[Setting, ...] = ()
    envs: tuple[EnvironmentSpec, ...] = ()

    @property
    def import_paths(self) -> tuple[Path, ...]:
        """Folders that modules of the project are imported from: root, root/src if it is one, pythonpath."""
        source = self.root / "src"
        paths = (self.root, *((source,) if os.path.isdir(source) else ()), *self.pythonpath)
        return tuple(dict.fromkeys(paths))

    def interpreter(self, python: ThisPython | ExistingPython) -> str:
        """The absolute path of the interpreter: that of this configuration, or another.

        Raises:
            ConfigError: if there is no such interpreter.
        """
        text = python.path if isinstance(python, ExistingPython) else self.python
        return resolve_python(text, self.root)


def load_config(options: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> Config:
    """The configuration of a command that is run in `cwd`.

    Relative paths in options and variables are relative to `cwd`, those in `pyproject.toml` to the
    project's root. Options that are None or empty tuples, and empty variables, are not given.

    Args:
        options: values by the field names of `Config`.
        environ: the environment variables; those not known are ignored.
        cwd: where the command runs.

    Raises:
        ConfigError: if a value is not allowed, a key is unknown, or `pyproject.toml` cannot be read.
    """
    unknown = set(options) - {_field(name) for name in _KINDS}
    if unknown:
        raise TypeError(f"not a setting: {', '.join(sorted(unknown))}")
    cwd = Path(os.path.abspath(cwd))
    root = find_root(cwd)
    given = {
        name: (options[_field(name)], f"option --{name.replace('_', '-')}", cwd)
        for name in _KINDS
        if options.get(_field(name)) not in (None, ())
    }
    for name in _KINDS:
        variable = f"SEEDREG_{name.upper()}"
        if name not in given and environ.get(variable, "").strip():
            given[name] = (environ[variable], variable, cwd)

    pyproject = root / "pyproject.toml"
    table, project_name = _read_pyproject(pyproject, wants_project="project" not in given)
    for name in (known for known in _KINDS if known in table):
        # Checked even where an option wins: a wrong file should not break only the next command.
        _parse(name, table[name], f"[tool.seedreg] in {pyproject}", root)
        given.setdefault(name, (table[name], f"[tool.seedreg] in {pyproject}", root))
    if project_name is not None:
        given.setdefault("project", (project_name, f"[project] name in {pyproject}", root))

    values = _defaults(root, environ)
    for name, (raw, origin, base) in given.items():
        values[name] = _parse(name, raw, origin, base)
    return Config(
        root=root,
        settings=tuple(
            Setting(name, values[name], given[name][1] if name in given else "default") for name in _KINDS
        ),
        envs=tuple(_envs(table, pyproject)),
        **{_field(name): values[name] for name in _KINDS},
    )


def find_root(cwd: Path) -> Path:
    """The nearest folder, from `cwd` upwards, that holds one of `MARKERS`; else `cwd`."""
    for folder in (cwd, *cwd.parents):
        if any(os.path.exists(folder / marker) for marker in MARKERS):
            return folder
    return cwd


def resolve_python(text: str, base: Path, search_path: str | None = None) -> str:
    """The absolute path of the interpreter that `text` names.

    Symbolic links are kept: a virtual environment's `python` is one, and is told by its place.

    Args:
        text: a path, or a bare command name that is looked up on the search path.
        base: what a relative path is relative to.
        search_path: instead of `PATH`.

    Raises:
        ConfigError: if there is no such interpreter.
    """
    import shutil

    hint = "give a Python that has TensorFlow: --python PATH, SEEDREG_PYTHON, or python in [tool.seedreg]"
    if not text:
        raise ConfigError("it is not known which Python should build", hint=hint)
    if not os.path.dirname(text) and not text.startswith("~"):
        found = shutil.which(text, path=search_path)
        if found is None:
            raise ConfigError(f"there is no command {text!r} on the search path", hint=hint)
        return os.path.abspath(found)
    path = _absolute(text, base)
    if os.path.isdir(path):
        inside = os.path.join(path, "Scripts" if os.name == "nt" else "bin", "python")
        if shutil.which(inside):
            hint = f"did you mean {inside}?"
        raise ConfigError(f"the interpreter {path} is a folder", hint=hint)
    if not os.path.exists(path) and shutil.which(path) is None:
        raise ConfigError(f"there is no interpreter {path}", hint=hint)
    found = shutil.which(path)
    if found is None:
        raise ConfigError(f"the interpreter {path} is not executable", hint=hint)
    return found


def _field(name: str) -> str:
    """The field of `Config` that holds the setting of this name."""
    return f"{name}_s" if name.endswith("timeout") else name


def _defaults(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        "db": str(root / ".seedreg" / "registry.db"),
        "project": root.name or "project",
        "python": sys.executable,
        "factories": DEFAULT_FACTORIES,
        "pythonpath": (),
        "isolation": "auto",
        "jobs": _cores(),
        "timeout": 600.0,
        "seeding": "full",
        "device": "cpu",
        "busy_timeout": 30.0,
        "cache_dir": _user_cache(environ) / "seedreg",
    }


def _user_cache(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The user's folder for what can be made again, as the platform has it."""
    if platform == "darwin":
        return Path(os.path.expanduser("~/Library/Caches"))
    base = environ.get("XDG_CACHE_HOME", "")
    # The XDG specification: "All paths must be absolute; if relative, ignore."
    return Path(base if os.path.isabs(base) else os.path.expanduser("~/.cache"))


def _cores() -> int:
    # In a container cpu_count() counts the machine's cores, not those that this process may use.
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1


def _parse(name: str, raw: object, origin: str, base: Path) -> object:
    allowed, parse = _KINDS[name]
    try:
        return parse(raw, base)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{name} = {raw!r} ({origin}) is not {allowed}", hint=f"set {name} to {allowed}"
        ) from error


def _text(raw: object) -> str:
    text = os.fspath(raw) if isinstance(raw, os.PathLike) else raw
    if not isinstance(text, str) or not text.strip() or "\0" in text:
        raise ValueError
    return text


def _absolute(text: str, base: Path) -> str:
    return os.path.abspath(os.path.join(base, os.path.expanduser(text)))


def _db(raw: object, base: Path) -> str:
    text = _text(raw)
    return text if "://" in text else _absolute(text, base)


def _python(raw: object, base: Path) -> str:
    text = _text(raw)
    return _absolute(text, base) if os.path.dirname(text) else text


def _texts(raw: object, separator: str) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [part for part in raw.split(separator) if part.strip()]
        if not raw:
            raise ValueError
    if not isinstance(raw, (list, tuple)):
        raise ValueError
    return tuple(_text(part).strip() for part in raw)


def _one_of(choices: tuple[str, ...]) -> tuple[str, Callable[[object, Path], object]]:
    def parse(raw: object, base: Path) -> str:
        text = _text(raw)
        if text not in choices:
            raise ValueError
        return text

    return f"one of: {', '.join(choices)}", parse


def _jobs(raw: object, base: Path) -> int:
    jobs = int(raw) if isinstance(raw, str) else raw
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise ValueError
    return jobs


def _seconds(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise ValueError
    seconds = float(raw)
    if not math.isfinite(seconds) or not 0 <= seconds <= MAX_TIMEOUT_S:
        raise ValueError
    return seconds


def _timeout(raw: object, base: Path) -> float:
    seconds = _seconds(raw)
    if seconds == 0:
        raise ValueError
    return seconds


def _device(raw: object, base: Path) -> str:
    text = _text(raw)
    if not is_device(text):
        raise ValueError
    return text


# Each setting as people write it: what is allowed, and how a value is read (relative to a folder).
_KINDS: dict[str, tuple[str, Callable[[object, Path], object]]] = {
    "db": ("a path or an SQLAlchemy URL", _db),
    "project": ("a name that is not empty", lambda raw, base: _text(raw).strip()),
    "python": ("the path or command name of a Python", _python),
    "factories": (
        'a list of modules, such as ["my_package.models"]',
        lambda raw, base: tuple(dict.fromkeys(_texts(raw, ","))),
    ),
    "pythonpath": (
        'a list of folders, such as ["lib"]',
        lambda raw, base: tuple(Path(_absolute(text, base)) for text in _texts(raw, os.pathsep)),
    ),
    "isolation": _one_of(ISOLATIONS),
    "jobs": ("a whole number of at least 1", _jobs),
    "timeout": (f"a number of seconds above 0 and up to {MAX_TIMEOUT_S}", _timeout),
    "seeding": _one_of(SEEDINGS),
    "device": (f"one of: {DEVICES}", _device),
    "busy_timeout": (f"a number of seconds from 0 to {MAX_TIMEOUT_S}", lambda raw, base: _seconds(raw)),
    "cache_dir": ("a folder", lambda raw, base: Path(_absolute(_text(raw), base))),
}


def _requirements(raw: object, base: Path) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise ValueError
    return tuple(absolute_requirement(_text(part).strip(), base) for part in raw)


def _python_version(raw: object, base: Path) -> str:
    return _text(raw).strip()


def _date(raw: object, base: Path) -> str:
    return raw.isoformat() if isinstance(raw, date) else _text(raw).strip()


# Each key of [tool.seedreg.envs.NAME]: its field in EnvironmentSpec, what is allowed, how it is read.
_ENV_KINDS: dict[str, tuple[str, str, Callable[[object, Path], object]]] = {
    "python": ("python", *_KINDS["python"]),
    "with": ("packages", 'a list of requirements, such as ["tensorflow==2.15.*"]', _requirements),
    "requirements": (
        "requirements",
        "the path of a requirements file",
        lambda raw, base: _absolute(_text(raw), base),
    ),
    "python-version": ("python_version", 'a version in quotes, such as "3.10"', _python_version),
    "exclude-newer": ("exclude_newer", "a date, such as 2020-02-01", _date),
}


def absolute_requirement(text: str, base: Path) -> str:
    """The requirement as it is, or the absolute path where it is one (`./dist/a-1.0-py3-none-any.whl`)."""
    return _absolute(text, base) if text.startswith((".", "~")) else text


def _read_pyproject(path: Path, *, wants_project: bool) -> tuple[dict[str, Any], object]:
    """The table `[tool.seedreg]`, and `[project] name` if it is wanted; `{}` and None where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    # The parser costs 10 ms of start-up; a file that says nothing to seedreg is not parsed.
    if b"seedreg" not in data and not (wants_project and b"project" in data):
        return {}, None
    document = _parse_toml(data, path)
    tool = document.get("tool")
    table = tool.get("seedreg", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(
            f"[tool.seedreg] in {path} is not a table", hint="begin it with a line [tool.seedreg]"
        )
    for key in table:
        if key not in _KINDS and key != "envs":
            hint = _nearest(key, [*_KINDS, "envs"])
            raise ConfigError(f"unknown key {key!r} in [tool.seedreg] in {path}", hint=hint)
    project = document.get("project")
    return table, project.get("name") if wants_project and isinstance(project, dict) else None


def _parse_toml(data: bytes, path: Path) -> dict[str, Any]:
    from importlib import import_module

    tomllib: Any = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        document: dict[str, Any] = tomllib.loads(data.decode())
    except RecursionError as error:
        raise ConfigError(f"{path}: not valid TOML: nested too deeply") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: not UTF-8, as TOML has to be") from error
    except tomllib.TOMLDecodeError as error:
        # The parser says `… (at line 3, column 7)` or `… (at end of document)`.
        match = re.search(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        reason = match[1] if match else str(error)
        where = match[2] if match and match[2] else len(data.splitlines())
        raise ConfigError(f"{path}, line {where}: not valid TOML: {reason}") from error
    return document


def _nearest(key: str, known: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.lower(), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"


def _envs(table: dict[str, Any], path: Path) -> Iterator[EnvironmentSpec]:
    envs = table.get("envs", {})
    if not isinstance(envs, dict):
        raise ConfigError(
            f"envs = {envs!r} ([tool.seedreg] in {path}) is not a table",
            hint="write a table for each environment: [tool.seedreg.envs.NAME]",
        )
    for name, env in envs.items():
        where = f"[tool.seedreg.envs.{name}] in {path}"
        if name == THIS:
            raise ConfigError(
                f"{where}: {THIS!r} already names the interpreter of this configuration",
                hint="choose another name",
            )
        if not isinstance(env, dict):
            raise ConfigError(f"{name} = {env!r} ([tool.seedreg.envs] in {path}) is not a table")
        yield _env(name, env, where, path.parent)


def _env(name: str, table: dict[str, Any], where: str, root: Path) -> EnvironmentSpec:
    fields: dict[str, Any] = {}
    for key, raw in table.items():
        if key not in _ENV_KINDS:
            hint = _nearest(key, list(_ENV_KINDS))
            raise ConfigError(f"unknown key {key!r} in {where}", hint=hint)
        target, allowed, parse = _ENV_KINDS[key]
        try:
            fields[target] = parse(raw, root)
        except ValueError as error:
            raise ConfigError(
                f"{key} = {raw!r} ({where}) is not {allowed}", hint=f"set {key} to {allowed}"
            ) from error
    try:
        spec = EnvironmentSpec.of(name, **fields)
    except UsageError as error:
        advice = _NAME_PACKAGES if error.step is Step.NAME_PACKAGES else error.hint
        raise ConfigError(f"{where}: {error.message}", hint=advice) from error
    if spec.place == ThisPython():
        raise ConfigError(
            f"{where} says nothing", hint='name an interpreter (python = "…") or packages (with = ["…"])'
        )
    return spec
