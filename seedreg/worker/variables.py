"""The environment variables that can change a build, with reasons in docs/reference/worker-protocol.md."""

import os
import re
from typing import Dict, List, Optional

from . import frameworks

_PREFIXES = tuple(prefix for framework in frameworks.ALL for prefix in framework.PREFIXES)
# Registries are shared, so secrets such as NVIDIA_API_KEY are not recorded.
_SECRET = r".*_(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS)(?:_.*)?"
_NEUTRAL = re.compile(
    "|".join([framework.NEUTRAL for framework in frameworks.ALL if framework.NEUTRAL] + [_SECRET])
)
# TensorFlow takes these values of TF_USE_LEGACY_KERAS for true, and every other as if it were not set.
_TRUE = ("1", "true", "True")
_KNOWN_BOOLEANS = (*_TRUE, "0", "false", "False", "", None)
# How much is printed.
_LOGS = ("AUTOGRAPH_VERBOSITY",)
# Read by what runs on a GPU alone, so without effect where GPUs are hidden.
_OF_GPUS = re.compile(
    "CUDA_DEVICE_ORDER|CUDA_LAUNCH_BLOCKING|TF_CUDNN_DETERMINISTIC|TF_CUDNN_USE_AUTOTUNE"
    "|TF_GPU_ALLOCATOR|TF_GPU_THREAD_MODE|TF_GPU_THREAD_COUNT"
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


class Watch(object):
    """The variables when a module is about to be imported, and what its import changed.

    What is imported already, such as TensorFlow in a fork, has read them and does not look again.
    """

    def __init__(self, hide_gpus: bool) -> None:
        self._hide_gpus = hide_gpus
        self._before = watched(hide_gpus)
        self._backends = frameworks.keras.backends()

    def now(self) -> Dict[str, str]:
        """The watched variables as they are now."""
        return watched(self._hide_gpus)

    def changed(self) -> List[str]:
        """The names of those that would have another effect if what read them were imported now."""
        before, after = self._before, self.now()
        return sorted(
            name
            for name in set(before) | set(after)
            if before.get(name) != after.get(name)
            and not self._is_same(name, before.get(name), after.get(name))
        )

    def _is_same(self, name: str, before: Optional[str], after: Optional[str]) -> bool:
        """Whether both values have one effect; only where that is certain."""
        if name == "KERAS_BACKEND":
            return bool(self._backends) and self._backends == {after}
        if name == "TF_USE_LEGACY_KERAS":
            return after in _KNOWN_BOOLEANS and (before in _TRUE) == (after in _TRUE)
        return name in _LOGS or self._hide_gpus and _OF_GPUS.fullmatch(name) is not None
