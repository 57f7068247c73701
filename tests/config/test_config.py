from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedreg.config import Config, Setting, load_config, resolve_python
from seedreg.domain.environment_spec import EnvironmentSpec
from seedreg.errors import ConfigError

FULL = """
[project]
name = "my-models"

[tool.seedreg]
db = "data/reg.db"
python = ".venv/bin/python"
project = "vision"
factories = ["pkg.models", "pkg.more:build"]
pythonpath = ["lib", "../shared"]
isolation = "fresh"
jobs = 3
timeout = 12.5
seeding = "tf"
device = "gpu:1"
busy_timeout = 0
cache_dir = "made"

[tool.seedreg.envs.old]
with = ["tensorflow==2.15.*"]
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error(options: dict[str, object], environ: dict[str, str], cwd: Path) -> tuple[str, str | None]:
    with pytest.raises(ConfigError) as caught:
        load_config(options, environ, cwd)
    return caught.value.message, caught.value.hint


def origins(config: Config) -> dict[str, str]:
    return {setting.name: setting.origin for setting in config.settings}


def test_without_any_setting_every_value_is_the_default(tmp_path: Path) -> None:
    root = tmp_path / "vision"
    (root / ".seedreg").mkdir(parents=True)
    config = load_config({}, {}, root)
    expected = {
        "db": str(root / ".seedreg" / "registry.db"),
        "project": "vision",
        "python": sys.executable,
        "factories": ("models", "model"),
        "pythonpath": (),
        "isolation": "auto",
        "jobs": config.jobs,
        "timeout": 600.0,
        "seeding": "full",
        "device": "cpu",
        "busy_timeout": 30.0,
        "cache_dir": Path.home() / ".cache" / "seedreg",
    }
    assert config == Config(
        root=root,
        project="vision",
        db=str(root / ".seedreg" / "registry.db"),
        python=sys.executable,
        factories=("models", "model"),
        pythonpath=(),
        isolation="auto",
        jobs=config.jobs,
        timeout_s=600.0,
        seeding="full",
        device="cpu",
        busy_timeout_s=30.0,
        cache_dir=Path.home() / ".cache" / "seedreg",
        settings=tuple(Setting(name, value, "default") for name, value in expected.items()),
        envs=(),
    )
    assert 1 <= config.jobs <= (os.cpu_count() or 1)


def test_pyproject_sets_everything_relative_to_the_root(tmp_path: Path) -> None:
    path = write(tmp_path, FULL)
    (tmp_path / "deep" / "down").mkdir(parents=True)
    config = load_config({}, {}, tmp_path / "deep" / "down")
    expected = {
        "db": str(tmp_path / "data" / "reg.db"),
        "project": "vision",
        "python": str(tmp_path / ".venv" / "bin" / "python"),
        "factories": ("pkg.models", "pkg.more:build"),
        "pythonpath": (tmp_path / "lib", tmp_path.parent / "shared"),
        "isolation": "fresh",
        "jobs": 3,
        "timeout": 12.5,
        "seeding": "tf",
        "device": "gpu:1",
        "busy_timeout": 0.0,
        "cache_dir": tmp_path / "made",
    }
    assert config.settings == tuple(
        Setting(name, value, f"[tool.seedreg] in {path}") for name, value in expected.items()
    )
    assert config.root == tmp_path
    assert config.envs == (EnvironmentSpec.of("old", packages=("tensorflow==2.15.*",)),)
    assert (config.timeout_s, config.busy_timeout_s) == (12.5, 0.0)
    assert isinstance(hash(config), int)


def test_variables_beat_pyproject_and_are_relative_to_the_current_folder(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    cwd = tmp_path / "deep"
    cwd.mkdir()
    environ = {
        "SEEDREG_DB": "mine.db",
        "SEEDREG_PYTHON": "python3.12",
        "SEEDREG_PROJECT": "sound",
        "SEEDREG_FACTORIES": "a.models, b.models,",
        "SEEDREG_PYTHONPATH": os.pathsep.join(["here", "", "/there"]),
        "SEEDREG_ISOLATION": "fork",
        "SEEDREG_JOBS": "7",
        "SEEDREG_TIMEOUT": "1.5",
        "SEEDREG_SEEDING": "full",
        "SEEDREG_DEVICE": "gpu",
        "SEEDREG_BUSY_TIMEOUT": "2",
        "SEEDREG_CACHE_DIR": "kept",
        "SEEDREG_SOMETHING_ELSE": "ignored",
    }
    config = load_config({}, environ, cwd)
    expected = {
        "db": str(cwd / "mine.db"),
        "project": "sound",
        "python": "python3.12",
        "factories": ("a.models", "b.models"),
        "pythonpath": (cwd / "here", Path("/there")),
        "isolation": "fork",
        "jobs": 7,
        "timeout": 1.5,
        "seeding": "full",
        "device": "gpu",
        "busy_timeout": 2.0,
        "cache_dir": cwd / "kept",
    }
    assert config.settings == tuple(
        Setting(name, value, f"SEEDREG_{name.upper()}") for name, value in expected.items()
    )


def test_options_beat_variables_and_keep_their_names_as_written(tmp_path: Path) -> None:
    options: dict[str, object] = {
        "db": Path("o.db"),
        "factories": ("pkg.a", "pkg.b"),
        "busy_timeout_s": 4.0,
        "jobs": None,
        "pythonpath": (),
    }
    environ = {"SEEDREG_DB": "v.db", "SEEDREG_BUSY_TIMEOUT": "5", "SEEDREG_JOBS": "2", "SEEDREG_DEVICE": ""}
    config = load_config(options, environ, tmp_path)
    assert (config.db, config.factories) == (str(tmp_path / "o.db"), ("pkg.a", "pkg.b"))
    assert (config.busy_timeout_s, config.jobs, config.device) == (4.0, 2, "cpu")
    assert origins(config) == {
        "db": "option --db",
        "project": "default",
        "python": "default",
        "factories": "option --factories",
        "pythonpath": "default",
        "isolation": "default",
        "jobs": "SEEDREG_JOBS",
        "timeout": "default",
        "seeding": "default",
        "device": "default",
        "busy_timeout": "option --busy-timeout",
        "cache_dir": "default",
    }


def test_an_option_that_is_no_setting_is_a_bug_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"not a setting: timeout$"):
        load_config({"timeout": 3}, {}, tmp_path)


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git", ".seedreg"])
def test_the_root_is_the_nearest_parent_with_a_marker(tmp_path: Path, marker: str) -> None:
    (tmp_path / "pyproject.toml").touch()
    root = tmp_path / "inner"
    (root / "a" / "b").mkdir(parents=True)
    (root / marker).touch()
    assert load_config({}, {}, root / "a" / "b").root == root


def test_the_project_is_named_by_pyproject_before_its_folder(tmp_path: Path) -> None:
    path = write(tmp_path, '[project]\nname = "my-models"\n')
    config = load_config({}, {}, tmp_path)
    assert (config.project, origins(config)["project"]) == ("my-models", f"[project] name in {path}")
    assert load_config({"project": "other"}, {}, tmp_path).project == "other"


def test_a_database_url_stays_as_it_was_written(tmp_path: Path) -> None:
    for url in ("sqlite:///rel.db", "postgresql+psycopg://me@host/db"):
        assert load_config({"db": url}, {}, tmp_path).db == url


def test_a_tilde_is_the_home_folder(tmp_path: Path) -> None:
    assert load_config({"db": "~/reg.db"}, {}, tmp_path).db == os.path.expanduser("~/reg.db")


def test_modules_are_imported_from_the_root_its_src_and_the_python_path(tmp_path: Path) -> None:
    assert load_config({}, {}, tmp_path).import_paths == (tmp_path,)
    (tmp_path / "src").mkdir()
    config = load_config({"pythonpath": "lib" + os.pathsep + "src"}, {}, tmp_path)
    assert config.import_paths == (tmp_path, tmp_path / "src", tmp_path / "lib")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("factory", "did you mean 'factories'?"),
        ("busy-timeout", "did you mean 'busy_timeout'?"),
        ("Timeout_S", "did you mean 'timeout'?"),
        (
            "qqq",
            "known keys: db, project, python, factories, pythonpath, isolation, jobs, timeout, seeding, "
            "device, busy_timeout, cache_dir, envs",
        ),
    ],
)
def test_an_unknown_key_is_an_error_that_names_the_nearest_one(tmp_path: Path, key: str, hint: str) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{key} = 1\n")
    assert error({}, {}, tmp_path) == (f"unknown key {key!r} in [tool.seedreg] in {path}", hint)


@pytest.mark.parametrize(
    ("name", "bad", "allowed"),
    [
        ("jobs", "many", "a whole number of at least 1"),
        ("jobs", "0", "a whole number of at least 1"),
        ("jobs", "1.5", "a whole number of at least 1"),
        ("timeout", "0", "a number of seconds above 0 and up to 1000000"),
        ("timeout", "nan", "a number of seconds above 0 and up to 1000000"),
        ("timeout", "1e9", "a number of seconds above 0 and up to 1000000"),
        ("busy_timeout", "-1", "a number of seconds from 0 to 1000000"),
        ("isolation", "forked", "one of: auto, fork, fresh"),
        ("seeding", "none", "one of: full, tf"),
        ("device", "tpu", "one of: cpu, gpu, gpu:0, gpu:1 …"),
        ("device", "gpu:٣", "one of: cpu, gpu, gpu:0, gpu:1 …"),
        ("factories", ",", 'a list of modules, such as ["my_package.models"]'),
    ],
)
def test_a_wrong_variable_is_told_with_its_value_and_what_is_allowed(
    tmp_path: Path, name: str, bad: str, allowed: str
) -> None:
    variable = f"SEEDREG_{name.upper()}"
    assert error({}, {variable: bad}, tmp_path) == (
        f"{name} = {bad!r} ({variable}) is not {allowed}",
        f"set {name} to {allowed}",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("db = 3", "db = 3"),
        ("db = ''", "db = ''"),
        ('db = "a\\u0000b"', "db = 'a\\x00b'"),
        ("jobs = true", "jobs = True"),
        ("jobs = 2.0", "jobs = 2.0"),
        ("timeout = true", "timeout = True"),
        ("timeout = inf", "timeout = inf"),
        (f"timeout = 1{'0' * 400}", f"timeout = 1{'0' * 400}"),
        ("factories = [1]", "factories = [1]"),
        ("factories = {}", "factories = {}"),
        ("pythonpath = [' ']", "pythonpath = [' ']"),
        ("isolation = ['auto']", "isolation = ['auto']"),
        ("project = 1979-05-27", "project = datetime.date(1979, 5, 27)"),
    ],
)
def test_a_wrong_type_in_pyproject_is_an_error_even_where_an_option_wins(
    tmp_path: Path, line: str, told: str
) -> None:
    path = write(tmp_path, f"[tool.seedreg]\n{line}\n")
    options: dict[str, object] = {"db": "x", "jobs": 1, "timeout_s": 1, "project": "p", "factories": "m"}
    message, _ = error(options, {}, tmp_path)
    assert message.startswith(f"{told} ([tool.seedreg] in {path}) is not ")


def test_a_wrong_option_is_told_as_the_option(tmp_path: Path) -> None:
    message, _ = error({"busy_timeout_s": -2.0}, {}, tmp_path)
    assert (
        message == "busy_timeout = -2.0 (option --busy-timeout) is not a number of seconds from 0 to 1000000"
    )


def test_a_project_name_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "[project]\nname = 3\n")
    assert (
        error({}, {}, tmp_path)[0]
        == f"project = 3 ([project] name in {path}) is not a name that is not empty"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool.seedreg]\njobs = \n", "line 2: not valid TOML: Invalid value"),
        ("[tool.seedreg]\n\njobs", "line 3: not valid TOML: Expected '=' after a key in a key/value pair"),
    ],
)
def test_broken_toml_is_told_with_its_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    assert error({}, {}, tmp_path) == (f"{path}, {told}", None)


def test_a_pyproject_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"[tool.seedreg]\n# \xff\n")
    assert error({}, {}, tmp_path) == (f"{path}, line 2: not UTF-8, as TOML has to be", None)


def test_a_pyproject_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    assert error({}, {}, tmp_path) == (f"{tmp_path / 'pyproject.toml'} cannot be read: Is a directory", None)


def test_tables_have_to_be_tables(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool]\nseedreg = 3\n")
    assert error({}, {}, tmp_path)[0] == f"[tool.seedreg] in {path} is not a table"
    write(tmp_path, "[tool.seedreg]\nenvs = ['a']\n")
    assert error({}, {}, tmp_path)[0] == f"envs = ['a'] ([tool.seedreg] in {path}) is not a table"


def test_the_cache_is_where_the_platform_keeps_caches(tmp_path: Path) -> None:
    assert load_config({}, {"XDG_CACHE_HOME": "/caches"}, tmp_path).cache_dir == Path("/caches/seedreg")
    ignored = load_config({}, {"XDG_CACHE_HOME": "not/absolute"}, tmp_path).cache_dir
    assert ignored == load_config({}, {}, tmp_path).cache_dir


def test_environments_are_described_by_their_tables_relative_to_the_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [tool.seedreg.envs.old]
        with = ["tensorflow==2.0.*", "./dist/mine-1.0-py3-none-any.whl"]
        python-version = "3.7"
        exclude-newer = 2020-02-01

        [tool.seedreg.envs.nightly]
        requirements = "requirements/nightly.txt"
        python = "../python/bin/python"

        [tool.seedreg.envs.here]
        python = "python3.12"
        """,
    )
    wheel = f"{tmp_path}/dist/mine-1.0-py3-none-any.whl"
    assert load_config({}, {}, tmp_path).envs == (
        EnvironmentSpec.of(
            "old",
            packages=("tensorflow==2.0.*", wheel),
            python_version="3.7",
            exclude_newer="2020-02-01",
        ),
        EnvironmentSpec.of(
            "nightly",
            python=str(tmp_path.parent / "python" / "bin" / "python"),
            requirements=str(tmp_path / "requirements" / "nightly.txt"),
        ),
        EnvironmentSpec.of("here", python="python3.12"),
    )


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        (
            "wiht = []",
            "unknown key 'wiht' in {where}",
            "did you mean 'with'?",
        ),
        (
            "qqq = 1",
            "unknown key 'qqq' in {where}",
            "known keys: python, with, requirements, python-version, exclude-newer",
        ),
        (
            "with = 'tensorflow'",
            "with = 'tensorflow' ({where}) is not a list of requirements, such as [\"tensorflow==2.15.*\"]",
            'set with to a list of requirements, such as ["tensorflow==2.15.*"]',
        ),
        (
            "with = ['tensorflow']\npython-version = 3.10",
            'python-version = 3.1 ({where}) is not a version in quotes, such as "3.10"',
            'set python-version to a version in quotes, such as "3.10"',
        ),
        (
            "with = ['-r other.txt']",
            "{where}: '-r other.txt' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (
            "with = ['a\\nb']".replace("'", '"'),
            "{where}: 'a\\nb' is not a requirement",
            "write it as pip does: 'tensorflow==2.15.*'; options go into a requirements file",
        ),
        (
            "with = ['tensorflow']\npython-version = '3.5'",
            "{where}: '3.5' is not a Python version of at least 3.6",
            "write it as 3.10, or 3.10.13",
        ),
        (
            "with = ['tensorflow']\npython-version = '3.7'\npython = '/usr/bin/python3'",
            "{where}: Python 3.7 is asked for, and /usr/bin/python3",
            "give one of the two",
        ),
        (
            "with = ['tensorflow']\nexclude-newer = '2020-13-01'",
            "{where}: '2020-13-01' is not a date",
            "write it as 2020-02-01, or 2020-02-01T12:00:00Z",
        ),
        (
            "python-version = '3.7'",
            "{where}: no packages are named for the environment (Python 3.7)",
            'name packages: with = ["tensorflow==2.15.*"], or requirements = "FILE"',
        ),
        (
            "",
            "{where} says nothing",
            'name an interpreter (python = "…") or packages (with = ["…"])',
        ),
    ],
)
def test_a_wrong_environment_is_told_with_its_table(
    tmp_path: Path, table: str, message: str, hint: str
) -> None:
    path = write(tmp_path, f"[tool.seedreg.envs.old]\n{table}\n")
    where = f"[tool.seedreg.envs.old] in {path}"
    assert error({}, {}, tmp_path) == (message.replace("{where}", where), hint)


def test_the_name_of_the_configured_interpreter_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "[tool.seedreg.envs.this]\nwith = ['tensorflow']\n")
    assert error({}, {}, tmp_path)[0] == (
        f"[tool.seedreg.envs.this] in {path}: 'this' already names the interpreter of this configuration"
    )
    path = write(tmp_path, "[tool.seedreg.envs]\nold = 3\n")
    assert error({}, {}, tmp_path)[0] == f"old = 3 ([tool.seedreg.envs] in {path}) is not a table"


def test_other_tools_tables_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "tool = 3\n# seedreg\n")
    assert load_config({}, {}, tmp_path).project == tmp_path.name
    write(tmp_path, "[tool.other]\nbroken = \n")
    assert load_config({}, {}, tmp_path).project == tmp_path.name


def test_loading_a_configuration_imports_no_toml_parser_without_a_pyproject(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from seedreg.config import load_config; "
        "load_config({}, {}, Path(sys.argv[1])); "
        "print(sorted({'tomllib', 'tomli', 'shutil', 'difflib', 'sqlalchemy', 'click'} & set(sys.modules)))"
    )
    (tmp_path / ".git").mkdir()
    repository = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(tmp_path)], cwd=repository, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_a_virtual_environments_python_stays_the_link_that_it_is(tmp_path: Path) -> None:
    link = tmp_path / ".venv" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    assert resolve_python(".venv/bin/python", tmp_path) == str(link)
    assert resolve_python(str(link), Path("/")) == str(link)
    assert resolve_python("python", tmp_path, search_path=str(link.parent)) == str(link)


def test_a_missing_interpreter_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "plain").touch()
    advice = "give a Python that has TensorFlow: --python PATH, SEEDREG_PYTHON, or python in [tool.seedreg]"
    told = {}
    for text in ("no/python", "python9", "./plain", "./.venv", ""):
        with pytest.raises(ConfigError) as caught:
            resolve_python(text, tmp_path, search_path=str(tmp_path))
        told[text] = (caught.value.message, caught.value.hint)
    assert told == {
        "no/python": (f"there is no interpreter {tmp_path}/no/python", advice),
        "python9": ("there is no command 'python9' on the search path", advice),
        "./plain": (f"the interpreter {tmp_path}/plain is not executable", advice),
        "./.venv": (
            f"the interpreter {tmp_path}/.venv is a folder",
            f"did you mean {tmp_path}/.venv/bin/python?",
        ),
        "": ("it is not known which Python should build", advice),
    }
