"""Turns: a push and a pop in a full house, a turn through the Dispatcher, positions, and what fairness is worth.

The house of 10,000 guilds holds 100,000 jobs of four users each while it is measured. The crowd is one guild with 1,000
wishes and 50 quiet ones, in virtual time, through the dispatcher and, beside it, through one plain line. Times are of
the processor: nothing here waits, so that on a busy machine the clock on the wall would measure the others.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from statistics import median

from bench.report import main
from bot.queue import Dispatcher, FairQueue, Job, Ticket
from bot.speech import Priority
from tests.doubles import crowd
from tests.doubles.clock import run

GUILDS = 10_000
JOBS = 100_000
PAIRS = 20_000
TURNS = 5_000
ROUNDS = 5


def measure() -> dict[str, float]:
    """Medians over several runs: times and ratios as the names say."""
    figures = _medians(_house) | _medians(_announced)
    figures["turn through Dispatcher, us"] = median(asyncio.run(_turns(1)) for _ in range(ROUNDS))
    figures["turn through Dispatcher with 200 waiting, us"] = median(asyncio.run(_turns(200)) for _ in range(ROUNDS))
    return figures | _medians(_crowd)


def _medians(measure: Callable[[int], dict[str, float]]) -> dict[str, float]:
    rounds = [measure(seed) for seed in range(ROUNDS)]
    return {name: median(figures[name] for figures in rounds) for name in rounds[0]}


def _house(seed: int) -> dict[str, float]:
    chance = random.Random(seed)
    jobs = [_job(chance, n) for n in range(JOBS + PAIRS)]
    costs = [chance.uniform(1.0, 6.0) for _ in jobs]
    queue = FairQueue()

    def push(n: int) -> None:
        queue.push(jobs[n], costs[n])

    def pop_and_push(n: int) -> None:
        queue.pop(n * 1e-3)
        queue.push(jobs[n], costs[n])

    filling = _timed(push, range(JOBS))
    pair = _timed(pop_and_push, range(JOBS, JOBS + PAIRS))
    waiting = [job.id for job in jobs if job.id in queue]
    queue.push(newcomer := Job("new", "new", "u", Priority.NORMAL, 1e3), 3.0)
    coming = _timed(lambda _: queue.position(newcomer.id), range(1))
    queue.position(waiting[-1])
    position = _timed(lambda _: queue.position(chance.choice(waiting)), range(10))
    emptying = _timed(lambda _: queue.pop(1e3), range(JOBS))
    return {
        "push, us": filling,
        "pop, us": emptying,
        "push + pop at 10,000 guilds x 100,000 jobs, us": pair,
        "position of a newcomer there, ms": coming / 1000,
        "position of anybody there, ms": position / 1000,
    }


def _announced(seed: int) -> dict[str, float]:
    """The same house where every job announced ten turns: it comes again at once until it has had them."""
    chance = random.Random(seed)
    jobs, queue = [_job(chance, n) for n in range(JOBS)], FairQueue()

    def pop_and_push(n: int) -> None:
        turn = queue.pop(n * 1e-3)
        assert turn is not None
        queue.settle(turn, turn.cost, n * 1e-3)
        queue.push(turn.job, turn.cost)

    expecting = _timed(lambda n: queue.expect(jobs[n], 30.0, 10), range(JOBS))
    for job in jobs:
        queue.push(job, chance.uniform(1.0, 6.0))
    pair = _timed(pop_and_push, range(PAIRS))
    first = _timed(lambda n: queue.position(jobs[-1 - n].id, 1e3, rate=0.1), range(10))
    several = _timed(lambda n: queue.position(jobs[n].id, 1e3, slots=8, rate=0.1), range(10))
    forgetting = _timed(lambda n: queue.forget(jobs[n].id), range(JOBS))
    return {
        "expect + forget, us": expecting + forgetting,
        "pop + settle + push where all announced ten turns, us": pair,
        "position there, ms": first / 1000,
        "position there with eight slots, ms": several / 1000,
    }


def _job(chance: random.Random, n: int) -> Job:
    guild = n % GUILDS
    return Job(f"{n}", f"g{guild}", f"u{guild}-{chance.randrange(4)}", chance.choice(list(Priority)), n * 1e-3)


def _timed(step: Callable[[int], object], numbers: range) -> float:
    """Microseconds for each call."""
    began = time.process_time()
    for n in numbers:
        step(n)
    return (time.process_time() - began) / len(numbers) * 1e6


async def _turns(jobs: int) -> float:
    """Microseconds for each turn of so many jobs that ask for one after the other on one slot."""
    dispatcher, ids = Dispatcher({"e": 1}, limits=crowd.ENDLESS), count()

    async def say(guild: str) -> None:
        ticket = dispatcher.admit(Job(f"{next(ids)}", guild, "u", Priority.NORMAL, time.monotonic()), "e")
        assert isinstance(ticket, Ticket)
        with ticket:
            for _ in range(TURNS // jobs):
                async with ticket.turn(1.0):
                    ticket.made(1.0)

    began = time.process_time()
    await asyncio.gather(*(say(f"g{n}") for n in range(jobs)))
    return (time.process_time() - began) / (TURNS // jobs * jobs) * 1e6


def _crowd(seed: int) -> dict[str, float]:
    wishes = crowd.hog_and_quiet(seed=seed)
    fair, plain = run(crowd.through_dispatcher(wishes)), crowd.through_fifo(wishes)
    return {
        "quiet wait p95, fair, s": _quiet(fair),
        "quiet wait p95, FIFO, s": _quiet(plain),
        "quiet wait p95 / ideal, fair": crowd.percentile(crowd.ratios(fair), 0.95),
        "quiet wait p95 / ideal, FIFO": crowd.percentile(crowd.ratios(plain), 0.95),
        "last heard, fair / FIFO": fair[-1].ended / plain[-1].ended,
    } | _even(seed)


def _quiet(heard: list[crowd.Heard]) -> float:
    return crowd.percentile([item.wait for item in heard if item.wish.guild != "hog"], 0.95)


def _even(seed: int) -> dict[str, float]:
    """Jain's index over all 51 guilds while every one of them wants more."""
    wishes = [replace(wish, at=0.0) for wish in crowd.hog_and_quiet(each=20, seed=seed)]
    fair, plain = run(crowd.through_dispatcher(wishes)), crowd.through_fifo(wishes)
    last = {item.wish.guild: item.began for item in fair}
    until = min(last.values())
    return {
        "Jain, fair": crowd.jain(crowd.shares(fair, until).values()),
        "Jain, FIFO": crowd.jain(crowd.shares(plain, until).values()),
    }


if __name__ == "__main__":
    main(measure)
