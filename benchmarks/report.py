"""The table of figures, each beside what it should reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``reached`` None: nothing was promised of it."""

    name: str
    value: str
    target: str = ""
    reached: bool | None = None


def at_most(name: str, value: float, limit: float, unit: str, digits: int = 0) -> Figure:
    """Return a figure that must not exceed ``limit``."""
    return Figure(
        name, f"{value:,.{digits}f} {unit}".strip(), f"≤ {limit:g} {unit}".strip(), value <= limit
    )


def at_least(name: str, value: float, limit: float, unit: str, digits: int = 0) -> Figure:
    """Return a figure that must reach ``limit``."""
    return Figure(
        name, f"{value:,.{digits}f} {unit}".strip(), f"≥ {limit:g} {unit}".strip(), value >= limit
    )


def none_of(name: str, count: int) -> Figure:
    """Return a count that must be zero."""
    return Figure(name, f"{count:,}", "0", count == 0)


def plain(name: str, value: float, unit: str, digits: int = 0) -> Figure:
    """Return a figure without a target."""
    return Figure(name, f"{value:,.{digits}f} {unit}".strip())


def print_section(title: str, figures: Iterable[Figure]) -> None:
    """Print a titled part of the table."""
    print(f"\n{title}")
    figures = list(figures)
    wide = max(len(figure.name) for figure in figures)
    deep = max(len(figure.value) for figure in figures)
    for figure in figures:
        mark = {None: "", True: "reached", False: "MISSED"}[figure.reached]
        line = f"  {figure.name:<{wide}}   {figure.value:>{deep}}   {figure.target:<10}{mark}"
        print(line.rstrip(), flush=True)
