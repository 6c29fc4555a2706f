"""Retry: once more, if that may help and nothing was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY

from bot.errors import (
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Pcm, Utterance
from bot.tts.engine import Voice
from bot.tts.retry import Retry
from tests.doubles.engine import FakeEngine, Script

HELLO = Utterance("Hello.", "fake", "heart", "en")
AWAY = Script(pieces=0, error=EngineUnavailable("fake", "away"))
WELL = Script()


@dataclass(slots=True)
class Clock:
    """A clock that only sleeping moves; ``held`` is how many calls were open whenever somebody slept."""

    engine: FakeEngine
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, span: float) -> None:
        self.slept.append(span)
        self.held.append(self.engine.active)
        self.now += span


def retried(*scripts: Script, chance: float = 0.5, **settings: float) -> tuple[Retry, FakeEngine, Clock]:
    """A retry over an engine that goes by these scripts; a chance of 0.5 is no jitter."""
    engine = FakeEngine(scripts=scripts)
    clock = Clock(engine)
    retry = Retry(engine, clock=clock, sleep=clock.sleep, chance=lambda: chance, **settings)  # type: ignore[arg-type]
    return retry, engine, clock


async def say(engine: Retry) -> list[Pcm]:
    return [pcm async for pcm in engine.synthesize(HELLO)]


async def listen(engine: Retry, heard: list[Pcm]) -> None:
    async for pcm in engine.synthesize(HELLO):
        heard.append(pcm)  # noqa: PERF401 (what came before a failure counts)


def counted() -> float:
    return REGISTRY.get_sample_value("tts_retries_total", {"engine": "fake"}) or 0.0


@pytest.mark.parametrize(
    "error", [EngineUnavailable("fake", "away"), EngineTimeout("fake", "silent"), EngineTruncated("fake", "cut")]
)
async def test_what_may_pass_is_tried_again(error: EngineError) -> None:
    """Whoever listens hears the sound once, and nothing of what went wrong."""
    retry, engine, clock = retried(Script(pieces=0, error=error), WELL)
    assert len(await say(retry)) == 3
    assert engine.asked == [HELLO, HELLO]
    assert clock.slept == [0.25]


@pytest.mark.parametrize("kind", [EngineBroken, EngineRejected, UnknownVoice, NothingToSay, LanguageNotSpoken])
async def test_what_will_not_pass_is_raised_at_once(kind: type[EngineError]) -> None:
    """What is wrong with the engine as it is set up, or with the input, is the same a second later."""
    retry, engine, clock = retried(Script(pieces=0, error=kind("fake", "no")), WELL)
    with pytest.raises(kind):
        await say(retry)
    assert (len(engine.asked), clock.slept) == (1, [])


async def test_an_error_that_is_not_an_engines_is_left_alone() -> None:
    """A mistake in the program does not become better by making it again."""
    retry, engine, _ = retried(Script(pieces=0, error=ValueError("oops")), WELL)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="oops"):
        await say(retry)
    assert len(engine.asked) == 1


async def test_nothing_is_tried_again_after_the_first_sound() -> None:
    """Nobody wants half a sentence and then the whole of it."""
    retry, engine, _ = retried(Script(pieces=1, error=EngineTruncated("fake", "cut")), WELL)
    heard: list[Pcm] = []
    with pytest.raises(EngineTruncated):
        await listen(retry, heard)
    assert (len(heard), len(engine.asked)) == (1, 1)


async def test_it_gives_up_after_so_many_attempts() -> None:
    """With the error of the last."""
    errors = [EngineUnavailable("fake", str(number)) for number in range(5)]
    retry, engine, _ = retried(*(Script(pieces=0, error=error) for error in errors), attempts=3)
    with pytest.raises(EngineUnavailable, match="2"):
        await say(retry)
    assert len(engine.asked) == 3


async def test_one_attempt_is_none_again() -> None:
    """Which is how it is turned off."""
    retry, engine, clock = retried(AWAY, attempts=1)
    with pytest.raises(EngineUnavailable):
        await say(retry)
    assert (len(engine.asked), clock.slept) == (1, [])


async def test_pauses_double_up_to_the_longest() -> None:
    """So that an engine that is down is not knocked at all the time."""
    retry, _, clock = retried(AWAY, attempts=6, pause=1.0, longest=5.0)
    with pytest.raises(EngineUnavailable):
        await say(retry)
    assert clock.slept == [1.0, 2.0, 4.0, 5.0, 5.0]


async def test_pauses_are_short_unless_told_otherwise() -> None:
    """A sentence is waited for."""
    retry, _, clock = retried(AWAY, attempts=8)
    with pytest.raises(EngineUnavailable):
        await say(retry)
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 0.5), (0.25, 0.75), (1.0, 1.5)])
async def test_pauses_vary(chance: float, pause: float) -> None:
    """Between half and one and a half, so that many bots do not return in step."""
    retry, _, clock = retried(AWAY, WELL, chance=chance, pause=1.0)
    await say(retry)
    assert clock.slept == [pause]


async def test_it_stays_away_for_as_long_as_the_engine_asks() -> None:
    """Not shorter."""
    asks = Script(pieces=0, error=EngineUnavailable("fake", "busy", retry_after=7.0))
    retry, _, clock = retried(asks, WELL)
    assert await say(retry)
    assert clock.slept == [7.0]


async def test_an_engine_that_asks_for_nothing_is_not_stormed() -> None:
    """Come back after 0 seconds, says many a server that is overrun."""
    asks = Script(pieces=0, error=EngineUnavailable("fake", "busy", retry_after=0.0))
    retry, _, clock = retried(asks, WELL)
    await say(retry)
    assert clock.slept == [0.25]


async def test_an_engine_that_asks_for_longer_than_there_is_time_is_given_up_at_once() -> None:
    """So that another may speak in its place, and a breaker learns of the time to stay away."""
    asks = Script(pieces=0, error=EngineUnavailable("fake", "busy", retry_after=30.0))
    retry, engine, clock = retried(asks, WELL, within=30.0)
    with pytest.raises(EngineUnavailable) as caught:
        await say(retry)
    assert caught.value.retry_after == 30.0
    assert (len(engine.asked), clock.slept) == (1, [])


async def test_no_pause_is_begun_that_would_end_too_late() -> None:
    """Whoever waits hears sound or an error within the time that was promised."""
    retry, engine, clock = retried(AWAY, attempts=99, within=10.0, pause=1.0, longest=100.0)
    with pytest.raises(EngineUnavailable):
        await say(retry)
    assert clock.slept == [1.0, 2.0, 4.0]
    assert len(engine.asked) == 4


async def test_the_time_that_attempts_take_counts() -> None:
    """Two attempts that are silent for their whole time are enough."""
    retry, engine, clock = retried(Script(pieces=0, error=EngineTimeout("fake", "silent")), within=30.0)

    def slow() -> Iterator[float]:
        while True:
            yield clock.now + 16.0 * len(engine.asked)

    times = slow()
    retry._clock = lambda: next(times)
    with pytest.raises(EngineTimeout):
        await say(retry)
    assert len(engine.asked) == 2


async def test_each_utterance_has_its_own_attempts() -> None:
    """What the last one has used up is not missed by the next."""
    retry, engine, _ = retried(AWAY, WELL, AWAY, WELL, attempts=2)
    assert await say(retry)
    assert await say(retry)
    assert len(engine.asked) == 4


async def test_nothing_of_the_engine_is_held_through_a_pause() -> None:
    """Neither a connection nor a slot."""
    retry, _, clock = retried(AWAY, AWAY, WELL)
    await say(retry)
    assert clock.held == [0, 0]


async def test_attempts_are_counted() -> None:
    """Those again, not the first."""
    before = counted()
    retry, _, _ = retried(AWAY, AWAY, WELL)
    await say(retry)
    assert counted() - before == 2


async def test_what_is_given_up_is_not_counted_as_tried_again() -> None:
    """The error after the last attempt is followed by none."""
    before = counted()
    retry, _, _ = retried(AWAY, attempts=2)
    with pytest.raises(EngineUnavailable):
        await say(retry)
    assert counted() - before == 1


async def test_whoever_is_cancelled_in_a_pause_is_not_tried_for_again() -> None:
    """Nobody is there to hear it."""
    engine = FakeEngine(scripts=(AWAY,))
    asleep = asyncio.Event()

    async def for_ever(_: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    speaking = asyncio.create_task(say(Retry(engine, sleep=for_ever)))
    await asleep.wait()
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert len(engine.asked) == 1


async def test_closing_early_ends_the_work() -> None:
    """At once."""
    retry, engine, _ = retried(AWAY, WELL)
    sound = retry.synthesize(HELLO)
    await anext(sound)
    assert engine.active == 1
    await sound.aclose()
    assert (engine.active, engine.finished) == (0, [])


async def test_it_looks_like_the_engine() -> None:
    """Name, capabilities, voices and what it says of itself; asked once, and not owned."""
    heart = Voice("fake", "heart", "en")
    engine = FakeEngine(installed=(heart,), report="7 voices")
    async with Retry(engine) as retry:
        assert (retry.name, retry.capabilities) == (engine.name, engine.capabilities)
        assert await retry.voices() == (heart,)
        assert await retry.check() == "7 voices"
        assert engine.entered == 0


async def test_a_check_is_not_tried_again() -> None:
    """It asks how things are now."""
    engine = FakeEngine(report=EngineUnavailable("fake", "away"))
    with pytest.raises(EngineUnavailable):
        await Retry(engine).check()
