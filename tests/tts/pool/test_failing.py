"""Pool: what becomes of a call when a member fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import (
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from tests.doubles.engine import Script, at_once
from tests.tts.pool.crew import HELLO, Clock, Crew, Held, down, engine, settle


def failing(error: EngineError, pieces: int = 0) -> Script:
    return Script(pieces, error=error)


async def test_who_fails_before_the_first_sound_hands_the_call_on() -> None:
    """It is heard once, whole and as it was asked for."""
    crew = Crew([engine(down()), engine()])
    sound = await crew.say()
    assert len(sound) == 3
    assert [one.asked for one in crew.engines] == [[HELLO], [HELLO]]
    assert [(one.spoken, one.failed) for one in crew.pool.health] == [(0, 1), (1, 0)]


async def test_after_the_first_sound_a_failure_is_final() -> None:
    """Nobody wants half a sentence and then the whole; but it counts against the member."""
    crew = Crew([engine(down(pieces=1)), engine()])
    sound = crew.pool.synthesize(HELLO)
    await anext(sound)
    with pytest.raises(EngineUnavailable):
        await anext(sound)
    assert crew.asked == [1, 0]
    assert crew.health("a").failed == 1
    assert crew.outstanding == [0, 0]


@pytest.mark.parametrize("kind", [NothingToSay, EngineRejected])
async def test_what_is_wrong_with_the_input_is_said_at_once(kind: type[EngineRejected]) -> None:
    """It is not tried elsewhere, and is nobody's failure, however often it is sent."""
    crew = Crew([engine(failing(kind("crew", "No."))), engine(failing(kind("crew", "No.")))])
    for _ in range(10):
        assert isinstance(await crew.fails(), kind)
    assert sum(crew.asked) == 10
    assert crew.out == ""
    assert [one.failed for one in crew.pool.health] == [0, 0]


@pytest.mark.parametrize("kind", [UnknownVoice, LanguageNotSpoken])
async def test_what_one_does_not_have_another_may(kind: type[EngineRejected]) -> None:
    """A voice, or a language, is asked for at each; that it is missing says nothing of a member's health."""
    crew = Crew([engine(failing(kind("crew", "No."))), engine()])
    for _ in range(5):
        assert len(await crew.say()) == 3
    assert crew.out == ""
    assert crew.health("a").failed == 0


@pytest.mark.parametrize("kind", [EngineUnavailable, EngineTimeout, EngineBroken])
async def test_after_so_many_failures_in_a_row_it_is_left_out(kind: type[EngineError]) -> None:
    """And then it costs nobody anything."""
    crew = Crew([engine(failing(kind("crew", "Not well."))), engine()])
    for _ in range(4):
        await crew.say()
    assert crew.out == "a"
    assert crew.health("a").out == "Not well."
    for _ in range(10):
        await crew.say()
    assert crew.asked[0] == 2


async def test_a_success_between_failures_forgives_them() -> None:
    """Only those in a row count."""
    crew = Crew([engine(down(), Script(), down(), Script(), down(), Script())])
    for _ in range(3):
        await crew.fails()
        assert crew.out == ""
        await crew.say()


async def test_who_breaks_off_every_time_is_left_out_too() -> None:
    """A beginning is no success."""
    crew = Crew([engine(down(pieces=2)), engine()])
    for _ in range(3):
        await asyncio.gather(crew.say(), return_exceptions=True)
    assert crew.out == "a"


async def test_who_says_how_long_to_stay_away_is_left_out_at_once() -> None:
    """For one failure, and whoever is well is asked before it for as long as that, and after."""
    clock = Clock()
    crew = Crew([engine(down(retry_after=30.0)), engine(down(), Script())], clock=clock)
    await crew.fails()
    assert crew.out == "a"
    for _ in range(5):
        await crew.say()
    assert crew.asked == [1, 6]


async def test_if_nobody_is_well_all_are_asked_nevertheless() -> None:
    """Those last that want to be left alone; who speaks is back."""
    engines = [engine(down(retry_after=30.0)), engine(down(), down(), Script()), engine(down())]
    crew = Crew(engines, weights=(9.0, 1.0, 1.0))
    await crew.fails()
    await crew.fails()
    assert crew.out == "abc"
    assert len(await crew.say()) == 3
    assert crew.out == "ac"
    assert crew.asked == [2, 3, 2]


async def test_who_wants_to_be_left_alone_is_asked_before_a_call_is_given_up() -> None:
    """It may have changed its mind, and there is nobody else."""
    crew = Crew([engine(down(retry_after=30.0), Script()), engine(down())])
    await crew.fails()
    assert len(await crew.say()) == 3
    assert crew.asked == [2, 2]
    assert crew.out == "b"


async def test_each_is_asked_once_and_then_the_first_error_is_raised() -> None:
    """With notes of the others, by their labels."""
    crew = Crew([engine(down("No route.")), engine(down("Full.")), engine(down("Gone."))])
    error = await crew.fails()
    assert crew.asked == [1, 1, 1]
    assert str(error) == "No route."
    assert error.__notes__ == ["b did not speak either: Full.", "c did not speak either: Gone."]


async def test_that_it_may_go_well_later_is_said_rather_than_that_one_is_broken() -> None:
    """Whoever tries again should, and no voice is called unknown while one that may have it is away."""
    unknown, broken = UnknownVoice("crew", "No voice."), EngineBroken("crew", "No key.")
    crew = Crew([engine(failing(unknown)), engine(failing(broken)), engine(down("Away."))])
    error = await crew.fails()
    assert str(error) == "Away."
    assert error.__notes__ == ["a did not speak either: No voice.", "b did not speak either: No key."]
    assert str(await Crew([engine(failing(unknown)), engine(failing(broken))]).fails()) == "No key."


async def test_the_soonest_return_is_what_is_told() -> None:
    """If every one says when to come back; one that does not may be back at any moment."""
    crew = Crew([engine(down(retry_after=30.0)), engine(down(retry_after=4.0))])
    assert (await crew.fails()).retry_after == 4.0
    crew = Crew([engine(down(retry_after=30.0)), engine(down())])
    assert (await crew.fails()).retry_after is None
    crew = Crew([engine(down(retry_after=30.0)), engine(failing(UnknownVoice("crew", "No voice.")))])
    assert (await crew.fails()).retry_after == 30.0


async def test_who_left_is_neither_a_success_nor_a_failure() -> None:
    """The work is stopped at once, and the slot is free."""
    crew = Crew([engine(Script(pieces=100))])
    sound = crew.pool.synthesize(HELLO)
    await anext(sound)
    assert (crew.outstanding, crew.engines[0].active) == ([1], 1)
    await sound.aclose()
    assert (crew.outstanding, crew.engines[0].active) == ([0], 0)
    assert [(one.spoken, one.failed) for one in crew.pool.health] == [(0, 0)]


async def test_who_is_cancelled_before_the_first_sound_gives_the_slot_back() -> None:
    """And nobody else is asked in his stead."""
    crew, held = Crew([engine(), engine()]), Held()
    held.hold(*crew.engines)
    call = asyncio.create_task(crew.say())
    await settle()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert crew.asked == [1, 0]
    assert crew.outstanding == [0, 0]
    assert crew.engines[0].active == 0


async def test_what_was_begun_before_it_was_left_out_tells_nothing_of_after() -> None:
    """When a server dies many calls fail, some of them late; and one that ends well says only that it was well."""
    crew, held = Crew([engine(*[Script()] * 3, down(), down(), Script())], failures=2), Held()
    held.hold(crew.engines[0])
    early = [asyncio.create_task(crew.say()) for _ in range(3)]
    await settle()
    crew.engines[0].sleep = engine().sleep
    await crew.fails()
    await crew.fails()
    assert crew.out == "a"
    held.release()
    await asyncio.gather(*early)
    assert crew.out == "a"
    await crew.say()
    assert crew.out == ""


async def late(crew: Crew, script: Script) -> Callable[[], Coroutine[Any, Any, EngineError]]:
    """A call that is under way; what is returned lets it go on, and fail."""
    held, one = Held(), crew.engines[0]
    one.scripts, one.asked = [script], []
    held.hold(one)
    call = asyncio.create_task(crew.fails())
    await settle()
    one.sleep = at_once

    async def fail() -> EngineError:
        held.release()
        return await call

    return fail


async def out(crew: Crew) -> None:
    """Let the only member be left out."""
    crew.engines[0].scripts, crew.engines[0].asked = [down()], []
    await crew.fails()
    await crew.fails()
    assert crew.out == "a"


async def back(crew: Crew) -> None:
    """Let the only member be asked how it is, and come back."""
    await crew.pool.check()
    assert crew.out == ""


async def test_who_fails_late_is_not_put_out_again() -> None:
    """Calls from before it was left out, and while it was, may take their time to fail."""
    crew = Crew([engine()])
    before = await late(crew, down())
    await out(crew)
    during = await late(crew, down())
    await back(crew)
    await before()
    await during()
    assert crew.out == ""
    assert crew.health("a").failed == 4
    await crew.fails()
    assert crew.out == "a"


async def test_who_asks_late_for_rest_is_believed() -> None:
    """It says so now, whenever the call was begun."""
    crew = Crew([engine()])
    before = await late(crew, down(retry_after=30.0))
    await out(crew)
    await back(crew)
    await before()
    assert crew.out == "a"


async def test_a_rest_is_not_shortened_by_who_asks_for_less() -> None:
    """Who said so earlier may have known less, and who says it later too."""
    clock = Clock()
    crew = Crew([engine(down(retry_after=30.0), down(retry_after=1.0))], clock=clock)
    await crew.fails()
    await crew.fails()
    clock.now += 20
    await crew.pool.check()
    assert crew.out == "a"
    clock.now += 10
    await crew.pool.check()
    assert crew.out == ""


async def test_who_is_left_out_and_who_is_back_is_in_the_log() -> None:
    """With the label and the kind of the error, never its words."""
    crew = Crew([engine(*[down("Secret.")] * 4, Script())])
    with capture_logs() as lines:
        for _ in range(4):
            await crew.fails()
        await crew.say()
    of_interest = [line for line in lines if line["event"] in ("member_out", "member_back")]
    assert of_interest == [
        {"event": "member_out", "log_level": "warning", "engine": "crew", "member": "a", "error": "EngineUnavailable"},
        {"event": "member_back", "log_level": "info", "engine": "crew", "member": "a", "by": "call"},
    ]
    assert "Secret" not in str(lines)
