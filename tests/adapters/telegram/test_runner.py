"""Sayso's own bot on Telegram: it starts with a token, comes back, and stops when told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import telegram
from structlog.testing import capture_logs

from bot.adapters.telegram import runner
from bot.adapters.telegram.runner import UPDATES, serve
from bot.config import TelegramSettings
from bot.errors import ConfigError
from bot.speaker import Speaker
from tests.doubles.telegram import FakeTelegram


@asynccontextmanager
async def running(
    fake: FakeTelegram, speaker: Speaker, settings: TelegramSettings | None = None, token: str = ""
) -> AsyncIterator[asyncio.Task[None]]:
    """`serve` in the background until the end of the block, and then ended in order."""
    stop = asyncio.Event()
    settings = replace(settings or TelegramSettings(), base_url=fake.server)
    serving = asyncio.create_task(serve(speaker, settings, token or fake.token, stop))
    try:
        yield serving
    finally:
        stop.set()
        await asyncio.wait_for(serving, 10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_it_fetches_what_it_needs_and_no_more_and_speaks(speaker: Speaker) -> None:
    """By polling, from a server of one's own named by `base_url`; the menu is set."""
    async with FakeTelegram() as fake, running(fake, speaker):
        ann = fake.person()
        await fake.until(lambda: fake.polls)
        await ann.say("/say Hello there.")
        note = (await fake.until(fake.notes))[0]
        assert note.seconds > 0
        assert fake.updates.allowed == set(UPDATES)
        assert fake.naming.commands
        assert fake.unknown == []


async def test_what_was_asked_meanwhile_is_answered_after_the_start(speaker: Speaker) -> None:
    """Telegram keeps updates while the bot is away."""
    async with FakeTelegram() as fake:
        await fake.person().say("/say Is anybody there?")
        async with running(fake, speaker):
            await fake.until(fake.notes)


async def test_the_menu_may_be_the_owners(speaker: Speaker) -> None:
    """`set_commands` off leaves it alone."""
    async with FakeTelegram() as fake, running(fake, speaker, TelegramSettings(set_commands=False)):
        await fake.until(lambda: fake.polls)
        assert fake.of("setMyCommands") == []


@pytest.mark.parametrize("token", ["no token at all", "123:with blank inside", f"1:{'A' * 35}"])
async def test_a_token_that_telegram_refuses_is_told_in_words(speaker: Speaker, token: str) -> None:
    """Coming back would not mend it, so it ends; the token is not in the words."""
    async with FakeTelegram() as fake:
        settings = TelegramSettings(base_url=fake.server)
        with pytest.raises(ConfigError, match="TELEGRAM_TOKEN: Telegram refuses this token") as refused:
            await serve(speaker, settings, token, asyncio.Event())
        assert token not in str(refused.value)


async def test_a_token_that_is_revoked_while_it_runs_ends_it(speaker: Speaker) -> None:
    """The library stops fetching without a word; Sayso does not go on as a deaf bot."""
    async with FakeTelegram() as fake:
        settings = TelegramSettings(base_url=fake.server)
        serving = asyncio.create_task(serve(speaker, settings, fake.token, asyncio.Event()))
        await fake.until(lambda: fake.polls)
        fake.faults.refuse("getUpdates", 401, "Unauthorized", times=None)
        await fake.person().say("hello")
        with pytest.raises(ConfigError, match="Telegram refuses this token"):
            await asyncio.wait_for(serving, 5)


async def test_it_comes_back_when_telegram_was_away(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing start is tried again, and told in the log."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01,))
    async with FakeTelegram() as fake:
        fake.faults.html("getMe", 502, times=2)
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: fake.polls)
        assert [line["event"] for line in logs].count("telegram_away") == 2


async def test_it_is_tried_again_less_and_less_often(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the last of the pauses, and then at that."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01, 0.02, 0.03))
    async with FakeTelegram() as fake:
        fake.faults.html("getMe", 502, times=5)
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: fake.polls)
    pauses = [line["retry_in"] for line in logs if line["event"] == "telegram_away"]
    assert pauses == [0.01, 0.02, 0.03, 0.03, 0.03]


async def test_an_update_that_the_library_cannot_read_is_passed_over(
    speaker: Speaker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Bot API server of another version sends a poll otherwise: it is confirmed, and all others are heard."""
    async with FakeTelegram() as fake, running(fake, speaker):
        await fake.until(lambda: fake.polls)
        poll = {"id": "1", "question": "Who is private?", "options": [], "total_voter_count": 0, "type": "regular"}
        await fake.person("Ann").post({"poll": poll | {"is_closed": False, "is_anonymous": True}})
        before = fake.polls
        await fake.person("Bo").say("/say Hello there.")
        await fake.until(fake.notes)
        await fake.until(lambda: not fake.updates.pending)
        assert fake.polls < before + 10
    assert "private" not in capsys.readouterr().err


@pytest.mark.parametrize("payload", [b"", b"no json", b"[]", b'{"ok": false}', b'{"ok": true, "result": [1, null]}'])
def test_what_are_no_updates_is_left_to_the_library(payload: bytes) -> None:
    """It knows what to say of them."""
    assert runner.readable(payload) == payload


async def test_each_outage_is_told_once_and_so_is_its_end(speaker: Speaker) -> None:
    """Not only the first of them."""

    def told(logs: Sequence[Mapping[str, object]], event: str) -> int:
        return [line["event"] for line in logs].count(event)

    async def outage(fake: FakeTelegram) -> None:
        fault = fake.faults.html("getUpdates", 502)
        await fake.person().say("this ends the call that waits, and the next one fails")
        await fake.until(fault.met.is_set)
        await fake.person().say("and this ends the one after it")

    async with FakeTelegram() as fake:
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: fake.polls)
                await outage(fake)
                await fake.until(lambda: told(logs, "telegram_back") == 1)
                await outage(fake)
                await fake.until(lambda: told(logs, "telegram_back") == 2)
        assert told(logs, "telegram_away") == 2


async def test_another_program_with_this_bot_is_named(speaker: Speaker) -> None:
    """Telegram gives updates to one of them only; nobody finds that out alone."""
    async with FakeTelegram() as fake:
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: fake.polls)
                conflict = "Conflict: terminated by other getUpdates request"
                fault = fake.faults.refuse("getUpdates", 409, conflict)
                await fake.person().say("hello")
                await fake.until(fault.met.is_set)
                await fake.until(lambda: any(line["event"] == "telegram_conflict" for line in logs))


async def test_updates_are_pushed_to_it_where_a_webhook_is_set(speaker: Speaker) -> None:
    """With a secret that only Telegram knows; others who find the address are not heard."""
    port = free_port()
    settings = TelegramSettings(webhook_url=f"http://127.0.0.1:{port}/hook/sayso", webhook_port=port)
    async with FakeTelegram() as fake, running(fake, speaker, settings):
        hook = await fake.until(lambda: fake.updates.webhook)
        assert len(hook["secret_token"]) >= 32
        await fake.person().say("/say Pushed to you.")
        await fake.until(fake.notes)
        assert fake.polls == 0


async def test_a_webhook_that_cannot_listen_is_told_by_its_setting(speaker: Speaker) -> None:
    """The port is somebody else's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with FakeTelegram() as fake:
            settings = TelegramSettings(
                base_url=fake.server, webhook_url=f"http://127.0.0.1:{port}/hook", webhook_port=port
            )
            with pytest.raises(ConfigError, match=rf"telegram\.webhook_port: cannot listen on 127.0.0.1:{port}"):
                await serve(speaker, settings, fake.token, asyncio.Event())


async def test_an_address_that_telegram_does_not_take_is_told_by_its_setting(speaker: Speaker) -> None:
    """Nothing would ever come; it is not tried for ever."""
    async with FakeTelegram() as fake:
        refused = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
        fake.faults.refuse("setWebhook", 400, refused, times=None)
        settings = TelegramSettings(base_url=fake.server, webhook_url="ftp://here/hook", webhook_port=free_port())
        with pytest.raises(ConfigError, match=r"telegram\.webhook_url: Telegram refuses it"):
            await asyncio.wait_for(serve(speaker, settings, fake.token, asyncio.Event()), 5)


async def test_a_webhook_that_could_not_be_set_at_first_is_set_later(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram was away for a moment; the port is free for the second time."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01,))
    port = free_port()
    settings = TelegramSettings(webhook_url=f"http://127.0.0.1:{port}/hook", webhook_port=port)
    async with FakeTelegram() as fake:
        fake.faults.html("setWebhook", 502)
        async with running(fake, speaker, settings):
            await fake.until(lambda: fake.updates.webhook)
            await fake.person().say("/say Pushed after all.")
            await fake.until(fake.notes)


async def test_what_was_left_over_is_not_taken_up_by_a_start_that_fails(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time that it was taken up and put down counts against it; and a webhook may be away for hours."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01,))
    taken_up, unfinished = list[int](), Speaker.unfinished

    async def counted(self: Speaker, *args: Any) -> Any:
        taken_up.append(len(fake.of("setWebhook")))
        return await unfinished(self, *args)

    monkeypatch.setattr(Speaker, "unfinished", counted)
    port = free_port()
    settings = TelegramSettings(webhook_url=f"http://127.0.0.1:{port}/hook", webhook_port=port)
    async with FakeTelegram() as fake:
        fake.faults.html("setWebhook", 502, times=3)
        async with running(fake, speaker, settings):
            await fake.until(lambda: fake.updates.webhook and taken_up)
    assert len(taken_up) == 1
    assert taken_up[0] > 3


@pytest.mark.parametrize("kind", [telegram.Update.INLINE_QUERY, telegram.Update.CHOSEN_INLINE_RESULT])
async def test_all_that_the_handlers_listen_to_is_asked_for(speaker: Speaker, kind: str) -> None:
    """What is not named in the list never comes."""
    async with FakeTelegram() as fake, running(fake, speaker):
        await fake.until(lambda: fake.polls)
        assert kind in fake.updates.allowed


async def test_it_ends_when_told_though_telegram_does_not_answer(speaker: Speaker) -> None:
    """Ctrl-C while the first call hangs."""
    async with FakeTelegram() as fake:
        fault = fake.faults.hang("getMe")
        async with running(fake, speaker):
            await fake.until(fault.met.is_set)
