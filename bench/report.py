"""A table for people, one JSON object for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping

from bench.machine import in_a_line, machine
from bot.config import LogSettings
from bot.log import configure


def main(measure: Callable[[], Mapping[str, float]]) -> None:
    """Run one bench as a script: prints a table, or with ``--json`` one object."""
    configure(LogSettings(level="error"))
    figures = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": machine(), "figures": dict(figures)}))
        return
    print(in_a_line())
    table(figures)


def table(figures: Mapping[str, float]) -> None:
    """One figure a line."""
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        print(f"  {name:<{width}}  {value:>12,.4g}")
