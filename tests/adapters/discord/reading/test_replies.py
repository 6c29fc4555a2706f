"""Answers that an LLM in the same process has spoken itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.voice import Outcome, Trouble
from bot.speech import Priority, Reason, Refusal
from tests.adapters.discord.reading.scene import CLERKS, VOICE, Scene


class Written:
    """An LLM that writes when it is told; ``closed`` once nobody reads it any more."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    async def read(self) -> AsyncIterator[str]:
        try:
            while (piece := await self.pieces.get()) is not None:
                yield piece
        finally:
            self.closed.set()


async def spoken(here: Scene, text: str | AsyncIterator[str], by: str = "ann", **how: str) -> Parcel:
    """An answer to somebody's question."""
    question = await here.message("What is it?", by=by, channel=CLERKS)
    parcel = await here.reader.speak_reply(question, text, **how)
    assert isinstance(parcel, Parcel)
    return parcel


async def test_an_answer_is_heard_where_the_asker_sits(here: Scene) -> None:
    """In their place of the queue, and not before those who wait for theirs."""
    parcel = await spoken(here, "It is four.")
    assert here.texts == ["It is four."]
    assert (parcel.request.user, parcel.request.priority, here.items[0].channel) == (
        "discord:2000",
        Priority.NORMAL,
        VOICE,
    )
    here.hall.hear()
    assert (await parcel.delivered()).delivered


async def test_who_sits_nowhere_gets_a_note_in_reply(here: Scene) -> None:
    """To the question."""
    parcel = await spoken(here, "It is four.", by="clerk")
    receipt = await parcel.delivered()
    note = here.fake.messages[str(receipt.message)]
    assert here.fake.messages[note["message_reference"]["message_id"]]["content"] == "What is it?"


async def test_where_the_bot_must_not_come_a_note_is_sent(here: Scene) -> None:
    """It joins only when asked there."""
    await here.rule(auto_join=False)
    assert (await (await spoken(here, "It is four.")).delivered()).message


async def test_where_not_all_listeners_may_see_the_question_a_note_is_sent(here: Scene) -> None:
    """An answer among few is not for all in the voice channel, unless the server has that channel read aloud."""
    await here.hide(CLERKS, "ann")
    parcel = await spoken(here, "Bob is to be let go.")
    assert here.items == []
    assert (await parcel.delivered()).message
    await here.rule_channel(CLERKS, read=True)
    await spoken(here, "It is four.")
    assert "It is four." in here.texts


async def test_what_is_lost_in_the_channel_comes_as_a_note(here: Scene) -> None:
    """It is not lost altogether."""
    parcel = await spoken(here, "It is four.")
    here.hall.end(here.items[0], Outcome.LOST, Trouble.FULL)
    assert (await parcel.delivered()).message


async def test_a_stream_is_spoken_as_it_grows(here: Scene) -> None:
    """The first sentence is made while the LLM still writes."""
    llm = Written()
    parcel = await spoken(here, llm.read())
    llm.pieces.put_nowait("It is four. And ")
    await here.fake.until(lambda: parcel.said.speech.spoken)
    assert not parcel.said.speech.done
    llm.pieces.put_nowait("that is all.")
    llm.pieces.put_nowait(None)
    assert await here.heard(here.items[0]) == "It is four. And that is all."


async def test_an_llm_that_nobody_listens_to_is_not_read_on(here: Scene) -> None:
    """It need not write for nobody."""
    llm = Written()
    parcel = await spoken(here, llm.read())
    llm.pieces.put_nowait("It is four. And ")
    await here.fake.until(lambda: parcel.said.speech.spoken)
    parcel.cancel()
    await asyncio.wait_for(llm.closed.wait(), 5)


async def test_the_voice_may_be_given(here: Scene) -> None:
    """For an LLM with one of its own."""
    assert (await spoken(here, "It is four.", voice="sayso")).request.voice == "sayso"


async def test_a_refusal_is_a_value(here: Scene) -> None:
    """The host decides what to make of it."""
    question = await here.message("What is it?", channel=CLERKS)
    answer = await here.reader.speak_reply(question, "It is four.", voice="nobody at all")
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.UNKNOWN_VOICE


async def test_a_long_answer_is_spoken_as_far_as_is_allowed(here: Scene) -> None:
    """An LLM cannot shorten it as a person can."""
    await here.station.speaker.store.settings.set_guild("discord:5000", max_chars=20)
    parcel = await spoken(here, "This is one sentence. This is another. And a third.")
    assert (await here.heard(here.items[0])).startswith("This is one")
    assert parcel.said.truncated


@pytest.mark.parametrize("streamed", [False, True])
async def test_people_in_an_answer_are_called_by_name(here: Scene, streamed: bool) -> None:
    """Who asked is known."""
    llm = Written()
    llm.pieces.put_nowait("It is four, <@2000>.")
    llm.pieces.put_nowait(None)
    await spoken(here, llm.read() if streamed else "It is four, <@2000>.")
    assert await here.heard(here.items[0]) == "It is four, ann."


async def test_what_the_host_also_writes_is_not_heard_twice(here: Scene) -> None:
    """Not in that channel, for a while."""
    await here.rule_channel(CLERKS, read=True)
    await spoken(here, "It is four.")
    await here.handled()
    before = len(here.items)
    assert await here.read("It is four.", by="speaker", channel=CLERKS) == ""
    assert len(here.items) == before
    here.clock.advance(301)
    assert await here.read("It is five.", by="speaker", channel=CLERKS) == "It is five."


async def test_what_the_host_wrote_first_is_not_heard_twice(here: Scene) -> None:
    """The usual order: it replies, and then has the same spoken. What others wrote is left."""
    question = await here.message("What is it?")
    await here.handled()
    assert await here.read("It is four.", by="speaker") == "It is four."
    assert isinstance(await here.reader.speak_reply(question, "It is four."), Parcel)
    await here.handled()
    assert [(item.said.request.user, text) for item, text in zip(here.items, here.texts, strict=True)] == [
        ("discord:2000", "What is it?"),
        ("discord:2000", "It is four."),
    ]


async def test_an_answer_that_still_grows_is_not_heard_twice_either(here: Scene) -> None:
    """It is spoken from the host's own stream, and not from the edits that show it."""
    question = await here.message("What is it?")
    await here.handled()
    shown = await here.fake.say("It is", by="speaker")
    await here.handled()
    await here.reader.speak_reply(question, "It is four. And so on.")
    await here.fake.edit(shown, "It is four. And so on.")
    await here.handled()
    assert here.texts == ["What is it?", "It is four. And so on."]


async def test_what_the_host_wrote_is_still_heard_where_its_answer_is_refused(here: Scene) -> None:
    """Otherwise nothing of it would be."""
    question = await here.message("What is it?")
    await here.read("It is four.", by="speaker")
    await here.reader.speak_reply(question, "It is four.", voice="nobody at all")
    await here.handled()
    assert here.texts == ["What is it?", "It is four."]
