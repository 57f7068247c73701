"""Which registry, which project, which defaults: option > `SEEDREG_*` > `[tool.seedreg]` > default.

Nothing is opened or run here: whether the registry or the interpreter exists is checked by the commands
that need it, so that `seedreg list` works on a machine without TensorFlow.
"""

from seedreg.config.environments import absolute_requirement
from seedreg.config.interpreter import resolve_python
from seedreg.config.load import MARKERS, find_root, load_config
from seedreg.config.origins import Default, Given, Origin, Setting, Table, Variable
from seedreg.config.pyproject import declared_distributions
from seedreg.config.settings import Config
from seedreg.config.values import DEFAULT_FACTORIES, ISOLATIONS, MAX_TIMEOUT_S

__all__ = [
    "DEFAULT_FACTORIES",
    "ISOLATIONS",
    "MARKERS",
    "MAX_TIMEOUT_S",
    "Config",
    "Default",
    "Given",
    "Origin",
    "Setting",
    "Table",
    "Variable",
    "absolute_requirement",
    "declared_distributions",
    "find_root",
    "load_config",
    "resolve_python",
]
