"""What IndexTTS does on a processor: ``python -m bench.indextts [--json] [--rounds N] [--peers FOLDER]``.

A model of the published sizes with random weights is made in a temporary folder; it says noise, at the price of speech,
and never the stop code, so that every sentence has as many codes as it is given. What is compared takes turns, and what
is told are medians of the rounds, ratios being taken within each.

With upstream's source in the folder of peers, v1.5.0 speaks the same ids, as many codes, beside it. It takes some
minutes of two cores that have nothing else to do, and many of busy ones; 9 GB of memory, with upstream 15.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path

import psutil

from bench import indextts_crowd, indextts_parts, indextts_peer, indextts_whole
from bench.indextts_model import BF16, FP32, PRECISIONS, checkpoint, forms, peak, voice
from bench.machine import in_a_line, machine
from bench.server_programs import PEERS
from bot.config import LogSettings
from bot.log import configure

ROUNDS = 3
_WAITING = "OMP_WAIT_POLICY"
OTHERS = "cores that others kept busy meanwhile"
MEMORY = "memory of the bench at most, MiB"

Figures = dict[str, float]


def measure(peers: Path, rounds: int = ROUNDS) -> Iterator[Figures]:
    """Medians of the rounds, a part after the other: ``block; row: column``, or a name by itself."""
    before, began = _busy(), time.monotonic()
    with checkpoint() as folder:
        model, made = forms(folder)
        reference = voice(model)
        yield indextts_parts.measure(model, made, reference, rounds)
        yield indextts_whole.measure(model, made, reference, rounds)
        usual = replace(model, gpt=made.get(BF16, made[FP32]))
        names = [name for name in made if name in PRECISIONS]
        del model, made
        yield indextts_crowd.measure(usual, rounds)
        del usual
    yield {MEMORY: peak()}
    if indextts_peer.there(peers):
        with checkpoint(whole=True) as folder:
            yield indextts_peer.measure(peers, folder, reference, names, rounds)
    yield {OTHERS: (_busy() - before) / (time.monotonic() - began)}


def _busy() -> float:
    """Seconds of a processor that all other processes have had since the machine began."""
    times, own = psutil.cpu_times(), os.times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - own.user - own.system


def _wait_without_spinning() -> None:
    """Begin anew as a process in which a thread that waits for another leaves it the processor.

    OpenMP reads its settings when it is loaded, and by default spins. Where others have something to do as well, that
    keeps the very thread from running that is waited for: a product of matrices takes 8 ms then instead of one.
    """
    if _WAITING not in os.environ:
        os.execve(sys.executable, (sys.executable, *sys.orig_argv[1:]), {**os.environ, _WAITING: "PASSIVE"})


def _print(figures: Figures) -> None:
    cells = {_place(name): value for name, value in figures.items() if "; " in name}
    for block in _in_order(block for block, _, _ in cells):
        _table(block, {(row, column): value for (place, row, column), value in cells.items() if place == block})
    print()
    for name, value in figures.items():
        if "; " not in name:
            print(f"{name}: {value:,.4g}", flush=True)


def _place(name: str) -> tuple[str, str, str]:
    """The block, row and column of a figure."""
    block, _, rest = name.partition("; ")
    row, _, column = rest.partition(": ")
    return block, row, column


def _table(block: str, cells: Mapping[tuple[str, str], float]) -> None:
    """Its rows and columns."""
    rows, columns = _in_order(row for row, _ in cells), _in_order(column for _, column in cells)
    width = max(len(block), *(len(row) + 2 for row in rows))
    print(f"\n{block:<{width}}" + "".join(f"  {column}" for column in columns))
    for row in rows:
        values = [f"  {cells.get((row, column), nan):>{len(column)},.4g}" for column in columns]
        print(f"  {row:<{width - 2}}" + "".join(values))


def _in_order(names: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(names))


def main() -> None:
    parser = argparse.ArgumentParser(description="IndexTTS on a processor.")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    folder = Path(os.environ.get("SAYSO_BENCH_PEERS", PEERS)).expanduser()
    parser.add_argument("--peers", type=Path, default=folder, help=f"the folder with upstream's source ({folder})")
    given = parser.parse_args()
    _wait_without_spinning()
    configure(LogSettings(level="error"))
    parts = measure(given.peers.absolute(), given.rounds)
    if given.json:
        print(json.dumps({"machine": machine(), "figures": dict(ChainMap(*reversed(list(parts))))}))
        return
    print(in_a_line())
    print("random weights of the published sizes; medians of the rounds")
    for figures in parts:
        _print(figures)
    if not indextts_peer.there(given.peers):
        print(f"upstream is not here, and so is left out; to have it beside: {indextts_peer.told(given.peers)}")


if __name__ == "__main__":
    main()
