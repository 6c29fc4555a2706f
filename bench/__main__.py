"""``make bench``: every bench in a process of its own, one after the other, with the aims beside the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan, nan

from bench.machine import in_a_line, machine

BENCHES = (
    "turns", "text", "opus", "store", "speaking", "start", "offline", "discord_say", "discord_voice", "telegram_say",
    "pool", "server", "indextts",
)  # fmt: skip

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure ought to be: at most, or at least, ``bound``."""

    bench: str
    name: str
    bound: float
    read: Callable[[Figures], float]
    least: bool = False

    def verdict(self, value: float) -> str:
        if isnan(value):
            return "not measured"
        met = value >= self.bound if self.least else value <= self.bound
        return f"{'>=' if self.least else '<='} {self.bound:g}: {'met' if met else 'MISSED'}"


def of(name: str) -> Callable[[Figures], float]:
    """The figure of this name; not a number where this machine cannot measure it."""
    return lambda figures: figures.get(name, nan)


def worst(prefix: str) -> Callable[[Figures], float]:
    """The largest of the figures whose names begin so."""
    return lambda figures: max(value for name, value in figures.items() if name.startswith(prefix))


SERVED = "32 clients, Sayso: requests/s / pass-through"
NOTICED = "200 at once, taken notice of a second, Sayso / naive"

AIMS = (
    Aim("turns", "queue, push + pop, us", 12, of("push + pop at 10,000 guilds x 100,000 jobs, us")),
    Aim("turns", "quiet guild's p95 wait / ideal share", 2, of("quiet wait p95 / ideal, fair")),
    Aim("turns", "  the same, plain FIFO", float("inf"), of("quiet wait p95 / ideal, FIFO")),
    Aim("turns", "Jain index", 0.95, of("Jain, fair"), least=True),
    Aim("turns", "  the same, plain FIFO", 0, of("Jain, FIFO"), least=True),
    Aim("text", "clean-up of 2,000 characters, worst kind, ms", 1, worst("clean 2000")),
    Aim("text", "clean-up of hostile 100 KB, worst kind, ms", 100, worst("hostile 100k")),
    Aim("opus", "Opus, levelling included, x real time", 100, of("chain, whole sentences, x real time"), least=True),
    Aim("speaking", "cache hit through Speaker, p50, ms", 3, of("cache hit p50, ms")),
    Aim("discord_say", "/say to first RTP packet, p50, ms", 60, of("/say to first RTP packet, cache hit, p50, ms")),
    Aim("discord_say", "voice autocompletion, p95, ms", 100, of("autocomplete, p95, ms")),
    Aim("discord_voice", "voice playback / FFmpegPCMAudio's, processor", 0.1, of("Sayso / FFmpegPCMAudio")),
    Aim("discord_voice", "  the same / discord.py's player by itself", float("inf"), of("Sayso / the floor")),
    Aim("telegram_say", "update to sendVoice, p50, ms", 25, of("update to sendVoice, cache hit, p50, ms")),
    Aim("telegram_say", "200 chats at once, updates taken notice of, Sayso / naive", 0, of(NOTICED), least=True),
    Aim("telegram_say", "  /help meanwhile, p50, ms", float("inf"), of("200 at once, Sayso: /help meanwhile, p50, ms")),
    Aim("telegram_say", "  the same, naive", float("inf"), of("200 at once, naive: /help meanwhile, p50, ms")),
    Aim("telegram_say", "  floods", float("inf"), of("200 at once, Sayso: floods")),
    Aim("pool", "p95 wait at 4 servers, least busy / in turns", 0.6, of("4 servers, p95 wait, pool / turns")),
    Aim("server", "requests/s / pass-through, 32 clients, Edge at once", 0.9, of(f"at once, {SERVED}"), least=True),
    Aim("server", "  the same, Edge at its pace", 0.9, of(f"250 ms, then 20 ms for each 120 ms, {SERVED}"), least=True),
    Aim("server", "  columns in which a peer is ahead", 0.5, of("columns in which a peer is ahead of Sayso")),
    Aim("server", "  cache hits/s, 32 clients", 1000, of("hits, 32 clients, Sayso: requests/s"), least=True),
    Aim(
        "indextts",
        "IndexTTS, a step of 8, bf16 / plain, times as fast",
        float("inf"),
        of("step of 8; bf16 packed: x plain"),
    ),
    Aim("start", "sayso --help, s", 0.5, of("sayso --help, s")),
    Aim("start", "sayso run idle, MiB", 150, of("sayso run idle, MiB")),
)


def main() -> None:
    figures = {name: _figures(name) for name in BENCHES}
    if "--json" in sys.argv[1:]:
        print(json.dumps({"machine": machine(), "figures": figures}))
        return
    for name, rows in figures.items():
        print(f"\n{name}")
        _table({row: f"{value:,.4g}" for row, value in rows.items()})
    print(f"\n{in_a_line()}\n\nagainst the aims")
    values = [(aim, aim.read(figures[aim.bench])) for aim in AIMS]
    _table({f"{aim.name}{' ' * n}": f"{value:>9,.3g}  {_said(aim, value)}" for n, (aim, value) in enumerate(values)})


def _said(aim: Aim, value: float) -> str:
    return "" if aim.bound in (0, float("inf")) else aim.verdict(value)


def _figures(name: str) -> Figures:
    done = subprocess.run([sys.executable, "-m", f"bench.{name}", "--json"], check=True, capture_output=True, text=True)
    figures: Figures = json.loads(done.stdout)["figures"]
    return figures


def _table(rows: Mapping[str, str]) -> None:
    width = max(len(name.rstrip()) for name in rows)
    for name, value in rows.items():
        print(f"  {name.rstrip():<{width}}  {value}")


if __name__ == "__main__":
    main()
