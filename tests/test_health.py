"""How the engines are doing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import health
from bot.errors import EngineBroken, EngineUnavailable
from bot.health import EngineHealth
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Request
from bot.tts.breaker import Breaker
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script


async def test_engines_that_are_well(speaker: Speaker) -> None:
    """In the order of the house; one without a breaker has no state of it."""
    assert await speaker.engines() == (
        EngineHealth("offline", "", None, 4, 0, 0, True),
        EngineHealth("edge", "", None, 4, 0, 0, True),
    )


async def test_who_speaks_and_who_waits_is_counted(opened: Opened, offline: FakeEngine) -> None:
    """By engine."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        for number in range(3):
            assert isinstance(await speaker.say(Request("g", "u", f"Number {number}.")), Said)
        async with asyncio.timeout(10):
            while (await speaker.engines())[0].waiting != 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        offline_now, edge_now = await speaker.engines()
        assert (offline_now.slots, offline_now.running, offline_now.waiting) == (1, 1, 2)
        assert (edge_now.running, edge_now.waiting) == (0, 0)


async def test_an_open_breaker_says_when_it_is_tried_again(speaker: Speaker, edge: FakeEngine) -> None:
    """Closed, open for so long, and half-open when that is over."""
    now = 1000.0
    breaker = Breaker(edge, failures=1, open_seconds=60.0, clock=lambda: now, chance=lambda: 0.0)
    speaker.stage = replace(speaker.stage, engines={"edge": breaker}, fallbacks={}, breakers={"edge": breaker})
    speaker._clock = lambda: now
    assert [(one.breaker, one.opens_in) for one in await speaker.engines()] == [("closed", None)]
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "No route."))]
    answer = await speaker.say(Request("g", "u", "Hello there.", engine="edge"))
    assert isinstance(answer, Said)
    with pytest.raises(EngineUnavailable):
        await answer.speech.clip()
    now += 20.0
    assert [(one.breaker, one.opens_in) for one in await speaker.engines()] == [("open", 40.0)]
    now += 40.0
    assert [(one.breaker, one.opens_in) for one in await speaker.engines()] == [("half_open", None)]


async def test_an_engine_without_voices_does_not_speak(speaker: Speaker, offline: FakeEngine, edge: FakeEngine) -> None:
    """Whether it has none or cannot tell."""
    offline.installed = ()

    class Mute(FakeEngine):
        async def voices(self) -> tuple[()]:
            raise EngineBroken("edge", "It is not installed.")

    speaker.stage = replace(speaker.stage, engines={"offline": offline, "edge": Mute("edge")})
    assert [one.speaks for one in await speaker.engines()] == [False, False]


async def test_an_engine_that_does_not_answer_holds_nobody_up(
    speaker: Speaker, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as one that does not speak, and the others are told of as they are."""
    monkeypatch.setattr(health, "PATIENCE", 0.01)

    class Silent(FakeEngine):
        async def voices(self) -> tuple[()]:
            await asyncio.Event().wait()
            return ()

    speaker.stage = replace(speaker.stage, engines={"edge": Silent("edge"), "offline": offline})
    assert [(one.name, one.speaks) for one in await speaker.engines()] == [("edge", False), ("offline", True)]
