"""The loopback Telegram's groups: who hears what, who may what, topics, comings and goings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import ReplyParameters, Update
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.doubles.telegram import Chat, FakeTelegram, Person, Status
from tests.doubles.telegram.client import a_bot, ogg

Json = dict[str, Any]


def told(fake: FakeTelegram) -> list[Update]:
    """What the bot is told, as the library reads it."""
    updates = [Update.de_json(update) for update in fake.updates.pending]
    fake.updates.waiting.clear()
    return updates


def texts(fake: FakeTelegram) -> list[str | None]:
    return [update.effective_message.text for update in told(fake) if update.effective_message is not None]


# Who hears what


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("hello", False),
        ("/say hi", True),
        ("please /say hi", True),
        ("/say@sayso_bot hi", True),
        ("/say@SaySo_Bot hi", True),
        ("/say@other_bot hi", False),
        ("@sayso_bot hi", False),
        ("@sayso_bot /say hi", True),
    ],
)
async def test_privacy_mode_hides_what_is_not_for_the_bot(text: str, heard: bool) -> None:
    """Commands come; that the bot is merely named is not enough, whatever BotFather says."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        await ann.say(text, fake.group(members=[ann]))
        assert (texts(fake) == [text]) is heard


@pytest.mark.parametrize("how", ["no privacy", "administrator"])
async def test_without_privacy_everything_is_heard(how: str) -> None:
    """Also by a bot that is an administrator; only other bots are not."""
    async with FakeTelegram() as fake:
        ann, other = fake.person(), fake.robot("Other", "other_bot")
        group = fake.group(members=[ann, other], bot=Status.ADMINISTRATOR if how == "administrator" else Status.MEMBER)
        fake.bot.can_read_all_group_messages = how == "no privacy"
        for text in ("hello", "/say@other_bot hi", "@sayso_bot"):
            await ann.say(text, group)
        await other.say("I am a bot", group)
        assert texts(fake) == ["hello", "/say@other_bot hi", "@sayso_bot"]


async def test_replies_to_the_bot_are_heard() -> None:
    """And those to another bot are not, even with a command."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, other = fake.person(), fake.robot("Other", "other_bot")
        group = fake.group(members=[ann, other])
        sent = await bot.send_message(group.id, "x")
        theirs = await other.say("y", group)
        await ann.say("thanks", group, reply_to=group.by_id[sent.message_id])
        await ann.say("/say@sayso_bot it", group, reply_to=theirs)
        await ann.voice(group, reply_to=group.by_id[sent.message_id])
        updates = told(fake)
        assert len(updates) == 2
        assert updates[0].effective_message is not None
        assert updates[0].effective_message.text == "thanks"


async def test_a_bare_command_is_for_the_bot_that_wrote_last() -> None:
    """As long as none has, for all."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, other = fake.person(), fake.robot("Other", "other_bot")
        group = fake.group(members=[ann, other])
        await ann.say("/one", group)
        await other.say("x", group)
        await ann.say("/two", group)
        await bot.send_message(group.id, "x")
        await ann.say("/three", group)
        assert texts(fake) == ["/one", "/three"]


async def test_what_was_sent_by_the_bot_inline_is_heard() -> None:
    """By the bot that it was sent through."""
    async with FakeTelegram() as fake:
        ann, other = fake.person(), fake.robot("Other", "other_bot")
        group = fake.group(members=[ann])
        await ann.say("mine", group, via=fake.bot)
        await ann.say("another's", group, via=other)
        assert texts(fake) == ["mine"]


async def test_channels_are_heard_whole() -> None:
    """As channel posts, which have no author."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        news = fake.channel("News", admins=[ann])
        post = await ann.say("Good morning", news)
        await ann.edit(post, "Good evening")
        one, two = told(fake)
        assert one.channel_post is not None
        assert (one.channel_post.from_user, one.effective_sender) == (None, one.effective_chat)
        assert two.edited_channel_post is not None
        assert two.edited_channel_post.text == "Good evening"


async def test_hidden_administrators_and_channels_have_no_face() -> None:
    """The library sees a bot of Telegram's, and the chat for which it speaks."""
    async with FakeTelegram() as fake:
        boss = fake.person("Boss")
        group, news = fake.group("Team", anonymous=[boss]), fake.channel("News")
        await boss.say("/say hi", group)
        await boss.say("/say hi", group, speaking_as=news)
        hidden, channel = (update.effective_message for update in told(fake))
        assert hidden is not None
        assert channel is not None
        assert hidden.sender_chat is not None
        assert (hidden.sender_chat.id, hidden.from_user and hidden.from_user.username) == (
            group.id,
            "GroupAnonymousBot",
        )
        assert channel.sender_chat is not None
        assert channel.sender_chat.id == news.id


async def test_edits_of_what_is_heard_are_heard() -> None:
    """With the words as they are now."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        message = await ann.say("/say hi")
        await ann.edit(message, "/say ho")
        [_, edited] = told(fake)
        assert edited.edited_message is not None
        assert (edited.edited_message.text, edited.edited_message.message_id) == ("/say ho", message.id)
        assert edited.edited_message.parse_entities() != {}


async def test_replies_have_a_thread_without_topics_too() -> None:
    """``message_thread_id`` is there and means no topic: a trap."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        group = fake.group(members=[ann], bot=Status.ADMINISTRATOR)
        first = await ann.say("one", group)
        second = await ann.say("two", group, reply_to=first)
        await ann.say("three", group, reply_to=second)
        *_, last = told(fake)
        assert last.effective_message is not None
        assert last.effective_message.message_thread_id == first.id
        assert not last.effective_message.is_topic_message


async def test_a_forward_tells_where_it_came_from() -> None:
    """And keeps its words."""
    async with FakeTelegram() as fake:
        ann, bob = fake.person("Ann"), fake.person("Bob")
        await bob.forward(await ann.say("hers"))
        _, forward = told(fake)
        assert forward.effective_message is not None
        assert forward.effective_message.text == "hers"
        assert forward.effective_message.forward_origin is not None
        assert forward.effective_message.forward_origin.type == "user"


# Who may what


async def refused(fake: FakeTelegram, group: Chat, words: str) -> None:
    """The bot is refused with these words."""
    async with a_bot(fake) as bot:
        with pytest.raises(BadRequest, match=words):
            await bot.send_voice(group.id, ogg(0.2), filename="voice.ogg")
        await bot.send_message(group.id, "but this")


async def test_a_group_may_forbid_voice_notes() -> None:
    """To plain members; an administrator may send them all the same."""
    async with FakeTelegram() as fake:
        ann, group = fake.person(), fake.group()
        group.denied.add("can_send_voice_notes")
        await refused(fake, group, "Not enough rights to send voice notes to the chat")
        await ann.promote(fake.bot, group)
        async with a_bot(fake) as bot:
            await bot.send_voice(group.id, ogg(0.2), filename="voice.ogg")


async def test_the_bot_alone_may_be_restricted() -> None:
    """And learns of it."""
    async with FakeTelegram() as fake:
        ann, group = fake.person(), fake.group()
        await ann.restrict(fake.bot, group, "can_send_voice_notes")
        [update] = told(fake)
        assert update.my_chat_member is not None
        assert update.my_chat_member.new_chat_member.status == "restricted"
        await refused(fake, group, "Not enough rights to send voice notes to the chat")


@pytest.mark.parametrize(
    ("permission", "method", "words"),
    [
        ("can_send_messages", "text", "Not enough rights to send text messages to the chat"),
        ("can_send_audios", "audio", "Not enough rights to send music to the chat"),
        ("can_send_documents", "document", "Not enough rights to send documents to the chat"),
    ],
)
async def test_each_kind_has_its_permission(permission: str, method: str, words: str) -> None:
    """And a refusal names it."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        group = fake.group()
        group.denied.add(permission)
        sends = {
            "text": bot.send_message(group.id, "x"),
            "audio": bot.send_audio(group.id, ogg(0.2), filename="a.ogg"),
            "document": bot.send_document(group.id, b"x", filename="a.bin"),
        }
        with pytest.raises(BadRequest, match=words):
            await sends.pop(method)
        await asyncio.gather(*sends.values())


async def test_in_a_channel_only_administrators_write() -> None:
    """With the right to post."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, news = fake.person(), fake.channel()
        await ann.promote(fake.bot, news, without=("can_post_messages",))
        with pytest.raises(BadRequest, match="Need administrator rights in the channel chat"):
            await bot.send_message(news.id, "x")


async def test_who_blocks_the_bot_hears_nothing_of_it() -> None:
    """403, until they write again; the bot is told of both."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        await ann.block()
        for attempt in (bot.send_message(ann.id, "x"), bot.send_chat_action(ann.id, "typing")):
            with pytest.raises(Forbidden, match="bot was blocked by the user"):
                await attempt
        await ann.unblock()
        await bot.send_message(ann.id, "x")
        statuses = [update.my_chat_member and update.my_chat_member.new_chat_member.status for update in told(fake)]
        assert statuses == ["kicked", "member"]


async def test_an_account_that_is_no_more() -> None:
    """403, in its own words."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        ann.private.deactivated = True
        with pytest.raises(Forbidden, match="user is deactivated"):
            await bot.send_message(ann.id, "x")


async def test_who_never_wrote_to_the_bot_is_not_written_to() -> None:
    """Though it knows of them from a group."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person(started=False)
        fake.group(members=[ann])
        with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
            await bot.send_message(ann.id, "x")


@pytest.mark.parametrize(("basic", "kind"), [(True, "group"), (False, "supergroup")])
async def test_a_bot_that_was_thrown_out_does_not_write(basic: bool, kind: str) -> None:
    """It learns of its going, and of nothing after."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        group = fake.group(members=[ann], basic=basic)
        await ann.kick_bot(group)
        with pytest.raises(Forbidden, match=f"bot was kicked from the {kind} chat"):
            await bot.send_message(group.id, "x")
        await ann.say("/say hi", group)
        updates = told(fake)
        assert len(updates) == 2
        assert updates[0].my_chat_member is not None
        assert updates[0].my_chat_member.new_chat_member.status == "kicked"
        assert updates[1].message is not None
        assert updates[1].message.left_chat_member is not None
        await ann.add_bot(group)
        await bot.send_message(group.id, "x")


async def test_where_the_bot_never_was() -> None:
    """It is no member."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        with pytest.raises(Forbidden, match="bot is not a member of the channel chat"):
            await bot.send_message(fake.channel(bot=None).id, "x")


# Comings and goings


async def test_others_comings_are_told_to_administrators_that_ask() -> None:
    """``chat_member`` must be asked for, and takes an administrator; the service message comes anyway."""
    async with FakeTelegram() as fake:
        ann, bob = fake.person("Ann"), fake.person("Bob")
        group, other = fake.group(bot=Status.ADMINISTRATOR), fake.group()

        async def comings(who: Person) -> list[str]:
            for chat in (group, other):
                await who.join(chat)
                await who.leave(chat)
            return [next(name for name in update if name != "update_id") for update in fake.updates.pending]

        assert await comings(ann) == ["message"] * 4
        fake.updates.waiting.clear()
        fake.updates.allowed |= {"chat_member"}
        assert await comings(bob) == ["chat_member", "message", "chat_member", "message", "message", "message"]


async def test_a_group_may_become_a_supergroup() -> None:
    """The old id then tells the new one."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        group = fake.group(members=[ann], basic=True)
        new = await fake.migrate(group)
        old, begun = told(fake)
        assert old.message is not None
        assert begun.message is not None
        assert (old.message.migrate_to_chat_id, begun.message.migrate_from_chat_id) == (new.id, group.id)
        with pytest.raises(ChatMigrated) as migrated:
            await bot.send_message(group.id, "x")
        assert migrated.value.new_chat_id == new.id
        await bot.send_message(new.id, "x")
        assert [member.account for member in new.members.values()] == [ann, fake.bot]


# Topics


async def test_topics_are_apart() -> None:
    """What stands in one answers the message that opened it, if nothing else: a trap."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        forum = fake.group("Forum", members=[ann], forum=True)
        topic = await ann.open_topic(forum, "Birds")
        await ann.say("/say hi", forum, thread=topic)
        await ann.say("/say general", forum)
        created, said, general = (update.effective_message for update in told(fake))
        assert created is not None
        assert created.forum_topic_created is not None
        assert said is not None
        assert (said.message_thread_id, said.is_topic_message) == (topic.id, True)
        assert said.reply_to_message is not None
        assert said.reply_to_message.forum_topic_created is not None
        assert general is not None
        assert (general.message_thread_id, general.is_topic_message, general.reply_to_message) == (None, None, None)
        sent = await bot.send_message(forum.id, "x", message_thread_id=topic.id)
        assert (sent.message_thread_id, sent.is_topic_message) == (topic.id, True)


async def test_a_reply_goes_into_the_topic_of_what_it_answers() -> None:
    """Also when the topic is not named."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        forum = fake.group(members=[ann], forum=True)
        topic = await ann.open_topic(forum, "Birds")
        asked = await ann.say("/say hi", forum, thread=topic)
        sent = await bot.send_message(forum.id, "x", reply_parameters=ReplyParameters(asked.id))
        assert sent.message_thread_id == topic.id


async def test_topics_that_are_not_there() -> None:
    """Neither is the General one, when it is named; elsewhere the number means nothing."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        forum, group = fake.group(forum=True), fake.group()
        for thread in (1, 77):
            with pytest.raises(BadRequest, match="Message thread not found"):
                await bot.send_message(forum.id, "x", message_thread_id=thread)
        assert (await bot.send_message(group.id, "x", message_thread_id=77)).message_thread_id is None


async def test_in_a_closed_topic_only_administrators_write() -> None:
    """Until it is opened again."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        forum = fake.group(admins=[ann], forum=True)
        topic = await ann.open_topic(forum, "Birds")
        await ann.close_topic(topic)
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(forum.id, "x", message_thread_id=topic.id)
        await ann.promote(fake.bot, forum)
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
        await ann.demote(fake.bot, forum)
        await ann.reopen_topic(topic)
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
        _, closed, *_ = told(fake)
        assert closed.message is not None
        assert closed.message.forum_topic_closed is not None


async def test_what_the_bot_does_in_a_topic_is_seen_there() -> None:
    """And nowhere else."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        forum = fake.group(members=[ann], forum=True)
        topic = await ann.open_topic(forum, "Birds")
        await bot.send_chat_action(forum.id, "record_voice", message_thread_id=topic.id)
        assert (topic.action, forum.action) == ("record_voice", None)
        await bot.send_message(forum.id, "x")
        assert topic.action == "record_voice"
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
        assert topic.action is None
