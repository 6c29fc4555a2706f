"""The loopback Discord's interactions: deadlines, deferring, what only one person sees, and what follows."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.http import Route

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import INTENTS, running

Deed = Callable[[discord.Interaction], Awaitable[None]]
LOADING, EPHEMERAL = 1 << 7, 1 << 6


class Bot(discord.Client):
    """One command, ``/do``, that does what the test says; ``refused`` are the codes of what it was refused."""

    def __init__(self, fake: FakeDiscord, deed: Deed) -> None:
        super().__init__(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.refused: list[tuple[int, int]] = []
        self.done = asyncio.Event()

        @self.tree.command(name="do")
        async def do(ix: discord.Interaction) -> None:
            try:
                await deed(ix)
            except discord.HTTPException as error:
                self.refused.append((error.status, error.code))
            finally:
                self.done.set()

    async def setup_hook(self) -> None:
        await self.tree.sync()


async def test_an_answer_after_three_seconds_is_unknown() -> None:
    """404, 10062; and no follow-up is possible: its token was invalidated."""
    async with FakeDiscord() as fake:

        async def late(ix: discord.Interaction) -> None:
            fake.clock.advance(3.1)
            with pytest.raises(discord.NotFound, match="10062"):
                await ix.response.defer()
            await ix.followup.send("too late")

        async with running(Bot(fake, late), fake) as bot:
            await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(404, 10015)]


async def test_nothing_is_answered_twice() -> None:
    """400, 40060, whatever the library thinks."""
    async with FakeDiscord() as fake:

        async def twice(ix: discord.Interaction) -> None:
            await ix.response.send_message("one")
            ix.response._response_type = None
            await ix.response.send_message("two")

        async with running(Bot(fake, twice), fake) as bot:
            ix = await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(400, 40060)]
            assert ix.content == "one"


async def test_the_first_follow_up_completes_what_was_deferred() -> None:
    """The loading message becomes the follow-up: one message, one id, as ephemeral as the defer was."""
    async with FakeDiscord() as fake:
        made: list[discord.WebhookMessage] = []

        async def defer(ix: discord.Interaction) -> None:
            await ix.response.defer(ephemeral=True, thinking=True)
            made.append(await ix.followup.send("first", wait=True))
            made.append(await ix.followup.send("second", wait=True))

        async with running(Bot(fake, defer), fake) as bot:
            ix = await fake.slash("do")
            await ix.wait_callback()
            await bot.done.wait()
            assert bot.refused == []
            assert ix.ephemeral
            assert ix.original is not None
            assert str(made[0].id) == ix.original["id"]
            assert made[0].flags.ephemeral
            assert not made[0].flags.loading
            assert not made[1].flags.ephemeral
            assert [message["content"] for message in fake.said()] == ["second"]


async def test_while_it_thinks_the_message_is_loading() -> None:
    """LOADING until it is completed, here by an edit; people see both."""
    async with FakeDiscord() as fake:
        go = asyncio.Event()

        async def think(ix: discord.Interaction) -> None:
            await ix.response.defer(thinking=True)
            await go.wait()
            await ix.edit_original_response(content="thought")

        async with running(Bot(fake, think), fake) as bot:
            ix = await fake.slash("do")
            await ix.wait_callback()
            assert ix.original is not None
            assert ix.deferred
            assert ix.original["flags"] & LOADING
            go.set()
            answered = await ix.wait_answered()
            assert answered["content"] == "thought"
            assert not answered["flags"] & LOADING
            assert (await ix.wait_edit()).json["content"] == "thought"
            await bot.done.wait()


async def test_an_answer_may_be_got_changed_and_deleted() -> None:
    """GET, PATCH, DELETE of the original; afterwards it is unknown (10008)."""
    async with FakeDiscord() as fake:

        async def change(ix: discord.Interaction) -> None:
            await ix.response.send_message("one")
            original = await ix.original_response()
            assert original.content == "one"
            await ix.edit_original_response(content="two")
            assert (await ix.followup.fetch_message(original.id)).content == "two"
            more = await ix.followup.send("more", wait=True)
            await more.edit(content="more and more")
            await more.delete()
            await ix.delete_original_response()
            await ix.followup.fetch_message(original.id)

        async with running(Bot(fake, change), fake) as bot:
            ix = await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(404, 10008)]
            assert ix.original_deleted
            assert len(ix.deletes) == 2
            assert fake.said() == []


async def test_what_follows_a_deleted_thinking_is_a_message_of_its_own() -> None:
    """Neither is it as private as the deferred answer was, nor does anything wait any more."""
    async with FakeDiscord() as fake:

        async def think_again(ix: discord.Interaction) -> None:
            await ix.response.defer(thinking=True, ephemeral=True)
            await ix.delete_original_response()
            await ix.followup.send("for all")

        async with running(Bot(fake, think_again), fake) as bot:
            ix = await fake.slash("do")
            await bot.done.wait()
            assert [message["content"] for message in fake.said()] == ["for all"]
            assert (ix.original, ix.deferred) == (None, False)


async def test_the_response_names_the_message_it_made() -> None:
    """``with_response``: the id comes at once, without another request."""
    async with FakeDiscord() as fake:
        told: list[discord.InteractionCallbackResponse[discord.Client]] = []

        async def tell(ix: discord.Interaction) -> None:
            told.append(await ix.response.send_message("x", ephemeral=True))

        async with running(Bot(fake, tell), fake) as bot:
            ix = await fake.slash("do")
            await bot.done.wait()
            assert ix.original is not None
            assert told[0].message_id == int(ix.original["id"])
            assert told[0].is_ephemeral()
            assert isinstance(told[0].resource, discord.InteractionMessage)


@pytest.mark.parametrize(("code", "refusal"), [(50027, (401, 50027)), (10015, (404, 10015))])
async def test_an_expired_token_is_refused(code: int, refusal: tuple[int, int]) -> None:
    """The webhook of an interaction that is over answers 401/50027, or that it is unknown."""
    async with FakeDiscord() as fake:
        go = asyncio.Event()

        async def late(ix: discord.Interaction) -> None:
            await ix.response.defer()
            await go.wait()
            await ix.followup.send("too late")

        async with running(Bot(fake, late), fake) as bot:
            ix = await fake.slash("do")
            await ix.wait_callback()
            fake.expire(ix, code)
            go.set()
            await bot.done.wait()
            assert bot.refused == [refusal]


async def test_a_token_lives_for_fifteen_minutes() -> None:
    """14 minutes later a follow-up is taken, 16 minutes later it is not."""
    async with FakeDiscord() as fake:

        async def late(ix: discord.Interaction) -> None:
            await ix.response.send_message("now")
            fake.clock.advance(14 * 60)
            await ix.followup.send("in time")
            fake.clock.advance(2 * 60)
            await ix.followup.send("late")

        async with running(Bot(fake, late), fake) as bot:
            await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(401, 50027)]
            assert [message["content"] for message in fake.said()] == ["now", "in time"]


async def test_a_token_reaches_only_its_own_messages() -> None:
    """Another's message is unknown to it."""
    async with FakeDiscord() as fake:

        async def reach(ix: discord.Interaction) -> None:
            await ix.response.send_message("mine")
            other = await fake.say("not mine")
            await ix.followup.fetch_message(int(other["id"]))

        async with running(Bot(fake, reach), fake) as bot:
            await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(404, 10008)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (discord.InteractionResponseType.autocomplete_result, {"choices": []}),
        (discord.InteractionResponseType.deferred_message_update, {}),
        (discord.InteractionResponseType.message_update, {"content": "x"}),
        (discord.InteractionResponseType.deferred_channel_message, {"flags": 1 << 13}),
    ],
)
async def test_an_answer_must_fit_what_was_asked(kind: discord.InteractionResponseType, data: dict[str, int]) -> None:
    """Choices only to completion, updates only to components, a deferred answer may only be ephemeral: 50035."""
    async with FakeDiscord() as fake:

        async def answer(ix: discord.Interaction) -> None:
            route = Route("POST", f"/interactions/{ix.id}/{ix.token}/callback")
            await ix.client.http.request(route, json={"type": kind.value, "data": data})

        async with running(Bot(fake, answer), fake) as bot:
            await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(400, 50035)]


async def test_a_voice_note_completes_what_was_deferred_and_cannot_be_edited() -> None:
    """The first follow-up may be one; afterwards 50162."""
    async with FakeDiscord() as fake:

        async def speak(ix: discord.Interaction) -> None:
            await ix.response.defer()
            flags = discord.MessageFlags()
            flags.voice = True
            attachment = {"id": 0, "filename": "note.ogg", "duration_secs": 1.0, "waveform": "AAAA"}
            form: list[dict[str, Any]] = [
                {"name": "payload_json", "value": json.dumps({"flags": flags.value, "attachments": [attachment]})},
                {"name": "files[0]", "value": io.BytesIO(b"OggS"), "filename": "note.ogg"},
            ]
            await ix.client.http.request(Route("POST", f"/webhooks/1000/{ix.token}"), form=form)
            await ix.edit_original_response(content="x")

        async with running(Bot(fake, speak), fake) as bot:
            ix = await fake.slash("do")
            await bot.done.wait()
            assert bot.refused == [(400, 50162)]
            [note] = fake.notes()
            assert note.message is ix.original
            assert note.flags == 1 << 13


async def test_only_whom_it_concerns_sees_what_is_ephemeral() -> None:
    """No event tells of it, and the channel does not list it."""
    async with FakeDiscord() as fake:
        heard: list[str] = []

        async def whisper(ix: discord.Interaction) -> None:
            await ix.response.send_message("secret", ephemeral=True)
            await ix.followup.send("public")

        bot = Bot(fake, whisper)

        @bot.event
        async def on_message(message: discord.Message) -> None:
            heard.append(message.content)

        async with running(bot, fake):
            await fake.slash("do")
            await fake.until(lambda: heard)
            assert heard == ["public"]
            channel = bot.get_channel(6000)
            assert isinstance(channel, discord.TextChannel)
            assert [message.content async for message in channel.history()] == ["public"]


async def test_what_may_be_uploaded_is_told_and_held() -> None:
    """``attachment_size_limit`` follows the guild's tier; more is 40005."""
    async with FakeDiscord() as fake:
        limits: list[int] = []

        async def upload(ix: discord.Interaction) -> None:
            limits.append(ix.filesize_limit)
            await ix.response.send_message(file=discord.File(io.BytesIO(bytes((10 << 20) + 1)), "big.ogg"))

        async with running(Bot(fake, upload), fake) as bot:
            await fake.slash("do")
            await bot.done.wait()
            assert limits == [10 << 20]
            assert bot.refused == [(413, 40005)]
