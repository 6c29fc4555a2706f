"""What goes wrong before or in a command is answered in words."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord import app_commands
from structlog.testing import capture_logs

from bot.errors import StoreError
from bot.speaker import Speaker
from tests.adapters.discord.commands.online import online
from tests.doubles.discord import FakeDiscord


class Odd(app_commands.Transformer):
    """Takes nothing."""


@pytest.mark.parametrize(
    ("error", "locale", "said"),
    [
        (app_commands.CheckFailure("no"), "en-US", "You may not use this here"),
        (app_commands.CheckFailure("no"), "ja", "ここでは使えません"),
        (app_commands.CommandOnCooldown(app_commands.Cooldown(1, 60), 41.5), "en-US", "Try again in about 42 s"),
        (app_commands.TransformerError("mush", discord.AppCommandOptionType.string, Odd()), "zh-CN", "看不懂“mush”"),
    ],
)
async def test_what_is_refused_before_a_command_begins_is_told(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch, error: app_commands.AppCommandError, locale: str, said: str
) -> None:
    """A check that a host has added to our commands, for one."""

    def check(_interaction: discord.Interaction) -> bool:
        raise error

    async with FakeDiscord() as fake, online(fake, speaker) as here:
        command = here.bot.tree.get_command("queue")
        assert isinstance(command, app_commands.Command)
        # The library shares the list of checks between a cog's command and its class's.
        monkeypatch.setattr(command, "checks", [check])
        ix = await fake.slash("queue", locale=locale)
        await ix.wait_callback()
        assert said in (ix.content or "")
        assert ix.ephemeral


async def test_a_store_that_fails_is_told_as_such(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """With when to try again, and where it happened in the log."""

    async def broken(*_: Any) -> None:
        raise StoreError("/secret/path is full")

    async with FakeDiscord() as fake, online(fake, speaker):
        monkeypatch.setattr(speaker.store.preferences, "export", broken)
        with capture_logs() as logs:
            ix = await fake.slash("voice privacy export")
            await ix.wait_answered()
        assert ix.content == "I cannot reach my notes just now. Try again in a minute."
        [entry] = [entry for entry in logs if entry["event"] == "command_failed"]
        assert entry["error"] == "StoreError"
        assert "secret" not in str(entry)
        assert any("voice.py" in place for place in entry["where"])
