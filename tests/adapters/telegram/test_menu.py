"""Telegram shows Sayso's commands to people who type a slash, in their language."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram.menu import DECIDERS, PEOPLE, Menu
from bot.adapters.words import LOCALES, word
from bot.speaker import Speaker
from tests.adapters.telegram.scene import host
from tests.doubles.telegram import FakeTelegram

PRIVATE = (("all_private_chats",), "")


async def test_everybody_is_shown_what_they_may_do(speaker: Speaker) -> None:
    """Who decides sees how to; who does not sees the rest, in each language that there is."""
    async with FakeTelegram() as fake, host(fake) as application:
        await Menu(application.bot, speaker).tell()
        shown = fake.naming.commands
        assert len(shown) == 3 * len(LOCALES)
        assert [one["command"] for one in shown[(("default",), "")]] == [*PEOPLE]
        assert [one["command"] for one in shown[(("all_chat_administrators",), "ja")]] == [*PEOPLE, *DECIDERS]
        said = {one["command"]: one["description"] for one in shown[(("default",), "zh")]}
        assert said["say"] == word("telegram.command.say", "zh-CN")
        assert fake.unknown == []


async def test_it_is_told_once_and_again_only_when_it_changed(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart costs nothing; a new word does."""
    async with FakeTelegram() as fake, host(fake) as application:
        await Menu(application.bot, speaker).tell()
        told = len(fake.of("setMyCommands"))
        await Menu(application.bot, speaker).tell()
        assert len(fake.of("setMyCommands")) == told
        monkeypatch.setattr("bot.adapters.telegram.menu.PEOPLE", ("say", "help"))
        await Menu(application.bot, speaker).tell()
        assert [one["command"] for one in fake.naming.commands[PRIVATE]] == ["say", "help", *DECIDERS]


async def test_a_menu_that_cannot_be_set_is_no_reason_not_to_speak(speaker: Speaker) -> None:
    """It is told in the log, and tried again by the next start."""
    async with FakeTelegram() as fake, host(fake) as application:
        fake.faults.refuse("setMyCommands", 400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        with capture_logs() as logs:
            await Menu(application.bot, speaker).tell()
        assert [line["event"] for line in logs] == ["telegram_commands_not_set"]
        await Menu(application.bot, speaker).tell()
        assert len(fake.naming.commands) == 3 * len(LOCALES)
