"""What all of Sayso's cogs have in common: each failure is answered in words, and none reaches the host's handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.adapters.discord.reply import tell
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import duration, failure, word
from bot.errors import SaysoError
from bot.log import where

log = structlog.get_logger()

P = ParamSpec("P")
C = TypeVar("C")


class SaysoCog(commands.Cog):
    """A cog that works with one client's Sayso."""

    def __init__(self, station: Station) -> None:
        self.station = station

    async def cog_app_command_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        """What goes wrong before a command of ours begins."""
        await apologise(interaction, error)


def answered(
    command: Callable[Concatenate[C, discord.Interaction, P], Awaitable[None]],
) -> Callable[Concatenate[C, discord.Interaction, P], Any]:
    """A command that answers in words whatever goes wrong in it.

    An error that leaves a command goes to the host's tree too, whatever our cog does about it, so none may leave.
    """

    @wraps(command)
    async def answering(self: C, interaction: discord.Interaction, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await command(self, interaction, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 (the adapter's boundary: a host must not suffer for what is ours)
            await apologise(interaction, error)

    return answering


async def apologise(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell the person, in their language and for them alone, why nothing comes of it."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    await tell(interaction, _apology(cause, locale_of(interaction)))


def _apology(error: BaseException, locale: str) -> str:
    if isinstance(error, app_commands.CommandOnCooldown):
        return word("say.failed.again", locale, time=duration(error.retry_after, locale))
    if isinstance(error, app_commands.TransformerError):
        return word("say.failed.value", locale, value=str(error.value)[:40])
    if isinstance(error, app_commands.CheckFailure):
        return word("say.failed.denied", locale)
    log.error("command_failed", error=type(error).__name__, where=where(error))
    return failure(error, locale) if isinstance(error, SaysoError) else word("say.failed.unknown", locale)
