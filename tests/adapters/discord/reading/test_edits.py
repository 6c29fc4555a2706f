"""Edits and deletions are honoured until the words are heard."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.adapters.discord.identity import reading_id
from bot.adapters.discord.voice import Outcome
from bot.speaker import Speaker
from tests.adapters.discord.reading.scene import CLERKS, LLM, VOICE, Halls, Scene, scene
from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.refusal import Json

NAMED = "<@2000> said\n"


async def written(here: Scene, text: str = "Helo.", **how: object) -> Json:
    """A message that waits to be heard."""
    message = await here.fake.say(text, **how)  # type: ignore[arg-type]
    await here.handled()
    return message


async def test_a_message_is_said_as_it_was_last_written(here: Scene) -> None:
    """Nobody hears the slip."""
    message = await written(here)
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == ["Hello."]


async def test_what_is_being_heard_is_not_said_again(here: Scene) -> None:
    """An edit that comes too late is left."""
    message = await written(here)
    here.hall.begin()
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == ["Helo."]


async def test_what_was_heard_is_not_said_again(here: Scene) -> None:
    """However often it is edited."""
    message = await written(here)
    here.hall.hear()
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == []


async def test_an_edit_of_nothing_that_is_heard_changes_nothing(here: Scene) -> None:
    """A preview that Discord adds is no other message."""
    message = await written(here)
    item = here.items[0]
    await here.fake.edit(message, embeds=[{"type": "link", "title": "A page"}])
    await here.handled()
    assert here.items == [item]


@pytest.mark.parametrize("text", [";Hello.", ""])
async def test_a_message_that_is_edited_away_is_not_said(here: Scene, text: str) -> None:
    """Its writer took it back."""
    message = await written(here)
    await here.fake.edit(message, text, embeds=[])
    await here.handled()
    assert here.texts == []


async def test_a_prefix_is_still_asked_for_after_an_edit(here: Scene) -> None:
    """And still no part of the words."""
    await here.rule(prefix=".")
    message = await written(here, ".Helo.")
    await here.fake.edit(message, ".Hello.")
    await here.handled()
    assert here.texts == ["Hello."]
    await here.fake.edit(message, "Hello!")
    await here.handled()
    assert here.texts == []


async def test_an_edit_of_what_was_not_read_is_not_read(here: Scene) -> None:
    """It would come as a surprise."""
    message = await written(here, channel=CLERKS)
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == []


async def test_a_deleted_message_is_not_said(here: Scene) -> None:
    """Nor said on."""
    first, second = await written(here, "One."), await written(here, "Two.")
    playing = here.hall.begin()
    await here.fake.delete(second)
    await here.fake.delete(first)
    await here.handled()
    assert here.texts == []
    assert playing.ended.result() in (Outcome.CANCELLED, Outcome.SKIPPED)


async def test_many_messages_may_be_deleted_at_once(here: Scene) -> None:
    """As moderators do."""
    messages = [await written(here, f"Number {number}.") for number in range(3)]
    event = {"ids": [message["id"] for message in messages[:2]], "channel_id": "6000", "guild_id": "5000"}
    here.fake.gateway.sessions[-1].tell("MESSAGE_DELETE_BULK", event)
    await here.fake.until(lambda: len(here.items) == 1)
    assert here.texts == ["Number 2."]


async def test_the_name_is_said_with_the_next_message_if_this_one_goes(here: Scene) -> None:
    """It was not heard, after all."""
    await here.rule(announce=True)
    message = await written(here)
    assert here.texts == [f"{NAMED}Helo."]
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == [f"{NAMED}Hello."]
    await here.fake.delete(message)
    await here.handled()
    assert await here.read("Again.") == f"{NAMED}Again."


async def test_the_name_is_said_again_if_it_could_not_be_heard(here: Scene) -> None:
    """Skipped before it began, or its time was over."""
    await here.rule(announce=True)
    await written(here)
    here.hall.end(here.items[0], Outcome.EXPIRED)
    await here.fake.until(lambda: not here.station.courier.parcels("discord:5000"))
    assert await here.read("Again.") == f"{NAMED}Again."


async def test_a_message_that_the_library_has_forgotten_is_edited_too(here: Scene) -> None:
    """Its own memory is what counts."""
    message = await written(here)
    here.bot._connection._messages.clear()  # type: ignore[union-attr]
    await here.fake.edit(message, "Hello.")
    await here.handled()
    assert here.texts == ["Hello."]


async def test_a_hundred_edits_are_one(here: Scene) -> None:
    """Of many edits only the last that is known counts, and one thing is said."""
    await written(here, "Before.")
    here.hall.begin()
    message = await written(here)
    with capture_logs() as logs:
        for number in range(100):
            await here.fake.edit(message, f"Hello {number}.")
        await here.fake.until(lambda: here.texts[-1] == "Hello 99.")
        await here.handled()
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
    assert here.texts == ["Before.", "Hello 99."]
    assert not here.reader._edits


async def test_after_a_restart_a_deleted_message_is_not_said(fake: FakeDiscord, speaker: Speaker) -> None:
    """What the process before was to read is found by the message."""
    halls = Halls()
    async with scene(fake, speaker) as before:
        await before.rule_channel(read=True)
        first, second = await written(before, "One."), await written(before, "Two.")
        mended = await written(before, "Tree.")
    async with scene(fake, speaker, halls=halls) as after:
        await after.station.courier.resume()
        await fake.until(lambda: len(after.items) == 3)
        assert after.station.courier.find(reading_id(int(first["id"])))
        await fake.delete(first)
        await fake.edit(mended, "Three.")
        await after.handled()
        assert [text.removeprefix(NAMED) for text in after.texts] == [second["content"], "Three."]


async def test_a_bot_that_is_merely_read_is_edited_like_a_person(here: Scene) -> None:
    """Only those that are named write by editing."""
    await here.rule(read_bots=True)
    here.hall.channel = here.bot.get_channel(VOICE)
    message = await written(here, "Beep.", by=LLM)
    await here.fake.edit(message, "Boop.")
    await here.handled()
    assert here.texts == ["Boop."]
