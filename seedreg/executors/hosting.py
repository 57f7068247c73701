"""Which builds may run in a module zygote, a process that has imported their module already."""

from __future__ import annotations

from seedreg.domain.build import BuildRequest, Outcome
from seedreg.domain.inputs import InputFunction
from seedreg.domain.recipe import Recipe
from seedreg.executors.launch import Launch, Mode
from seedreg.executors.work import Work

WORTH_S = 0.1
"""A module whose import takes less is imported by each of its builds."""

# Builds of the module that must still wait: starting the zygote costs one more import, and a fork.
_WORTH_BUILDS = 3


class Hosting:
    """What is known of modules: how long they take to import, and whether a zygote may keep them.

    A build may use a module zygote only if it can do no more than confirm a known digest, after another
    build of its factory and arguments, which imported the module itself, confirmed its own. So what an
    import draws from the clock or the system shows: each baseline comes from imports of its own.

    Args:
        worth_s: the seconds from which on an import is worth a zygote.
    """

    def __init__(self, worth_s: float = WORTH_S) -> None:
        self._worth_s = worth_s
        self._confirmed: set[Recipe] = set()
        self._refused: set[Recipe] = set()
        self._import_s: dict[str, float] = {}
        self._started: set[tuple[Launch, str]] = set()
        self.unfit: dict[str, str] = {}
        """Why modules have no zygote, by the names of these."""

    def host_for(self, request: BuildRequest, launch: Launch, work: Work) -> str | None:
        """The module zygote that runs the build; None if it imports its module itself."""
        if launch.mode is not Mode.ZYGOTE or launch.only_for is not None or not self._may_host(request):
            return None
        module = _module(request.recipe)
        if (launch, module) not in self._started:
            if self._import_s.get(module, 0.0) < self._worth_s:
                return None
            waiting = sum(
                self._may_host(other) and _module(other.recipe) == module for other in work.waiting(launch)
            )
            if 1 + waiting < _WORTH_BUILDS:
                return None
            self._started.add((launch, module))
        return module

    def _may_host(self, request: BuildRequest) -> bool:
        recipe = request.group
        return (
            request.expected is not None
            and request.export is None
            and recipe in self._confirmed
            and recipe not in self._refused
            and _module(recipe) not in self.unfit
        )

    def ended(self, request: BuildRequest, outcome: Outcome, import_s: float) -> None:
        """A build that imported its module itself has ended."""
        if request.is_confirmed_by(outcome):
            self._confirmed.add(request.group)
            self._import_s[_module(request.recipe)] = import_s

    def refuse(self, request: BuildRequest) -> None:
        """A build in a module zygote did not confirm what is known: its like have none any more."""
        self._refused.add(request.group)

    def is_unfit(self, request: BuildRequest, reason: str) -> None:
        """The module zygote of the build has ended, or never served."""
        self.unfit[_module(request.recipe)] = reason

    def forget_hosts(self) -> bool:
        """The hosts are ended now, as modules may be edited; whether there was any."""
        found = bool(self._started)
        self._started.clear()
        return found


def _module(recipe: Recipe) -> str:
    """The key of a host for the recipe's module, and for that of its inputs."""
    where = recipe.factory.rpartition(":")[0]
    function = recipe.inputs.address if isinstance(recipe.inputs, InputFunction) else ""
    return f"module:{where}|{function}"
