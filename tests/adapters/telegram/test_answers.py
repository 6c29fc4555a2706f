"""LLMs' answers arrive as the chat wants them, as voice, as text or both, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import telegram
from structlog.testing import capture_logs

from bot.adapters.telegram.answers import Answers
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.plugin import assemble, close
from bot.adapters.telegram.rules import Auto, Replies, with_rules
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.target import target_of
from bot.adapters.words import word
from bot.config import TelegramSettings
from bot.errors import EngineUnavailable
from bot.queue import Limits
from bot.speaker import Speaker
from bot.speech import Priority, Reason, Refusal
from bot.store import GuildSettings
from bot.tts.audio import packets
from tests.adapters.telegram.commands.talking import Slow, answer, answers, note, spoken
from tests.adapters.telegram.quick import Pauses, quick_post
from tests.adapters.telegram.scene import host
from tests.adapters.telegram.writer import Writer
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person, Status

ANSWER = "It is half past nine."


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann", username="ann_lee")


@pytest.fixture
def pauses() -> Pauses:
    """The time between the edits of an answer that grows."""
    return Pauses()


@pytest.fixture
async def station(fake: FakeTelegram, speaker: Speaker, pauses: Pauses) -> AsyncIterator[Station]:
    """Sayso in the bot of somebody whose LLM answers."""
    async with host(fake) as application:
        station = assembled(application.bot, speaker, pauses)
        yield station
        await close(station)


def assembled(bot: telegram.Bot, speaker: Speaker, pauses: Pauses) -> Station:
    station = assemble(bot, speaker, TelegramSettings(), reads=False)
    station.messenger.post = quick_post()
    station.answers = Answers(station, sleep=pauses)
    return station


async def decided(station: Station, chat: Chat, **rules: object) -> None:
    """The chat's administrators have decided that."""
    settings = station.speaker.store.settings
    await settings.set_guild(guild_key(chat.id), extra=with_rules(GuildSettings(), **rules))


def seen(station: Station, message: Message) -> telegram.Message:
    """A message as the host's handler has it."""
    found = telegram.Message.de_json(message.payload(), station.bot)
    assert found is not None
    return found


async def reply(station: Station, message: Message, text: Any = ANSWER, **more: Any) -> Parcel | Refusal | None:
    """The host has its LLM's answer spoken."""
    return await asyncio.wait_for(station.answers.speak_reply(seen(station, message), text, **more), 5)


async def heard(station: Station, message: Message, text: Any = ANSWER, **more: Any) -> Parcel:
    """It is on its way as voice, and has arrived."""
    parcel = await reply(station, message, text, **more)
    assert isinstance(parcel, Parcel)
    receipt = await asyncio.wait_for(parcel.delivered(), 5)
    assert receipt.delivered, receipt
    return parcel


async def quiet(station: Station) -> None:
    """Everything that was begun is over."""
    if station.answers._tasks:
        await asyncio.wait(station.answers._tasks, timeout=5)


def texts(fake: FakeTelegram, chat: Chat) -> list[str]:
    """What the bot wrote."""
    return [message.text for message in chat.messages if message.sender is fake.bot and message.text]


# -- whether it is spoken


QUESTION, VOICE, NAMED, REPLY = "question", "voice", "named", "reply"


async def asked(ann: Person, chat: Chat, how: str, earlier: Message) -> Message:
    """She asks something: in writing, by voice, by name, or in answer to the bot."""
    if how == VOICE:
        return await ann.voice(chat)
    text = "@sayso_bot what time is it?" if how == NAMED else "What time is it?"
    return await ann.say(text, chat, reply_to=earlier if how == REPLY else None)


@pytest.mark.parametrize(
    ("auto", "spoken_to"),
    [
        (None, {QUESTION, VOICE, NAMED, REPLY}),
        (Auto.ALWAYS, {QUESTION, VOICE, NAMED, REPLY}),
        (Auto.OFF, set()),
        (Auto.INBOUND, {VOICE}),
        (Auto.MENTION, {NAMED, REPLY}),
    ],
)
@pytest.mark.parametrize("how", [QUESTION, VOICE, NAMED, REPLY])
async def test_the_chat_decides_what_is_answered_by_voice(
    fake: FakeTelegram, station: Station, ann: Person, auto: Auto | None, spoken_to: set[str], how: str
) -> None:
    """What is not is answered in writing."""
    team = fake.group(members=[ann])
    await decided(station, team, auto=auto)
    earlier = fake.world.post(team, fake.bot, {"text": "Hello"})
    question = await asked(ann, team, how, earlier)
    given = await reply(station, question)
    if how in spoken_to:
        assert isinstance(given, Parcel)
        assert (await note(fake, team)).reply_to is question
        assert texts(fake, team) == ["Hello"]
    else:
        assert given is None
        assert (await answer(fake, question)).text == ANSWER
        assert fake.notes(team) == []


async def test_in_a_private_chat_everything_is_meant_for_the_bot(station: Station, ann: Person) -> None:
    """Nobody names it there."""
    await decided(station, ann.private, auto=Auto.MENTION)
    await heard(station, await ann.say("What time is it?"))


# -- as what


async def test_voice_is_all_that_arrives(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """Unless somebody decides otherwise: one note, in answer to the question, and no text."""
    question = await ann.say("What time is it?")
    parcel = await heard(station, question)
    (only,) = fake.notes(ann.private)
    assert only.reply_to is question
    assert len(packets(only.ogg)) >= 5
    assert spoken(offline) == [ANSWER]
    assert only.message.id in parcel.notes
    await quiet(station)
    assert texts(fake, ann.private) == []


async def test_text_is_all_that_arrives(fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine) -> None:
    """As the administrators decided."""
    await decided(station, ann.private, replies=Replies.TEXT)
    question = await ann.say("What time is it?")
    assert await reply(station, question) is None
    assert (await answer(fake, question)).text == ANSWER
    await quiet(station)
    assert (fake.notes(ann.private), spoken(offline)) == ([], [])


async def test_both_arrive(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Each once, each in answer to the question."""
    await decided(station, ann.private, replies=Replies.BOTH)
    question = await ann.say("What time is it?")
    await heard(station, question)
    await quiet(station)
    assert [one.text for one in answers(fake, question)] == [ANSWER]
    assert [one.reply_to for one in fake.notes(ann.private)] == [question]


@pytest.mark.parametrize("replies", list(Replies))
async def test_what_the_host_shows_is_not_shown_twice(
    fake: FakeTelegram, station: Station, ann: Person, replies: Replies
) -> None:
    """Only the voice is Sayso's, where there is any."""
    await decided(station, ann.private, replies=replies)
    given = await reply(station, await ann.say("What time is it?"), shown=True)
    assert (given is None) is (replies is Replies.TEXT)
    if isinstance(given, Parcel):
        await note(fake, ann.private)
    await quiet(station)
    assert texts(fake, ann.private) == []


async def test_what_the_host_shows_alone_is_left_to_it(station: Station, ann: Person) -> None:
    """A stream that is not to be spoken is not even read."""
    await decided(station, ann.private, auto=Auto.OFF)
    writer = Writer()
    writer.write("It")
    assert await reply(station, await ann.say("What time is it?"), writer, shown=True) is None
    assert writer.pieces.qsize() == 1


async def test_it_is_spoken_for_who_asked(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """In their place in the queue, their language and the voice that the host wants; it survives a restart."""
    ann.language_code = "ru"
    team = fake.group(members=[ann])
    question = await ann.say("Сколько времени?", team)
    parcel = await heard(station, question, voice="heart")
    request = parcel.request
    assert (request.guild, request.user, request.voice) == (guild_key(team.id), user_key(ann.id), "heart")
    assert (request.priority, request.names) == (Priority.NORMAL, {"@ann_lee": "Ann"})
    target = target_of(request.target)
    assert target is not None
    assert (target.reply_to, target.locale, target.text, target.quiet) == (question.id, "ru", True, True)


async def test_it_goes_where_it_was_asked(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Into the topic, the channel, or in the name of the business account; of edited messages too."""
    forum, news = fake.group(members=[ann], forum=True), fake.channel(admins=[ann])
    topic, business = await ann.open_topic(forum, "Time"), await fake.person("Boss").connect()
    in_topic = await ann.say("What time is it?", forum, thread=topic)
    await ann.edit(in_topic, "What time is it now?")
    await heard(station, in_topic)
    assert fake.notes(forum)[0].thread == topic.id
    await heard(station, await ann.say("What time is it?", news))
    assert len(fake.notes(news)) == 1
    await heard(station, await ann.say("What time is it?", business=business))
    assert [one.message.business for one in fake.notes(business.chat(ann))] == [business.id]
    await decided(station, forum, auto=Auto.OFF)
    await reply(station, in_topic)
    assert (await answer(fake, in_topic)).thread == topic.id


async def test_two_answers_to_one_question_are_two(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """An agent may speak in between."""
    question = await ann.say("What time is it?")
    await heard(station, question, "Let me see.")
    await heard(station, question, ANSWER)
    assert len(fake.notes(ann.private)) == 2


async def test_it_can_be_heard_again(station: Station, ann: Person) -> None:
    """By /replay, like whatever was heard."""
    question = await ann.say("What time is it?")
    parcel = await heard(station, question)
    await asyncio.sleep(0)
    assert station.asking.heard.message(ann.private.id, question.id) == parcel.said.key


@pytest.mark.parametrize("blank", ["", " \n"])
@pytest.mark.parametrize("replies", list(Replies))
async def test_a_blank_answer_is_none(
    fake: FakeTelegram, station: Station, ann: Person, blank: str, replies: Replies
) -> None:
    """Nothing is sent, whole or streamed."""
    await decided(station, ann.private, replies=replies)
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write(blank, None)
    for text in (blank, writer):
        refused = await reply(station, question, text)
        assert isinstance(refused, Refusal)
        assert refused.reason is Reason.NOTHING_TO_SAY
    await quiet(station)
    assert ann.private.messages == [question]


# -- while it is written


async def test_a_stream_is_spoken_as_it_comes(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """The first sentence is made while the next is being written; nothing is written where voice is wanted."""
    writer = Writer()
    writer.write("It is half", " past nine. ", "You")
    parcel = await reply(station, await ann.say("What time is it?"), writer)
    await fake.until(lambda: spoken(offline) == ["It is half past nine."])
    writer.write(" are late.", None)
    assert isinstance(parcel, Parcel)
    assert (await parcel.delivered()).delivered
    await quiet(station)
    assert spoken(offline) == ["It is half past nine.", "You are late."]
    assert (len(fake.notes(ann.private)), texts(fake, ann.private)) == (1, [])


async def test_a_stream_is_shown_as_it_comes(fake: FakeTelegram, station: Station, ann: Person, pauses: Pauses) -> None:
    """And reads in the end as it was written; beside it the note."""
    await decided(station, ann.private, replies=Replies.BOTH)
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write("It is half")
    parcel = await reply(station, question, writer)
    await fake.until(lambda: pauses.sleeping)
    pauses.end()
    assert (await answer(fake, question)).text == "It is half"
    writer.write(" past nine.\n", None)
    await fake.until(lambda: texts(fake, ann.private) == [ANSWER])
    assert isinstance(parcel, Parcel)
    assert (await parcel.delivered()).delivered
    assert len(answers(fake, question)) == 1


async def test_a_stream_may_be_text_only(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """The host need not wait until it is written."""
    await decided(station, ann.private, auto=Auto.OFF)
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write("It is")
    assert await reply(station, question, writer) is None
    writer.write(" half past nine.", None)
    assert (await answer(fake, question)).text == ANSWER
    assert spoken(offline) == []


async def test_showing_does_not_hold_speaking(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Telegram may be slow with the one, and the other arrives."""
    await decided(station, ann.private, replies=Replies.BOTH)
    hanging = fake.faults.hang("sendMessage")
    writer = Writer()
    writer.write(ANSWER, None)
    parcel = await reply(station, await ann.say("What time is it?"), writer)
    await fake.until(hanging.met.is_set)
    assert isinstance(parcel, Parcel)
    await fake.until(lambda: parcel.said.speech.done)
    hanging.release()
    assert (await parcel.delivered()).delivered


async def test_speaking_does_not_hold_showing(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """An engine may be slow, and the text is there."""
    await decided(station, ann.private, replies=Replies.BOTH)
    slow, writer = Slow(offline), Writer()
    writer.write(ANSWER, " You are late.", None)
    await reply(station, await ann.say("What time is it?"), writer)
    await fake.until(lambda: texts(fake, ann.private) == [f"{ANSWER} You are late."])
    assert fake.notes(ann.private) == []
    slow.go()
    await note(fake, ann.private)


async def test_an_llm_that_breaks_off_is_heard_and_seen_so_far(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """Why is in the log, by its type."""
    await decided(station, ann.private, replies=Replies.BOTH)
    writer = Writer()
    writer.write("It is half past", ConnectionError("words"))
    with capture_logs() as logs:
        await heard(station, await ann.say("What time is it?"), writer)
        await quiet(station)
    assert spoken(offline) == ["It is half past"]
    assert texts(fake, ann.private) == ["It is half past"]
    assert [entry["error"] for entry in logs if entry["event"] == "answer_stream_failed"] == ["ConnectionError"]


async def test_an_llm_that_fails_at_once_fails_for_the_host(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """It knows what to tell; nothing was begun."""
    writer = Writer()
    writer.write(ConnectionError("no LLM"))
    question = await ann.say("What time is it?")
    with pytest.raises(ConnectionError):
        await reply(station, question, writer)
    assert ann.private.messages == [question]


# -- no answer is lost


async def refused(station: Station, message: Message, text: Any = ANSWER) -> Refusal:
    given = await reply(station, message, text)
    assert isinstance(given, Refusal)
    return given


async def test_what_is_too_long_to_speak_arrives_as_text(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """With the reason below it."""
    await station.speaker.store.settings.set_guild(guild_key(ann.private.id), max_chars=10)
    question = await ann.say("What time is it?")
    assert (await refused(station, question)).reason is Reason.TOO_LONG
    why = word("telegram_answers.too_long", "en", limit=10)
    assert (await answer(fake, question)).text == f"{ANSWER}\n\n{why}"


async def test_what_no_voice_speaks_arrives_as_text(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """In the language of who asked."""
    ann.language_code = "ru"
    question = await ann.say("Как дела?")
    assert (await refused(station, question, "Всё хорошо, спасибо.")).reason is Reason.LANGUAGE_NOT_SPOKEN
    assert (await answer(fake, question)).text.startswith("Всё хорошо, спасибо.\n\n🔇 Здесь нет голоса")


async def test_who_does_not_want_to_be_spoken_gets_text_without_a_word(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """They know why."""
    await station.speaker.store.preferences.set(user_key(ann.id), opted_out=True)
    question = await ann.say("What time is it?")
    assert (await refused(station, question)).reason is Reason.OPTED_OUT
    assert (await answer(fake, question)).text == ANSWER


async def test_what_has_no_words_arrives_as_text_without_a_word(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """There is nothing to explain about a row of marks."""
    question = await ann.say("What time is it?")
    assert (await refused(station, question, "…!")).reason is Reason.NOTHING_TO_SAY
    assert (await answer(fake, question)).text == "…!"


async def test_what_finds_no_place_in_the_queue_arrives_as_text(
    fake: FakeTelegram, opened: Opened, ann: Person, offline: FakeEngine, pauses: Pauses
) -> None:
    """A stream too, whole in the end though it was refused at its beginning."""
    slow = Slow(offline)
    async with opened(limits=Limits(1, 1, 1)) as speaker, host(fake) as application:
        station = assembled(application.bot, speaker, pauses)
        await reply(station, await ann.say("One?"))
        question, writer = await ann.say("Two?"), Writer()
        writer.write("It is")
        assert (await refused(station, question, writer)).reason is Reason.USER_QUEUE_FULL
        writer.write(" two.", None)
        busy = word("telegram_answers.busy", "en")
        assert (await answer(fake, question)).text == f"It is two.\n\n{busy}"
        slow.go()
        await note(fake, ann.private)
        await close(station)


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_an_engine_fails_at_arrives_as_text(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine, streamed: bool
) -> None:
    """With the reason, once."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "down"))]
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write("It is half past nine. ", "You are late.", None)
    whole = "It is half past nine. You are late."
    given = await reply(station, question, writer if streamed else whole)
    assert isinstance(given, Parcel)
    why = (await given.delivered()).why
    assert (await answer(fake, question)).text == f"{whole}\n\n🔇 {why}"
    await quiet(station)
    assert len(answers(fake, question)) == 1


async def test_what_an_engine_fails_at_is_not_shown_twice(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """Where it is shown already, nothing more is said of it."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "down"))]
    await decided(station, ann.private, replies=Replies.BOTH)
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write(ANSWER, None)
    for text in (ANSWER, writer):
        given = await reply(station, question, text)
        assert isinstance(given, Parcel)
        assert not (await given.delivered()).delivered
    await quiet(station)
    assert texts(fake, ann.private) == [ANSWER, ANSWER]


@pytest.mark.parametrize("streamed", [True, False])
async def test_where_no_sound_may_be_sent_it_arrives_as_text(
    fake: FakeTelegram, station: Station, ann: Person, streamed: bool
) -> None:
    """Neither as voice nor as music."""
    team = fake.group(members=[ann])
    team.denied |= {"can_send_voice_notes", "can_send_audios"}
    question, writer = await ann.say("What time is it?", team), Writer()
    writer.write(ANSWER, None)
    await reply(station, question, writer if streamed else ANSWER)
    assert (await answer(fake, question)).text.startswith(f"{ANSWER}\n\n🔇")
    await quiet(station)
    assert len(texts(fake, team)) == 1


async def test_where_voice_messages_are_forbidden_music_is_enough(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """It is heard, so no text is needed."""
    ann.private.voice_forbidden = True
    writer = Writer()
    writer.write(ANSWER, None)
    await heard(station, await ann.say("What time is it?"), writer)
    await quiet(station)
    assert (len(fake.of("sendAudio")), texts(fake, ann.private)) == (1, [])


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_may_have_arrived_arrives_as_text(
    fake: FakeTelegram, station: Station, ann: Person, streamed: bool
) -> None:
    """To have it twice is better than not at all."""
    fake.faults.lose("sendVoice")
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write(ANSWER, None)
    await reply(station, question, writer if streamed else ANSWER)
    assert (await answer(fake, question)).text.startswith(ANSWER)


async def test_what_grows_longer_than_is_spoken_arrives_as_text_too(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """All of it, below the note with its beginning."""
    await station.speaker.store.settings.set_guild(guild_key(ann.private.id), max_chars=25)
    question, writer = await ann.say("What time is it?"), Writer()
    writer.write(ANSWER, " You are late.", " And tired.", None)
    await heard(station, question, writer)
    cut = word("telegram_answers.cut", "en")
    assert (await answer(fake, question)).text == f"{ANSWER} You are late. And tired.\n\n{cut}"


async def test_what_is_taken_back_is_not_written_either(
    fake: FakeTelegram, station: Station, ann: Person, offline: FakeEngine
) -> None:
    """Its asker did not want it any more, and the LLM may stop."""
    Slow(offline)
    writer = Writer()
    writer.write(ANSWER, " You")
    parcel = await reply(station, await ann.say("What time is it?"), writer)
    assert isinstance(parcel, Parcel)
    await fake.until(lambda: offline.active)
    parcel.cancel()
    assert (await parcel.delivered()).taken_back
    await asyncio.wait_for(writer.closed.wait(), 5)
    await quiet(station)
    assert texts(fake, ann.private) == []


async def test_where_the_bot_may_not_write_nothing_can_be_done(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """It is in the log, and harms nobody."""
    team = fake.group(members=[ann])
    question = await ann.say("What time is it?", team)
    team.members[fake.bot.id].status = Status.KICKED
    await decided(station, team, auto=Auto.OFF)
    with capture_logs() as logs:
        assert await reply(station, question) is None
        await quiet(station)
    assert [entry["error"] for entry in logs if entry["event"] == "answer_not_shown"] == ["Forbidden"]


# -- the end


async def test_what_is_still_written_when_sayso_goes_is_shown_so_far(
    fake: FakeTelegram, speaker: Speaker, ann: Person, offline: FakeEngine, pauses: Pauses
) -> None:
    """No journal can bring back what was never whole."""
    Slow(offline)
    writer = Writer()
    async with host(fake) as application:
        station = assembled(application.bot, speaker, pauses)
        question = await ann.say("What time is it?")
        writer.write(ANSWER, " You")
        await reply(station, question, writer)
        await fake.until(lambda: offline.active)
        await close(station)
    assert writer.closed.is_set()
    assert [one.text for one in answers(fake, question)] == [f"{ANSWER} You"]


async def test_what_was_whole_is_heard_after_a_restart(
    fake: FakeTelegram, opened: Opened, ann: Person, offline: FakeEngine, pauses: Pauses
) -> None:
    """As voice, and not as text as well."""
    slow = Slow(offline)
    question = await ann.say("What time is it?")
    async with opened() as speaker, host(fake) as application:
        station = assembled(application.bot, speaker, pauses)
        assert isinstance(await reply(station, question), Parcel)
        await fake.until(lambda: offline.active)
        await close(station)
    slow.go()
    async with opened() as speaker, host(fake) as application:
        station = assembled(application.bot, speaker, pauses)
        assert await station.courier.resume() == 1
        assert (await note(fake, ann.private)).reply_to is question
        await close(station)
    assert texts(fake, ann.private) == []
