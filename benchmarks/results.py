"""Results of benchmarks as lines, as a table for the documentation and as a JSON document."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from benchmarks.measure import Pairs, cores

FORMAT = "seedreg.benchmarks/1"
_PACKAGES = ("tensorflow", "keras", "numpy", "sqlalchemy", "click", "seedreg")


@dataclass(frozen=True)
class Settings:
    """How often and how much to measure.

    `scripts` is the number of bare scripts that are run; the time of all is scaled from them.
    """

    repeat: int
    scripts: int


@dataclass(frozen=True)
class Result:
    """One comparison with the bound that it must keep.

    `numerator` and `denominator` name what was measured, in `unit`. The ratio is the first divided by the
    second; `bound` is its largest allowed value, or its smallest if `at_least`.
    """

    name: str
    numerator: str
    denominator: str
    unit: str
    bound: float
    pairs: Pairs
    at_least: bool = False
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the median ratio keeps the bound."""
        return self.pairs.ratio >= self.bound if self.at_least else self.pairs.ratio <= self.bound

    @property
    def bound_text(self) -> str:
        """The bound as people read it."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    @property
    def spread_text(self) -> str:
        """The smallest and the largest ratio of a pair."""
        return f"{ratio_text(min(self.pairs.ratios))} – {ratio_text(max(self.pairs.ratios))}"

    @property
    def medians(self) -> tuple[float, float]:
        """The medians of both sides, in `unit`."""
        return statistics.median(self.pairs.numerators), statistics.median(self.pairs.denominators)

    @property
    def verdict(self) -> str:
        """`pass` or `MISSED`."""
        return "pass" if self.passed else "MISSED"

    def document(self) -> dict[str, Any]:
        """The result as JSON, with every measurement."""
        return {
            "name": self.name,
            "numerator": {"what": self.numerator, "median": self.medians[0], "all": self.pairs.numerators},
            "denominator": {
                "what": self.denominator,
                "median": self.medians[1],
                "all": self.pairs.denominators,
            },
            "unit": self.unit,
            "ratio": self.pairs.ratio,
            "ratios": self.pairs.ratios,
            "bound": {"at_least" if self.at_least else "at_most": self.bound},
            "passed": self.passed,
            "note": self.note,
        }


def ratio_text(ratio: float) -> str:
    """A ratio with two decimals, or four if it is small."""
    return f"{ratio:.2f}" if abs(ratio) >= 0.1 else f"{ratio:.4f}"


def quantity(value: float, unit: str) -> str:
    """A measured value with its unit, seconds below one as milliseconds."""
    if unit == "s" and value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def lines(result: Result) -> Iterator[str]:
    """One result for the terminal."""
    first, second = (quantity(median, result.unit) for median in result.medians)
    yield (
        f"{result.verdict:6}  {result.name}: {ratio_text(result.pairs.ratio)} (bound {result.bound_text}; "
        f"{len(result.pairs.ratios)} pairs, {result.spread_text})"
    )
    yield f"        {first}  {result.numerator}"
    yield f"        {second}  {result.denominator}"
    if result.note:
        yield f"        {result.note}"


def table(results: Iterable[Result], host: dict[str, Any]) -> Iterator[str]:
    """All results as a Markdown table, as docs/development/performance.md shows them."""
    yield host_line(host)
    yield ""
    yield "| benchmark | measured | compared with | ratio | spread | bound | |"
    yield "|---|---|---|---|---|---|---|"
    notes = []
    for result in results:
        first, second = (quantity(median, result.unit) for median in result.medians)
        spread = f"{result.spread_text} ({len(result.pairs.ratios)} pairs)"
        yield (
            f"| `{result.name}` | {result.numerator}: {first} | {result.denominator}: {second} "
            f"| **{ratio_text(result.pairs.ratio)}** | {spread} | {result.bound_text} | {result.verdict} |"
        )
        if result.note:
            notes.append(f"`{result.name}`: {result.note}")
    for note in notes:
        yield ""
        yield note


def host() -> dict[str, Any]:
    """The machine and the software that were measured."""
    return {
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in _PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": cores(),
        "load": os.getloadavg()[0],
    }


def host_line(host: dict[str, Any]) -> str:
    """The machine and the software in one line."""
    packages = ", ".join(f"{name} {version}" for name, version in host["packages"].items() if version)
    return (
        f"Python {host['python']}, {packages}; {host['system']}, {host['cpu']}, {host['cores']} cores, "
        f"load {host['load']:.1f} at the start."
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown CPU"
