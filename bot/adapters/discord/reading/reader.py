"""Reads the messages of channels and of bots aloud (skeleton: to be filled in by its owner)."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING

import discord

from bot.adapters.discord.courier import Parcel
from bot.speech import Refusal

if TYPE_CHECKING:
    from bot.adapters.discord.station import Station


class Reader:
    """Listens to one client's messages. The station is given once it is whole."""

    def __init__(self, station: Station) -> None:
        raise NotImplementedError

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        raise NotImplementedError

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Somebody edited; what is not yet heard is said in the new words."""
        raise NotImplementedError

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """What is not yet heard is not said."""
        raise NotImplementedError

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """As :meth:`on_raw_message_delete`, for many."""
        raise NotImplementedError

    async def speak_reply(
        self, message: discord.Message, text: str | AsyncIterable[str], *, voice: str | None = None
    ) -> Parcel | Refusal:
        """Speak an LLM's answer to ``message``: where its author sits in a voice channel, else as a note in reply."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop following messages."""
        raise NotImplementedError
