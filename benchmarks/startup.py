"""Commands that build nothing, compared with the start of Python itself: they must feel immediate."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.measure import alternate
from benchmarks.project import project
from benchmarks.results import Result, Settings
from seedreg.domain.canonical import canonical_json, sha256_text
from seedreg.domain.entry import Baseline, BuildFacts, Entry, Source
from seedreg.domain.environment import Environment
from seedreg.domain.fingerprint import Fingerprint, TensorRecord
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Recipe
from seedreg.domain.statistics import TensorStats
from seedreg.domain.verdict import Check, Observed, Verdict
from seedreg.storage import SqliteFile, open_repository

_ENTRIES = 10_000
_SEEDS = 100  # of each factory
_HELP_PAIRS = 15  # each takes a tenth of a second, so the scheduler's noise is large beside it


def help_text(settings: Settings) -> Result:
    """What the command line costs before it does anything."""
    with project() as place:
        pairs = alternate(
            place.seedreg("--help").run, place.python("-c", "pass").run, max(settings.repeat, _HELP_PAIRS)
        )
    return Result("help", "`seedreg --help`", "`python -c pass`", "s", 6, pairs)


def list_entries(settings: Settings) -> Result:
    """What listing a large registry costs, compared with the import of SQLAlchemy."""
    with project() as place:
        path = place.folder / "registry.db"
        fill(path, _ENTRIES)
        pairs = alternate(
            place.seedreg("--db", str(path), "list").run,
            place.python("-c", "import sqlalchemy.orm").run,
            settings.repeat,
        )
    return Result(
        "list",
        f"`seedreg list` of {_ENTRIES:,} entries, a check each",
        "`import sqlalchemy.orm`",
        "s",
        1.5,
        pairs,
    )


def fill(path: Path, count: int) -> None:
    """Make a registry of `count` entries, each with a baseline of its own weights and one check.

    The first is stored as commands store it. The others are copies of its rows, in one transaction:
    one at a time they would take minutes.
    """
    entry, baseline, check = _sample()
    with open_repository(SqliteFile(path), create=True) as repository:
        repository.entries.add(entry, baseline)
        repository.checks.add(check)
    with closing(sqlite3.connect(path)) as file, file:
        file.row_factory = sqlite3.Row
        first = {
            table: dict(file.execute(f"SELECT * FROM {table}").fetchone())
            for table in ("entries", "fingerprints", "baselines", "checks")
        }
        new: dict[str, list[dict[str, Any]]] = {table: [] for table in first}
        for number in range(1, count):
            recipe = _recipe(number)
            fingerprint = _fingerprint(number)
            document = canonical_json(fingerprint.document())
            own: dict[str, Mapping[str, Any]] = {
                "entries": {
                    "id": recipe.id,
                    "factory": recipe.factory,
                    "seed": recipe.seed,
                    "recipe": canonical_json(recipe.document()),
                },
                "fingerprints": {
                    "id": number + 1,
                    "digest": fingerprint.digest,
                    "document": document,
                    "document_sha256": sha256_text(document),
                },
                "baselines": {"id": number + 1, "entry_id": recipe.id, "fingerprint_id": number + 1},
                "checks": {
                    "id": number + 1,
                    "entry_id": recipe.id,
                    "baseline_id": number + 1,
                    "fingerprint_id": number + 1,
                },
            }
            for table, row in first.items():
                new[table].append({**row, **own[table]})
        for table, rows in new.items():
            _insert(file, table, rows)


def _insert(file: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    columns = ", ".join(rows[0])
    values = ", ".join(f":{column}" for column in rows[0])
    file.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", rows)


def _recipe(number: int) -> Recipe:
    group, seed = divmod(number, _SEEDS)
    return Recipe("benchmark", f"company.models.family_{group:02}:build_model", seed, '{"units":64}')


def _fingerprint(number: int) -> Fingerprint:
    """A model of two dense layers, as large in the registry as a real one."""
    shapes = {
        "dense/kernel": (784, 64),
        "dense/bias": (64,),
        "dense_1/kernel": (64, 10),
        "dense_1/bias": (10,),
    }
    return Fingerprint(
        tuple(
            TensorRecord(
                dtype="float32",
                shape=shape,
                sha256=hashlib.sha256(f"{number} {name}".encode()).hexdigest(),
                name=f"sequential/{name}",
                layer=name.partition("/")[0],
                layer_class="Dense",
                initializer={"class": "GlorotUniform", "config": {"seed": None}},
                stats=TensorStats(
                    50176, 1.5e-05, 0.0485, -0.0841, 0.0841, 10.87, 0, 0, 0, tuple(i / 97 for i in range(16))
                ),
            )
            for name, shape in shapes.items()
        )
    )


def _sample() -> tuple[Entry, Baseline, Check]:
    at = "2025-01-01T00:00:00.000000Z"
    environment = Environment(
        python="3.11.7",
        tensorflow="2.21.0",
        keras="3.12.0",
        keras_distribution="keras",
        numpy="2.2.0",
        distributions=tuple((f"package-{number:02}", "1.0") for number in range(60)),
        os="Linux",
        cpu="x86_64",
    )
    source = Source("company/models.py", 1, "0" * 64, "1" * 64, "def build_model(units):\n    …\n" * 20)
    entry = Entry(_recipe(0), at)
    baseline = Baseline(1, _fingerprint(0), environment, source, BuildFacts(Isolation.FRESH, 0.1, 0.01), at)
    outcome = Observed(_fingerprint(0), environment, source)
    check = Check(entry.id, 1, Verdict.REPRODUCED, at, 0.2, outcome)
    return entry, baseline, check
