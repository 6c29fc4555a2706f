"""The loopback Telegram's messages: what is sent, edited and deleted, and what is refused in which words."""

from __future__ import annotations

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest

from tests.doubles.telegram import FakeTelegram, Status
from tests.doubles.telegram.client import a_bot

DAY = 86_400


def keyboard(*rows: list[tuple[str, str]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data) for text, data in row] for row in rows]
    )


async def test_a_text_comes_back_as_it_was_sent() -> None:
    """With its chat, its author, its keyboard, and what it answers."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person("Ann")
        asked = await ann.say("Who is there?")
        sent = await bot.send_message(
            ann.id, "  It is me \n", reply_parameters=ReplyParameters(asked.id), reply_markup=keyboard([("Yes", "y")])
        )
        assert (sent.text, sent.chat.id) == ("It is me", ann.id)
        assert sent.from_user is not None
        assert sent.from_user.username == fake.bot.username
        assert sent.reply_to_message is not None
        assert sent.reply_to_message.text == "Who is there?"
        [_, kept] = ann.private.messages
        assert (kept.id, kept.buttons, kept.reply_to) == (sent.message_id, ["Yes"], asked)
        assert fake.unknown == []


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "Message text is empty"),
        (" \n ", "Text must be non-empty"),
        ("x" * 4097, "Message is too long"),
        ("字" * 11_000, "Text is too long"),
    ],
)
async def test_a_text_has_its_bounds(text: str, refusal: str) -> None:
    """Nothing, and more than 4096 characters, is refused."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        with pytest.raises(BadRequest, match=refusal):
            await bot.send_message(ann.id, text)
        assert ann.private.messages == []
        assert len((await bot.send_message(ann.id, "字" * 4096)).text or "") == 4096


async def test_html_becomes_entities() -> None:
    """Offsets are counted in UTF-16, and what stands there by itself is found beside."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        sent = await bot.send_message(ann.id, "😀 <b>bold</b> &lt;i&gt; /say <code>/no</code>", ParseMode.HTML)
        assert sent.text == "😀 bold <i> /say /no"
        found = sent.parse_entities()
        assert [(entity.type, words) for entity, words in found.items()] == [
            (MessageEntity.BOLD, "bold"),
            (MessageEntity.BOT_COMMAND, "/say"),
            (MessageEntity.CODE, "/no"),
        ]


async def test_markdown_becomes_entities() -> None:
    """MarkdownV2, with links and escapes."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        sent = await bot.send_message(ann.id, r"*b _i_* [here](https://a.b/) \. ||x||", ParseMode.MARKDOWN_V2)
        assert sent.text == "b i here . x"
        kinds = [entity.type for entity in sent.entities]
        assert kinds == ["bold", "italic", "text_link", "spoiler"]
        assert sent.entities[2].url == "https://a.b/"


@pytest.mark.parametrize(
    ("mode", "text", "refusal"),
    [
        (ParseMode.HTML, "<b>open", 'can\'t find end tag corresponding to start tag "b"'),
        (ParseMode.HTML, "<no>", 'unsupported start tag "no"'),
        (ParseMode.HTML, "1 < 2", "unsupported start tag"),
        (ParseMode.HTML, "<b>x</i>", "unmatched end tag"),
        (ParseMode.MARKDOWN_V2, "Yes.", "character '.' is reserved"),
        (ParseMode.MARKDOWN_V2, "*open", "can't find end of bold entity"),
        ("Latex", "x", "unsupported parse_mode"),
    ],
)
async def test_marks_that_are_wrong_are_refused(mode: str, text: str, refusal: str) -> None:
    """With where and what."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        with pytest.raises(BadRequest) as refused:
            await bot.send_message(ann.id, text, mode)
        assert refusal.lower() in refused.value.message.lower()


@pytest.mark.parametrize(
    ("button", "refusal"),
    [
        (InlineKeyboardButton("x", callback_data="d" * 65), "Button_data_invalid"),
        (InlineKeyboardButton(" ", callback_data="d"), "Button_text_invalid"),
        (InlineKeyboardButton("x", callback_data=""), "text buttons are unallowed"),
    ],
)
async def test_a_keyboard_has_its_rules(button: InlineKeyboardButton, refusal: str) -> None:
    """64 bytes of data, words on every button, and something that it does."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        with pytest.raises(BadRequest, match=refusal):
            await bot.send_message(ann.id, "x", reply_markup=InlineKeyboardMarkup([[button]]))
        full = keyboard(*([(str(n), "я" * 32)] for n in range(100)))
        await bot.send_message(ann.id, "x", reply_markup=full)
        with pytest.raises(BadRequest, match="too long"):
            await bot.send_message(ann.id, "x", reply_markup=keyboard(*([(str(n), "d")] for n in range(101))))


async def test_a_chat_that_is_not_known() -> None:
    """By a wrong id, a wrong name, or somebody who never wrote."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        stranger = fake.person(started=False)
        for chat in (1, "@nobody", stranger.id):
            with pytest.raises(BadRequest, match="Chat not found"):
                await bot.send_message(chat, "x")
        await stranger.say("/start")
        await bot.send_message(stranger.id, "x")


async def test_a_public_chat_is_found_by_its_name() -> None:
    """As @name, however it is written."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        news = fake.channel(username="TheNews")
        sent = await bot.send_message("@thenews", "x")
        assert sent.chat.id == news.id
        assert sent.sender_chat is not None
        assert sent.from_user is None


async def test_what_is_replied_to_must_be_there() -> None:
    """Unless the bot says that it may be gone."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        asked = await ann.say("x")
        await ann.delete(asked)
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(ann.id, "x", reply_parameters=ReplyParameters(asked.id))
        sent = await bot.send_message(
            ann.id, "x", reply_parameters=ReplyParameters(asked.id, allow_sending_without_reply=True)
        )
        assert sent.reply_to_message is None


async def test_a_part_of_a_message_may_be_answered() -> None:
    """The quote must stand in it."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        asked = await ann.say("😀 one and two")
        sent = await bot.send_message(ann.id, "x", reply_parameters=ReplyParameters(asked.id, quote="and"))
        assert sent.quote is not None
        assert (sent.quote.text, sent.quote.position) == ("and", 7)
        with pytest.raises(BadRequest, match="Quote_text_invalid"):
            await bot.send_message(ann.id, "x", reply_parameters=ReplyParameters(asked.id, quote="three"))


async def test_a_reply_may_lead_into_another_chat() -> None:
    """It then shows where the message came from."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, bob = fake.person("Ann"), fake.person("Bob")
        asked = await ann.say("x")
        sent = await bot.send_message(bob.id, "x", reply_parameters=ReplyParameters(asked.id, chat_id=ann.id))
        assert sent.reply_to_message is None
        assert sent.external_reply is not None
        assert sent.external_reply.origin.type == "user"


async def test_messages_are_edited() -> None:
    """Their words and their keyboard; a keyboard that is not given again is gone."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        sent = await bot.send_message(ann.id, "one", reply_markup=keyboard([("a", "a")]))
        edited = await sent.edit_text("two")
        assert not isinstance(edited, bool)
        assert (edited.text, edited.edit_date is not None) == ("two", True)
        [kept] = ann.private.messages
        assert (kept.text, kept.buttons) == ("two", [])
        await sent.edit_reply_markup(keyboard([("b", "b")]))
        assert kept.buttons == ["b"]


async def test_edits_are_refused() -> None:
    """When nothing would change, the message is gone, another's, or has no text."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        hers = await ann.say("hers")
        sent = await bot.send_message(ann.id, "one", reply_markup=keyboard([("a", "a")]))
        voice = await bot.send_document(ann.id, b"data", filename="x.bin")
        for attempt, refusal in [
            (sent.edit_text("one", reply_markup=keyboard([("a", "a")])), "Message is not modified: specified new"),
            (bot.edit_message_text("x", ann.id, hers.id), "Message can't be edited"),
            (bot.edit_message_text("x", ann.id, 999), "Message to edit not found"),
            (voice.edit_text("x"), "There is no text in the message to edit"),
            (sent.edit_caption("x"), "There is no caption in the message to edit"),
            (sent.edit_text("x" * 4097), "Message_too_long"),
        ]:
            with pytest.raises(BadRequest, match=refusal):
                await attempt
        await voice.edit_caption("A caption")
        assert ann.private.messages[-1].caption == "A caption"


async def test_messages_are_deleted() -> None:
    """In private anybody's; what is gone, is gone."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        hers = await ann.say("hers")
        sent = await bot.send_message(ann.id, "x")
        assert await sent.delete()
        assert await bot.delete_message(ann.id, hers.id)
        assert ann.private.messages == []
        with pytest.raises(BadRequest, match="Message to delete not found"):
            await sent.delete()


async def test_after_two_days_nothing_is_deleted() -> None:
    """Not even by an administrator."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        group = fake.group(bot=Status.ADMINISTRATOR)
        sent = await bot.send_message(group.id, "x")
        fake.clock.advance(2 * DAY)
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await sent.delete()
        assert len(group.messages) == 1


async def test_only_an_administrator_deletes_others_messages() -> None:
    """In groups, and with the right to."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        group = fake.group(members=[ann])
        hers = await ann.say("hers", group)
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_message(group.id, hers.id)
        await ann.promote(fake.bot, group, without=("can_delete_messages",))
        with pytest.raises(BadRequest, match="Message can't be deleted"):
            await bot.delete_message(group.id, hers.id)
        await ann.promote(fake.bot, group)
        assert await bot.delete_message(group.id, hers.id)


async def test_many_are_deleted_at_once() -> None:
    """Those that are not there are passed over."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        sent = [await bot.send_message(ann.id, "x") for _ in range(3)]
        assert await bot.delete_messages(ann.id, [sent[0].message_id, 999, sent[2].message_id])
        assert [message.id for message in ann.private.messages] == [sent[1].message_id]
        with pytest.raises(BadRequest, match="Too many message identifiers"):
            await bot.delete_messages(ann.id, list(range(1, 102)))


async def test_ids_are_counted_per_chat() -> None:
    """A supergroup's from one; private chats and small groups together."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, one, other = fake.person(), fake.group(), fake.group()
        basic = fake.group(basic=True)
        assert [(await bot.send_message(one.id, "x")).message_id for _ in range(2)] == [1, 2]
        assert (await bot.send_message(other.id, "x")).message_id == 1
        first = (await bot.send_message(ann.id, "x")).message_id
        assert (await bot.send_message(basic.id, "x")).message_id == first + 1


async def test_what_a_bot_does_is_seen_for_five_seconds() -> None:
    """Or until it has written."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        assert ann.private.action is None
        await bot.send_chat_action(ann.id, ChatAction.RECORD_VOICE)
        fake.clock.advance(4.9)
        assert ann.private.action == "record_voice"
        fake.clock.advance(0.2)
        assert ann.private.action is None
        await bot.send_chat_action(ann.id, ChatAction.TYPING)
        await bot.send_message(ann.id, "x")
        assert ann.private.action is None
        with pytest.raises(BadRequest, match="Wrong parameter action in request"):
            await bot.send_chat_action(ann.id, "dance")
