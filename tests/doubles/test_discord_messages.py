"""The loopback Discord's messages: how they come, change and go, what is refused, and what a voice note must be."""

from __future__ import annotations

import base64
import io
from typing import Any

import discord
import pytest
from discord.http import handle_message_parameters

from tests.doubles.discord import FakeDiscord, Kind
from tests.doubles.discord.client import started


class NoteFile(discord.File):
    """A file with what a voice note needs beside."""

    def __init__(self, data: bytes = b"OggS", name: str = "voice-message.ogg", **extra: Any) -> None:
        super().__init__(io.BytesIO(data), filename=name)
        self.extra = {"duration_secs": 1.5, "waveform": base64.b64encode(bytes(range(15))).decode(), **extra}

    def to_dict(self, index: int) -> dict[str, Any]:
        return {**super().to_dict(index), **{key: value for key, value in self.extra.items() if value is not None}}


async def note(bot: discord.Client, channel: int, *files: discord.File, content: str | None = None) -> None:
    """Send a voice note, as nothing public of the library's can."""
    flags = discord.MessageFlags()
    flags.voice = True
    with handle_message_parameters(content=content, files=list(files), flags=flags) as params:
        await bot.http.send_message(channel, params=params)


def text(bot: discord.Client, channel: int = 6000) -> discord.TextChannel:
    found = bot.get_channel(channel)
    assert isinstance(found, discord.TextChannel)
    return found


async def refusal(bot: discord.Client, channel: int, **message: Any) -> tuple[int, int]:
    """Status and code of a message that is refused."""
    found = bot.get_partial_messageable(channel)
    with pytest.raises(discord.HTTPException) as refused:
        await found.send(**message)
    return refused.value.status, refused.value.code


async def test_what_people_write_reaches_the_bot_whole() -> None:
    """Text, author, attachments, stickers, polls, who is mentioned, and what is answered or forwarded."""
    async with FakeDiscord() as fake, started(fake) as bot:
        heard: list[discord.Message] = []

        @bot.event
        async def on_message(message: discord.Message) -> None:
            heard.append(message)

        role, books = fake.add_role("reader"), fake.add_channel("books")
        first = await fake.say("one", files={"a.png": b"png"})
        sticker = {"id": "9", "name": "Wave", "format_type": 1}
        await fake.say(f"<@1000> <@&{role.id}> <#{books.id}>", reply_to=first, sticker_items=[sticker])
        await fake.say(forward=first)
        await fake.say(poll={"question": {"text": "Tea?"}, "answers": [{"poll_media": {"text": "yes"}}]})
        await fake.until(lambda: len(heard) == 4)
        one, reply, forward, poll = heard
        assert (one.content, one.author.display_name) == ("one", "ann")
        assert one.attachments[0].filename == "a.png"
        assert await one.attachments[0].read() == b"png"
        assert [user.id for user in reply.mentions] == [1000, 2000]
        assert [found.name for found in reply.role_mentions] == ["reader"]
        assert [found.id for found in reply.channel_mentions] == [int(books.id)]
        assert reply.stickers[0].name == "Wave"
        assert reply.reference is not None
        assert isinstance(reply.reference.resolved, discord.Message)
        assert reply.reference.resolved.content == "one"
        assert reply.type is discord.MessageType.reply
        assert forward.message_snapshots[0].content == "one"
        assert poll.poll is not None
        assert (poll.poll.question, [answer.text for answer in poll.poll.answers]) == ("Tea?", ["yes"])


async def test_edits_and_deletes_are_told() -> None:
    """MESSAGE_UPDATE for each edit, in order; MESSAGE_DELETE."""
    async with FakeDiscord() as fake, started(fake) as bot:
        seen: list[str] = []
        gone: list[int] = []

        @bot.event
        async def on_message_edit(before: discord.Message, after: discord.Message) -> None:
            assert after.edited_at is not None
            seen.append(after.content)

        @bot.event
        async def on_raw_message_delete(payload: discord.RawMessageDeleteEvent) -> None:
            gone.append(payload.message_id)

        writer = fake.add_user("llm", bot=True)
        message = await fake.say("One", by=writer)
        for text in ("One two", "One two three"):
            await fake.edit(message, text)
        await fake.delete(message)
        await fake.until(lambda: gone)
        assert seen == ["One two", "One two three"]
        assert gone == [int(message["id"])]


async def test_several_may_be_deleted_at_once() -> None:
    """One event tells of all."""
    async with FakeDiscord() as fake, started(fake) as bot:
        gone: list[set[int]] = []

        @bot.event
        async def on_raw_bulk_message_delete(payload: discord.RawBulkMessageDeleteEvent) -> None:
            gone.append(payload.message_ids)

        said = [await fake.say(str(at)) for at in range(3)]
        await fake.bulk_delete(said[:2])
        await fake.until(lambda: gone)
        assert gone == [{int(message["id"]) for message in said[:2]}]
        assert list(fake.messages.values()) == said[2:]


async def test_a_message_may_be_of_any_kind() -> None:
    """``extra`` says what Discord would have filled in; a voice channel has messages as well."""
    async with FakeDiscord() as fake, started(fake) as bot:
        heard: list[discord.Message] = []

        @bot.event
        async def on_message(message: discord.Message) -> None:
            heard.append(message)

        await fake.say("pinned", channel=7000, extra={"type": 6, "webhook_id": "77"})
        await fake.until(lambda: heard)
        assert (heard[0].type, heard[0].webhook_id) == (discord.MessageType.pins_add, 77)
        assert isinstance(heard[0].channel, discord.VoiceChannel)


async def test_reactions_of_people_and_of_the_bot() -> None:
    """They are told, counted, and taken back."""
    intents = discord.Intents(guilds=True, guild_messages=True, guild_reactions=True)
    async with FakeDiscord() as fake, started(fake, intents) as bot:
        seen: list[tuple[str, int]] = []

        @bot.event
        async def on_raw_reaction_add(payload: discord.RawReactionActionEvent) -> None:
            seen.append((str(payload.emoji), payload.user_id))

        written = await fake.say("x")
        await fake.react(written, "👍")
        message = await text(bot).fetch_message(int(written["id"]))
        await message.add_reaction("🔇")
        await message.remove_reaction("🔇", discord.Object(1000))
        await fake.until(lambda: len(seen) == 2)
        assert seen == [("👍", 2000), ("🔇", 1000)]
        assert [(r["emoji"]["name"], r["count"]) for r in written["reactions"]] == [("👍", 1)]
        await fake.unreact(written, "👍")
        assert written["reactions"] == []


async def test_the_bot_writes_answers_changes_and_deletes() -> None:
    """All four are kept and recorded; a stranger's message is not the bot's to change, a moderator may delete it."""
    async with FakeDiscord() as fake, started(fake) as bot:
        message = await text(bot).send("one", embed=discord.Embed(description="x"))
        await message.edit(content="two", attachments=[discord.File(io.BytesIO(b"data"), "a.bin")])
        answer = await message.reply("three", silent=True)
        assert answer.flags.silent
        assert [found["content"] for found in fake.said()] == ["two", "three"]
        assert answer.reference is not None
        await message.delete()
        assert [found["content"] for found in fake.said()] == ["three"]
        theirs = await text(bot).fetch_message(int((await fake.say("theirs"))["id"]))
        with pytest.raises(discord.Forbidden, match="50005"):
            await theirs.edit(content="mine")
        await theirs.delete()
        assert fake.errors == []


async def test_history_is_read_both_ways() -> None:
    """The newest first, before and after a message; none without READ_MESSAGE_HISTORY."""
    async with FakeDiscord() as fake, started(fake) as bot:
        said = [await fake.say(str(at)) for at in range(6)]
        channel = text(bot)
        assert [message.content async for message in channel.history(limit=2)] == ["5", "4"]
        pivot = discord.Object(int(said[2]["id"]))
        assert [message.content async for message in channel.history(before=pivot)] == ["1", "0"]
        assert [message.content async for message in channel.history(after=pivot, limit=2)] == ["3", "4"]
        fake.deny("read_message_history", channel=6000)
        assert [message.content async for message in channel.history()] == []


async def test_the_same_nonce_makes_one_message() -> None:
    """``enforce_nonce``: the message that is there is returned; another nonce, or a long time, makes another."""
    async with FakeDiscord() as fake, started(fake) as bot:
        channel = text(bot)
        first = await channel.send("one", nonce="n1")
        again = await channel.send("one", nonce="n1")
        other = await channel.send("one", nonce="n2")
        assert first.id == again.id != other.id
        assert len(fake.said()) == 2
        fake.clock.advance(3600)
        late = await channel.send("one", nonce="n1")
        assert late.id != first.id
        assert await refusal(bot, 6000, content="x", nonce="n" * 26) == (400, 50035)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"content": ""}, 50006),
        ({"content": "x" * 2001}, 50035),
        ({"embeds": [discord.Embed(description="x" * 4097)]}, 50035),
        ({"embeds": [discord.Embed(description="x" * 3001) for _ in range(2)]}, 50035),
    ],
)
async def test_what_is_no_message_is_refused(message: dict[str, Any], code: int) -> None:
    """Nothing at all, or too much of it."""
    async with FakeDiscord() as fake, started(fake) as bot:
        assert await refusal(bot, 6000, **message) == (400, code)
        assert fake.said() == []


@pytest.mark.parametrize(
    ("denied", "message", "code"),
    [
        ("view_channel", {"content": "x"}, 50001),
        ("send_messages", {"content": "x"}, 50013),
        ("attach_files", {"file": "file"}, 50013),
        ("read_message_history", {"content": "x", "reference": "reference"}, 50013),
    ],
)
async def test_what_the_bot_may_not_is_refused(denied: str, message: dict[str, Any], code: int) -> None:
    """403 with the code of the reason."""
    async with FakeDiscord() as fake, started(fake) as bot:
        if "file" in message:
            message = {"file": discord.File(io.BytesIO(b"x"), "x.txt")}
        if "reference" in message:
            said = await fake.say("x")
            message = {
                "content": "x",
                "reference": discord.MessageReference(message_id=int(said["id"]), channel_id=6000),
            }
        fake.deny(denied, channel=6000)
        assert await refusal(bot, 6000, **message) == (403, code)


async def test_a_thread_asks_for_another_permission() -> None:
    """SEND_MESSAGES_IN_THREADS, by the overwrites of its parent; a forum itself takes no message."""
    async with FakeDiscord() as fake, started(fake) as bot:
        thread, forum = fake.add_thread("talk"), fake.add_channel("ideas", Kind.FORUM)
        fake.deny("send_messages", channel=6000)
        await bot.get_partial_messageable(int(thread.id)).send("still")
        assert await refusal(bot, int(forum.id), content="x") == (400, 50008)
        fake.deny("send_messages_in_threads", channel=6000)
        assert await refusal(bot, int(thread.id), content="x") == (403, 50013)


async def test_what_is_gone_is_unknown() -> None:
    """10003, 10008; a reply to what is gone is 50035, unless it need not exist."""
    async with FakeDiscord() as fake, started(fake) as bot:
        said = await fake.say("x")
        message = await text(bot).fetch_message(int(said["id"]))
        await fake.delete(said)
        with pytest.raises(discord.NotFound, match="10008"):
            await message.add_reaction("x")
        assert await refusal(bot, 6000, content="x", reference=message) == (400, 50035)
        forgiving = message.to_reference(fail_if_not_exists=False)
        assert (await text(bot).send("x", reference=forgiving)).reference is None
        assert await refusal(bot, 1, content="x") == (404, 10003)


async def test_a_file_must_not_be_too_large() -> None:
    """40005 above the guild's limit."""
    async with FakeDiscord() as fake, started(fake) as bot:
        big = bytes((10 << 20) + 1)
        assert await refusal(bot, 6000, file=discord.File(io.BytesIO(big), "big.bin")) == (413, 40005)
        fake.change_guild(tier=2)
        await text(bot).send(file=discord.File(io.BytesIO(big), "big.bin"))


async def test_direct_messages_may_be_refused() -> None:
    """50007 of who takes none."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.direct(2000).closed = True
        assert await refusal(bot, int(fake.direct(2000).id), content="x") == (403, 50007)


# -- voice notes


async def test_a_voice_note_is_kept_and_told_as_one() -> None:
    """The fake decodes it; the library knows it for a voice note; it cannot be edited (50162)."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.deny("attach_files", channel=6000)
        await note(bot, 6000, NoteFile(b"OggS data"))
        [found] = fake.notes()
        assert (found.data, found.duration, found.waveform) == (b"OggS data", 1.5, bytes(range(15)))
        assert (found.filename, found.content_type) == ("voice-message.ogg", "audio/ogg")
        assert fake.notes(6000) == [found]
        assert fake.notes(7000) == []
        message = await text(bot).fetch_message(int(found.message["id"]))
        assert message.flags.voice
        assert message.attachments[0].is_voice_message()
        assert await message.attachments[0].read() == b"OggS data"
        with pytest.raises(discord.HTTPException, match="50162"):
            await message.edit(content="x")


@pytest.mark.parametrize(
    ("files", "content", "code"),
    [
        ([NoteFile], "words", 50159),
        ([], None, 50160),
        ([NoteFile, NoteFile], None, 50160),
        ([lambda: NoteFile(name="note.txt")], None, 50160),
        ([lambda: NoteFile(waveform=None)], None, 50161),
        ([lambda: NoteFile(duration_secs=None)], None, 50161),
        ([lambda: NoteFile(waveform=base64.b64encode(bytes(257)).decode())], None, 50161),
        ([lambda: NoteFile(waveform="not base64!")], None, 50161),
    ],
)
async def test_what_is_no_voice_note_is_refused(files: list[Any], content: str | None, code: int) -> None:
    """More than one sound, none, words beside it, no length or no waveform."""
    async with FakeDiscord() as fake, started(fake) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await note(bot, 6000, *(make() for make in files), content=content)
        assert (refused.value.status, refused.value.code) == (400, code)
        assert fake.notes() == []


async def test_a_voice_note_may_be_forbidden() -> None:
    """50013 without SEND_VOICE_MESSAGES, 50173 where the channel takes none."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.world.channel(6000).voice_notes = False
        with pytest.raises(discord.HTTPException, match="50173"):
            await note(bot, 6000, NoteFile())
        fake.deny("send_voice_messages", channel=6000)
        with pytest.raises(discord.Forbidden, match="50013"):
            await note(bot, 6000, NoteFile())
