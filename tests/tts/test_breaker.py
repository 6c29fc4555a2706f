"""Breaker: an engine that keeps failing is left alone for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import EngineBroken, EngineError, EngineTruncated, EngineUnavailable, NothingToSay, UnknownVoice
from bot.speech import Pcm, Utterance
from bot.tts.breaker import Breaker, State
from bot.tts.engine import Voice
from tests.doubles.engine import FakeEngine, Script, at_once

HELLO = Utterance("Hello.", "fake", "v", "en")
WELL = Script()
DOWN = Script(pieces=0, error=EngineUnavailable("fake", "Down."))
TRUNCATED = Script(pieces=2, error=EngineTruncated("fake", "It broke off."))
BLANK = Script(pieces=0, error=NothingToSay("fake", "Nothing."))
THROTTLED = Script(pieces=0, error=EngineUnavailable("fake", "Slow down.", retry_after=120.0))


@dataclass(slots=True)
class Clock:
    """Time that passes only when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Bench:
    """A breaker over a scripted engine, its clock, and the changes that it reported."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    clock: Clock = field(default_factory=Clock)
    changes: list[tuple[str, State]] = field(default_factory=list)
    chance: Callable[[], float] = lambda: 0.0
    failures: int = 5
    probes: int = 1
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker(
            self.engine,
            failures=self.failures,
            probes=self.probes,
            clock=self.clock,
            chance=self.chance,
            on_change=lambda name, state: self.changes.append((name, state)),
        )

    def state(self) -> State:
        """The breaker's state now."""
        return self.breaker.state

    async def say(self, script: Script | None = None) -> list[Pcm]:
        """One utterance, by this script if one is given."""
        if script is not None:
            self.engine.scripts, self.engine.asked = [script], []
        return [pcm async for pcm in self.breaker.synthesize(HELLO)]

    async def fail(self, script: Script = DOWN, times: int = 1) -> None:
        """So many utterances that fail."""
        for _ in range(times):
            with pytest.raises(EngineError):
                await self.say(script)

    async def open(self) -> None:
        """Let it open."""
        await self.fail(times=self.failures)
        assert self.state() is State.OPEN


async def refused(bench: Bench) -> EngineUnavailable:
    """The refusal of an open breaker; the engine is not touched."""
    bench.engine.asked = []
    with pytest.raises(EngineUnavailable) as caught:
        [pcm async for pcm in bench.breaker.synthesize(HELLO)]
    assert bench.engine.asked == []
    return caught.value


async def test_a_healthy_engine_is_heard_through_it() -> None:
    """Closed, it adds and takes nothing."""
    bench = Bench()
    assert len(await bench.say()) == 3
    assert bench.state() is State.CLOSED
    assert bench.breaker.opens_until is None
    assert bench.changes == []


async def test_it_opens_after_so_many_failures_and_then_refuses_at_once() -> None:
    """The refusal says when to come back, and the engine is left alone."""
    bench = Bench()
    await bench.fail(times=4)
    assert bench.state() is State.CLOSED
    await bench.fail()
    assert bench.state() is State.OPEN
    bench.clock.now += 20
    assert (await refused(bench)).retry_after == 40.0
    assert bench.breaker.opens_until == 1060.0


async def test_failures_far_apart_do_not_open_it() -> None:
    """Only those within the window count together."""
    bench = Bench()
    for _ in range(20):
        await bench.fail()
        bench.clock.now += 16
    assert bench.state() is State.CLOSED


async def test_a_few_failures_among_many_successes_do_not_open_it() -> None:
    """A busy engine that fails one time in three stays in use."""
    bench = Bench()
    for _ in range(20):
        await bench.fail()
        await bench.say(WELL)
        await bench.say(WELL)
    assert bench.state() is State.CLOSED
    await bench.fail(times=20)
    assert bench.state() is State.OPEN


@pytest.mark.parametrize("kind", [NothingToSay, UnknownVoice])
async def test_input_that_is_not_for_the_engine_never_opens_it(kind: type[NothingToSay | UnknownVoice]) -> None:
    """Empty LLM turns do not make an engine unavailable to others (livekit/agents-js#1454)."""
    bench = Bench()
    await bench.fail(Script(pieces=0, error=kind("fake", "No.")), times=50)
    assert bench.state() is State.CLOSED


async def test_an_engine_that_breaks_off_every_time_is_not_well() -> None:
    """Success is a whole utterance, not its first sound."""
    bench = Bench()
    await bench.fail(TRUNCATED, times=5)
    assert bench.state() is State.OPEN


async def test_a_broken_installation_opens_it() -> None:
    """What cannot work is not tried again and again."""
    bench = Bench()
    await bench.fail(Script(pieces=0, error=EngineBroken("fake", "Install it.")), times=5)
    assert bench.state() is State.OPEN


async def test_a_cancelled_call_is_no_failure() -> None:
    """People who change their mind say nothing about the engine."""
    bench = Bench(engine=FakeEngine(sleep=never))
    for _ in range(10):
        call = asyncio.create_task(bench.say(WELL))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert bench.state() is State.CLOSED
    assert bench.engine.active == 0


async def test_leaving_early_is_no_failure_and_stops_the_engine() -> None:
    """Closing the stream closes the engine's."""
    bench = Bench()
    for _ in range(10):
        sound = bench.breaker.synthesize(HELLO)
        await anext(sound)
        await sound.aclose()
    assert bench.state() is State.CLOSED
    assert bench.engine.active == 0


async def test_the_engine_is_asked_again_when_the_time_is_over() -> None:
    """One whole utterance closes it."""
    bench = Bench()
    await bench.open()
    bench.clock.now += 60
    assert bench.state() is State.HALF_OPEN
    assert len(await bench.say(WELL)) == 3
    assert bench.state() is State.CLOSED
    assert bench.changes == [("fake", State.OPEN), ("fake", State.HALF_OPEN), ("fake", State.CLOSED)]


async def test_half_open_lets_exactly_one_probe_through() -> None:
    """Of twenty at once one probes; purgatory let all twenty through."""
    gate = asyncio.Event()
    bench = Bench()
    await bench.open()
    bench.clock.now += 60
    bench.engine.sleep = lambda _seconds: wait_for(gate)
    bench.engine.scripts, bench.engine.asked = [WELL], []
    calls = [asyncio.create_task(bench.say()) for _ in range(20)]
    await settle()
    assert len(bench.engine.asked) == 1
    gate.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert all(outcome.retry_after == 1.0 for outcome in outcomes if isinstance(outcome, EngineUnavailable))
    assert bench.state() is State.CLOSED


async def test_as_many_probes_as_were_asked_for() -> None:
    """With three probes, three go through at once."""
    gate = asyncio.Event()
    bench = Bench(probes=3)
    await bench.open()
    bench.clock.now += 60
    bench.engine.sleep = lambda _seconds: wait_for(gate)
    bench.engine.scripts, bench.engine.asked = [WELL], []
    calls = [asyncio.create_task(bench.say()) for _ in range(20)]
    await settle()
    assert len(bench.engine.asked) == 3
    gate.set()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_failed_probe_opens_it_for_longer_up_to_a_limit() -> None:
    """60, 120, 240 and then 300 seconds for ever."""
    bench = Bench()
    await bench.open()
    spans = []
    for _ in range(5):
        assert bench.breaker.opens_until is not None
        spans.append(bench.breaker.opens_until - bench.clock.now)
        bench.clock.now = bench.breaker.opens_until
        await bench.fail()
    assert spans == [60.0, 120.0, 240.0, 300.0, 300.0]


async def test_an_engine_that_stays_away_for_days_is_asked_at_the_same_pace() -> None:
    """However often a probe has failed: numbers have an end."""
    bench = Bench()
    await bench.open()
    for _ in range(1100):
        bench.clock.now += 300
        await bench.fail()
    assert bench.breaker.opens_until == bench.clock.now + 300


async def test_after_it_closed_the_time_begins_small_again() -> None:
    """An outage of last week does not lengthen today's."""
    bench = Bench()
    await bench.open()
    bench.clock.now += 60
    await bench.fail()
    bench.clock.now += 120
    await bench.say(WELL)
    await bench.open()
    assert bench.breaker.opens_until == bench.clock.now + 60


async def test_many_bots_do_not_return_in_step() -> None:
    """Jitter adds at most a tenth."""
    bench = Bench(chance=lambda: 0.5)
    await bench.open()
    assert bench.breaker.opens_until == pytest.approx(bench.clock.now + 63)


@pytest.mark.parametrize("script", [BLANK, TRUNCATED])
async def test_a_probe_that_says_nothing_is_given_back(script: Script) -> None:
    """After a probe with a blank text, or one that a listener left, the next call probes."""
    bench = Bench()
    await bench.open()
    bench.clock.now += 60
    if script is BLANK:
        await bench.fail(BLANK)
    else:
        sound = bench.breaker.synthesize(HELLO)
        bench.engine.scripts, bench.engine.asked = [script], []
        await anext(sound)
        await sound.aclose()
    assert bench.state() is State.HALF_OPEN
    assert await bench.say(WELL)
    assert bench.state() is State.CLOSED


async def test_a_cancelled_probe_is_given_back() -> None:
    """A probe whose asker changed his mind does not lock the engine out for ever."""
    bench = Bench(engine=FakeEngine(sleep=never))
    bench.engine.sleep = at_once
    await bench.open()
    bench.clock.now += 60
    bench.engine.sleep = never
    call = asyncio.create_task(bench.say(WELL))
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    bench.engine.sleep = at_once
    assert await bench.say(WELL)


async def test_retry_after_is_honoured_as_the_open_time() -> None:
    """An engine that says when to come back is left alone from its first word until then."""
    bench = Bench()
    await bench.fail(THROTTLED)
    assert bench.state() is State.OPEN
    bench.clock.now += 119
    assert (await refused(bench)).retry_after == 1.0
    bench.clock.now += 1
    assert bench.state() is State.HALF_OPEN


async def test_calls_from_before_it_opened_neither_close_nor_prolong_it() -> None:
    """A straggler that succeeds or fails while it is open tells nothing new."""
    bench = Bench()
    well, down = bench.breaker.synthesize(HELLO), bench.breaker.synthesize(HELLO)
    bench.engine.scripts = [Script(pieces=1), TRUNCATED]
    await anext(well)
    await anext(down)
    await bench.open()
    bench.clock.now += 30
    assert [pcm async for pcm in well] == []
    with pytest.raises(EngineTruncated):
        [pcm async for pcm in down]
    assert bench.breaker.opens_until == 1060.0


async def test_a_straggler_that_is_told_to_stay_away_prolongs_it() -> None:
    """Unless the engine says now that it needs longer."""
    bench = Bench()
    bench.engine.scripts = [Script(pieces=1, error=THROTTLED.error)]
    straggler = bench.breaker.synthesize(HELLO)
    await anext(straggler)
    await bench.open()
    with pytest.raises(EngineUnavailable):
        [pcm async for pcm in straggler]
    assert bench.breaker.opens_until == 1120.0


async def test_a_straggler_does_not_shorten_the_time() -> None:
    """An older word of the engine, that it would be well sooner, is not believed."""
    bench = Bench()
    soon = Script(pieces=1, error=EngineUnavailable("fake", "Slow down.", retry_after=5.0))
    bench.engine.scripts = [soon]
    straggler = bench.breaker.synthesize(HELLO)
    await anext(straggler)
    await bench.open()
    with pytest.raises(EngineUnavailable):
        [pcm async for pcm in straggler]
    assert bench.breaker.opens_until == 1060.0


async def test_it_looks_like_its_engine() -> None:
    """Name, voices, capabilities and the check are the engine's own; the check passes by an open breaker."""
    voice = Voice("fake", "v", "en")
    bench = Bench(engine=FakeEngine(installed=[voice], report="fine"))
    await bench.open()
    async with bench.breaker as breaker:
        assert bench.engine.entered == 0
        assert breaker.name == "fake"
        assert breaker.capabilities is bench.engine.capabilities
        assert await breaker.voices() == [voice]
        assert await breaker.check() == "fine"
    assert bench.state() is State.OPEN


@given(st.lists(st.tuples(st.sampled_from([WELL, DOWN, BLANK, TRUNCATED, THROTTLED]), st.floats(0, 400)), max_size=40))
def test_an_engine_that_recovers_is_always_found_again(history: list[tuple[Script, float]]) -> None:
    """Whatever happened before, a well engine is used again once the longest time has passed."""
    asyncio.run(live_through(history))


async def live_through(history: list[tuple[Script, float]]) -> None:
    bench = Bench()
    for script, seconds in history:
        bench.engine.scripts, bench.engine.asked = [script], []
        await asyncio.gather(bench.say(), return_exceptions=True)
        bench.clock.now += seconds
    bench.clock.now += 330
    assert await bench.say(WELL)
    assert bench.state() is State.CLOSED


async def never(_seconds: float) -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def wait_for(gate: asyncio.Event) -> None:
    """Wait until the gate opens."""
    await gate.wait()


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)
