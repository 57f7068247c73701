"""Seed-aware model registry with persistent fingerprints."""

from __future__ import annotations

__version__ = "0.1.0"
