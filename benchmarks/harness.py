# SPDX-License-Identifier: Apache-2.0
"""What all benchmarks share: rounds that alternate, a figure beside its reference, and how both are told.

Machines differ and are noisy, so a goal is a ratio of two things measured in one run, A B A B. A row holds our
figure, the reference's, the median of the ratios of the rounds, their spread, the goal, and whether it is met.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured thing. ``met`` is None where there is no goal: the figure is told for its own sake."""

    name: str
    unit: str
    ours: float
    reference: float | None = None
    reference_name: str = ""
    ratio: float | None = None
    noise: float | None = None
    """Middle half of the ratios' spread."""
    goal: str = ""
    met: bool | None = None
    note: str = ""

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        parts = [f"  {self.name:<58} {_number(self.ours):>9} {self.unit}"]
        if self.reference is not None:
            parts.append(f"{self.reference_name} {_number(self.reference)} {self.unit}")
        if self.ratio is not None:
            spread = f" (noise {self.noise:.2f})" if self.noise is not None else ""
            parts.append(f"ratio {self.ratio:.2f}{spread}")
        if self.goal:
            parts.append(f"goal {self.goal}: {'met' if self.met else 'MISSED'}")
        if self.note:
            parts.append(self.note)
        return "   ".join(parts)


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


# ---------------------------------------------------------------- figures
def quartile_spread(values: Sequence[float]) -> float:
    if len(values) < 4:
        return max(values) - min(values)
    low, _, high = statistics.quantiles(values, n=4)
    return high - low


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least ``percent`` % of ``values`` do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100) - 1
    return ordered[max(0, min(len(ordered) - 1, int(place)))]


def compared(
    name: str,
    pairs: Sequence[tuple[float, float]],
    *,
    unit: str,
    reference_name: str,
    most_ratio: float | None = None,
    note: str = "",
) -> Row:
    """Return the row of rounds of (ours, reference): medians, and the median of the rounds' ratios."""
    ratios = [mine / theirs for mine, theirs in pairs]
    ratio = statistics.median(ratios)
    return Row(
        name=name,
        unit=unit,
        ours=statistics.median(mine for mine, _ in pairs),
        reference=statistics.median(theirs for _, theirs in pairs),
        reference_name=reference_name,
        ratio=ratio,
        noise=quartile_spread(ratios),
        goal=f"<= {most_ratio:g}x" if most_ratio is not None else "",
        met=ratio <= most_ratio if most_ratio is not None else None,
        note=note,
    )


def limited(name: str, value: float, *, unit: str, below: float, note: str = "") -> Row:
    """Return the row of a figure that must stay below a limit."""
    return Row(name=name, unit=unit, ours=value, goal=f"< {below:g} {unit}", met=value < below, note=note)


def told(name: str, value: float, *, unit: str, note: str = "") -> Row:
    """Return a row without a goal."""
    return Row(name=name, unit=unit, ours=value, note=note)


def alternate(
    ours: Callable[[], float], reference: Callable[[], float], rounds: int, *, warm: int = 1
) -> list[tuple[float, float]]:
    """Run both in turns and return the rounds' figures; the first ``warm`` rounds are thrown away."""
    found = [(ours(), reference()) for _ in range(rounds + warm)]
    return found[warm:]


# ---------------------------------------------------------------- other processes
def python(*arguments: str, environment: Mapping[str, str] | None = None, **options: Any) -> "subprocess.Popen[str]":
    """Start this Python in the checkout with these arguments, text pipes as in `subprocess.Popen`."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=dict(environment) if environment else None, text=True, **options
    )


def disk() -> Path:
    """Return a folder on the disk of the checkout: the system's temporary files may live in memory."""
    folder = ROOT / "bench"
    folder.mkdir(exist_ok=True)
    return folder
