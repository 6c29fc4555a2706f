"""The loopback Telegram's updates: by polling and by webhook, each once, in order, and again after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict
from telegram.ext import MessageHandler, TypeHandler, filters

from tests.doubles.telegram import FakeTelegram, Status
from tests.doubles.telegram.client import a_bot, built, polling
from tests.doubles.telegram.updates import KINDS, USUAL

Json = dict[str, Any]


def words(updates: tuple[Update, ...]) -> list[str | None]:
    return [update.effective_message.text for update in updates if update.effective_message is not None]


# Polling


async def test_the_fake_knows_all_kinds_of_updates() -> None:
    """As many as the library."""
    assert frozenset(Update.ALL_TYPES) == KINDS


async def test_an_offset_confirms_what_is_before_it() -> None:
    """What is not confirmed comes again."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        for text in ("one", "two", "three"):
            await ann.say(text)
        first = await bot.get_updates()
        assert words(first) == ["one", "two", "three"]
        assert words(await bot.get_updates(limit=2)) == ["one", "two"]
        assert words(await bot.get_updates(first[1].update_id)) == ["two", "three"]
        assert words(await bot.get_updates(first[2].update_id + 1)) == []
        assert fake.updates.pending == []


async def test_a_negative_offset_keeps_only_the_last() -> None:
    """All before are gone."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        for text in ("one", "two", "three"):
            await ann.say(text)
        assert words(await bot.get_updates(-1)) == ["three"]
        assert words(await bot.get_updates()) == ["three"]


async def test_a_poll_waits_until_something_comes() -> None:
    """And then answers at once."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        waiting = asyncio.create_task(bot.get_updates(timeout=30))
        await fake.until(lambda: fake.polls)
        await fake.person().say("hello")
        assert words(await asyncio.wait_for(waiting, 2)) == ["hello"]


async def test_another_poll_ends_the_one_that_waits() -> None:
    """With a conflict: two programs must not share a bot."""
    async with FakeTelegram() as fake, a_bot(fake) as one, a_bot(fake) as other:
        first = asyncio.create_task(one.get_updates(timeout=30))
        await fake.until(lambda: fake.polls)
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        await fake.person().say("hello")
        assert words(await second) == ["hello"]


async def test_only_what_is_allowed_comes() -> None:
    """What was allowed last counts for what comes from then on; an empty list is everything usual."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        await bot.get_updates(allowed_updates=["edited_message"])
        message = await ann.say("one")
        await ann.edit(message, "two")
        assert words(await bot.get_updates()) == ["two"]
        await bot.get_updates(allowed_updates=[])
        assert fake.updates.allowed == USUAL
        assert "chat_member" not in USUAL


async def test_the_library_polls_them_all() -> None:
    """In their order, and confirms them."""
    async with FakeTelegram() as fake:
        ann, heard = fake.person(), list[str]()
        app = built(fake)

        async def hear(update: Update, context: object) -> None:
            assert update.message is not None
            heard.append(update.message.text or "")

        app.add_handler(MessageHandler(filters.TEXT, hear))
        async with polling(app):
            said = [str(number) for number in range(20)]
            for text in said:
                await ann.say(text)
            await fake.until(lambda: heard == said and not fake.updates.pending)


async def test_after_a_restart_what_was_not_confirmed_comes_again() -> None:
    """A bot that died gets it; one that took it away does not."""
    async with FakeTelegram() as fake:
        ann, heard = fake.person(), list[Update]()

        async def hear(update: Update, context: object) -> None:
            heard.append(update)

        async with a_bot(fake) as dying:
            await ann.say("one")
            assert words(await dying.get_updates()) == ["one"]
        for count in (1, 2):
            app = built(fake)
            app.add_handler(TypeHandler(Update, hear))
            async with polling(app):
                await fake.until(partial(lambda count: len(heard) == count, count))
            await ann.say("two")
        assert words(tuple(heard)) == ["one", "two"]


async def test_what_waits_may_be_dropped() -> None:
    """When the bot starts."""
    async with FakeTelegram() as fake:
        await fake.person().say("old")
        async with polling(built(fake), drop_pending_updates=True):
            assert fake.updates.pending == []


# Webhook


@dataclass(slots=True)
class Hook:
    """A bot's own server: what was pushed to it; ``refuse`` so many first."""

    url: str = ""
    got: list[Update] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    refuse: int = 0
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Texts that are held until their event is set."""

    async def serve(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        update = Update.de_json(await request.json())
        text = update.effective_message.text if update.effective_message else None
        if gate := self.gates.get(text or ""):
            await gate.wait()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=500)
        self.got.append(update)
        return web.Response()

    @property
    def texts(self) -> list[str | None]:
        return words(tuple(self.got))


@asynccontextmanager
async def a_hook(bot: Bot, **more: Any) -> AsyncIterator[Hook]:
    """A server, at which the webhook is set."""
    hook, app = Hook(), web.Application()
    app.router.add_post("/hook", hook.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        await bot.set_webhook(hook.url, **more)
        yield hook
        await bot.delete_webhook()
    finally:
        await runner.cleanup()


async def test_updates_are_pushed_with_the_secret() -> None:
    """To where the bot says, also those that came before."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        await ann.say("one")
        async with a_hook(bot, secret_token="s3cret_-") as hook:
            await ann.say("two")
            await fake.until(lambda: hook.texts == ["one", "two"] and not fake.updates.pending)
            assert hook.secrets == ["s3cret_-"] * 2
            info = await bot.get_webhook_info()
            assert (info.url, info.pending_update_count, info.max_connections) == (hook.url, 0, 40)
        assert fake.unknown == []


async def test_what_is_not_taken_is_pushed_again() -> None:
    """Before anything else of that chat, and the bot may read why."""
    async with FakeTelegram() as fake, a_bot(fake) as bot, a_hook(bot) as hook:
        hook.refuse, ann = 2, fake.person()
        await ann.say("one")
        await ann.say("two")
        await fake.until(lambda: hook.texts == ["one", "two"] and not fake.updates.pending)
        assert fake.updates.pusher.statuses == [500, 500, 200, 200]
        info = await bot.get_webhook_info()
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"


async def test_chats_do_not_wait_for_each_other() -> None:
    """Within a chat the order is kept."""
    async with FakeTelegram() as fake, a_bot(fake) as bot, a_hook(bot) as hook:
        ann, bob = fake.person(), fake.person()
        gate = hook.gates["slow"] = asyncio.Event()
        await ann.say("slow")
        await ann.say("after it")
        await bob.say("quick")
        await fake.until(lambda: hook.texts == ["quick"])
        gate.set()
        await fake.until(lambda: hook.texts == ["quick", "slow", "after it"])


async def test_no_more_connections_than_wanted() -> None:
    """``max_connections`` holds back even other chats."""
    async with FakeTelegram() as fake, a_bot(fake) as bot, a_hook(bot, max_connections=1) as hook:
        gate = hook.gates["slow"] = asyncio.Event()
        await fake.person().say("slow")
        await fake.person().say("quick")
        assert [waiting.flying for waiting in fake.updates.waiting] == [True, False]
        gate.set()
        await fake.until(lambda: hook.texts == ["slow", "quick"])


async def test_nobody_polls_while_there_is_a_webhook() -> None:
    """Setting one ends the poll that waits; without it what waits is polled."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        waiting = asyncio.create_task(bot.get_updates(timeout=30))
        await fake.until(lambda: fake.polls)
        await bot.set_webhook("http://127.0.0.1:9/nobody")
        with pytest.raises(Conflict, match="terminated by setWebhook request"):
            await waiting
        with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        await fake.person().say("hello")
        await fake.until(lambda: 0 in fake.updates.pusher.statuses)
        await bot.delete_webhook()
        assert words(await bot.get_updates()) == ["hello"]
        await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates() == ()


@pytest.mark.parametrize(
    ("url", "secret", "refusal"),
    [
        ("http://example.com/hook", None, "Bad webhook: an https url must be provided"),
        ("https://example.com/hook", "x" * 257, "Secret token is too long"),
        ("https://example.com/hook", "a b", "Secret token contains unallowed characters"),
    ],
)
async def test_a_webhook_has_its_rules(url: str, secret: str | None, refusal: str) -> None:
    """Only on this very machine may it go without encryption."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        with pytest.raises(BadRequest, match=refusal):
            await bot.set_webhook(url, secret_token=secret)
        assert (await bot.get_webhook_info()).url == ""


async def test_what_a_webhook_allows_is_kept() -> None:
    """And shown where it is not the usual."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        group = fake.group(bot=Status.ADMINISTRATOR)
        async with a_hook(bot, allowed_updates=["chat_member"]) as hook:
            await ann.join(group)
            await fake.until(lambda: hook.got)
            assert [update.chat_member is not None for update in hook.got] == [True]
            assert (await bot.get_webhook_info()).allowed_updates == ("chat_member",)
