"""Sayso in anybody's Discord client: put in with :func:`install`, and taken out without a trace.

Its commands and listeners are cogs. A ``commands.Bot`` takes them as they are; a bare ``discord.Client`` has neither
cogs nor more than one listener an event, so there the commands go into the given tree, and each ``on_...`` attribute is
wrapped and put back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.adapters.discord import seams
from bot.adapters.discord.commands.admin import Admin
from bot.adapters.discord.commands.control import Control
from bot.adapters.discord.commands.say import Say
from bot.adapters.discord.commands.voice import VoiceCommands
from bot.adapters.discord.courier import Courier, Parcel
from bot.adapters.discord.events import Events
from bot.adapters.discord.reading import Reader
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import Translator
from bot.adapters.discord.voice import Rooms
from bot.config import DiscordSettings, ids
from bot.errors import ConfigError
from bot.speaker import Speaker
from bot.speech import Refusal

log = structlog.get_logger()

MOST_COMMANDS = 100
"""Slash commands that Discord takes of a bot; a bot cannot be left with half of Sayso's."""

_COGS: tuple[Callable[[Station], commands.Cog], ...] = (Say, VoiceCommands, Control, Admin, Events)
_Listener = Callable[..., Awaitable[None]]


async def install(
    client: discord.Client,
    speaker: Speaker,
    *,
    settings: DiscordSettings | None = None,
    tree: app_commands.CommandTree[Any] | None = None,
) -> Station:
    """Give a client Sayso's commands and listeners; ``tree`` is needed for what is not a ``commands.Bot``.

    The tree is never synced here: call ``await tree.sync()`` when you are ready for it. May be called before or after
    the client is connected. Raises ConfigError, and then leaves nothing behind, if Sayso is there already, no tree is
    given, or the tree has no room for Sayso's commands.
    """
    if seams.installed_in(client) is not None:
        raise ConfigError("Sayso is installed in this Discord client already; uninstall it first")
    tree = client.tree if isinstance(client, commands.Bot | commands.AutoShardedBot) else tree
    if tree is None:
        raise ConfigError(
            "a discord.Client has no command tree of its own; pass install(..., tree=CommandTree(client))"
        )
    station = _station(client, speaker, settings or DiscordSettings())
    plugin = Plugin(station, tree)
    seams.install_in(client, plugin)
    try:
        await plugin.open()
    except BaseException:
        await uninstall(client)
        raise
    return station


async def uninstall(client: discord.Client) -> None:
    """Take Sayso out of a client; what it has accepted and not delivered stays in the journal for its next start."""
    plugin: Plugin | None = seams.installed_in(client)
    if plugin is not None:
        seams.install_in(client, None)
        await plugin.close()


async def speak_reply(
    message: discord.Message, text: str | AsyncIterable[str], *, voice: str | None = None
) -> Parcel | Refusal:
    """Speak an LLM's answer to ``message``: where its author sits in a voice channel, else as a voice note in reply.

    ``text`` may be a stream that is still being written; it is spoken as it comes. Raises ConfigError if Sayso is not
    installed in the client that the message came from.
    """
    plugin: Plugin | None = seams.installed_in(message)
    if plugin is None:
        raise ConfigError("Sayso is not installed in the Discord client that this message came from; see install()")
    return await plugin.station.reader.speak_reply(message, text, voice=voice)


def _station(client: discord.Client, speaker: Speaker, settings: DiscordSettings) -> Station:
    async def stay(guild: int) -> bool:
        return (await station.rules(guild)).stay

    rooms = Rooms(client, speaker, settings, stay=stay)
    courier = Courier(client, speaker, rooms, settings)
    owners = ids(settings.owners, "discord.owners")
    station = Station(client, speaker, settings, rooms, courier, owners=owners)
    station.reader = Reader(station)
    return station


class Plugin:
    """What was put into a client, and how it is taken out again."""

    def __init__(self, station: Station, tree: app_commands.CommandTree[Any]) -> None:
        self.station = station
        self._tree = tree
        self._theirs = tree.translator
        self._cogs: list[commands.Cog] = []
        self._undo: list[Callable[[], object]] = []

    async def open(self) -> None:
        """Add everything."""
        cogs = [make(self.station) for make in _COGS]
        for cog in cogs:
            self._yield_names(cog)
        self._check_room(cogs)
        await self._tree.set_translator(Translator(self._theirs))
        for cog in cogs:
            await self._add(cog)

    async def close(self) -> None:
        """Nothing is begun any more, then what is under way is put down, then the commands go."""
        for events in [cog for cog in self._cogs if isinstance(cog, Events)]:
            self._cogs.remove(events)
            await self._remove(events)
        await self.station.reader.close()
        await self.station.courier.close()
        await self.station.rooms.close()
        for cog in reversed(self._cogs):
            await self._remove(cog)
        if isinstance(self._tree.translator, Translator):
            await self._tree.set_translator(self._theirs)

    async def _add(self, cog: commands.Cog) -> None:
        client = self.station.client
        if isinstance(client, commands.Bot | commands.AutoShardedBot):
            await client.add_cog(cog)
            self._cogs.append(cog)
            return
        await cog.cog_load()
        self._cogs.append(cog)
        for command in cog.get_app_commands():
            self._tree.add_command(command)
        if isinstance(cog, Say):
            cog.add_menu(self._tree)
        for event, listener in cog.get_listeners():
            self._undo.append(_listen(client, event, listener))

    def _yield_names(self, cog: commands.Cog) -> None:
        """A command that the host has by that name (a music cog's ``/skip``) is the host's; the buttons do the same."""
        taken = {command.name for command in cog.get_app_commands()} & self._theirs_by_name()
        for name in taken:
            log.warning("discord_command_taken", command=name)
        seams.leave_out(cog, taken)

    def _check_room(self, cogs: Sequence[commands.Cog]) -> None:
        there, more = len(self._theirs_by_name()), sum(len(cog.get_app_commands()) for cog in cogs)
        if (over := there + more - MOST_COMMANDS) > 0:
            raise ConfigError(
                f"Discord takes {MOST_COMMANDS} slash commands of a bot, this one has {there} and Sayso brings {more}; "
                f"remove {over} of the bot's own before you install Sayso"
            )

    def _theirs_by_name(self) -> set[str]:
        return {command.name for command in self._tree.get_commands(type=discord.AppCommandType.chat_input)}

    async def _remove(self, cog: commands.Cog) -> None:
        client = self.station.client
        if isinstance(client, commands.Bot | commands.AutoShardedBot):
            await client.remove_cog(cog.qualified_name)
            return
        for command in cog.get_app_commands():
            self._tree.remove_command(command.name)
        while self._undo:
            self._undo.pop()()
        await cog.cog_unload()


def _listen(client: discord.Client, event: str, ours: _Listener) -> Callable[[], object]:
    """Have ``ours`` called after the client's own listener; returns how to put that one back."""
    theirs: _Listener | None = getattr(client, event, None)

    async def both(*args: Any) -> None:
        await asyncio.gather(*(listener(*args) for listener in (theirs, ours) if listener is not None))

    both.__name__ = event
    own = event in vars(client)
    setattr(client, event, both)

    def undo() -> None:
        if vars(client).get(event) is not both:
            return  # somebody has put in another one since; it is theirs to keep
        if own:
            setattr(client, event, theirs)
        else:
            with suppress(AttributeError):
                delattr(client, event)

    return undo
