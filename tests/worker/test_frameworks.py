"""The frameworks' seam: the same functions in every module, and one answer to whose model it is."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest

from seedreg.worker import frameworks

FUNCTIONS = list(dict.fromkeys(re.findall(r"`(\w+)\(", frameworks.__doc__ or "")))


def signatures(module: ModuleType) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(getattr(module, name)).parameters)
        for name in FUNCTIONS
        if callable(getattr(module, name, None))
    }


@pytest.mark.parametrize("framework", frameworks.ALL, ids=lambda framework: framework.__name__)
def test_every_framework_has_the_documented_functions(framework: ModuleType) -> None:
    assert len(FUNCTIONS) == 15
    assert signatures(framework) == signatures(frameworks.arrays)
    assert list(signatures(framework)) == FUNCTIONS
    assert all(prefix.isupper() for prefix in framework.PREFIXES)
    re.compile(framework.NEUTRAL)


@pytest.mark.parametrize(
    ("platform", "safe"), [("linux", True), ("darwin", False), ("win32", False), ("cygwin", False)]
)
def test_only_linux_forks(platform: str, safe: bool) -> None:
    assert frameworks.fork_is_safe(platform) is safe


def test_no_framework_is_imported_by_asking_where_a_process_may_fork() -> None:
    import subprocess
    import sys

    script = "import sys\nfrom seedreg.worker import frameworks\nframeworks.fork_is_safe('linux')\n"
    script += "print(sorted({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
