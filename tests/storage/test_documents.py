from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from seedreg.domain.fingerprint import SCHEME
from seedreg.errors import RegistryError
from seedreg.storage import (
    Repository,
)

from .files import rows
from .values import (
    baseline,
    check,
    entry,
    environment,
    fingerprint,
)


def test_documents_are_stored_once(path: Path, repository: Repository) -> None:
    for seed in range(3):
        repository.entries.add(entry(seed), baseline())
        repository.checks.add(check(entry(seed).id))
    assert rows(path, "SELECT count(*) FROM fingerprints UNION ALL SELECT count(*) FROM environments") == [
        (1,),
        (1,),
    ]


def test_equal_weights_under_other_names_keep_both_documents(path: Path, repository: Repository) -> None:
    renamed = fingerprint(name="dense_1/kernel:0")
    repository.entries.add(entry(0), baseline())
    repository.entries.add(entry(1), replace(baseline(), fingerprint=renamed))
    assert renamed.digest == fingerprint().digest
    assert repository.baselines.current(entry(0).id).fingerprint == fingerprint()
    assert repository.baselines.current(entry(1).id).fingerprint == renamed
    assert rows(path, "SELECT digest FROM fingerprints") == [(renamed.digest,), (renamed.digest,)]


def test_sqlite3_users_can_query_the_versions(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    assert rows(
        path, "SELECT python, tensorflow, keras, keras_distribution, numpy, digest FROM environments"
    ) == [("3.11.7", "2.15.0", "2.15.0", "keras", "1.26.4", environment().digest)]
    assert rows(path, "SELECT digest, scheme, tensor_count, parameter_count FROM fingerprints") == [
        (fingerprint().digest, SCHEME, 2, 7)
    ]
    assert rows(path, "SELECT id, project, factory, seed FROM entries") == [
        (entry().id, "project", "pkg.models:build", 0)
    ]


def test_a_damaged_fingerprint_is_never_compared_with(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    repository.checks.add(check(entry().id))
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE fingerprints SET document = replace(document, 'ddd', 'fff')")
    for read in (repository.baselines.current, repository.baselines.of_entry, repository.checks.of_entry):
        with pytest.raises(RegistryError, match="is not the digest of its manifest"):
            read(entry().id)


def test_documents_of_a_later_seedreg_with_more_fields_are_read(path: Path, repository: Repository) -> None:
    repository.entries.add(entry(), baseline())
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("""UPDATE baselines SET source = replace(source, '{"file"', '{"extra":[1],"file"')""")
        file.execute(
            """UPDATE baselines SET facts = '{"isolation":"fork","build_s":1.0,"fingerprint_s":2.0}'"""
        )
    found = repository.baselines.current(entry().id)
    assert found.source == baseline().source
    assert (found.facts.build_s, found.facts.random_state) == (1.0, ())
