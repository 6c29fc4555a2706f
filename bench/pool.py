"""The pool: what choosing the least busy is worth beside taking turns and chance, and what a pass through it costs.

Servers of different speed, in virtual time: each speaks one utterance at a time, for times drawn from an exponential
distribution, and lets the others wait, as a server does. Under pressure there are always four askers for each server;
for the waits askers come by chance, at three quarters of what all can do. One of four servers that goes away refuses
everything for a tenth of the time. Costs are of the processor.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from itertools import cycle
from statistics import median

from bench.report import main
from bot.errors import EngineError, EngineUnavailable
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Engine
from bot.tts.pool import Member, Pool
from tests.doubles import crowd
from tests.doubles.clock import now, run
from tests.doubles.engine import RATE, FakeEngine, Script, tone

CREWS = {"1 server": (1.0,), "2 servers": (1.0, 3.0), "4 servers": (0.5, 1.0, 2.0, 4.0)}
"""How many utterances each of them speaks in a second."""

CALLS = 3_000
PASSES = 5_000
ROUNDS = 5
HELLO = Utterance("Hello.", "crew", "v", "en")
SOUND = tone()
ONE = Capabilities(frozenset({"en"}), RATE, max_chars=500, slots=1, streaming=True)

Speak = Callable[[], AsyncGenerator[Pcm, None]]
Choice = Callable[[Sequence[Engine], Sequence[float], int], Speak]


class Server(FakeEngine):
    """Speaks one utterance after the other; away, it refuses at once."""

    def __init__(self, speed: float, seed: int, away: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__("crew", capabilities=ONE)
        self._speed = speed
        self._chance = random.Random(seed)
        self._line = asyncio.Lock()
        self._away = away

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        if self._away[0] <= now() < self._away[1]:
            raise EngineUnavailable("crew", "Away.")
        async with self._line:
            yield Pcm(SOUND, RATE, utterance)
            await asyncio.sleep(self._chance.expovariate(self._speed))

    async def check(self) -> str:
        if self._away[0] <= now() < self._away[1]:
            raise EngineUnavailable("crew", "Away.")
        return "well"


def by_pool(servers: Sequence[Engine], weights: Sequence[float], _seed: int) -> Speak:
    """Through the pool."""
    members = [Member(server, f"m{n}", weights[n]) for n, server in enumerate(servers)]
    pool = Pool("crew", members, clock=now, chance=lambda: 0.5)
    return lambda: pool.synthesize(HELLO)


def alike(servers: Sequence[Engine], _weights: Sequence[float], seed: int) -> Speak:
    """Through a pool that is not told who is faster."""
    return by_pool(servers, [1.0] * len(servers), seed)


def in_turn(servers: Sequence[Engine], weights: Sequence[float], _seed: int) -> Speak:
    """Each in turn, so often as its weight says, spread evenly."""
    times = [round(weight / min(weights)) for weight in weights]
    turns = sorted(((k + 0.5) / n, place) for place, n in enumerate(times) for k in range(n))
    places = cycle([place for _, place in turns])
    return lambda: servers[next(places)].synthesize(HELLO)


def by_chance(servers: Sequence[Engine], weights: Sequence[float], seed: int) -> Speak:
    """Any of them, so probably as its weight says."""
    chance = random.Random(seed)
    return lambda: chance.choices(servers, weights)[0].synthesize(HELLO)


CHOICES: dict[str, Choice] = {"pool": by_pool, "pool, alike": alike, "turns": in_turn, "chance": by_chance}


def measure() -> dict[str, float]:
    """Medians over several runs: times and ratios as the names say."""
    rounds = [_crews(seed) | _away(seed) for seed in range(ROUNDS)]
    figures = {name: median(figures[name] for figures in rounds) for name in rounds[0]}
    return figures | {name: median(_cost(members) for _ in range(ROUNDS)) for name, members in PASSED.items()}


def _crews(seed: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for crew, speeds in CREWS.items():
        rates = {name: run(_pressed(choice, speeds, seed)) for name, choice in CHOICES.items()}
        waits = {name: run(_calm(choice, speeds, seed)) for name, choice in CHOICES.items()}
        figures |= {f"{crew}, {name}, utterances/s under pressure": rate for name, rate in rates.items()}
        figures |= {f"{crew}, {name}, p95 wait, s": wait for name, wait in waits.items()}
        if len(speeds) > 1:
            for name in ("turns", "chance"):
                figures[f"{crew}, p95 wait, pool / {name}"] = waits["pool"] / waits[name]
                figures[f"{crew}, p95 wait, pool, alike / {name}"] = waits["pool, alike"] / waits[name]
    return figures


def _servers(speeds: Sequence[float], seed: int) -> list[Server]:
    return [Server(speed, seed * 10 + n) for n, speed in enumerate(speeds)]


async def _pressed(choice: Choice, speeds: Sequence[float], seed: int) -> float:
    """Utterances a second when there is always somebody who wants one."""
    speak, left = choice(_servers(speeds, seed), speeds, seed), CALLS

    async def keep_asking() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await _wait(speak)

    await asyncio.gather(*(keep_asking() for _ in range(4 * len(speeds))))
    return CALLS / now()


async def _calm(choice: Choice, speeds: Sequence[float], seed: int) -> float:
    """The wait for the first sound that 95 of 100 do not exceed."""
    speak, chance = choice(_servers(speeds, seed), speeds, seed), random.Random(seed)
    async with asyncio.TaskGroup() as tasks:
        calls = []
        for _ in range(CALLS):
            await asyncio.sleep(chance.expovariate(0.75 * sum(speeds)))
            calls.append(tasks.create_task(_wait(speak)))
    return crowd.percentile([call.result() for call in calls], 0.95)


async def _wait(speak: Speak) -> float:
    began, waited = now(), 0.0
    async with aclosing(speak()) as sound:
        async for _ in sound:
            waited = waited or now() - began
    return waited


def _away(seed: int) -> dict[str, float]:
    """Of 1,000 utterances, how many are lost when one of four servers goes away for a tenth of the time."""
    return {f"one of 4 away, {name}, lost of 1,000": run(_lost(choice, seed)) for name, choice in CHOICES.items()}


async def _lost(choice: Choice, seed: int) -> float:
    span = CALLS / 3.0
    servers = [Server(1.0, seed * 10 + n, (0.4 * span, 0.5 * span) if n == 2 else (0.0, 0.0)) for n in range(4)]
    speak, chance, lost = choice(servers, [1.0] * 4, seed), random.Random(seed), 0

    async def ask() -> None:
        nonlocal lost
        try:
            await _wait(speak)
        except EngineError:
            lost += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLS):
            await asyncio.sleep(chance.expovariate(3.0))
            tasks.create_task(ask())
    return lost / CALLS * 1000


PASSED = {f"a pass through a pool of {n}, us": n for n in (1, 4, 32)}


def _cost(members: int) -> float:
    """Microseconds that the pool adds to one utterance of one piece."""
    engines = [FakeEngine("crew", [Script(1)]) for _ in range(members)]
    pool = Pool("crew", [Member(engine, f"m{n}") for n, engine in enumerate(engines)])
    return asyncio.run(_passes(pool)) - asyncio.run(_passes(FakeEngine("crew", [Script(1)])))


async def _passes(engine: Engine) -> float:
    began = time.process_time()
    for _ in range(PASSES):
        async with aclosing(engine.synthesize(HELLO)) as sound:
            async for _ in sound:
                pass
    return (time.process_time() - began) / PASSES * 1e6


if __name__ == "__main__":
    main(measure)
