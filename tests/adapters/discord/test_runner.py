"""Sayso's own bot on Discord: it starts with a token, comes back, and stops when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bot.adapters.discord import runner
from bot.adapters.discord.runner import invitation, serve
from bot.config import DiscordSettings
from bot.errors import ConfigError
from bot.speaker import Speaker
from tests.doubles.discord import FakeDiscord


@asynccontextmanager
async def running(
    fake: FakeDiscord, speaker: Speaker, settings: DiscordSettings | None = None, token: str = ""
) -> AsyncIterator[asyncio.Event]:
    """`serve` in the background until the end of the block, and then ended in order."""
    stop = asyncio.Event()
    options: dict[str, Any] = {"guild_ready_timeout": 0.05}
    # A connector belongs to one client; the bot that comes back gets a new one.
    serving = asyncio.create_task(
        _serve(fake, speaker, settings or DiscordSettings(), token or fake.token, stop, options)
    )
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(serving, 10)


async def _serve(
    fake: FakeDiscord,
    speaker: Speaker,
    settings: DiscordSettings,
    token: str,
    stop: asyncio.Event,
    options: dict[str, Any],
) -> None:
    await serve(speaker, settings, token, stop, options=lambda: {**options, "connector": fake.connector()})


async def test_it_connects_with_what_it_needs_and_no_more(speaker: Speaker) -> None:
    """Five intents, one of them privileged; no members, no presences."""
    async with FakeDiscord() as fake, running(fake, speaker):
        await fake.until(lambda: fake.gateways and fake.gateways[0].identify)
        asked = discord.Intents._from_value((fake.gateways[0].identify or {})["intents"])
        wanted = {"guilds", "voice_states", "guild_messages", "dm_messages", "message_content"}
        assert {name for name, on in asked if on} == wanted
        assert not asked.members
        assert not asked.presences


async def test_commands_are_sent_once_and_again_only_when_they_changed(speaker: Speaker) -> None:
    """Discord allows two hundred new ones a day; a restart costs none."""
    async with FakeDiscord() as fake:
        for _ in range(2):
            async with running(fake, speaker):
                await fake.until(lambda: fake.commands and fake.gateways and fake.gateways[-1].identify)
        assert len([r for r in fake.requests if r.method == "PUT" and r.path.endswith("/commands")]) == 1
        assert {"say", "voice-admin"} <= {command["name"] for command in fake.commands["global"]}
        assert fake.errors == []


async def test_it_runs_without_the_privileged_intent_and_says_what_is_missing(speaker: Speaker) -> None:
    """Discord refuses the intent (4014): the bot comes back without, and `/say` works."""
    async with FakeDiscord(privileged_allowed=False) as fake:
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: "global" in fake.commands and _identified(fake))
        assert [line["event"] for line in logs if "intent" in line["event"]] == ["message_content_intent_missing"]


def _identified(fake: FakeDiscord) -> bool:
    return any(g.identify and not g.identify["intents"] & (1 << 15) for g in fake.gateways)


async def test_a_token_that_discord_refuses_is_told_in_words(speaker: Speaker) -> None:
    """Coming back would not mend it, so it ends; the token is not in the words."""
    async with FakeDiscord() as fake:
        with pytest.raises(ConfigError, match="DISCORD_TOKEN: Discord refuses this token") as refused:
            await _serve(fake, speaker, DiscordSettings(), "not.a.token", asyncio.Event(), {})
        assert "not.a.token" not in str(refused.value)


async def test_it_comes_back_when_discord_was_away(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing start is tried again, and told in the log."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01,))
    async with FakeDiscord() as fake:
        fake.fail_next("GET", "/users/@me", status=403, code=0)
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: _identified_any(fake))
        assert [line["event"] for line in logs].count("discord_away") == 1


async def test_an_event_that_the_library_cannot_read_does_not_end_it(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A poll without an end makes discord.py raise out of its gateway; the bot comes back and answers."""
    monkeypatch.setattr(runner, "RETRY_SECONDS", (0.01,))
    poll: dict[str, Any] = {
        "question": {"text": "Tea?"},
        "answers": [],
        "expiry": None,
        "allow_multiselect": False,
        "layout_type": 1,
    }
    async with FakeDiscord() as fake:
        with capture_logs() as logs:
            async with running(fake, speaker):
                await fake.until(lambda: _ready(logs) == 1)
                await fake.say("", poll=poll)
                await fake.until(lambda: _ready(logs) == 2)
                await (await fake.slash("queue")).wait_callback()
        assert [line["event"] for line in logs].count("discord_away") == 1


def _ready(logs: Sequence[Mapping[str, Any]]) -> int:
    return [line["event"] for line in logs].count("discord_ready")


async def test_what_people_write_to_it_is_not_taken_for_commands(
    speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    """The library would log that there is no such command, and so the word that was typed."""
    async with FakeDiscord() as fake, running(fake, speaker):
        await fake.until(lambda: "global" in fake.commands and _identified_any(fake))
        await fake.say("<@1000> diagnosis follows")
        await (await fake.slash("queue")).wait_callback()  # comes behind it
    assert "diagnosis" not in caplog.text


async def test_a_discord_that_does_not_answer_does_not_keep_it_from_ending(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for the process to be gone, and kills it after ten seconds."""
    monkeypatch.setattr(runner, "GOODBYE", 0.05)
    goodbyes: list[int] = []

    async def unanswered(self: discord.Client) -> None:
        goodbyes.append(1)
        await asyncio.get_running_loop().create_future()

    async with FakeDiscord() as fake, running(fake, speaker):
        await fake.until(lambda: "global" in fake.commands and _identified_any(fake))
        monkeypatch.setattr(discord.AutoShardedClient, "close", unanswered)
    assert goodbyes


def _identified_any(fake: FakeDiscord) -> bool:
    return any(g.identify for g in fake.gateways)


async def test_each_process_takes_only_its_own_shards(speaker: Speaker) -> None:
    """`shard_ids` of `shard_count`."""
    settings = DiscordSettings(shard_count=4, shard_ids="3")
    async with FakeDiscord(shards=4) as fake, running(fake, speaker, settings):
        await fake.until(lambda: _identified_any(fake))
        assert [g.identify["shard"] for g in fake.gateways if g.identify] == [[3, 4]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (DiscordSettings(shard_ids="0"), "needs discord.shard_count"),
        (DiscordSettings(shard_ids="4", shard_count=4), "must be below discord.shard_count"),
        (DiscordSettings(shard_ids="first", shard_count=4), "discord.shard_ids: must be ids"),
    ],
)
async def test_shards_that_do_not_go_together_are_refused(
    speaker: Speaker, settings: DiscordSettings, message: str
) -> None:
    """By the name of the setting, before anything is connected."""
    with pytest.raises(ConfigError, match=message):
        await serve(speaker, settings, "token", asyncio.Event())


def test_the_invitation_asks_for_what_is_needed_and_no_more() -> None:
    """Never for administrator, nor for anything that could harm."""
    url = invitation(1000)
    assert "client_id=1000" in url
    assert "scope=bot+applications.commands" in url
    asked = discord.Permissions(int(url.split("permissions=")[1].split("&")[0]))
    assert asked.send_voice_messages
    assert asked.speak
    harmful = asked.administrator, asked.manage_guild, asked.manage_messages, asked.mention_everyone
    assert not any(harmful)
