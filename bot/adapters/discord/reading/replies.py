"""Answers that an LLM in the same process has spoken by itself."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

import discord

from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.identity import channel_key, guild_key, parent, user_key
from bot.adapters.discord.places import VoiceChannel, seat_of
from bot.adapters.discord.reading.places import all_may_see, answer_to, is_open
from bot.adapters.discord.reading.words import names_in
from bot.adapters.discord.station import Station
from bot.speech import Refusal, Request


class Replies:
    """Has an answer spoken for the one who asked, in their name: it takes their place in the queue, and their voice."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def speak(
        self, message: discord.Message, text: str | AsyncIterable[str], voice: str | None
    ) -> Parcel | Refusal:
        """Where the author of ``message`` sits in a voice channel, else as a note in reply to it.

        A note it is also where others would hear it who may not see its channel, unless that one is read aloud. A text
        that is too long is spoken as far as is allowed here, like a stream.
        """
        guild, locale, most = message.guild, "en-US", self._station.speaker.stage.speak.max_chars
        if guild is not None:
            settings = await self._station.speaker.store.settings.guild(guild_key(guild.id, 0))
            locale, most = settings.language or str(guild.preferred_locale), settings.max_chars or most
        request = Request(
            guild=guild_key(guild.id if guild else None, message.channel.id),
            user=user_key(message.author.id),
            text=_once(text) if isinstance(text, str) and len(text) > most else text,
            voice=voice,
            channel=channel_key(parent(message.channel)),
            names=names_in(message, text) if isinstance(text, str) else _names(message),
        )
        return await self._station.courier.send(request, answer_to(message, await self._voice(message), locale))

    async def _voice(self, message: discord.Message) -> VoiceChannel | None:
        """Where the asker sits, if the answer may be heard there."""
        guild, seat = message.guild, seat_of(message.author)
        if guild is None or seat is None:
            return None
        rules, channel = await self._station.rules(guild.id), parent(message.channel)
        seen = all_may_see(message.channel, seat) or (await self._station.channel_rules(guild.id, channel)).read
        return seat if seen and is_open(seat, self._station.rooms.find(guild.id), rules) else None


def _names(message: discord.Message) -> dict[str, str]:
    """Those whom an answer is likely to mention: who asked, and whom they mentioned."""
    return {person.mention: person.display_name for person in (message.author, *message.mentions)}


async def _once(text: str) -> AsyncIterator[str]:
    yield text
