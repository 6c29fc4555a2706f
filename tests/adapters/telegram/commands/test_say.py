"""/say: words, answered messages, questions and edits, wherever people write."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.rules import with_rules
from bot.speaker import Speaker
from bot.store import GuildSettings
from tests.adapters.telegram.commands.talking import Slow, answer, answers, note, settled, spoken, talking
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import FakeTelegram, Person
from tests.doubles.telegram.entities import placed


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


# -- words


async def test_words_are_said(fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person) -> None:
    """As a voice note that answers the command, and sounds as long as it says."""
    async with talking(fake, speaker):
        asked = await ann.say("/say Good morning.")
        said = await note(fake, ann.private)
    assert spoken(offline) == ["Good morning."]
    assert said.reply_to is asked
    assert said.seconds == pytest.approx(0.3, abs=0.05)
    assert not answers(fake, asked)


async def test_it_is_heard_in_the_topic_where_it_was_asked_for(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """Also by a command that names the bot."""
    forum = fake.group(members=[ann], forum=True)
    topic = await ann.open_topic(forum, "News")
    async with talking(fake, speaker):
        asked = await ann.say("/say@sayso_bot hello", forum, thread=topic)
        said = await note(fake, forum)
    assert (said.reply_to, said.thread) == (asked, topic.id)


async def test_what_a_spoiler_hides_is_not_said(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Nor is it in the journal."""
    text = "/say it was the butler 🚀 today"
    marks = [placed(text, 0, 4, type="bot_command"), placed(text, 12, 24, type="spoiler")]
    async with talking(fake, speaker):
        await ann.say(text, entities=marks)
        await note(fake, ann.private)
    assert spoken(offline) == ["it was spoiler today"]


async def test_a_channel_speaks(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Whoever may post there."""
    channel = fake.channel(admins=[ann])
    async with talking(fake, speaker):
        asked = await ann.say("/say news", channel)
        assert (await note(fake, channel)).reply_to is asked


async def test_an_anonymous_administrator_is_spoken(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """In the group's own name, also where only administrators are."""
    group = fake.group(anonymous=[ann])
    rules = with_rules(GuildSettings(), admins_only=True)
    await speaker.store.settings.set_guild(guild_key(group.id), extra=rules)
    async with talking(fake, speaker):
        asked = await ann.say("/say order", group)
        assert (await note(fake, group)).reply_to is asked


async def test_a_business_account_speaks(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """In its owner's name, to whoever they write with."""
    owner = fake.person("Owner")
    business = await owner.connect()
    async with talking(fake, speaker):
        asked = await ann.say("/say hello", business=business)
        said = await note(fake, business.chat(ann))
    assert (said.reply_to, said.message.business) == (asked, business.id)


async def test_what_is_passed_on_stays_its_writers(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Who does not want to be spoken is not, though another sends their words."""
    bob = fake.person("Bob")
    await speaker.store.preferences.set(user_key(bob.id), opted_out=True)
    origin = {"type": "user", "date": 1, "sender_user": bob.payload()}
    async with talking(fake, speaker):
        asked = await ann.say("/say my words", extra={"forward_origin": origin})
        refused = await answer(fake, asked)
    assert refused.text == "Whoever wrote that does not want to be spoken. Choose something else."


# -- messages


async def test_an_answered_message_is_said(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """And the note answers that message."""
    bob = fake.person("Bob")
    group = fake.group(members=[ann, bob])
    async with talking(fake, speaker):
        wise = await bob.say("All is well.", group)
        await ann.say("/say", group, reply_to=wise)
        assert (await note(fake, group)).reply_to is wise
    assert spoken(offline) == ["All is well."]


async def test_typed_words_come_before_those_that_are_answered(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """And the note answers who typed them."""
    async with talking(fake, speaker):
        wise = await ann.say("All is well.")
        asked = await ann.say("/say Not so.", reply_to=wise)
        assert (await note(fake, ann.private)).reply_to is asked
    assert spoken(offline) == ["Not so."]


async def test_a_quoted_part_is_said_alone(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """The rest of the message is not."""
    async with talking(fake, speaker):
        wise = await ann.say("All is well. Or is it?")
        await ann.say("/say", reply_to=wise, quote="Or is it?")
        assert (await note(fake, ann.private)).reply_to is wise
    assert spoken(offline) == ["Or is it?"]


async def test_another_ones_command_is_said_without_it(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Nobody wants to hear "say"."""
    async with talking(fake, speaker):
        other = await ann.say("/shout Hear me!")
        await ann.say("/say", reply_to=other)
        await note(fake, ann.private)
    assert spoken(offline) == ["Hear me!"]


async def test_words_of_who_does_not_want_it_are_not_said(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Nor of who is blocked."""
    bob, eve = fake.person("Bob"), fake.person("Eve")
    group = fake.group(members=[ann, bob, eve])
    await speaker.store.preferences.set(user_key(bob.id), opted_out=True)
    await speaker.store.settings.set_guild(guild_key(group.id), blocked_users=[user_key(eve.id)])
    async with talking(fake, speaker):
        first = await ann.say("/say", group, reply_to=await bob.say("Mine.", group))
        second = await ann.say("/say", group, reply_to=await eve.say("Mine too.", group))
        assert "does not want to be spoken" in (await answer(fake, first)).text
        assert "is blocked" in (await answer(fake, second)).text
    assert not fake.notes()


async def test_a_channels_post_in_its_group_is_said(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Though nobody has written it."""
    channel, group = fake.channel(), fake.group(members=[ann])
    async with talking(fake, speaker):
        post = fake.world.post(group, None, {"text": "Big news."}, sender_chat=channel)
        await ann.say("/say", group, reply_to=post)
        assert (await note(fake, group)).reply_to is post


async def test_what_the_bot_wrote_is_said(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Its answers are words like others."""
    async with talking(fake, speaker):
        asked = await ann.say("/queue")
        await ann.say("/say", reply_to=await answer(fake, asked))
        await note(fake, ann.private)
    assert spoken(offline)[0] == "Nothing is being said here and nothing waits."


async def test_what_the_bot_said_is_heard_once_more(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Without being made again."""
    async with talking(fake, speaker) as station:
        await ann.say("/say hello")
        first = await note(fake, ann.private)
        await fake.until(lambda: station.asking.heard.message(ann.id, first.message.id))
        await ann.say("/say", reply_to=first.message)
        assert (await note(fake, ann.private, 2)).reply_to is first.message
    assert spoken(offline) == ["hello"]


async def test_what_nobody_remembers_is_not_guessed(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """After a restart a note says no longer what it was."""
    async with talking(fake, speaker):
        await ann.say("/say hello")
        first = await note(fake, ann.private)
    async with talking(fake, speaker):
        asked = await ann.say("/say", reply_to=first.message)
        assert (await answer(fake, asked)).text.startswith("That is no longer kept.")


async def test_a_message_without_words_is_refused(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """In the language of who asks."""
    ann.language_code = "ru"
    async with talking(fake, speaker):
        asked = await ann.say("/say", reply_to=await ann.voice())
        assert (await answer(fake, asked)).text == "Здесь нечего озвучить. Напишите что-нибудь словами."


# -- the question


async def test_who_says_nothing_is_asked_what(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """Their answer is said, and the question goes away. It is asked of nobody else."""
    group = fake.group(members=[ann])
    async with talking(fake, speaker):
        asked = await ann.say("/say", group)
        question = await answer(fake, asked)
        assert question.text == "What shall I say? Answer this message with your words."
        (sent,) = fake.of("sendMessage")
        forced = {"force_reply": True, "selective": True, "input_field_placeholder": "Your words"}
        assert sent.params["reply_markup"] == forced
        words = await ann.say("Good night.", group, reply_to=question)
        assert (await note(fake, group)).reply_to is words
        await fake.until(lambda: question.id not in group.by_id)
    assert spoken(offline) == ["Good night."]


async def test_a_question_is_answered_after_a_restart(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """And in any language."""
    ann.language_code = "ja"
    async with talking(fake, speaker):
        question = await answer(fake, await ann.say("/say"))
    async with talking(fake, speaker):
        await ann.say("Good night.", reply_to=question)
        await note(fake, ann.private)


async def test_only_the_question_is_answered_so(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Another command in answer to it is that command, and what answers anything else is not said."""
    async with talking(fake, speaker) as station:
        question = await answer(fake, await ann.say("/say"))
        queue = await ann.say("/queue", reply_to=question)
        await ann.say("I see.", reply_to=await answer(fake, queue))
        own = await ann.say(question.text)
        await ann.say("Well said.", reply_to=own)
        await settled(fake, station)
        assert not station.courier.parcels(guild_key(ann.id))
    assert not fake.notes()
    assert question.id in ann.private.by_id


async def test_in_a_topic_nothing_is_answered_by_itself(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Telegram has every message there answer the one that opened it."""
    forum = fake.group(members=[ann], forum=True)
    topic = await ann.open_topic(forum, "News")
    async with talking(fake, speaker):
        question = await answer(fake, await ann.say("/say", forum, thread=topic))
    assert question.text.startswith("What shall I say?")
    assert question.thread == topic.id


async def test_a_channel_is_told_how(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Nobody can answer a question there."""
    channel = fake.channel(admins=[ann])
    async with talking(fake, speaker):
        asked = await ann.say("/say", channel)
        told = await fake.until(lambda: next((one for one in channel.messages if one.reply_to is asked), None))
    assert told.text.startswith("Write your words after the command")
    assert "reply_markup" not in fake.of("sendMessage")[0].params


# -- edits


async def test_an_edit_takes_back_what_was_said(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """The old note goes away, and the new one comes."""
    async with talking(fake, speaker):
        asked = await ann.say("/say helo")
        first = await note(fake, ann.private)
        await ann.edit(asked, "/say hello")
        await fake.until(lambda: [one for one in fake.notes(ann.private) if one.message is not first.message])
        await fake.until(lambda: first.message.id not in ann.private.by_id)
        await ann.edit(asked, "/say hello!")
        await fake.until(lambda: len(offline.asked) == 3)
    assert spoken(offline) == ["helo", "hello", "hello!"]


async def test_an_edit_takes_back_what_is_not_sent_yet(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """It is never sent, and nobody is told that it was cancelled."""
    slow = Slow(offline)
    async with talking(fake, speaker):
        asked = await ann.say("/say helo")
        await fake.until(lambda: len(offline.asked) == 1)
        await ann.edit(asked, "/say hello")
        await fake.until(lambda: len(offline.asked) == 2)
        slow.go()
        await note(fake, ann.private)
    assert len(fake.of("sendVoice")) == 1
    assert not fake.of("deleteMessage")
    assert not answers(fake, asked)
    assert [one.text for one in offline.finished] == ["hello"]


async def test_an_edit_that_changes_no_word_changes_nothing(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Telegram reports those as well."""
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello")
        await note(fake, ann.private)
        await ann.edit(asked, "/say  hello")
        await settled(fake, station)
    assert len(fake.of("sendVoice")) == 1
    assert not fake.of("deleteMessage")


async def test_what_is_no_say_any_more_is_taken_back(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """And can become one again."""
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello")
        await note(fake, ann.private)
        await ann.edit(asked, "never mind")
        await fake.until(lambda: not fake.notes(ann.private))
        assert station.asking.heard.here(Place(ann.id)) is None
        await ann.edit(asked, "/say hello")
        await fake.until(lambda: [one for one in fake.notes(ann.private) if one.reply_to is asked])


async def test_an_edit_makes_a_say(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """While it is fresh; who mends an old message is not asking for anything."""
    async with talking(fake, speaker) as station:
        fresh, old = await ann.say("say hello"), await ann.say("say goodbye")
        old.date -= 301
        await ann.edit(old, "/say goodbye")
        await settled(fake, station)
        assert not station.courier.parcels(guild_key(ann.id))
        await ann.edit(fresh, "/say hello")
        await note(fake, ann.private)
    assert [one.reply_to for one in fake.notes(ann.private)] == [fresh]


async def test_an_answer_to_the_question_can_be_edited(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Though the question is gone by then."""
    async with talking(fake, speaker):
        question = await answer(fake, await ann.say("/say"))
        words = await ann.say("Good nigt.", reply_to=question)
        first = await note(fake, ann.private)
        await fake.until(lambda: question.id not in ann.private.by_id)
        await ann.edit(words, "Good night.")
        await fake.until(lambda: first.message.id not in ann.private.by_id)
        await note(fake, ann.private)


async def test_what_was_refused_is_said_when_it_was_mended(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """An edit is as good as asking anew."""
    await speaker.store.settings.set_guild(guild_key(ann.id), max_chars=10)
    async with talking(fake, speaker):
        asked = await ann.say("/say far too many words")
        assert "at most 10 are spoken" in (await answer(fake, asked)).text
        await ann.edit(asked, "/say few words")
        assert (await note(fake, ann.private)).reply_to is asked


async def test_an_edit_after_a_restart_is_said_as_well(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """The old note stays, for nobody knows any more which it was; and Telegram may deliver the edit twice."""
    async with talking(fake, speaker):
        asked = await ann.say("/say helo")
        first = await note(fake, ann.private)
    async with talking(fake, speaker) as station:
        await ann.edit(asked, "/say hello")
        assert (await note(fake, ann.private, 2)).reply_to is asked
        await settled(fake, station)
    async with talking(fake, speaker) as station:
        fake.updates.put("edited_message", asked.payload())
        await settled(fake, station)
    assert spoken(offline) == ["helo", "hello"]
    assert len(fake.of("sendVoice")) == 2
    assert first.message.id in ann.private.by_id


async def test_an_edit_takes_back_what_a_restart_brought_back(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """What waits is known by the journal."""
    slow = Slow(offline)
    async with opened() as speaker, talking(fake, speaker):
        asked = await ann.say("/say helo")
        await fake.until(lambda: offline.active)
    async with opened() as speaker, talking(fake, speaker) as station:
        await station.courier.resume()
        await fake.until(lambda: len(offline.asked) == 2)
        await ann.edit(asked, "/say hello")
        await fake.until(lambda: len(offline.asked) == 3)
        slow.go()
        await note(fake, ann.private)
    assert [one.text for one in offline.finished] == ["hello"]
    assert len(fake.of("sendVoice")) == 1


async def test_the_same_message_twice_is_said_once(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """Telegram delivers again what it is not sure of."""
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello")
        await note(fake, ann.private)
        fake.updates.put("message", asked.payload())
        await settled(fake, station)
    assert len(fake.of("sendVoice")) == 1
