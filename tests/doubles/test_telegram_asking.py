"""The loopback Telegram: what a bot may ask, what it says of itself, and business accounts."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    ChatMember,
    ChatMemberAdministrator,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, Forbidden

from tests.doubles.telegram import FakeTelegram, Status
from tests.doubles.telegram.client import a_bot, ogg

# Asking


async def test_the_bot_knows_itself() -> None:
    """With BotFather's switches."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        fake.bot.can_read_all_group_messages = True
        me = await bot.get_me()
        assert (me.id, me.username, me.is_bot) == (fake.bot.id, "sayso_bot", True)
        assert (me.can_read_all_group_messages, me.supports_inline_queries) == (True, True)


async def test_chats_are_asked_for() -> None:
    """Private ones by their person, groups with what all may."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person("Ann", username="ann")
        group = fake.group("Team", forum=True, username="team")
        group.denied.add("can_send_voice_notes")
        private, team = await bot.get_chat(ann.id), await bot.get_chat("@team")
        assert (private.type, private.first_name, private.username) == ("private", "Ann", "ann")
        assert private.has_restricted_voice_and_video_messages is None
        assert (team.id, team.type, team.title, team.is_forum) == (group.id, "supergroup", "Team", True)
        assert team.permissions is not None
        assert (team.permissions.can_send_voice_notes, team.permissions.can_send_messages) == (False, True)


async def test_members_are_asked_for() -> None:
    """With what they are; who never was there has left."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, bob, cid, dan = (fake.person(name) for name in ("Ann", "Bob", "Cid", "Dan"))
        group = fake.group(members=[bob], admins=[ann])
        await ann.kick(cid, group)
        await ann.restrict(bob, group, "can_send_messages")
        statuses = [(await bot.get_chat_member(group.id, one.id)).status for one in (ann, bob, cid, dan, fake.bot)]
        assert statuses == ["administrator", "restricted", "kicked", "left", "member"]
        assert await bot.get_chat_member_count(group.id) == 3
        with pytest.raises(BadRequest, match="Participant_id_invalid"):
            await bot.get_chat_member(group.id, 1)


async def test_administrators_are_asked_for() -> None:
    """The hidden among them, and no other bots."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, boss, other = fake.person("Ann"), fake.person("Boss"), fake.robot("Other", "other_bot")
        group = fake.group(admins=[ann, other], anonymous=[boss], bot=Status.ADMINISTRATOR)
        await ann.promote(ann, group, without=("can_promote_members",))
        found = {member.user.id: member for member in await bot.get_chat_administrators(group.id)}
        assert found.keys() == {ann.id, boss.id, fake.bot.id}
        hidden, seen = found[boss.id], found[ann.id]
        assert isinstance(hidden, ChatMemberAdministrator)
        assert isinstance(seen, ChatMemberAdministrator)
        assert (hidden.is_anonymous, seen.is_anonymous) == (True, False)
        assert (seen.can_promote_members, seen.can_delete_messages) == (False, True)
        assert hidden.status == ChatMember.ADMINISTRATOR
        with pytest.raises(BadRequest, match="There are no administrators in the private chat"):
            await bot.get_chat_administrators(ann.id)
        await ann.kick_bot(group)
        with pytest.raises(Forbidden, match="bot was kicked"):
            await bot.get_chat_administrators(group.id)


# What the bot says of itself


async def test_commands_are_kept_by_scope_and_language() -> None:
    """Each as it was set."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        group, private = fake.group(), BotCommandScopeAllPrivateChats()
        await bot.set_my_commands([BotCommand("say", "Say it")])
        await bot.set_my_commands([BotCommand("say", "Скажи")], language_code="ru")
        await bot.set_my_commands([BotCommand("voice", "Choose")], private)
        await bot.set_my_commands([("engine", "Engine")], BotCommandScopeChat(group.id), "en")
        assert {key: [one["command"] for one in value] for key, value in fake.naming.commands.items()} == {
            (("default",), ""): ["say"],
            (("default",), "ru"): ["say"],
            (("all_private_chats",), ""): ["voice"],
            (("chat", group.id), "en"): ["engine"],
        }
        [russian] = await bot.get_my_commands(language_code="ru")
        assert russian.description == "Скажи"
        await bot.delete_my_commands(private)
        assert await bot.get_my_commands(private) == ()
        assert fake.unknown == []


@pytest.mark.parametrize(
    ("command", "description", "refusal"),
    [
        ("Say", "x", "Bot_command_invalid"),
        ("s" * 33, "x", "Command length must not exceed 32"),
        ("", "x", "Command must be non-empty"),
        ("say", " ", "Command description must be non-empty"),
        ("say", "x" * 257, "Command description length must not exceed 256"),
    ],
)
async def test_commands_have_their_rules(command: str, description: str, refusal: str) -> None:
    """And there are at most a hundred."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        with pytest.raises(BadRequest, match=refusal):
            await bot.set_my_commands([(command, description)])
        with pytest.raises(BadRequest, match="Bot_commands_too_much"):
            await bot.set_my_commands([(f"say{number}", "x") for number in range(101)])
        assert fake.naming.commands == {}


async def test_descriptions_and_names() -> None:
    """By language, or for all."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        await bot.set_my_description("Speaks", "en")
        await bot.set_my_short_description("Speaks.")
        await bot.set_my_name("Sayso")
        assert (await bot.get_my_description("en")).description == "Speaks"
        assert (await bot.get_my_description("ru")).description == ""
        assert (await bot.get_my_short_description("ru")).short_description == "Speaks."
        assert (await bot.get_my_name()).name == "Sayso"
        with pytest.raises(BadRequest, match="Short description is too long"):
            await bot.set_my_short_description("x" * 121)
        assert fake.unknown == []


# Business accounts


def business_messages(fake: FakeTelegram) -> list[Any]:
    return [found for update in fake.updates.pending if (found := Update.de_json(update).business_message)]


async def test_a_business_account_is_spoken_for() -> None:
    """What others write to its owner comes to the bot, which answers in the owner's name."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        shop, ann = fake.person("Shop"), fake.person("Ann", started=False)
        business = await shop.connect()
        connection = await bot.get_business_connection(business.id)
        assert (connection.user.id, connection.is_enabled) == (shop.id, True)
        asked = await ann.say("Are you open?", business=business)
        [heard] = business_messages(fake)
        assert (heard.business_connection_id, heard.chat.id, heard.from_user.id) == (business.id, ann.id, ann.id)
        sent = await bot.send_voice(
            ann.id,
            ogg(0.2),
            filename="voice.ogg",
            business_connection_id=business.id,
            reply_parameters=ReplyParameters(asked.id),
        )
        assert sent.from_user is not None
        assert sent.sender_business_bot is not None
        assert (sent.from_user.id, sent.sender_business_bot.id) == (shop.id, fake.bot.id)
        [note] = fake.notes(business.chat(ann))
        assert note.reply_to is asked
        await bot.send_chat_action(ann.id, "record_voice", business_connection_id=business.id)
        assert business.chat(ann).action == "record_voice"
        edited = await bot.edit_message_caption(
            ann.id, sent.message_id, caption="Said", business_connection_id=business.id
        )
        assert not isinstance(edited, bool)
        assert edited.caption == "Said"
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(ann.id, "x")
        assert fake.unknown == []


async def test_a_business_message_is_edited_and_deleted() -> None:
    """The bot is told of both."""
    async with FakeTelegram() as fake:
        shop, ann = fake.person("Shop"), fake.person("Ann")
        business = await shop.connect()
        message = await ann.say("one", business=business)
        await ann.edit(message, "two")
        await ann.delete(message)
        *_, edited, deleted = (Update.de_json(update) for update in fake.updates.pending)
        assert edited.edited_business_message is not None
        assert edited.edited_business_message.text == "two"
        assert deleted.deleted_business_messages is not None
        assert deleted.deleted_business_messages.message_ids == (message.id,)


async def test_what_was_written_in_anothers_name_is_deleted() -> None:
    """The bot's own; others' only with the right to."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        shop, ann = fake.person("Shop"), fake.person("Ann")
        business = await shop.connect()
        asked = await ann.say("x", business=business)
        sent = await bot.send_message(ann.id, "y", business_connection_id=business.id)
        assert await bot.delete_business_messages(business.id, [sent.message_id, 99])
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_business_messages(business.id, [asked.id])
        assert business.chat(ann).messages == [asked]
        business.rights.add("can_delete_all_messages")
        await bot.delete_business_messages(business.id, [asked.id])
        assert business.chat(ann).messages == []
        assert fake.unknown == []


async def refusal(bot: Bot, person: int, business: str) -> str:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(person, "x", business_connection_id=business)
    return refused.value.message


async def test_a_business_account_has_its_bounds() -> None:
    """To itself, to strangers, without the right, and when it is over, nothing is written."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        shop, ann, bob = fake.person("Shop"), fake.person("Ann"), fake.person("Bob")
        business = await shop.connect()
        await ann.say("x", business=business)
        assert await refusal(bot, shop.id, business.id) == "Messages must not be sent to self"
        assert await refusal(bot, bob.id, business.id) == "Business_peer_invalid"
        assert await refusal(bot, ann.id, "nonsense") == "Business connection not found"
        business.rights.clear()
        assert await refusal(bot, ann.id, business.id) == "Business_peer_usage_missing"
        await shop.disconnect(business)
        assert await refusal(bot, ann.id, business.id) == "Business connection not found"
        last = Update.de_json(fake.updates.pending[-1]).business_connection
        assert last is not None
        assert not last.is_enabled
