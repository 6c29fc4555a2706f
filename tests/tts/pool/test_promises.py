"""Pool: what it promises whatever happens, over crowds in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import EngineError, EngineTimeout, EngineUnavailable, NothingToSay
from bot.speech import Pcm
from bot.tts.pool import Member, Pool
from tests.doubles.clock import now, run
from tests.doubles.engine import FakeEngine, Script
from tests.tts.pool.crew import HELLO, able

WELL = Script(pieces=2, delay=0.1)
ROUNDS = 8


@dataclass(slots=True)
class Moody(FakeEngine):
    """Fails, rests and breaks off by chance; which of its utterances were begun and heard whole is kept by number."""

    moods: list[Script] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sleep = asyncio.sleep
        self.scripts = [replace(mood, error=_anew(mood.error)) for mood in self.moods] or [WELL]


def _anew(error: EngineError | None) -> EngineError | None:
    return None if error is None else type(error)(error.engine, str(error), retry_after=error.retry_after)


moods = st.sampled_from(
    [
        WELL,
        WELL,
        Script(pieces=0, error=EngineUnavailable("crew", "Down.")),
        Script(pieces=0, delay=3.0, error=EngineTimeout("crew", "Silent.")),
        Script(pieces=0, error=EngineUnavailable("crew", "Slow down.", retry_after=7.0)),
        Script(pieces=1, delay=0.1, error=EngineUnavailable("crew", "It broke off.")),
        Script(pieces=0, error=NothingToSay("crew", "Blank.")),
    ]
)

members = st.lists(
    st.tuples(st.lists(moods, max_size=8), st.sampled_from([0.5, 1.0, 3.0]), st.integers(1, 3)), min_size=1, max_size=5
)

askers = st.lists(st.tuples(st.floats(0, 30), st.sampled_from([None, None, 0.0, 0.05, 1.0])), max_size=30)
"""When each comes, and after how long it leaves, if it does."""


@given(members, askers, st.booleans())
def test_nothing_is_asked_twice_and_every_slot_is_given_back(
    crew: list[tuple[list[Script], float, int]], crowd: list[tuple[float, float | None]], checked: bool
) -> None:
    """Whatever the members do and whoever leaves; and what is outstanding is never less than nothing."""
    engines = [Moody("crew", moods=script, capabilities=able(slots)) for script, _, slots in crew]
    pool = _pool(engines, [weight for _, weight, _ in crew])

    async def ask(number: int, at: float, patience: float | None) -> None:
        await asyncio.sleep(at)
        async with asyncio.timeout(patience):
            async for _ in pool.synthesize(replace(HELLO, text=str(number))):
                assert min(member.outstanding for member in pool.health) >= 0

    async def everybody() -> None:
        if checked:
            await pool.__aenter__()
        outcomes = await asyncio.gather(
            *(ask(number, *asker) for number, asker in enumerate(crowd)), return_exceptions=True
        )
        assert all(isinstance(outcome, None | EngineError | TimeoutError) for outcome in outcomes)
        assert [member.outstanding for member in pool.health] == [0] * len(engines)
        await pool.__aexit__(None, None, None)

    run(everybody())
    for engine in engines:
        assert engine.active == 0
        assert max(Counter(utterance.text for utterance in engine.asked).values(), default=0) <= 1


@given(members, st.lists(st.floats(0, 30), max_size=30), st.integers(0, 5))
def test_no_call_is_lost_while_one_member_is_well(
    crew: list[tuple[list[Script], float, int]], crowd: list[float], place: int
) -> None:
    """Whatever the others do before their first sound, each is heard whole, once."""
    silent = [([mood for mood in script if _loses_nothing(mood)], weight, slots) for script, weight, slots in crew]
    engines = [Moody("crew", moods=script, capabilities=able(slots)) for script, _, slots in silent]
    engines.insert(place, Moody("crew"))
    pool = _pool(engines, [1.0] * len(engines))

    async def ask(number: int, at: float) -> list[Pcm]:
        await asyncio.sleep(at)
        return [pcm async for pcm in pool.synthesize(replace(HELLO, text=str(number)))]

    async def everybody() -> None:
        async with pool:
            heard = await asyncio.gather(*(ask(number, at) for number, at in enumerate(crowd)))
        assert [len(sound) for sound in heard] == [2] * len(crowd)
        assert [{pcm.spoken.text for pcm in sound} for sound in heard] == [{str(n)} for n in range(len(crowd))]

    run(everybody())
    finished = Counter(utterance.text for engine in engines for utterance in engine.finished)
    assert finished == Counter(str(number) for number in range(len(crowd)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_shares_follow_the_weights(weights: list[int]) -> None:
    """Of those that are alike, when there is always enough to do."""
    engines = [Moody("crew", capabilities=able(100)) for _ in weights]
    pool = _pool(engines, [float(weight) for weight in weights])
    askers = 6 * sum(weights)

    async def keep_asking() -> None:
        for _ in range(ROUNDS):
            _ = [pcm async for pcm in pool.synthesize(HELLO)]

    async def everybody() -> None:
        await asyncio.gather(*(keep_asking() for _ in range(askers)))

    run(everybody())
    shares = [len(engine.finished) / (ROUNDS * askers) for engine in engines]
    assert shares == pytest.approx([weight / sum(weights) for weight in weights], rel=0.1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_a_faster_member_gets_more_without_being_told_so(seed: int) -> None:
    """Where there is more to do than the slower can."""
    chance = random.Random(seed)
    fast, slow = (Moody("crew", moods=[Script(1, delay)], capabilities=able(4)) for delay in (0.5, 2.0))
    pool = _pool([slow, fast], [1.0, 1.0])

    async def ask(at: float) -> None:
        await asyncio.sleep(at)
        _ = [pcm async for pcm in pool.synthesize(HELLO)]

    async def everybody() -> None:
        await asyncio.gather(*(ask(chance.uniform(0, 20)) for _ in range(120)))

    run(everybody())
    assert len(fast.finished) > 1.5 * len(slow.finished)


def _pool(engines: list[Moody], weights: list[float]) -> Pool:
    members = [Member(engine, f"m{n}", weight) for n, (engine, weight) in enumerate(zip(engines, weights, strict=True))]
    return Pool("crew", members, clock=_clock, chance=lambda: 0.5)


def _clock() -> float:
    return now()


def _loses_nothing(mood: Script) -> bool:
    return mood.error is None or (mood.pieces == 0 and mood.error.trips)
