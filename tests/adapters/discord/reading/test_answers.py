"""Answers of LLMs are spoken as they grow, and people's replies to them belong to the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from bot.adapters.discord.commands.say import Say
from bot.adapters.discord.reading import answers
from bot.adapters.discord.voice import Outcome
from bot.config import DiscordSettings
from bot.speaker import Speaker
from bot.speech import Priority
from tests.adapters.discord.reading.scene import CLERKS, LLM, SETTLE, TEXT, VOICE, Scene, scene
from tests.doubles.discord import FakeDiscord, Kind
from tests.doubles.discord.refusal import Json

SLOW = DiscordSettings(settle_seconds=30.0)
"""Nothing is taken for whole because it rested."""


@pytest.fixture
async def talk(here: Scene) -> Scene:
    """The account 3000 is one whose messages are spoken; the bot is in the voice channel."""
    await here.rule(bots=[LLM])
    here.hall.channel = here.bot.get_channel(VOICE)
    return here


@pytest.fixture
async def patient(fake: FakeDiscord, speaker: Speaker) -> AsyncIterator[Scene]:
    """The same, where an answer is never taken for whole."""
    async with scene(fake, speaker, settings=SLOW) as here:
        await here.rule_channel(read=True)
        await here.rule(bots=[LLM], announce=False)
        here.hall.channel = here.bot.get_channel(VOICE)
        yield here


async def begun(here: Scene, text: str, **how: object) -> Json:
    """The bot's answer as it is at first."""
    message = await here.fake.say(text, **{"by": LLM, **how})  # type: ignore[arg-type]
    await here.handled()
    return message


async def grown(here: Scene, message: Json, *texts: str) -> None:
    """It is edited, each time before the next."""
    for text in texts:
        await here.fake.edit(message, text)
        await here.handled()


# One answer


async def test_an_answer_is_spoken_while_it_is_written(patient: Scene) -> None:
    """The first sentence is made before the second is there."""
    message = await begun(patient, "The sun sh")
    assert patient.items == []
    await grown(patient, message, "The sun shines. It")
    item = patient.items[0]
    await patient.fake.until(
        lambda: [spoken.utterance.text for spoken in item.said.speech.spoken] == ["The sun shines."]
    )
    assert not item.said.speech.done


async def test_each_sentence_is_spoken_once(talk: Scene) -> None:
    """From the first word to when it rests, with cursors and markup on the way."""
    message = await begun(talk, "*Thinking…*")
    await grown(
        talk,
        message,
        "One **tw**",
        "One **two.** Three fo ▌",
        "One **two.** Three four. ▌",
        "One **two.** Three four. Five",
    )
    assert " ".join(await talk.all_heard(1)) == "One two. Three four. Five"


async def test_an_answer_that_is_whole_at_once_is_said_at_once(patient: Scene) -> None:
    """As a text: it can be cached and journalled, and nobody waits behind it for more."""
    await begun(patient, "It is four. Yes.")
    assert patient.texts == ["It is four.\nYes."]
    assert patient.items[0].said.request.priority is Priority.NORMAL


async def test_an_answer_without_an_end_is_said_when_it_rests(talk: Scene) -> None:
    """So long as is set."""
    await begun(talk, "It is four")
    await talk.fake.until(lambda: talk.texts == ["It is four"])


async def test_a_bot_that_never_edits_is_not_waited_for(patient: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some whole messages it is known to write so; an edit disproves it."""
    monkeypatch.setattr(answers, "STEADY", 1)
    settings = patient.reader._answers._steady
    settings.put(LLM, 1)
    message = await begun(patient, "It is four")
    assert patient.texts == ["It is four"]
    await grown(patient, message, "It is four and a half")
    assert settings.get(LLM) == 0
    await begun(patient, "It is five")
    assert len(patient.texts) == 2  # the half of before, which is whole now that another message begins


async def test_a_preview_that_is_added_is_no_edit(patient: Scene) -> None:
    """A bot that writes whole messages is still known to."""
    steady = patient.reader._answers._steady
    steady.put(LLM, 7)
    message = await begun(patient, "See there.")
    await patient.fake.edit(message, embeds=[{"type": "link", "title": "A page"}])
    await patient.handled()
    assert (steady.get(LLM) or 0) >= 7


async def test_a_rest_that_was_broken_is_none(patient: Scene) -> None:
    """An edit that stood in line when the time was over begins it anew."""
    message = await begun(patient, "One tw")
    answer = patient.reader._answers._answers.get(int(message["id"]))
    assert answer is not None
    over = answer.turn
    await grown(patient, message, "One two thr")
    await patient.reader._answers._rested(answer, over, last=False)
    assert patient.items == []


async def test_a_part_that_no_voice_can_say_does_not_silence_the_rest(talk: Scene) -> None:
    """Only those words are left out."""
    message = await begun(talk, "こんにちは。")
    assert talk.items == []
    await grown(talk, message, "こんにちは。\nAnd this is English. Ye")
    assert await talk.all_heard(1) == ["And this is English. Ye"]


async def test_an_answer_that_goes_on_after_it_rested_is_spoken_on(talk: Scene) -> None:
    """What was heard is not heard again."""
    message = await begun(talk, "One two")
    await talk.fake.until(lambda: talk.texts == ["One two"])
    await grown(talk, message, "One two three. Four five.")
    await talk.fake.until(lambda: len(talk.items) == 2)
    assert await talk.all_heard(2) == ["One two", "three. Four five."]


async def test_a_deleted_answer_is_not_spoken_on(patient: Scene) -> None:
    """Somebody stopped it."""
    message = await begun(patient, "One. Two. Thr")
    item = patient.items[0]
    await patient.fake.delete(message)
    await patient.handled()
    assert patient.items == []
    assert item.said.speech.done


async def test_an_answer_that_was_skipped_is_not_spoken_on(patient: Scene) -> None:
    """Whoever skipped it wants to hear no more of it."""
    message = await begun(patient, "One. Two. Thr")
    patient.hall.begin()
    patient.hall.end(patient.items[0], Outcome.SKIPPED)
    await patient.fake.until(lambda: not patient.station.courier.parcels("discord:5000"))
    await grown(patient, message, "One. Two. Three. Four. Fi")
    assert patient.items == []


async def test_an_answer_waits_for_its_bot_without_holding_up_others(fake: FakeDiscord, speaker: Speaker) -> None:
    """While the cursor blinks others are heard; what comes then is spoken on."""
    settings = DiscordSettings(settle_seconds=0.1, read_seconds=60)
    async with scene(fake, speaker, settings=settings) as here:
        await here.rule_channel(read=True)
        await here.rule(bots=[LLM], announce=False)
        message = await begun(here, "One. Two. Thr ▌", reply_to=await fake.say("Count.", channel=CLERKS))
        assert await here.all_heard(1) == ["One. Two."]
        await grown(here, message, "One. Two. Three. ▌")
        await fake.until(lambda: len(here.items) == 2)
        assert (await here.all_heard(2))[1] == "Three."


async def test_a_thinking_bot_says_nothing(talk: Scene) -> None:
    """A deferred answer, then a placeholder, then words."""
    user = talk.fake.world.user("ann").payload()
    asked = {"id": "9", "type": 2, "user": user, "authorizing_integration_owners": {}}
    message = await talk.posted("", by="llm", type=20, flags=1 << 7, interaction_metadata=asked, webhook_id="3000")
    payload = talk.fake.messages[str(message.id)]
    await grown(talk, payload, "Generating a response…", "It is four.")
    assert talk.texts == ["It is four."]


async def test_an_answer_may_be_a_picture(talk: Scene) -> None:
    """Then that is told."""
    await begun(talk, "", files={"a.png": b"\x89PNG"})
    assert talk.texts == ["Sent an image."]


async def test_the_bot_is_announced_like_anybody(talk: Scene) -> None:
    """Before its first words, and not before each part of them."""
    await talk.rule(announce=True)
    message = await begun(talk, "One. Tw")
    await grown(talk, message, "One. Two. Three")
    assert await talk.all_heard(1) == ["llm said One. Two. Three"]


async def test_people_mentioned_in_an_answer_are_called_by_name(talk: Scene) -> None:
    """Also where they are mentioned only in a later edit."""
    bob = talk.fake.world.user("bob").id
    message = await begun(talk, "One. Tw")
    await grown(talk, message, f"One. Two is <@{bob}>. Three")
    assert await talk.all_heard(1) == ["One. Two is Bobby. Three"]


async def test_an_answer_in_two_messages_is_spoken_in_order(talk: Scene) -> None:
    """What goes on in a new message is whole in the old one."""
    await talk.rule_channel(read=False)
    asked = await talk.fake.say("Tell me.", channel=TEXT)
    first = await begun(talk, "One. Two thr", reply_to=asked)
    await grown(talk, first, "One. Two three")
    await begun(talk, "Four. Five.")
    assert [text if text != "…" else "" for text in talk.texts] == ["", "Four.\nFive."]
    assert await talk.all_heard(2) == ["One. Two three", "Four. Five."]


async def test_two_answers_at_once_are_told_apart(patient: Scene) -> None:
    """A bot may answer two people at the same time."""
    one, two = await patient.fake.say("One?", channel=CLERKS), await patient.fake.say("Two?", channel=CLERKS, by="bob")
    first = await begun(patient, "A one. A tw", reply_to=one, channel=CLERKS)
    second = await begun(patient, "B one. B tw", reply_to=two, channel=CLERKS)
    await grown(patient, first, "A one. A two. A th")
    await grown(patient, second, "B one. B two. B th")
    await patient.fake.until(lambda: all(len(item.said.speech.spoken) == 2 for item in patient.items))
    heard = [[spoken.utterance.text for spoken in item.said.speech.spoken] for item in patient.items]
    assert heard == [["A one.", "A two."], ["B one.", "B two."]]


async def test_a_storm_of_edits_is_one_answer(talk: Scene) -> None:
    """A bot that edits for every word is heard as one that does not."""
    words = [f"{('One', 'Two', 'Three', 'Four')[number % 4]}." for number in range(100)]
    message = await begun(talk, words[0])
    talk.hall.begin()
    for count in range(2, 101):
        await talk.fake.edit(message, " ".join(words[:count]))
    await talk.handled()
    await talk.fake.until(lambda: talk.items[-1].said.speech.done)
    assert " ".join(await talk.all_heard(len(talk.items))).split() == words


async def test_closing_ends_what_is_followed(patient: Scene) -> None:
    """No timer and no stream outlives the reader."""
    await begun(patient, "One. Two. Thr")
    await patient.reader.close()
    assert await patient.all_heard(1) == ["One. Two."]
    await patient.reader.close()


# Which bots, and where


async def test_a_named_bot_is_heard_where_it_answers_somebody(talk: Scene) -> None:
    """In any channel, in the voice channel of who asked; what it writes to nobody there is not."""
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    assert await talk.read("Hello.", by=LLM, channel=CLERKS, reply_to=asked) == "Hello."
    assert talk.items[0].channel == VOICE
    talk.clock.advance(60)
    assert await talk.read("News.", by=LLM, channel=CLERKS) == ""
    assert await talk.read("Hello <@2000>.", by=LLM, channel=CLERKS) == "Hello <@2000>."
    assert await talk.read("Beep.", by="clerk", channel=CLERKS) == ""


async def test_a_named_bot_that_answers_nobody_in_voice_is_not_heard(talk: Scene) -> None:
    """There is nobody to hear it."""
    asked = await talk.fake.say("Hi?", channel=CLERKS, by="clerk")
    assert await talk.read("Hello.", by=LLM, channel=CLERKS, reply_to=asked) == ""


async def test_bots_among_themselves_are_not_heard(talk: Scene) -> None:
    """A bot that sits in voice is nobody who listens."""
    talk.fake.add_user("music", bot=True, voice=VOICE)
    asked = await talk.fake.say("Hi?", channel=CLERKS, by="music")
    assert await talk.read("Hello.", by=LLM, channel=CLERKS, reply_to=asked) == ""


async def test_the_bot_s_own_messages_are_heard_in_channels_that_are_read(talk: Scene) -> None:
    """The host's LLM may be this very account."""
    assert await talk.read("It is four.", by="speaker") == "It is four."
    talk.clock.advance(60)
    assert await talk.read("It is five.", by="speaker", channel=CLERKS) == ""


async def test_what_not_all_listeners_may_see_is_not_heard(talk: Scene) -> None:
    """Neither the answer in a channel that nobody set to be read, nor the reply to one that all heard."""
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    answer = await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    await talk.hide(CLERKS, "ann", "llm")  # and not from bob, who listens
    assert await talk.read("Bob is to be let go.", by=LLM, channel=CLERKS, reply_to=asked) == ""
    assert await talk.read("When shall I tell him?", channel=CLERKS, reply_to=answer) == ""
    await talk.rule_channel(CLERKS, read=True)
    assert await talk.read("Louder.", by=LLM, channel=CLERKS, reply_to=asked) == "Louder."


async def test_a_hidden_channel_is_heard_among_those_who_see_it(talk: Scene) -> None:
    """A bot that sits there too tells nobody."""
    talk.fake.add_user("music", bot=True, voice=VOICE)
    await talk.hide(CLERKS, "ann", "bob", "llm")
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    assert await talk.read("Hello.", by=LLM, channel=CLERKS, reply_to=asked) == "Hello."


async def test_an_answer_in_a_private_thread_is_not_heard(talk: Scene) -> None:
    """Who is in it cannot be known of everybody who listens."""
    thread = await talk.private_thread()
    asked = await talk.fake.say("Hi?", channel=thread)
    assert await talk.read("Hello.", by=LLM, channel=thread, reply_to=asked) == ""


@pytest.mark.parametrize("deferred", [False, True])
async def test_the_host_s_answer_to_its_own_command_is_heard(talk: Scene, deferred: bool) -> None:
    """Also if it took its time, and Discord showed that it thinks."""

    @talk.bot.tree.command(name="ask", description="Ask the LLM")
    async def ask(interaction: discord.Interaction) -> None:
        if deferred:
            await interaction.response.defer()
            await interaction.edit_original_response(content="It is four.")
        else:
            await interaction.response.send_message("It is four.")

    await talk.bot.tree.sync()
    await talk.fake.slash("ask")
    assert await talk.all_heard(1) == ["It is four."]


async def test_sayso_s_answer_to_a_command_is_not_heard(talk: Scene) -> None:
    """What it says about speaking is for the eye."""
    await talk.bot.add_cog(Say(talk.station))
    await talk.bot.tree.sync()
    ix = await talk.fake.slash("say", text="Hello there.")
    await talk.fake.until(lambda: talk.items)
    talk.hall.hear()
    await ix.wait(lambda ix: "🔊" in (ix.content or ""))
    await asyncio.sleep(2 * SETTLE)
    await talk.handled()
    assert talk.texts == []


# Conversation


async def test_a_reply_to_an_answer_is_read_with_its_name(talk: Scene) -> None:
    """In the voice channel of the answer, though its channel is not read; and so is the next answer."""
    await talk.rule(announce=True)
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    answer = await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    reply = await talk.fake.say("Why?", channel=CLERKS, by="bob", reply_to=answer)
    await talk.handled()
    await begun(talk, "Because.", channel=CLERKS, reply_to=reply)
    assert await talk.all_heard(3) == ["llm said Hello.", "Bobby said Replying to llm: Why?", "llm said Because."]
    assert {item.channel for item in talk.items} == {VOICE}


async def test_the_next_message_of_an_answer_needs_no_reply(talk: Scene) -> None:
    """It comes right behind the one before."""
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    talk.clock.advance(5)
    assert await talk.read("And more.", by=LLM, channel=CLERKS) == "And more."
    talk.clock.advance(11)
    assert await talk.read("Something else.", by=LLM, channel=CLERKS) == ""


@pytest.mark.parametrize("rules", [{"roles": [1]}, {"ignore_mark": "W"}])
async def test_a_reply_is_under_the_rules_as_well(talk: Scene, rules: dict[str, object]) -> None:
    """Who is never read is not read here either."""
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    answer = await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    await talk.rule(**rules)
    assert await talk.read("Why?", channel=CLERKS, reply_to=answer) == ""


async def test_a_reply_needs_no_prefix(talk: Scene) -> None:
    """To whom it speaks is plain."""
    await talk.rule(prefix=".")
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    answer = await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    assert (await talk.read("Why?", channel=CLERKS, reply_to=answer)).endswith("\nWhy?")


async def test_a_reply_to_a_person_is_no_conversation_with_a_bot(talk: Scene) -> None:
    """Chat between people is read where chat is read."""
    message = await talk.fake.say("Hi?")
    await talk.handled()
    assert await talk.read("Hello.", channel=CLERKS, by="bob", reply_to=message) == ""


async def test_who_listens_elsewhere_is_not_part_of_it(talk: Scene) -> None:
    """A reply from another voice channel would be heard by others."""
    talk.fake.add_channel("Other", Kind.VOICE, id=7007)
    talk.fake.add_user("cat", voice=7007)
    asked = await talk.fake.say("Hi?", channel=CLERKS)
    answer = await begun(talk, "Hello.", channel=CLERKS, reply_to=asked)
    assert await talk.read("Why?", channel=CLERKS, by="cat", reply_to=answer) == ""


async def test_after_a_restart_a_reply_to_a_named_bot_is_still_one(talk: Scene) -> None:
    """Where the answer was heard is forgotten; where the writer sits is not."""
    old = talk.fake._messages.make(
        talk.fake.world.user("llm"), talk.fake.world.channel(str(CLERKS)), {"content": "Hi."}
    )
    talk.fake.messages[old["id"]] = old
    assert (await talk.read("Why?", channel=CLERKS, reply_to=old)).endswith("\nWhy?")
    assert talk.items[0].channel == VOICE


async def test_the_writer_s_own_mention_of_the_bot_starts_nothing(talk: Scene) -> None:
    """A question in a channel that is not read is the LLM's to answer."""
    assert await talk.read("<@3000> hi", channel=CLERKS) == ""


async def test_a_reply_in_a_channel_that_is_read_is_read_once(talk: Scene) -> None:
    """It belongs to both, and is heard once."""
    answer = await begun(talk, "Hello.", channel=TEXT)
    await talk.read("Why?", reply_to=answer)
    assert len(talk.items) == 2
