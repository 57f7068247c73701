"""Files that entries depend on: recorded with the source, and named when they change."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedreg.domain.decoding import DecodingError
from seedreg.domain.entry import BuildFacts, DependedFile, Source
from seedreg.domain.isolation import Isolation
from seedreg.domain.results import Confirmed
from seedreg.domain.source_changes import SourceChange, SourceChangeKind, Suspect
from seedreg.domain.warning import WarningKind, build_warning
from seedreg.errors import UsageError
from seedreg.executors.local import LocalExecutor
from seedreg.registry import RegisterOptions, Registry
from seedreg.registry.depended import DependedFiles, depended_paths
from seedreg.storage import SqliteFile, open_repository

OLD, NEW = (hashlib.sha256(text).hexdigest() for text in (b"a\nb\n", b"a\nc\n"))
VOCABULARY = RegisterOptions(depends=("data/vocab.txt",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vocab.txt").write_bytes(b"a\nb\n")
    (tmp_path / "other.txt").write_bytes(b"")
    return tmp_path


@pytest.fixture
def registry(root: Path, stand_in_worker: Path) -> Iterator[Registry]:
    executor = LocalExecutor(sys.executable, root, timeout_s=20, environ={}, worker_folder=stand_in_worker)
    repository = open_repository(SqliteFile(root / "registry.db"), create=True)
    with Registry(repository, executor, "p", root=root) as registry:
        yield registry


def drift(root: Path) -> None:
    """Have the builds give other weights from now on: see the stand-in worker."""
    (root / "stand-in.json").write_text(json.dumps({"stream": "other"}), encoding="utf-8")


def test_a_registration_records_the_files_and_the_id_stays(registry: Registry) -> None:
    registered = registry.register("m:build", options=VOCABULARY)
    (found,) = registry.entries()
    assert found.id == registered_id(registered)
    assert registry.show("m:build").baseline.source.depends == (DependedFile("data/vocab.txt", OLD),)
    assert registry.show("m:build").entry.recipe.document().keys().isdisjoint({"depends"})


def registered_id(registered: object) -> str:
    entry = registered.verification.entry if isinstance(registered, Confirmed) else registered.entry  # type: ignore[attr-defined]
    return str(entry.id)


def test_a_drift_names_a_file_that_changed(root: Path, registry: Registry) -> None:
    registry.register("m:build", options=VOCABULARY)
    (root / "data" / "vocab.txt").write_bytes(b"a\nc\n")
    drift(root)
    (found,) = registry.verify("m:build")
    change = SourceChange(SourceChangeKind.DEPENDS, "data/vocab.txt", OLD, NEW)
    assert (found.source_changes, found.suspect) == ((change,), Suspect.SOURCE)


def test_a_missing_file_is_named_too(root: Path, registry: Registry) -> None:
    registry.register("m:build", options=VOCABULARY)
    (root / "data" / "vocab.txt").unlink()
    (found,) = registry.verify("m:build")
    assert found.source_changes == (SourceChange(SourceChangeKind.DEPENDS, "data/vocab.txt", OLD, None),)


def test_an_accepted_baseline_depends_on_the_same_files_as_they_are_then(
    root: Path, registry: Registry
) -> None:
    registry.register("m:build", options=VOCABULARY)
    (root / "data" / "vocab.txt").write_bytes(b"a\nc\n")
    drift(root)
    registry.accept("m:build", "another vocabulary")
    assert registry.show("m:build").baseline.source.depends == (DependedFile("data/vocab.txt", NEW),)
    (found,) = registry.verify("m:build")
    assert found.source_changes == ()


def test_an_entry_that_reproduces_gets_a_baseline_with_other_files(registry: Registry) -> None:
    registry.register("m:build")
    assert isinstance(registry.register("m:build", options=VOCABULARY), Confirmed)
    shown = registry.show("m:build")
    assert (shown.baseline.number, shown.baseline.reason) == (2, "depends on data/vocab.txt")
    assert shown.baseline.source.depends == (DependedFile("data/vocab.txt", OLD),)
    assert shown.last is not None
    assert shown.last.baseline_number == 2
    registry.register("m:build", options=VOCABULARY)
    registry.register("m:build")
    assert registry.show("m:build").baseline.number == 2


def test_paths_are_those_of_the_project_wherever_they_are_named_from(root: Path) -> None:
    named = ["vocab.txt", "../other.txt", str(root / "data" / "vocab.txt")]
    assert depended_paths(named, root, root / "data") == ("data/vocab.txt", "other.txt")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../elsewhere.txt", "../elsewhere.txt is outside the project"),
        ("data", "data is a folder"),
        ("gone.txt", "gone.txt is no file that can be read"),
        ("pipe", "pipe is no file that can be read"),
        ("a\0b", "is no file that can be read"),
    ],
)
def test_what_cannot_be_depended_on_is_an_error(root: Path, name: str, problem: str) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(UsageError, match=re.escape(problem)):
        depended_paths([name], root, root)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", "a//b", "", ".", "a\\b", "a\0"])
def test_a_path_that_leads_out_of_the_project_is_not_read_from_a_registry(path: str) -> None:
    with pytest.raises(DecodingError, match="it is no path inside a project"):
        Source.from_document({"depends": [{"path": path, "sha256": None}]})


def test_a_file_that_is_a_pipe_by_now_is_missing(root: Path) -> None:
    os.mkfifo(root / "pipe")
    found = DependedFiles(root).added_to(Source(), ["pipe", "other.txt"])
    empty = hashlib.sha256(b"").hexdigest()
    assert found.depends == (DependedFile("pipe", None), DependedFile("other.txt", empty))


def test_what_is_depended_on_is_no_longer_warned_of() -> None:
    read = build_warning(WarningKind.READS_FILES, files=["a", "b"], more=False)
    facts = BuildFacts(Isolation.FORK, 0.1, 0.1, warnings=(read,))
    assert facts.without_files(["a", "b"]).warnings == ()
    assert facts.without_files(["a"]).warnings == (
        build_warning(WarningKind.READS_FILES, files=["b"], more=False),
    )
