"""Sayso's own Discord bot, as ``sayso run`` starts it: the same plug-in in a bot that does nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import discord
import structlog
from discord.ext import commands

from bot.adapters.discord import seams
from bot.adapters.discord.plugin import install, uninstall
from bot.config import DiscordSettings, ids
from bot.errors import ConfigError, SaysoError
from bot.log import where
from bot.speaker import Speaker

log = structlog.get_logger()

GOODBYE = 5.0
"""Seconds that Discord has to take note of our going."""

_REFUSED = (
    "DISCORD_TOKEN: Discord refuses this token; copy it anew from the Bot page of your application at "
    "https://discord.com/developers/applications"
)
_INTENT_MISSING = (
    "switch it on for the application, or set discord.message_content to false; "
    "until then other people's messages are not read aloud"
)

RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""How long to wait before Discord is tried again, the last for ever after."""


async def serve(
    speaker: Speaker,
    settings: DiscordSettings,
    token: str,
    stop: asyncio.Event,
    *,
    options: Callable[[], Mapping[str, Any]] = dict,
) -> None:
    """Be on Discord until ``stop`` is set, coming back whenever Discord or the network was away.

    ``options`` makes what goes to each client as it is (a proxy, a connector). Raises ConfigError for what coming back
    cannot mend: a token that Discord refuses, or shards that do not go together.
    """
    failures = 0
    content = settings.message_content
    while not stop.is_set():
        bot = Bot(speaker, settings, content=content, options=dict(options()))
        try:
            await _until(bot, token, stop)
        except SaysoError:
            raise
        except discord.LoginFailure:
            raise ConfigError(_REFUSED) from None
        except discord.PrivilegedIntentsRequired:
            content = False
            log.warning("message_content_intent_missing", remedy=_INTENT_MISSING)
        except Exception as error:  # noqa: BLE001 (nothing that Discord sends, or the network does, may end us)
            failures = 0 if bot.was_ready else failures + 1
            await _pause(error, failures, stop)


async def _pause(error: Exception, failures: int, stop: asyncio.Event) -> None:
    wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
    log.warning("discord_away", error=type(error).__name__, where=where(error)[-1:], retry_in=wait)
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait)


async def _until(bot: Bot, token: str, stop: asyncio.Event) -> None:
    """Run the bot until it ends by itself or is told to."""
    running = asyncio.create_task(bot.start(token), name="discord")
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await bot.close()
        if not running.done():
            running.cancel()
        # A client that is closed ends its run by itself, in whatever way; only what it met before that is news.
        await asyncio.wait([running])
    error = None if running.cancelled() else running.exception()
    if error is not None and not stop.is_set():
        raise error


class Bot(commands.AutoShardedBot):
    """A bot with nothing but Sayso in it. ``content`` is whether it asks for other people's messages."""

    def __init__(self, speaker: Speaker, settings: DiscordSettings, *, content: bool, options: dict[str, Any]) -> None:
        super().__init__(
            command_prefix=(),
            intents=intents(content=content),
            help_command=None,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            activity=discord.Activity(type=discord.ActivityType.listening, name="/say"),
            **_shards(settings),
            **options,
        )
        self.was_ready = False
        self._speaker = speaker
        self._settings = settings

    async def setup_hook(self) -> None:
        """Between logging in and connecting."""
        await install(self, self._speaker, settings=self._settings)
        if self._settings.sync_commands:
            await self._sync()

    async def on_ready(self) -> None:
        """Connected, with every server known."""
        self.was_ready = True
        log.info("discord_ready", servers=len(self.guilds), shards=len(self.shards))
        if not self.guilds and self.application_id:
            log.info("discord_invite", url=invitation(self.application_id))

    async def on_message(self, message: discord.Message) -> None:
        """Has no commands that are typed; the library would log each attempt, with the word that was typed."""

    async def close(self) -> None:
        """What is under way is put down first. A Discord that does not answer is not waited for."""
        await uninstall(self)
        try:
            async with asyncio.timeout(GOODBYE):
                await super().close()
        except TimeoutError:
            await self.http.close()

    async def _sync(self) -> None:
        """Tell Discord the commands, but only if they are others than last time: it allows 200 new ones a day."""
        key = f"discord:commands:{self.application_id}"
        payload = [await seams.payload_of(command, self.tree) for command in self.tree.get_commands()]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        kept = await self._speaker.store.keep.get(key)
        if kept is not None and kept.get("digest") == digest:
            return
        await self.tree.sync()
        await self._speaker.store.keep.put(key, {"digest": digest})
        log.info("discord_commands_synced", count=len(payload))


def intents(*, content: bool) -> discord.Intents:
    """As few as the work needs: servers and channels, who is in which voice channel, messages and, if asked for, what
    other people write in them."""
    return discord.Intents(
        guilds=True, voice_states=True, guild_messages=True, dm_messages=True, message_content=content
    )


def invitation(application: int) -> str:
    """Where a server's administrator lets the bot in, with what it needs and no more."""
    permissions = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        send_voice_messages=True,
        attach_files=True,
        embed_links=True,
        read_message_history=True,
        connect=True,
        speak=True,
        request_to_speak=True,
    )
    return discord.utils.oauth_url(application, permissions=permissions, scopes=("bot", "applications.commands"))


def _shards(settings: DiscordSettings) -> dict[str, Any]:
    chosen = sorted(ids(settings.shard_ids, "discord.shard_ids"))
    if not chosen:
        return {"shard_count": settings.shard_count} if settings.shard_count else {}
    if not settings.shard_count:
        raise ConfigError(
            "discord.shard_ids: needs discord.shard_count, the number of shards of all processes together"
        )
    if chosen[-1] >= settings.shard_count:
        raise ConfigError(f"discord.shard_ids: must be below discord.shard_count, which is {settings.shard_count}")
    return {"shard_count": settings.shard_count, "shard_ids": chosen}
