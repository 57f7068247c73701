"""Which environment variables are recorded with a build: the table of docs/reference/worker-protocol.md."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from seedreg.worker import frameworks, variables

PROTOCOL = Path(__file__).parents[2] / "docs" / "reference" / "worker-protocol.md"

RECORDED = {
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2",
    "KERAS_BACKEND": "jax",
    "KMP_DETERMINISTIC_REDUCTION": "1",
    "MKL_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_L2_SIZE": "512",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_USE_LEGACY_KERAS": "1",
    "XLA_FLAGS": "--xla",
}
NOT_RECORDED = (
    *("TF_CPP_MIN_LOG_LEVEL", "TF_VAR_password", "NVIDIA_API_KEY", "TF_TOKEN_app", "KERAS_API_KEY"),
    *("ONEDNN_VERBOSE", "MKL_VERBOSE", "OPENBLAS_VERBOSE", "OMP_DISPLAY_ENV", "KMP_SETTINGS"),
    *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PATH", "HOME", "LANG", "TZ", "SEEDREG_DB", "CI"),
)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables.watched(hide_gpus=False):
        monkeypatch.delenv(name)


@pytest.mark.parametrize("name", RECORDED)
def test_what_can_change_a_build_is_recorded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, RECORDED[name])
    assert variables.watched(hide_gpus=True) == {name: RECORDED[name]}


@pytest.mark.parametrize("name", NOT_RECORDED)
def test_what_changes_no_build_or_may_be_secret_is_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    assert variables.watched(hide_gpus=True) == {}


def test_hidden_gpus_are_no_variable_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    found = [variables.watched(hide_gpus) for hide_gpus in (True, False)]
    assert found == [{}, {"CUDA_VISIBLE_DEVICES": "1"}]


def test_every_watched_prefix_is_documented() -> None:
    text = PROTOCOL.read_text(encoding="utf-8")
    table = text[text.index("## Environment variables") :]
    for framework in frameworks.ALL:
        for prefix in framework.PREFIXES:
            assert re.search(rf"`{prefix}(\\*|`)", table), prefix
    assert os.environ.get("CUDA_VISIBLE_DEVICES") is None
