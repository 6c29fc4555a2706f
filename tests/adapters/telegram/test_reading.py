"""People's messages are read aloud where the chat's administrators want it, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Update

from bot.adapters.telegram import parts, reading
from bot.adapters.telegram.commands import say
from bot.adapters.telegram.following import Pauses
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.incoming import incoming
from bot.adapters.telegram.rules import Auto, with_rules
from bot.adapters.telegram.station import Station
from bot.errors import EngineUnavailable, StoreError
from bot.speaker import Speaker
from bot.speech import Priority
from bot.store import GuildSettings
from tests.adapters.telegram.commands.talking import Slow, note, settled, spoken
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script, at_once
from tests.doubles.telegram import Chat, FakeTelegram, Person

PHOTO = {"photo": [{"file_id": "AgAC-photo", "file_unique_id": "x", "width": 1, "height": 1}]}


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.bot.can_read_all_group_messages = True
        yield fake
        assert fake.unknown == []


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


@pytest.fixture
def team(fake: FakeTelegram, ann: Person) -> Chat:
    return fake.group("Team", members=[ann])


@asynccontextmanager
async def running(fake: FakeTelegram, speaker: Speaker, *, reads: bool = True) -> AsyncIterator[Station]:
    """Sayso with its ears open, and /say."""
    async with online(fake, speaker, say.handlers, reading.handlers, reads=reads) as station:
        station.messenger.post = quick_post()
        station.asking.pauses = Pauses(60.0, 60.0)
        yield station


@pytest.fixture
async def station(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Station]:
    async with running(fake, speaker) as station:
        yield station


async def decided(station: Station, chat: Chat, auto: Auto | None = Auto.ALWAYS, **rules: object) -> None:
    """The chat's administrators have decided that."""
    extra = with_rules(GuildSettings(), auto=auto, **rules)
    await station.speaker.store.settings.set_guild(guild_key(chat.id), extra=extra)


async def read(fake: FakeTelegram, station: Station, offline: FakeEngine) -> list[str]:
    """Everything that has come in is done with: what was spoken of it."""
    await settled(fake, station)
    await fake.until(lambda: not list(station.courier._deliveries))
    return spoken(offline)


# -- where


async def test_every_message_of_a_chat_is_read(fake: FakeTelegram, station: Station, ann: Person, team: Chat) -> None:
    """Each as a note in answer to it."""
    await decided(station, team)
    written = [await ann.say(text, team) for text in ("Good morning.", "How are you?")]
    await note(fake, team, 2)
    assert sorted(one.reply_to.id for one in fake.notes(team) if one.reply_to) == [one.id for one in written]


async def test_it_is_read_for_who_wrote_it(fake: FakeTelegram, station: Station, ann: Person, team: Chat) -> None:
    """In their voice and place in the queue; nobody waits for it, and nobody is told if it fails."""
    await decided(station, team)
    asked = []
    send = station.courier.send

    async def sent(request: Any, target: Any) -> Any:
        asked.append((request, target))
        return await send(request, target)

    station.courier.send = sent  # type: ignore[method-assign]
    message = await ann.say("Good morning.", team)
    await note(fake, team)
    ((request, target),) = asked
    assert (request.guild, request.user, request.author) == (guild_key(team.id), user_key(ann.id), None)
    assert (request.priority, target.quiet, target.reply_to) == (Priority.NORMAL, True, message.id)


@pytest.mark.parametrize("auto", [None, Auto.OFF, Auto.INBOUND])
async def test_elsewhere_nothing_is_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, auto: Auto | None, offline: FakeEngine
) -> None:
    """Where nobody decided, where it is switched off, and where only LLMs are to speak."""
    await decided(station, team, auto)
    await ann.say("Good morning.", team)
    await ann.say("@sayso_bot Good morning.", team)
    assert await read(fake, station, offline) == []


async def test_where_it_is_wanted_by_name_only_that_is_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Its name anywhere, which is not spoken; or in answer to one of its messages."""
    await decided(station, team, Auto.MENTION)
    bob = fake.person("Bob")
    team.members |= {member.account.id: member for member in fake.group(members=[bob]).members.values()}
    before, theirs = fake.world.post(team, fake.bot, {"text": "Hello"}), await bob.say("Hello there.", team)
    await ann.say("Nobody is meant.", team)
    await ann.say("Only Bob is meant.", team, reply_to=theirs)
    await ann.say("@sayso_bot, this is for you.", team)
    await ann.say("And this, @SAYSO_BOT!", team)
    await ann.say("This answers you.", team, reply_to=before)
    await ann.say("@sayso_bot", team)
    assert await read(fake, station, offline) == ["this is for you.", "And this!", "This answers you."]


async def test_topics_channels_and_private_chats_are_read_alike(
    fake: FakeTelegram, station: Station, ann: Person
) -> None:
    """Each where it was written."""
    forum, news = fake.group(members=[ann], forum=True), fake.channel(admins=[ann])
    topic = await ann.open_topic(forum, "Weather")
    for chat in (forum, news, ann.private):
        await decided(station, chat)
    await ann.say("It rains.", forum, thread=topic)
    await ann.say("It rains again.", news)
    await ann.say("It rains on me.")
    assert (await note(fake, forum)).thread == topic.id
    assert await note(fake, news)
    assert await note(fake, ann.private)


async def test_where_an_llm_answers_nothing_is_read(
    fake: FakeTelegram, speaker: Speaker, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """The host has said so; the same rule of the chat is then about the LLM's answers."""
    async with running(fake, speaker, reads=False) as station:
        await decided(station, team)
        await ann.say("Good morning.", team)
        assert await read(fake, station, offline) == []


# -- what


async def test_what_people_do_not_write_for_each_other_is_not_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Commands to any bot, what bots write, what came by way of one, Telegram's own notices, pictures without words."""
    await decided(station, team)
    robot = fake.robot("Other", "other_bot")
    await ann.say("/weather tomorrow", team)
    await ann.say("/weather@other_bot tomorrow", team)
    await ann.say("/погода завтра", team)
    await robot.say("It rains.", team)
    await ann.say("It rains.", team, via=fake.bot)
    await ann.say("It rains.", team, via=robot)
    await fake.person("Bob").join(team)
    await ann.post(dict(PHOTO), team)
    assert await read(fake, station, offline) == []


async def test_what_has_no_words_is_not_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Marks and links say nothing; words beside a link do, and a number is one."""
    await decided(station, team)
    for text in ("...", "👍👍", "https://example.org/one", "example.com/two www.example.net", "WWW.EXAMPLE.ORG"):
        await ann.say(text, team)
    await ann.say("Look: example.com/two", team)
    await ann.say("42", team)
    assert len(await read(fake, station, offline)) == 2


async def test_captions_and_polls_are_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """All that is written."""
    await decided(station, team)
    await ann.post({**PHOTO, "caption": "My cat."}, team)
    options = [{"text": text, "voter_count": 0, "persistent_id": text} for text in ("Tea.", "Coffee.")]
    poll = {"id": "1", "question": "Tea or coffee?", "options": options, "total_voter_count": 0, "is_closed": False}
    more = {"is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": True}
    await ann.post({"poll": {**poll, **more, "members_only": False}}, team)
    assert await read(fake, station, offline) == ["My cat.", "Tea or coffee?", "Tea.", "Coffee."]


async def test_the_caption_of_an_album_is_read_once(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Some programmes put it under every picture."""
    await decided(station, team)
    for album in ("one", "two"):
        for caption in ("My cat.", "My cat.", "My dog."):
            await ann.post({**PHOTO, "caption": caption, "media_group_id": album}, team)
    assert await read(fake, station, offline) == ["My cat.", "My dog."]
    assert len(fake.notes(team)) == 4


async def test_the_captions_of_albums_are_known_without_their_words(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat
) -> None:
    """What people have written is not kept anywhere."""
    this = reading.Reading(station)
    await decided(station, team)
    await ann.post({**PHOTO, "caption": "My secret.", "media_group_id": "one"}, team)
    update = Update.de_json({"update_id": 1, "message": team.messages[-1].payload()}, station.bot)
    found = incoming(update)
    assert found is not None
    await this.heed(station, found)
    assert len(this._albums) == 1
    assert "secret" not in repr(this._albums._held)


async def test_who_writes_in_a_chats_name_is_read(fake: FakeTelegram, station: Station, offline: FakeEngine) -> None:
    """Hidden administrators are people, whatever account Telegram puts there; and a channel's posts in its group."""
    boss = fake.person("Boss")
    team = fake.group(anonymous=[boss])
    news = fake.channel(admins=[boss], bot=None)
    await decided(station, team)
    await boss.say("We are closed.", team)
    await boss.say("So says the channel.", team, speaking_as=news)
    await boss.say("News of today.", team, speaking_as=news, extra={"is_automatic_forward": True})
    assert await read(fake, station, offline) == ["We are closed.", "So says the channel.", "News of today."]


async def test_forwarded_words_are_whose_they_are(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Who does not want to be spoken is not, whoever passes their words on."""
    await decided(station, team)
    bob = fake.person("Bob")
    kept, secret = await bob.say("You may have this."), await bob.say("And not this.")
    await ann.forward(kept, team)
    await read(fake, station, offline)
    await station.speaker.store.preferences.set(user_key(bob.id), opted_out=True)
    await ann.forward(secret, team)
    assert await read(fake, station, offline) == ["You may have this."]


@pytest.mark.parametrize("how", ["opted out", "blocked"])
async def test_who_is_not_to_be_spoken_is_not(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine, how: str
) -> None:
    """And not a word is said about it: nobody has asked."""
    await decided(station, team)
    if how == "blocked":
        await station.speaker.store.settings.set_guild(guild_key(team.id), blocked_users={user_key(ann.id)})
    else:
        await station.speaker.store.preferences.set(user_key(ann.id), opted_out=True)
    message = await ann.say("Good morning.", team)
    assert await read(fake, station, offline) == []
    assert team.messages == [message]


async def test_what_is_too_long_is_cut_with_a_word(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """At the lower of the chat's and the owner's limit."""
    await decided(station, team)
    await station.speaker.store.settings.set_guild(guild_key(team.id), max_chars=60)
    await station.speaker.store.settings.set_guild("*", max_chars=40)
    await ann.say("One two three four five six seven eight nine ten.", team)
    assert await read(fake, station, offline) == ["One two three four five six", "and so on."]


async def test_the_same_words_again_and_again_are_read_twice(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat
) -> None:
    """Who floods a chat is not made louder; another may say the same."""
    await decided(station, team)
    bob = fake.person("Bob")
    for _ in range(4):
        await ann.say("Me me me.", team)
    await bob.say("Me me me.", team)
    await settled(fake, station)
    await note(fake, team, 3)
    await ann.say("And now?", team)
    await note(fake, team, 4)
    assert len(fake.notes(team)) == 4


async def test_nobody_is_read_more_often_than_the_chat_wants(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """And nobody is told, for nobody has asked."""
    await decided(station, team, per_minute=2)
    for text in ("One.", "Two.", "Three."):
        await ann.say(text, team)
    assert await read(fake, station, offline) == ["One.", "Two."]
    assert [message.text for message in team.messages if message.sender is fake.bot and message.text] == []


async def test_what_cannot_be_spoken_is_passed_over(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """An engine that is down, a language that nobody speaks: the chat is not told of each message."""
    await decided(station, team)
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "down")), Script()]
    await ann.say("One.", team)
    await ann.say("Как дела?", team)
    await read(fake, station, offline)
    await ann.say("Two.", team)
    await note(fake, team)
    assert [message.text for message in team.messages if message.sender is fake.bot and message.text] == []


async def test_a_store_that_is_away_is_nobodys_business(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every message of a chat is answered by an excuse."""

    async def away(self: Station, chat: int) -> None:
        raise StoreError("away")

    monkeypatch.setattr(Station, "rules", away)
    message = await ann.say("Good morning.", team)
    await settled(fake, station)
    assert (team.messages, len(station.errands)) == ([message], 0)


async def test_a_command_is_done_and_not_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Once is enough."""
    await decided(station, team)
    await ann.say("/say Good morning.", team)
    assert await read(fake, station, offline) == ["Good morning."]
    assert len(fake.notes(team)) == 1


# -- what is changed


async def test_what_waits_is_read_in_its_new_words(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Once, however often it was changed."""
    await decided(station, team)
    slow = Slow(offline)
    message = await ann.say("Good mourning.", team)
    await fake.until(lambda: offline.active)
    await ann.edit(message, "Good mornin.")
    await ann.edit(message, "Good morning.")
    await settled(fake, station)
    slow.go()
    assert (await note(fake, team)).reply_to is message
    await read(fake, station, offline)
    assert len(fake.notes(team)) == 1
    assert [utterance.text for utterance in offline.finished] == ["Good morning."]


async def test_what_was_read_is_not_read_again(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """It was said, and stays so."""
    await decided(station, team)
    message = await ann.say("Good mourning.", team)
    await note(fake, team)
    await read(fake, station, offline)
    await ann.edit(message, "Good morning.")
    assert await read(fake, station, offline) == ["Good mourning."]


async def test_what_is_leaving_is_not_read_again(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Nobody could stop it any more."""
    await decided(station, team)
    held = fake.faults.hang("sendVoice")
    message = await ann.say("Good mourning.", team)
    await held.met.wait()
    await ann.edit(message, "Good morning.")
    await settled(fake, station)
    held.release()
    assert await read(fake, station, offline) == ["Good mourning."]
    assert len(fake.notes(team)) == 1


async def test_what_was_heard_in_part_is_not_begun_anew(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest comes as it was written first."""
    monkeypatch.setattr(parts, "LIMIT", 16_000)
    monkeypatch.setattr(parts, "SHORT", 30)
    rest = asyncio.Event()
    offline.scripts = [Script(60), Script(delay=1.0)]
    offline.sleep = lambda seconds: rest.wait() if seconds else at_once(seconds)  # type: ignore[assignment,return-value]
    await decided(station, team)
    message = await ann.say("Verse one of a song. Verse two of a song.", team)
    await note(fake, team)
    await fake.until(lambda: not any(parcel.leaving for parcel in station.courier._deliveries))
    await ann.edit(message, "Good morning.")
    await settled(fake, station)
    rest.set()
    assert await read(fake, station, offline) == ["Verse one of a song.", "Verse two of a song."]
    assert len(fake.notes(team)) > 1


async def test_what_was_written_while_sayso_was_away_is_passed_over(
    fake: FakeTelegram, speaker: Speaker, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """What people talked about in the morning nobody wants to hear in the evening."""
    for text in ("One.", "Two."):
        await ann.say(text, team)
    for update in fake.updates.pending:
        update["message"]["date"] -= 6 * 3600
    await speaker.store.settings.set_guild(guild_key(team.id), extra=with_rules(GuildSettings(), auto=Auto.ALWAYS))
    async with running(fake, speaker) as station:
        new = await ann.say("Three.", team)
        assert (await note(fake, team)).reply_to is new
        assert await read(fake, station, offline) == ["Three."]
    assert [message.text for message in team.messages if message.sender is fake.bot and message.text] == []


async def test_what_waits_and_says_the_same_goes_on(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Telegram tells of changes that are none of its words: a link's preview, a reaction."""
    await decided(station, team)
    slow = Slow(offline)
    message = await ann.say("Good morning.", team)
    await fake.until(lambda: offline.active)
    await ann.edit(message, "Good morning.")
    await settled(fake, station)
    slow.go()
    await note(fake, team)
    assert await read(fake, station, offline) == ["Good morning."]


async def test_what_waits_and_has_no_words_any_more_is_not_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """Whoever takes words away does not want them heard."""
    await decided(station, team)
    slow = Slow(offline)
    message = await ann.say("Good morning.", team)
    await fake.until(lambda: offline.active)
    await ann.edit(message, "...")
    await fake.until(lambda: not offline.active)
    slow.go()
    await read(fake, station, offline)
    assert fake.notes(team) == []


async def test_what_an_earlier_process_has_waiting_is_changed_too(
    fake: FakeTelegram, opened: Opened, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """The journal brings it back, and then it is edited."""
    slow = Slow(offline)
    async with opened() as speaker, running(fake, speaker) as station:
        await decided(station, team)
        message = await ann.say("Good mourning.", team)
        await fake.until(lambda: offline.active)
    async with opened() as speaker, running(fake, speaker) as station:
        assert await station.courier.resume() == 1
        await fake.until(lambda: offline.active)
        await ann.edit(message, "Good morning.")
        await settled(fake, station)
        slow.go()
        await note(fake, team)
    assert [utterance.text for utterance in offline.finished] == ["Good morning."]


async def test_who_adds_the_bots_name_later_is_not_read(
    fake: FakeTelegram, station: Station, ann: Person, team: Chat, offline: FakeEngine
) -> None:
    """What was written before is not read aloud because it was changed."""
    await decided(station, team, Auto.MENTION)
    message = await ann.say("Good morning.", team)
    await ann.edit(message, "@sayso_bot Good morning.")
    assert await read(fake, station, offline) == []
