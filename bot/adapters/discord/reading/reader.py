"""Reads the messages of channels and of bots aloud."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable, Iterable
from typing import TYPE_CHECKING

import discord

from bot.adapters.aloud import shortened
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.identity import reading_id
from bot.adapters.discord.reading.answers import Answers
from bot.adapters.discord.reading.asked import Asked
from bot.adapters.discord.reading.gate import Gate, asks_sayso, fits
from bot.adapters.discord.reading.replies import Replies
from bot.adapters.discord.reading.voicing import Reading, Voicing, begun
from bot.adapters.discord.reading.words import words_of
from bot.adapters.intake import Intake
from bot.adapters.memory import Memory
from bot.speech import Refusal

if TYPE_CHECKING:
    from bot.adapters.discord.station import Station

_MOST = 2_000
"""Messages whose edits and deletions are still followed."""


class Reader:
    """Listens to one client's messages. The station is given once it is whole.

    Its listeners return at once and raise nothing: events wait in the lane of their server until those before them are
    done. Of many edits of one message only the last that is known counts.
    """

    def __init__(self, station: Station, clock: Callable[[], float] = time.monotonic) -> None:
        self._station = station
        self._intake = Intake()
        self._gate = Gate(station, clock)
        self._voicing = Voicing(station, clock)
        self._answers = Answers(self._voicing, self._intake, station.settings, self._gate.touched)
        self._asked = Asked(station)
        self._replies = Replies(station)
        self._readings: Memory[int, Reading] = Memory(_MOST)
        self._edits: dict[int, discord.Message] = {}

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Somebody used a command or a button: if not one of Sayso's, the host's answer to it may be read."""
        if not asks_sayso(interaction):
            self._gate.answers_itself(interaction.id)

    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote."""
        if self._asked.meant(message):
            # Discord is asked for that and told; the lane of a server is not to wait for either.
            self._intake.put(message.channel.id, lambda: self._asked.do(message))
            return
        self._intake.put(_lane(message.guild.id if message.guild else None, message), lambda: self._arrived(message))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Somebody edited; what is not yet heard is said in the new words."""
        id, waits = payload.message_id, payload.message_id in self._edits
        self._edits[id] = payload.message
        if not waits and not self._intake.put(_lane(payload.guild_id, payload.message), lambda: self._changed(id)):
            del self._edits[id]

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """What is not yet heard is not said."""
        self._gone(payload.guild_id or payload.channel_id, (payload.message_id,))

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """As :meth:`on_raw_message_delete`, for many."""
        self._gone(payload.guild_id or payload.channel_id, tuple(payload.message_ids))

    async def speak_reply(
        self, message: discord.Message, text: str | AsyncIterable[str], *, voice: str | None = None
    ) -> Parcel | Refusal:
        """Speak an LLM's answer to ``message``: where its author sits in a voice channel, else as a note in reply."""
        self._gate.speaks_itself(message.channel.id)
        spoken = await self._replies.speak(message, text, voice)
        if not isinstance(spoken, Refusal):
            lane, channel = _lane(message.guild.id if message.guild else None, message), message.channel.id
            self._intake.put(lane, lambda: self._spoken_otherwise(channel), must=True)
        return spoken

    async def close(self) -> None:
        """Stop following messages."""
        await self._intake.close()
        self._answers.close()
        await self._asked.close()
        await self._voicing.close()

    def _gone(self, lane: int, messages: Iterable[int]) -> None:
        self._intake.put(lane, lambda: self._deleted(messages), must=True)

    async def _arrived(self, message: discord.Message, *, again: bool = False) -> None:
        admission = await self._gate.admit(message)
        if admission is None:
            return
        reading = Reading(message, admission, texts=int(again))
        if admission.streamed and not (message.attachments and not message.content):
            self._keep(reading)
            await self._answers.begin(reading)
        else:
            await self._read(reading)

    async def _read(self, reading: Reading) -> None:
        """Say a message that is whole."""
        admission = reading.admission
        words = words_of(reading.message, admission.locale, without=admission.prefix)
        if not words:
            self._gate.hidden()
            return
        opening = self._voicing.opening(reading, written=words.written)
        reading.text = words.text
        reading.names.update(words.names)
        text = shortened(words.text, admission.most - len(opening), admission.locale)
        if await self._voicing.say(reading, opening, text) is None:
            self._keep(reading)

    def _keep(self, reading: Reading) -> None:
        self._readings.put(reading.message.id, reading)
        self._gate.heard(reading.message, reading.admission)

    async def _changed(self, id: int) -> None:
        message, reading = self._edits.pop(id), self._readings.get(id)
        if reading is None:
            await self._changed_since(message)
        elif not reading.over and not await self._answers.changed(message):
            await self._reread(reading, message)

    async def _changed_since(self, message: discord.Message) -> None:
        """What an earlier process was to read, and this one was resumed with, was edited."""
        parcel = self._station.courier.find(reading_id(message.id))
        if parcel is not None and not begun(parcel):
            parcel.cancel()
            await self._arrived(message, again=True)

    async def _reread(self, reading: Reading, message: discord.Message) -> None:
        admission = reading.admission
        words = words_of(message, admission.locale, without=admission.prefix)
        if words.text == reading.text or reading.begun:
            return
        self._voicing.take_back(reading)
        prefix = admission.prefix if reading.message.content.startswith(admission.prefix) else ""
        reading.message = message
        if fits(message.content, admission.rules.ignore_mark, prefix):
            await self._read(reading)

    async def _spoken_otherwise(self, channel: int) -> None:
        """What the host had written there before it had that spoken itself is not to be heard as well."""
        me, written = self._station.client.user, (reading.message for reading in self._readings)
        await self._deleted([one.id for one in written if one.channel.id == channel and one.author == me])

    async def _deleted(self, messages: Iterable[int]) -> None:
        for id in messages:
            reading = self._readings.get(id)
            if reading is not None:
                self._answers.deleted(id)
                self._voicing.take_back(reading)
                reading.over = True
                self._readings.drop(id)
            elif (parcel := self._station.courier.find(reading_id(id))) is not None:  # an earlier process's
                parcel.cancel()


def _lane(guild: int | None, message: discord.Message) -> int:
    return guild or message.channel.id
