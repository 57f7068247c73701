"""Builds on this machine, in the interpreter of the user's choice: forked from a zygote, or fresh."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.isolation import Isolation
from seedreg.domain.recipe import Seeding
from seedreg.executors.crew import Crew
from seedreg.executors.hosting import WORTH_S
from seedreg.executors.launch import Launch, Mode
from seedreg.executors.sharing import Sharing
from seedreg.executors.work import run_all
from seedreg.worker.frameworks import fork_is_safe

Variables: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values of environment variables."""


def no_variables(factory: str) -> Variables:
    """None for any factory."""
    return ()


WORKER_FOLDER = Path(__file__).parent.parent / "worker"


class LocalExecutor:
    """An `Executor` of worker processes: zygotes, and supervisors of fresh interpreters.

    Args:
        python: path of the interpreter that builds; it needs TensorFlow, not seedreg.
        root: the project's root, where builds run.
        import_paths: folders put before the interpreter's own on `sys.path`.
        jobs: builds at once.
        timeout_s: seconds after which a build is ended.
        import_timeout_s: seconds that a worker may take to import TensorFlow before its first build.
        isolation: `FORK` or `FRESH` for every build, or `AUTO`: what each request asks for; where it
            leaves it open too, fork if there are several builds to run, else fresh. `SHARED` is `AUTO`, but
            builds that can do no more than confirm a known digest may share a process.
        environ: variables of the worker; the process's own if None.
        worker_folder: where the worker program is; tests put a stand-in there.
        module_zygote_s: modules whose import takes at least these seconds may be imported once for several
            builds.
        variables_of: the variables that are set for builds of a factory, given its address.
    """

    def __init__(
        self,
        python: str,
        root: Path,
        import_paths: Sequence[Path] = (),
        *,
        jobs: int = 1,
        timeout_s: float = 600.0,
        import_timeout_s: float = 600.0,
        isolation: Isolation = Isolation.AUTO,
        environ: Mapping[str, str] | None = None,
        worker_folder: Path = WORKER_FOLDER,
        module_zygote_s: float = WORTH_S,
        variables_of: Callable[[str], Variables] = no_variables,
    ) -> None:
        self._isolation = Isolation.AUTO if isolation is Isolation.SHARED else isolation
        self._variables_of = variables_of
        self._crew = Crew(
            python,
            root,
            tuple(import_paths) or (root,),
            dict(os.environ if environ is None else environ),
            worker_folder,
            jobs=max(1, jobs),
            timeout_s=timeout_s,
            import_timeout_s=import_timeout_s,
            module_zygote_s=module_zygote_s,
            sharing=Sharing() if isolation is Isolation.SHARED else None,
        )

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and build."""
        self._crew.close()

    def warm_up(self) -> None:
        """Start importing TensorFlow now for forks on the CPU, which are expected to follow."""
        if self._isolation is not Isolation.FRESH and fork_is_safe():
            variables = self._variables_of("")  # those of most factories
            self._crew.start_early(Launch(Mode.ZYGOTE, "0", hide_gpus=True, variables=variables))

    def run(self, requests: Sequence[BuildRequest]) -> Iterator[tuple[BuildRequest, Outcome]]:
        """See `Executor.run`."""
        several = len(requests) > 1
        yield from run_all([(self._launch(request, several), request) for request in requests], self._crew)

    def _launch(self, request: BuildRequest, several: bool) -> Launch:
        """The worker that the build needs."""
        recipe = request.recipe
        hash_seed = "0" if recipe.seeding is Seeding.FULL else "random"
        variables = self._variables_of(recipe.factory)
        zygote, fresh = (Launch(mode, hash_seed, recipe.device == "cpu", variables) for mode in Mode)
        isolation = request.isolation if self._isolation is Isolation.AUTO else self._isolation
        if isolation is Isolation.AUTO:
            isolation = Isolation.FORK if several or self._crew.has(zygote) else Isolation.FRESH
        if not fork_is_safe() or recipe.factory in self._crew.needs_fresh:
            isolation = Isolation.FRESH
        return zygote if isolation is Isolation.FORK else fresh
