from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seedreg.errors import ConfigError
from seedreg.storage import SqliteFile, parse_location

BASE = Path("/base")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("registry.db", "/base/registry.db"),
        ("/var/r.db", "/var/r.db"),
        ("100% of it?.db", "/base/100% of it?.db"),
        ("sqlite:///sub/r.db", "/base/sub/r.db"),
        ("sqlite:////var/r.db", "/var/r.db"),
        ("sqlite+pysqlite:////var/r.db", "/var/r.db"),
        ("~/r.db", "~/r.db"),
        ("C:\\r.db", "/base/C:\\r.db"),
    ],
)
def test_a_location_is_a_path_or_an_sqlite_url(text: str, path: str) -> None:
    location = parse_location(text, BASE)
    expected = Path(path).expanduser()
    assert (location, str(location)) == (SqliteFile(expected), str(expected))


def test_a_url_of_another_database_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigError) as error:
        parse_location("postgresql://user:secret@host/db", BASE)
    assert (error.value.message, error.value.hint) == (
        "the registry cannot be at a postgresql:// URL: only SQLite files are supported",
        "give a path, or sqlite:///PATH",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a\0b",
        "~\ud800/r.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/r.db",
        "sqlite:///:memory:",
        "sqlite:///r?x=1",
    ],
)
def test_what_names_no_file_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_location(text, BASE)


def test_importing_the_package_imports_no_sqlalchemy_and_opening_no_alembic_and_no_orm(path: Path) -> None:
    program = (
        "import sys, pathlib, seedreg.storage as storage\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        f"storage.open_repository(storage.SqliteFile(pathlib.Path({str(path)!r}))).close()\n"
        "assert not {'alembic', 'sqlalchemy.orm'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_name_that_storage_does_not_have_is_an_attribute_error() -> None:
    import seedreg.storage as storage

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        storage.nothing  # noqa: B018
