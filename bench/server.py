"""The speech server beside its peers, over one loopback Edge: ``python -m bench.server [--json] [--peers FOLDER]``.

Three processes at a time share the machine: the loopback Edge, one server, and the clients. What the first and the last
take of a processor is among the figures, for on a machine of two cores it is the servers' loss. Others that work there
are too; so the servers take turns, one short trial each, and what is told are medians of the rounds, ratios being
taken within each round; of all columns, processor time is what a busy machine disturbs least. Every answer is looked
at: none may be short of sound, and each text is new to all of them, so that each has to be asked of Edge, which counts.
A first byte is the first of the sound, not of the head.

All clients come with one key. Sayso is ``sayso serve`` with edge as its engine, its cache as it comes, and 32 slots for
edge instead of 8, which are what Microsoft bears from one address; the others know no such limit.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, nan
from os import environ
from pathlib import Path
from statistics import median

import av
import uvloop

from bench.machine import in_a_line, machine
from bench.server_edge import SOUND, Edge, Pace, edge
from bench.server_load import Answer, Load, ask, sentences
from bench.server_programs import FLOOR, PEERS, SAYSO, Server, absent, servers, spent

ROUNDS = 3
SETTLE = 0.2
"""Seconds after which what a server does for an answer after having given it is done."""

AT_ONCE = Pace("at once", 0, 0)
REAL = Pace("250 ms, then 20 ms for each 120 ms", 0.25, 0.02)

MISSES: Mapping[Pace, Sequence[Load]] = {
    AT_ONCE: (Load(1, 60), Load(8, 160), Load(32, 320)),
    REAL: (Load(1, 6), Load(8, 32), Load(32, 128)),
}
HITS = (Load(1, 500), Load(8, 2000), Load(32, 4000))
KNOWN = 64
"""Texts that are asked for again and again where hits are measured."""

RATE, RATIO, FIRST, LATE, WHOLE, SPENT = (
    "requests/s", "requests/s / pass-through", "first byte p50, ms", "first byte p95, ms", "whole p50, ms",
    "processor per request, ms",
)  # fmt: skip
SHARE = "processor / pass-through"
IDLE, AFTER = "memory idle, MiB", "memory after, MiB"
HIT, NEVER = "hits", "columns in which a peer is ahead of Sayso"
TIE = 1.02
"""Who is no further ahead than this is not."""

Figures = dict[str, float]


@dataclass(slots=True)
class Trials:
    """What was measured, by place in the table and column, a value for each round; and who else took a processor."""

    rows: dict[tuple[str, str], dict[str, list[float]]] = field(default_factory=dict)
    edge: list[float] = field(default_factory=list)
    clients: list[float] = field(default_factory=list)

    def add(self, block: str, server: str, columns: Mapping[str, float]) -> None:
        row = self.rows.setdefault((block, server), {})
        for name, value in columns.items():
            row.setdefault(name, []).append(value)

    def compare(self, block: str) -> None:
        """Add to what was measured last in a block how it is beside the pass-through."""
        floor = self.rows[block, FLOOR]
        for (place, _), row in self.rows.items():
            if place == block:
                row.setdefault(RATIO, []).append(row[RATE][-1] / floor[RATE][-1])
                row.setdefault(SHARE, []).append(row[SPENT][-1] / floor[SPENT][-1])


def measure(peers: Path, rounds: int = ROUNDS) -> Figures:
    """Medians of all rounds: ``block, server: column``."""
    trials, texts = Trials(), sentences()
    with edge() as service, servers(peers, service.port) as running:
        for server in running:
            _trial(service, AT_ONCE, server, _some(texts, 64), Load(32, 64))
        for number in range(rounds):
            _misses(trials, service, _turned(running, number), texts)
            _hits(trials, service, running, texts)
        for server in running:
            trials.add("memory", server.name, {IDLE: server.idle, AFTER: server.memory()})
    return _summed(trials)


def _misses(trials: Trials, service: Edge, running: Sequence[Server], texts: Iterator[str]) -> None:
    for pace, loads in MISSES.items():
        for load in loads:
            block, batch = _block(pace.name, load), _some(texts, load.count)
            for server in running:
                columns, answered = _trial(service, pace, server, batch, load, trials)
                if answered != columns["asked of Edge"]:
                    raise SystemExit(
                        f"{server.name} asked Edge {columns['asked of Edge']:g} times for {answered} texts"
                    )
                trials.add(block, server.name, columns)
            trials.compare(block)


def _hits(trials: Trials, service: Edge, running: Sequence[Server], texts: Iterator[str]) -> None:
    """Sayso alone: none of the others remembers anything."""
    sayso = next(server for server in running if server.name == SAYSO)
    known = _some(texts, KNOWN)
    _trial(service, AT_ONCE, sayso, known, Load(8, KNOWN))
    for load in HITS:
        batch = tuple(itertools.islice(itertools.cycle(known), load.count))
        columns, _ = _trial(service, AT_ONCE, sayso, batch, load)
        if columns["asked of Edge"]:
            raise SystemExit("what Sayso was asked for again was not in its cache")
        trials.add(_block(HIT, load), SAYSO, columns)


def _trial(
    service: Edge, pace: Pace, server: Server, texts: Sequence[str], load: Load, trials: Trials | None = None
) -> tuple[Figures, int]:
    """The columns of one server under one load, and how many answers they are made of."""
    service.pace(pace)
    own, theirs, before = time.process_time(), spent(service.process), server.spent()
    answers, seconds = uvloop.run(ask(server.port, server.key, texts, load))
    own, theirs = time.process_time() - own, spent(service.process) - theirs
    time.sleep(SETTLE)
    taken = server.spent() - before
    asked = service.pace(pace)
    for answer in answers:
        _check(server.name, answer)
    if trials is not None:
        trials.clients.append(own / len(answers) * 1000)
        trials.edge.append(theirs / len(answers) * 1000)
    return _columns(answers, seconds, taken) | {"asked of Edge": asked}, len(answers)


def _columns(answers: Sequence[Answer], seconds: float, taken: float) -> Figures:
    firsts = sorted(answer.first for answer in answers)
    return {
        RATE: len(answers) / seconds,
        FIRST: median(firsts) * 1000,
        LATE: firsts[ceil(len(firsts) * 0.95) - 1] * 1000,
        WHOLE: median(answer.whole for answer in answers) * 1000,
        SPENT: taken / len(answers) * 1000,
    }


def _check(name: str, answer: Answer) -> None:
    if answer.status != 200:
        raise SystemExit(f"{name} answered {answer.status}: {answer.body[:500]!r}")
    if answer.body != SOUND and not -0.1 < _seconds(answer.body) - _seconds(SOUND) < 0.5:
        raise SystemExit(
            f"{name} answered with {_seconds(answer.body):.2f} s of sound instead of {_seconds(SOUND):.2f}"
        )


def _seconds(mp3: bytes) -> float:
    """How long an MP3 is, by its frames."""
    with av.open(io.BytesIO(mp3), "r", format="mp3") as file:
        packets = [packet for packet in file.demux() if packet.size]
        return float(sum((packet.duration or 0) * (packet.time_base or 0) for packet in packets))


def _some(texts: Iterator[str], count: int) -> Sequence[str]:
    return tuple(itertools.islice(texts, count))


def _turned(running: Sequence[Server], number: int) -> Sequence[Server]:
    """Another begins in every round."""
    at = number % len(running)
    return [*running[at:], *running[:at]]


def _block(name: str, load: Load) -> str:
    return f"{name}, {load.clients} client{'s' if load.clients > 1 else ''}"


# What is told


def _summed(trials: Trials) -> Figures:
    rows = {place: {name: median(values) for name, values in row.items()} for place, row in trials.rows.items()}
    figures = {
        f"{block}, {server}: {name}": value
        for (block, server), row in rows.items()
        for name, value in row.items()
        if name != "asked of Edge"
    }
    figures["processor of the loopback per request, ms"] = median(trials.edge)
    figures["processor of the clients per request, ms"] = median(trials.clients)
    ahead = list(_ahead(figures))
    return figures | {NEVER: float(len(ahead)) if len({server for _, server in rows}) > 2 else nan}


def _ahead(figures: Mapping[str, float]) -> Iterator[str]:
    """Where a peer is ahead, and by how much."""
    for name, value in figures.items():
        place, _, column = name.partition(": ")
        block, _, server = place.rpartition(", ")
        if server in (SAYSO, FLOOR) or column in ("", RATIO, SHARE):
            continue
        ours = figures[f"{block}, {SAYSO}: {column}"]
        behind = value / ours if column == RATE else ours / value
        if behind > TIE:
            yield f"{name} {value:.3g}, {SAYSO} {ours:.3g}"


def _print(figures: Figures, peers: Path) -> None:
    print(in_a_line())
    print(f"answers of {len(SOUND):,} bytes; medians of the rounds; Sayso with 32 slots for edge")
    blocks = {name.rpartition(": ")[0].rpartition(", ")[0]: None for name in figures if ": " in name}
    for block in blocks:
        _table(
            block, {name.removeprefix(f"{block}, "): v for name, v in figures.items() if name.startswith(f"{block}, ")}
        )
    print()
    for name, value in figures.items():
        if ": " not in name:
            print(f"{name}: {value:.3g}")
    for line in _ahead(figures):
        print(f"  {line}")
    for peer in absent(peers):
        print(f"{peer.name} is not here, and so is left out; to have it beside: {peer.told(peers)}")


def _table(block: str, cells: Mapping[str, float]) -> None:
    """The rows and columns of ``server: column``."""
    rows = _in_order(name.partition(": ")[0] for name in cells)
    columns = _in_order(name.partition(": ")[2] for name in cells)
    width = max(len(block), *(len(row) + 2 for row in rows))
    print(f"\n{block:<{width}}" + "".join(f"  {column}" for column in columns))
    for row in rows:
        values = [f"  {cells.get(f'{row}: {column}', nan):>{len(column)},.4g}" for column in columns]
        print(f"  {row:<{width - 2}}" + "".join(values))


def _in_order(names: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(names))


def main() -> None:
    parser = argparse.ArgumentParser(description="The speech server beside its peers.")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    folder = Path(environ.get("SAYSO_BENCH_PEERS", PEERS)).expanduser()
    parser.add_argument("--peers", type=Path, default=folder, help=f"the folder with the peers ({folder})")
    given = parser.parse_args()
    figures = measure(given.peers.absolute(), given.rounds)
    if given.json:
        print(json.dumps({"machine": machine(), "figures": figures}))
    else:
        _print(figures, given.peers)


if __name__ == "__main__":
    main()
