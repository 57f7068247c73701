"""Rebuilding: the weights of an entry as a file."""

from __future__ import annotations

import errno
import os

import pytest

from seedreg.errors import (
    NotJudged,
    UsageError,
)
from seedreg.registry import Registry

from .world import World


def test_a_rebuild_says_whether_the_weights_are_the_registered_ones(world: World, registry: Registry) -> None:
    registry.register("m:build")
    target = world.root / "w.safetensors"
    result = registry.rebuild("m:build", target)
    assert (result.path, result.drift) == (str(target), None)
    world.change(stream=2)
    assert registry.rebuild("m:build", target).drift is not None
    assert sorted(
        path.name for path in world.root.iterdir() if path.name.startswith((".seedreg-", "w."))
    ) == ["w.safetensors"]


def test_a_rebuild_that_fails_leaves_what_was_there(world: World, registry: Registry) -> None:
    registry.register("m:build")
    target = world.root / "w.npz"
    target.write_text("mine")
    world.change(fail="no data")
    with pytest.raises(NotJudged, match="no data"):
        registry.rebuild("m:build", target)
    assert target.read_text() == "mine"
    assert not list(world.root.glob(".seedreg-*"))


def test_a_rebuild_onto_a_disk_that_takes_no_change_any_more_names_the_file(
    world: World, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **settings: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    registry.register("m:build")
    target = world.root / "w.npz"
    with monkeypatch.context() as patch:
        for name in ("replace", "unlink", "rmdir"):  # the file is not put in place, the folder cannot go
            patch.setattr(os, name, refuse)
        with pytest.raises(UsageError, match=r"^cannot write .*w\.npz: Read-only file system$"):
            registry.rebuild("m:build", target)
    assert not target.exists()
