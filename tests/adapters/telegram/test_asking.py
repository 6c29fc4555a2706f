"""Who may have things said, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from telegram import CallbackQuery, Update, User

from bot.adapters.telegram.asking import SKEW
from bot.adapters.telegram.following import Pauses
from bot.adapters.telegram.identity import guild_key, request_id, user_key
from bot.adapters.telegram.incoming import Incoming, incoming
from bot.adapters.telegram.once import Once
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.plugin import assemble, close
from bot.adapters.telegram.rules import with_rules
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.target import target_of
from bot.adapters.telegram.wish import Wish
from bot.config import TelegramSettings
from bot.queue import Entry, Limits, State
from bot.speaker import Speaker
from bot.speech import Reason, Refusal
from bot.store import GuildSettings
from tests.adapters.telegram.commands.talking import Slow, answer, answers, note, settled, spoken, talking
from tests.adapters.telegram.held import held
from tests.adapters.telegram.scene import host
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


@pytest.fixture
async def station(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Station]:
    """A station that is told of messages by the test alone."""
    async with host(fake) as application:
        station = assemble(application.bot, speaker, TelegramSettings())
        station.asking.pauses = Pauses(60.0, 60.0)
        yield station
        await close(station)


def came(station: Station, message: Message) -> Incoming:
    """A message, as it comes in."""
    update = Update.de_json({"update_id": 1, "message": message.payload()}, station.bot)
    found = incoming(update)
    assert found is not None
    return found


async def decided(speaker: Speaker, chat: Chat, **rules: object) -> None:
    """The chat's administrators have decided that."""
    await speaker.store.settings.set_guild(guild_key(chat.id), extra=with_rules(GuildSettings(), **rules))


# -- the request


async def test_a_wish_becomes_a_request(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Of this person, in this chat's lane and topic, in their language, with an id that is always the same."""
    ann.language_code = "zh-hans"
    forum = fake.group(members=[ann], forum=True)
    topic = await ann.open_topic(forum, "News")
    asked = await ann.say("hello", forum, thread=topic)
    wish = Wish("hello @x", {"@x": "Bob"}, "xiaoyi", 1.5, author="telegram:9", turn=3)
    parcel = await station.asking.ask(came(station, asked), wish)
    assert isinstance(parcel, Parcel)
    request, target = parcel.request, parcel.target
    assert (request.guild, request.user, request.channel) == (guild_key(forum.id), user_key(ann.id), str(topic.id))
    assert (request.text, request.names, request.voice, request.rate) == ("hello @x", {"@x": "Bob"}, "xiaoyi", 1.5)
    assert (request.author, request.id) == ("telegram:9", request_id(fake.bot.id, forum.id, asked.id, 3))
    assert (target.bot, target.place, target.reply_to) == (fake.bot.id, Place(forum.id, topic.id), asked.id)
    assert (target.locale, target.quiet) == ("zh-CN", False)
    assert target_of(request.target) == target


async def test_a_note_may_answer_another_message(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Than the one that asks for it."""
    other, asked = await ann.say("well"), await ann.say("/say")
    parcel = await station.asking.ask(came(station, asked), Wish("well", reply_to=other.id))
    assert isinstance(parcel, Parcel)
    assert parcel.target.reply_to == other.id


# -- who may


async def test_where_only_administrators_may_others_are_told(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """What to do instead."""
    chief = fake.person("Chief", locale="ja")
    group = fake.group(members=[ann], admins=[chief])
    await decided(speaker, group, admins_only=True)
    async with talking(fake, speaker):
        asked = await ann.say("/say hello", group)
        told = await answer(fake, asked)
        asked = await chief.say("/say hello", group)
        assert (await note(fake, group)).reply_to is asked
    assert told.text == (
        "Here only administrators may have things said. Ask one of them, or write to me in a private chat."
    )
    assert len(fake.notes()) == 1


async def test_who_asks_too_often_is_told_when_again(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Each person is counted for themselves, and a repetition like the first time."""
    bob = fake.person("Bob")
    group = fake.group(members=[ann, bob])
    await decided(speaker, group, per_minute=2)
    async with talking(fake, speaker):
        await ann.say("/say one", group)
        await note(fake, group)
        await ann.say("/replay", group)
        await note(fake, group, 2)
        told = await answer(fake, await ann.say("/say three", group))
        await bob.say("/say four", group)
        await note(fake, group, 3)
    assert told.text.startswith("You have asked 2 times within a minute, which is as often as one may here.")
    assert "Try again in about " in told.text


async def test_a_refusal_is_told_in_the_askers_language(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """As an answer to what they asked."""
    ann.language_code = "ru"
    await speaker.store.settings.set_guild(guild_key(ann.id), max_chars=5)
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/say привет всем"))
    assert told.text.startswith("В тексте 11 символов, а здесь озвучивается не больше 5.")


async def test_a_flood_is_not_answered_by_a_flood(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """When the chat's queue is full, one is told so for all; what concerns one person is told to each."""
    people = [fake.person(name) for name in ("Bob", "Cid", "Dan")]
    group = fake.group(members=[ann, *people])
    slow = Slow(offline)
    async with opened(limits=Limits(per_user=1, per_guild=1)) as speaker, talking(fake, speaker) as station:
        await ann.say("/say first", group)
        await fake.until(lambda: offline.asked)
        asked = [await person.say(f"/say {person.first_name}", group) for person in (*people, *people)]
        own = [await ann.say(f"/say {number}", group) for number in "123"]
        await settled(fake, station)
        await fake.until(lambda: len(fake.of("sendMessage")) == 2)
        told = [[one.text for message in some for one in answers(fake, message)] for some in (asked, own)]
        slow.go()
        await note(fake, group)
    assert [len(texts) for texts in told] == [1, 1]
    assert told[0][0].startswith("1 are already waiting to be said here")
    assert told[1][0].startswith("You already have 1 waiting")


async def test_what_one_has_done_wrong_another_is_told_as_well(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """The answer to the one before was not for them."""
    bob = fake.person("Bob")
    group = fake.group(members=[ann, bob])
    for person in (ann, bob, ann):
        await station.asking.ask(came(station, await person.say("hm", group)), Wish(""))
    await fake.until(lambda: len(fake.of("sendMessage")) == 2)


async def test_after_a_while_it_is_told_again(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Who asks again a minute later has not seen the answer to another."""
    now = [0.0]
    station.asking.once = Once(10.0, lambda: now[0])
    for at in (0.0, 5.0, 10.0):
        now[0] = at
        await station.asking.ask(came(station, await ann.say("hm")), Wish(""))
    await fake.until(lambda: len(fake.of("sendMessage")) == 2)


async def test_chat_read_aloud_is_refused_in_silence(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Nobody asked."""
    answer = await station.asking.ask(came(station, await ann.say("…")), Wish("…", quiet=True))
    assert isinstance(answer, Refusal)
    assert answer.reason is Reason.NOTHING_TO_SAY
    assert not station.errands


# -- what comes late


async def test_what_was_asked_for_while_sayso_was_away_is_not_said_as_if_it_were_new(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """Each chat is told so once, not each who asked; also of what would cost nothing, for it was said before."""
    bob = fake.person("Bob", locale="ru")
    group = fake.group(members=[ann, bob])
    old = [await ann.say("one", group), await bob.say("two", group), await bob.say("three"), await ann.say("four")]
    for message in old:
        message.date -= 6 * 3600
    wishes = [Wish("one"), Wish("two"), Wish(replay="three"), Wish("four", quiet=True)]
    asked = zip(old, wishes, strict=True)
    refused = [await station.asking.ask(came(station, message), wish) for message, wish in asked]
    assert [one.reason for one in refused if isinstance(one, Refusal)] == [Reason.EXPIRED] * 4
    await fake.until(lambda: not station.errands)
    assert [one.text for one in answers(fake, old[0])] == [
        "I was away, and what was asked of me meanwhile is too old to be said now. Ask for it again."
    ]
    assert [len(answers(fake, message)) for message in old] == [1, 0, 1, 0]
    assert answers(fake, old[2])[0].text.endswith("Отправьте запрос ещё раз.")


async def test_it_is_wanted_for_so_long_from_when_it_was_written(station: Station, ann: Person) -> None:
    """Or last changed, or from when a button is pressed; two clocks need not agree to the minute."""
    now = station.wall()
    station.wall = lambda: now
    wanted = station.settings.note_seconds

    async def left(message: Message, **facts: object) -> float:
        asked = came(station, message)
        for name, value in facts.items():
            setattr(asked, name, value)
        parcel = await station.asking.ask(asked, Wish("hello"))
        assert isinstance(parcel, Parcel)
        assert parcel.request.deadline is not None
        return parcel.request.deadline - now

    new, older, edited, menu = [await ann.say("hello") for _ in range(4)]
    for message in (older, edited, menu):
        message.date -= 600
    edited.edited = edited.date + 600
    query = CallbackQuery("7", ann_as_user(ann), "x", data="sayso:x:")
    assert await left(new) == wanted
    assert await left(older) == pytest.approx(wanted + SKEW - 600, abs=5.0)
    assert await left(edited) == wanted
    assert await left(menu, query=query) == wanted


# -- once


async def test_the_very_same_is_asked_for_once(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """Telegram delivers again what it is not sure of."""
    asked = came(station, await ann.say("hello"))
    assert isinstance(await station.asking.ask(asked, Wish("hello")), Parcel)
    assert await station.asking.ask(asked, Wish("hello")) is None
    assert isinstance(await station.asking.ask(asked, Wish("hello", turn=1)), Parcel)


async def test_what_an_earlier_process_was_asked_is_not_said_again(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Also when it has said it and ended before it could tell Telegram that it knows."""
    async with talking(fake, speaker):
        asked = await ann.say("/say hello")
        await note(fake, ann.private)
    async with talking(fake, speaker) as station:
        fake.updates.put("message", asked.payload())
        new = await ann.say("/say goodbye")
        await fake.until(lambda: len(fake.notes(ann.private)) == 2)
        await settled(fake, station)
    assert [one.reply_to for one in fake.notes(ann.private)] == [asked, new]
    assert spoken(offline) == ["hello", "goodbye"]


async def test_the_journal_is_asked_only_of_what_may_be_older(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """To look costs time, and what was written while this process runs no earlier one can know."""
    async with host(fake) as application:
        station = assemble(application.bot, speaker, TelegramSettings())
        old, new = await ann.say("old"), await ann.say("new")
        new.date += 3600
        for message in (old, new):
            id = request_id(fake.bot.id, ann.id, message.id)
            await speaker.store.journal.accept(Entry(id, {"user": "x"}))
            await speaker.store.journal.mark(id, State.DONE)
        assert await station.asking.ask(came(station, old), Wish("old")) is None
        assert isinstance(await station.asking.ask(came(station, new), Wish("new")), Parcel)
        assert await station.asking.ask(came(station, new), Wish("new")) is None
        await close(station)


# -- what was heard


async def test_each_place_knows_what_was_heard_there(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Whoever asked for it; and where nothing is known, what the person heard last in the chat."""
    bob = fake.person("Bob")
    group = fake.group(members=[ann, bob])
    async with talking(fake, speaker) as station:
        await ann.say("/say one", group)
        await note(fake, group)
        await bob.say("/say two", group)
        await note(fake, group, 2)
        await fake.until(lambda: station.asking.heard.message(group.id, fake.notes(group)[1].message.id))
        asked = await ann.say("hm", group)
        latest = await station.asking.latest(came(station, asked))
        assert latest == station.asking.heard.message(group.id, fake.notes(group)[1].message.id)
        elsewhere = await station.asking.latest(came(station, await ann.say("hm")))
        assert elsewhere is None
    async with talking(fake, speaker) as station:
        mine = await station.asking.latest(came(station, asked))
        assert mine is not None
        assert mine != latest


# -- over a restart


async def test_what_a_restart_brings_back_is_told_of_as_before(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """The status of the earlier process goes away when the note is there."""
    slow = Slow(offline)
    async with opened(slots=1) as speaker:
        async with talking(fake, speaker, pauses=Pauses(0.0, 0.02)):
            await ann.say("/say " + " ".join(f"Verse {verse} of a song that has no end." for verse in range(60)))
            await fake.until(lambda: offline.asked)
            asked = await ann.say("/say hello")
            status = await answer(fake, asked)
        await fake.until(lambda: status.text == "I am being restarted; this comes as soon as I am back.")
    async with opened() as speaker, talking(fake, speaker) as station:
        slow.go()
        await station.courier.resume()
        await fake.until(lambda: [one for one in fake.notes(ann.private) if one.reply_to is asked])
        await fake.until(lambda: status.id not in ann.private.by_id)


async def test_what_a_restart_brought_back_and_arrives_at_the_last_moment_is_told_to_the_end(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """Else its status stood there for ever, with a button that does nothing."""
    slow = Slow(offline)
    async with opened(slots=1) as speaker, talking(fake, speaker, pauses=Pauses(0.0, 0.02)):
        await ann.say("/say " + " ".join(f"Verse {verse} of a song that has no end." for verse in range(60)))
        await fake.until(lambda: offline.asked)
        asked = await ann.say("/say hello")
        status = await answer(fake, asked)
    hung = fake.faults.hang("sendVoice", times=None)
    async with opened() as speaker, talking(fake, speaker) as station:
        slow.go()
        await station.courier.resume()
        await hung.met.wait()
        closing = asyncio.ensure_future(close(station))
        await fake.until(lambda: station.courier._deliveries._closed)
        hung.release()
        await closing
    arrived = {one.reply_to for one in fake.notes(ann.private)}
    assert asked not in arrived or status.id not in ann.private.by_id


async def test_who_closes_waits_for_nobody(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """What is followed is let go, and comes back after the restart."""
    Slow(offline)
    async with talking(fake, speaker, pauses=Pauses(0.0, 60.0)) as station:
        await ann.say("/say hello")
        await fake.until(lambda: offline.asked)
    assert not station.asking._following


# -- what is taken back


async def test_what_is_taken_back_takes_nobody_elses_messages_with_it(
    fake: FakeTelegram, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a group becomes another, its messages get other numbers: those that are known may then be anybody's."""
    parcel = held(-1, id="mine", reply_to=7)
    monkeypatch.setattr(station.courier, "find", {"mine": parcel}.get)
    parcel.notes.append(8)
    station.asking.retract(Place(-1), "mine")
    parcel.target = replace(parcel.target, chat=-1002)
    parcel.end(8, 9)
    await fake.until(lambda: not station.errands)
    assert parcel.withdrawn
    assert not fake.of("deleteMessage")


async def test_what_has_just_arrived_is_taken_back_too(fake: FakeTelegram, station: Station, ann: Person) -> None:
    """It is on its way no more, and nobody has remembered it yet."""
    parcel = held(ann.id, id="mine", key="abc")
    station.asking.follow(parcel)
    parcel.end(8)
    station.asking.retract(Place(ann.id), "mine")
    await fake.until(lambda: not station.errands)
    assert [call.params["message_id"] for call in fake.of("deleteMessage")] == [8]
    assert station.asking.heard.here(Place(ann.id)) is None


async def test_who_is_forgotten_leaves_no_words_behind(station: Station) -> None:
    """Not in what may be sent again either."""
    name = await station.asking.again.put(held(-1, text="My secret.", user="telegram:5"))
    assert name is not None
    station.asking.forget("telegram:5")
    assert await station.asking.again.find(name, "telegram:-1") is None


async def test_a_press_that_was_answered_already_is_refused_in_words(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """Telegram takes one answer to a press; what comes later is a message."""
    menu = came(station, await ann.say("hm")).message
    query = CallbackQuery("7", ann_as_user(ann), "x", message=menu, data="sayso:x:")
    query.set_bot(station.bot)
    pressed = incoming(Update(1, callback_query=query))
    assert pressed is not None
    pressed.answered = True
    refused = await station.asking.ask(pressed, Wish(""))
    assert isinstance(refused, Refusal)
    await fake.until(lambda: fake.of("sendMessage"))


def ann_as_user(person: Person) -> User:
    return User(person.id, person.first_name, is_bot=False)
