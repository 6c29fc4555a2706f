"""A crowd that wants things said, and what becomes of it: the simulation behind the fairness tests and the bench.

Simulated engines make ``1 / rtf`` seconds of audio in a second. Run :func:`through_dispatcher` in virtual time
(:mod:`tests.doubles.clock`); :func:`through_fifo` is the same crowd in one plain line.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from itertools import pairwise
from statistics import fmean
from types import MappingProxyType

from bot.queue import Dispatcher, Job, Limits, Position, Ticket
from bot.speech import Priority, Refusal
from tests.doubles.clock import now

ENDLESS = Limits(1_000_000, 1_000_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants ``len(sentences)`` sentences said, of so many seconds of audio each, from ``at`` on."""

    guild: str
    user: str
    at: float
    sentences: tuple[float, ...]
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence as it was heard: when it was asked for, and when it began and ended; ``told`` is the position then."""

    wish: Wish
    number: int
    asked: float
    began: float
    ended: float
    told: Position | None = None

    @property
    def wait(self) -> float:
        """Seconds from asking to beginning."""
        return self.began - self.asked


@dataclass(frozen=True, slots=True)
class Promise:
    """What one who waits was told time and again, as ``(when, position)``; when they ``began``, and what came before.

    ``ahead`` are the jobs that had a turn from the first telling on.
    """

    told: tuple[tuple[float, Position], ...]
    began: float
    ahead: int

    @property
    def wait(self) -> float:
        """Seconds from the first telling to the beginning."""
        return self.began - self.told[0][0]

    @property
    def eta(self) -> float:
        """The wait that was told first."""
        return self.told[0][1].eta

    @property
    def errors(self) -> list[float]:
        """Seconds too much, each time."""
        return [position.eta - (self.began - at) for at, position in self.told]

    @property
    def rises(self) -> list[float]:
        """Seconds by which the moment that was told moved away, from each time to the next."""
        moments = [at + position.eta for at, position in self.told]
        return [later - sooner for sooner, later in pairwise(moments)]


async def through_dispatcher(
    wishes: Iterable[Wish],
    *,
    slots: int = 1,
    rtf: float = 0.1,
    dispatcher: Dispatcher | None = None,
    guess: Callable[[float], float] = float,
    told: bool = False,
    announced: bool = True,
) -> list[Heard]:
    """Let everybody have their say; ``guess`` estimates a sentence's seconds, ``told`` asks for positions.

    Unless ``announced``, nobody says at first how much they are going to say.
    """
    crowd = dispatcher or Dispatcher({"e": slots}, limits=ENDLESS, clock=now, rtf={"e": rtf})
    heard: list[Heard] = []

    async def say(number: int, wish: Wish) -> None:
        await asyncio.sleep(wish.at - now())
        guesses = [guess(seconds) for seconds in wish.sentences]
        announcement = (sum(guesses), len(guesses)) if announced else ()
        ticket = crowd.admit(Job(f"{number}", wish.guild, wish.user, wish.priority, wish.at), "e", *announcement)
        assert not isinstance(ticket, Refusal), ticket
        with ticket:
            for place, seconds in enumerate(wish.sentences):
                asked, position = now(), ticket.position if told else None
                async with ticket.turn(guesses[place]):
                    began = now()
                    await asyncio.sleep(seconds * rtf)
                    ticket.made(seconds)
                    heard.append(Heard(wish, place, asked, began, now(), position))

    async with asyncio.TaskGroup() as tasks:
        for number, wish in enumerate(wishes):
            tasks.create_task(say(number, wish))
    return sorted(heard, key=lambda item: item.began)


async def promised(
    wishes: Sequence[Wish],
    asker: Wish,
    *,
    slots: int = 1,
    rtf: float = 0.1,
    guess: Callable[[float], float] = float,
    announced: bool = True,
    weights: Mapping[str, float] = MappingProxyType({}),
    every: float = 0.25,
) -> Promise:
    """What ``asker`` is told of the wait for the first turn behind ``wishes``, and what comes of it."""
    crowd = Dispatcher({"e": slots}, limits=ENDLESS, clock=now, rtf={"e": rtf})
    for guild, weight in weights.items():
        crowd.weigh(guild, weight)
    told: list[tuple[float, Position]] = []

    async def watch(ticket: Ticket) -> None:
        while True:
            told.append((now(), ticket.position))
            await asyncio.sleep(every)

    async def ask() -> float:
        await asyncio.sleep(asker.at - now())
        job = Job("asker", asker.guild, asker.user, asker.priority, asker.at)
        ticket = crowd.admit(job, "e", sum(asker.sentences), len(asker.sentences))
        assert isinstance(ticket, Ticket)
        with ticket:
            watching = asyncio.create_task(watch(ticket))
            await asyncio.sleep(0)
            async with ticket.turn(asker.sentences[0]):
                watching.cancel()
                began = now()
                await asyncio.sleep(asker.sentences[0] * rtf)
            return began

    others = through_dispatcher(wishes, rtf=rtf, dispatcher=crowd, guess=guess, announced=announced)
    heard, began = await asyncio.gather(others, ask())
    ahead = {id(item.wish) for item in heard if told[0][0] < item.began < began}
    return Promise(tuple(told), began, len(ahead))


def through_fifo(wishes: Iterable[Wish], *, slots: int = 1, rtf: float = 0.1) -> list[Heard]:
    """The same in one line, first come first served, each wish at a stretch."""
    heard: list[Heard] = []
    free = [0.0] * slots
    heapify(free)
    for wish in sorted(wishes, key=lambda wish: wish.at):
        began = max(free[0], wish.at)
        for number, seconds in enumerate(wish.sentences):
            heard.append(Heard(wish, number, wish.at, began, began + seconds * rtf))
            began += seconds * rtf
        heapreplace(free, began)
    return heard


def hog_and_quiet(*, quiet: int = 50, hog: int = 1_000, each: int = 5, seed: int = 1) -> list[Wish]:
    """One guild with ``hog`` wishes at once, and ``quiet`` guilds with ``each`` over the time those take alone."""
    chance = random.Random(seed)
    wishes = [Wish("hog", f"u{n % 20}", 0.0, (chance.uniform(1.0, 6.0),)) for n in range(hog)]
    span = sum(wish.sentences[0] for wish in wishes) * 0.1
    for guild in range(quiet):
        wishes += [
            Wish(f"quiet{guild}", "u", chance.uniform(0.0, span), (chance.uniform(1.0, 6.0),)) for _ in range(each)
        ]
    return wishes


def ratios(heard: Sequence[Heard], *, slots: int = 1) -> list[float]:
    """For each sentence of a quiet guild: its wait over its ideal share of it.

    The ideal: everybody who has anything waiting or running when it is asked for has one mean slice before it.
    """
    slice = fmean(item.ended - item.began for item in heard)
    events = sorted(
        [(item.asked, 1, item.wish.guild) for item in heard] + [(item.ended, 0, item.wish.guild) for item in heard]
    )
    open_, active, found = defaultdict[str, int](int), set[str](), defaultdict[tuple[str, float], int](int)
    for at, begins, guild in events:
        open_[guild] += 1 if begins else -1
        (active.add if open_[guild] else active.discard)(guild)
        if begins:
            found[guild, at] = len(active)
    quiet = [item for item in heard if item.wish.guild != "hog"]
    return [item.wait / (slice * found[item.wish.guild, item.asked] / slots) for item in quiet]


def shares(heard: Iterable[Heard], until: float) -> dict[str, float]:
    """Seconds of audio that each guild had by ``until``."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for item in heard:
        seconds[item.wish.guild] += item.wish.sentences[item.number] if item.began < until else 0.0
    return seconds


def jain(values: Iterable[float]) -> float:
    """Jain's index of fairness: 1 if all have the same, 1/n if one of n has everything."""
    shares = list(values)
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


def percentile(values: Iterable[float], part: float) -> float:
    """The least value that is not exceeded by ``part`` of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
