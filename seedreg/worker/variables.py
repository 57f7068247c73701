"""The environment variables that can change a build, with reasons in docs/reference/worker-protocol.md."""

import os
import re
from typing import Dict

from . import frameworks

_PREFIXES = tuple(prefix for framework in frameworks.ALL for prefix in framework.PREFIXES)
# Registries are shared, so secrets such as NVIDIA_API_KEY are not recorded.
_SECRET = r".*_(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)(?:_.*)?"
_NEUTRAL = re.compile(
    "|".join([framework.NEUTRAL for framework in frameworks.ALL if framework.NEUTRAL] + [_SECRET])
)


def watched(hide_gpus: bool) -> Dict[str, str]:
    """The environment variables that can change a weight, as they are now.

    `CUDA_VISIBLE_DEVICES` is left out where the worker itself hides the GPUs.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if isinstance(name, str)  # the factory's module may put any mapping in the place of `os.environ`
        and isinstance(value, str)
        and name.startswith(_PREFIXES)
        and not _NEUTRAL.fullmatch(name)
        and not (hide_gpus and name == "CUDA_VISIBLE_DEVICES")
    }
