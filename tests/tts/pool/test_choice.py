"""Pool: who is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.speech import Codec
from bot.tts.engine import Voice
from bot.tts.pool import Member, Pool
from tests.doubles.engine import FakeEngine, Script
from tests.tts.pool.crew import HELLO, Crew, Held, able, down, engine, settle


@asynccontextmanager
async def busy(crew: Crew, calls: int) -> AsyncIterator[Held]:
    """So many calls under way, none of which has sound yet."""
    held = Held()
    held.hold(*crew.engines)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(calls):
            tasks.create_task(crew.say())
            await settle()
        yield held
        held.release(*crew.engines)


async def test_alike_and_idle_they_are_asked_in_turn() -> None:
    """No herd on the first."""
    crew = Crew([engine(), engine(), engine()])
    for _ in range(6):
        await crew.say()
    assert crew.asked == [2, 2, 2]


async def test_the_least_busy_is_asked() -> None:
    """A slow one is not given more because its turn has come."""
    crew = Crew([engine(), engine()])
    held = Held()
    held.hold(crew.engines[0])
    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(crew.say())
        await settle()
        for _ in range(4):
            await crew.say()
        assert crew.asked == [1, 4]
        assert crew.outstanding == [1, 0]
        held.release()
    assert len(slow.result()) == 3
    assert crew.outstanding == [0, 0]


async def test_twice_the_weight_carries_twice_the_load() -> None:
    """Of nine at once, six are the heavier's."""
    crew = Crew([engine(slots=9), engine(slots=9)], weights=(1.0, 2.0))
    async with busy(crew, 9):
        assert crew.outstanding == [3, 6]


async def test_idle_the_heavier_is_asked_first() -> None:
    """It is the faster one, and what counts is the load with the call, not before it."""
    crew = Crew([engine(), engine()], weights=(1.0, 3.0))
    async with busy(crew, 2):
        assert crew.outstanding == [0, 2]


async def test_slots_are_respected_while_any_is_free() -> None:
    """A heavy member with one slot is not given a second call before the light one is full."""
    crew = Crew([engine(slots=1), engine(slots=3)], weights=(10.0, 1.0))
    async with busy(crew, 4):
        assert crew.outstanding == [1, 3]


async def test_when_all_are_full_the_least_busy_by_weight_gets_it_anyway() -> None:
    """How much there may be in all is the dispatcher's business; nothing is refused here."""
    crew = Crew([engine(slots=1), engine(slots=1)], weights=(3.0, 1.0))
    async with busy(crew, 8):
        assert crew.outstanding == [6, 2]


async def test_one_that_sleeps_is_woken_when_all_others_are_full() -> None:
    """Not before, whatever their load is; it would have to be started."""
    crew = Crew([engine(slots=2), engine(slots=2)], weights=(1.0, 50.0), awake={"b": False})
    async with busy(crew, 2):
        assert crew.asked == [2, 0]
    async with busy(crew, 3):
        assert crew.asked == [4, 1]


async def test_of_those_that_sleep_one_is_woken_at_a_time() -> None:
    """The second when the first, that is being started, has its slots taken."""
    crew = Crew([engine(slots=1), engine(slots=2), engine(slots=2)], awake={"b": False, "c": False})
    async with busy(crew, 4) as held:
        assert crew.outstanding in ([1, 2, 1], [1, 1, 2])
        held.release()


async def test_who_has_the_voice_comes_before_who_is_idle() -> None:
    """Members need not have the same voices; that they have them is known once the pool was asked for its own."""
    crew = Crew([engine(voices=("bob",)), engine(slots=1, voices=("ann", "bob"))])
    await crew.pool.voices()
    for _ in range(3):
        await crew.say()
    assert crew.asked == [0, 3]
    await crew.say(replace(HELLO, voice="bob"))
    assert crew.asked == [1, 3]


async def test_who_has_the_voice_is_asked_first_even_if_left_out() -> None:
    """One without it would say no at best, and speak in another's voice at worst."""
    crew = Crew([engine(voices=("bob",)), engine(down(), down(), Script(), voices=("ann",))])
    await crew.pool.voices()
    await crew.say()
    await crew.say()
    assert crew.out == "b"
    assert crew.asked == [2, 2]
    await crew.say()
    assert crew.asked == [2, 3]


async def test_voices_are_those_of_all_each_name_once() -> None:
    """In the order of the members; asked again, nothing is put together anew."""
    crew = Crew([engine(voices=("ann", "bob")), engine(voices=("bob", "cay"))])
    voices = await crew.pool.voices()
    assert [voice.name for voice in voices] == ["ann", "bob", "cay"]
    assert await crew.pool.voices() is voices
    crew.engines[1].installed = (Voice("crew", "dan", "en"),)
    assert [voice.name for voice in await crew.pool.voices()] == ["ann", "bob", "dan"]


async def test_a_member_that_cannot_tell_its_voices_keeps_those_it_had() -> None:
    """A preference does not vanish because a server is away for a minute."""

    class Forgetful(FakeEngine):
        async def voices(self) -> tuple[Voice, ...]:
            if self.asked:
                raise down().error or AssertionError
            return (Voice("crew", "ann", "en"),)

    crew = Crew([Forgetful("crew")])
    voices = await crew.pool.voices()
    await crew.say()
    assert await crew.pool.voices() is voices


def test_capabilities_are_of_all_together() -> None:
    """Slots are added, languages joined; of what each must be able to do, the least counts."""
    one = able(2, languages=frozenset({"en"}), max_chars=300, streaming=True, cloning=True, rtf=0.1, local=True)
    two = able(
        3, languages=frozenset({"zh"}), max_chars=200, streaming=True, rtf=0.5, obtainable={"ja": "x", "en": "y"}
    )
    three = able(1, max_chars=900, streaming=True, rtf=0.2)
    pool = Pool("crew", [Member(FakeEngine(capabilities=each), "m") for each in (one, two, three)])
    assert pool.capabilities == able(
        6, languages=frozenset({"en", "zh"}), max_chars=200, streaming=True, rtf=0.2, obtainable={"ja": "x"}
    )


def test_a_codec_is_what_all_have_their_sound_in() -> None:
    """Else nobody can count on it."""
    mp3, samples = (Member(FakeEngine(capabilities=able(codec=codec)), "m") for codec in (Codec.MP3, None))
    assert Pool("crew", [mp3, mp3]).capabilities.codec is Codec.MP3
    assert Pool("crew", [mp3, samples]).capabilities.codec is None


def test_capabilities_are_put_together_once_and_again_when_one_changes() -> None:
    """They are looked at for every request."""
    crew = Crew([engine(slots=1), engine(slots=2)])
    first = crew.pool.capabilities
    assert crew.pool.capabilities is first
    crew.engines[0].capabilities = able(5)
    assert crew.pool.capabilities.slots == 7


def test_a_pool_of_nobody_is_refused() -> None:
    """There is always somebody to ask."""
    with pytest.raises(ValueError, match="at least one"):
        Pool("crew", [])


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_of_nothing_is_refused(weight: float) -> None:
    """It would never be asked, or divide by nothing."""
    with pytest.raises(ValueError, match="weight"):
        Pool("crew", [Member(engine(), "a", weight)])


async def test_it_does_not_own_its_members() -> None:
    """Entering a wrapper leaves the engines alone: the composition root enters each once."""
    crew = Crew([engine()])
    async with crew.pool as pool:
        assert pool.name == "crew"
        assert crew.engines[0].entered == 0
