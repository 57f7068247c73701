"""The use cases on entries, all of them methods of one `Registry`; how builds are run is not known here."""

from __future__ import annotations

from seedreg.registry.clock import utc_now as utc_now
from seedreg.registry.registering import RegisterOptions as RegisterOptions
from seedreg.registry.registry import Registry as Registry

__all__ = ["RegisterOptions", "Registry", "utc_now"]
