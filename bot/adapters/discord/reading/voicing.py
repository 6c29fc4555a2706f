"""Has somebody's words said in a voice channel, with the name before them where it is due."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field

import discord
import structlog

from bot.adapters.boundary import Errands
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.identity import channel_key, guild_key, parent, reading_id, user_key
from bot.adapters.discord.mentions import name_of
from bot.adapters.discord.reading.announcer import Announcer
from bot.adapters.discord.reading.gate import Admission
from bot.adapters.discord.station import Station
from bot.adapters.discord.target import Target, Where
from bot.adapters.words import word
from bot.speech import Reason, Refusal, Request

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Reading:
    """A message that is read: what was said of it, and the parcels that are on their way.

    ``over``: somebody did not want it (any more), so that nothing is to be added to it. ``names`` is added to while an
    answer grows, and seen by whoever speaks it. ``texts`` counts what was said of it.
    """

    message: discord.Message
    admission: Admission
    text: str = ""
    names: dict[str, str] = field(default_factory=dict)
    announced: bool = False
    over: bool = False
    texts: int = 0
    parcels: list[Parcel] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        """Whether anything of it can be heard already, or could have been."""
        return not self.parcels or any(map(begun, self.parcels))

    @property
    def guild(self) -> int:
        return self.admission.voice.guild.id


class Voicing:
    """Sends what is read to the courier, and knows what became of it."""

    def __init__(self, station: Station, clock: Callable[[], float]) -> None:
        self._station = station
        self._announcer = Announcer(clock)
        self._errands = Errands()

    def opening(self, reading: Reading, *, written: bool = True) -> str:
        """The line with the speaker's name, if it is due. A mention stands for it, so that no mark in it matters."""
        author = reading.message.author
        if not reading.admission.rules.announce or not self._announcer.due(reading.guild, author.id):
            return ""
        name = word("reading.said" if written else "reading.named", reading.admission.locale, name=author.mention)
        return f"{name}\n"

    async def say(self, reading: Reading, opening: str, text: str | AsyncIterable[str]) -> Refusal | None:
        """Have it said, or why not; ``text`` is without the opening if it is whole, with it if it still grows."""
        parcel = await self._send(reading, f"{opening}{text}" if isinstance(text, str) else text)
        if opening and isinstance(text, str) and isinstance(parcel, Refusal) and _unspoken(parcel):
            # No voice here speaks the server's language; that must not silence those who write in another.
            opening, parcel = "", await self._send(reading, text)
        if isinstance(parcel, Refusal):
            log.debug("reading_refused", guild=reading.guild, reason=parcel.reason.value)
            return parcel
        if opening:
            reading.announced = True
            self._announcer.announced(reading.guild, reading.message.author.id)
        self._follow(reading, parcel)
        return None

    def take_back(self, reading: Reading) -> None:
        """It is not to be said, or not any further."""
        if not reading.begun:
            self._unheard(reading)
        for parcel in reading.parcels:
            parcel.cancel()
        reading.parcels.clear()

    async def close(self) -> None:
        """Watch no more."""
        await self._errands.close()

    async def _send(self, reading: Reading, text: str | AsyncIterable[str]) -> Parcel | Refusal:
        return await self._station.courier.send(self._request(reading, text), self._target(reading))

    def _follow(self, reading: Reading, parcel: Parcel) -> None:
        reading.texts += 1
        reading.parcels.append(parcel)
        self._errands.start(self._watch(reading, parcel), "reading_lost", guild=reading.guild)

    async def _watch(self, reading: Reading, parcel: Parcel) -> None:
        """Let go of the sound as soon as it was heard, and of the rest if it is not to be."""
        receipt = await parcel.delivered()
        if parcel not in reading.parcels:  # it was taken back
            return
        reading.parcels.remove(parcel)
        if not receipt.delivered:
            reading.over = True
            if parcel.item is None or not parcel.item.begun.is_set():
                self._unheard(reading)

    def _unheard(self, reading: Reading) -> None:
        if reading.announced:
            self._announcer.unheard(reading.guild, reading.message.author.id)
            reading.announced = False

    def _request(self, reading: Reading, text: str | AsyncIterable[str]) -> Request:
        message, author = reading.message, reading.message.author
        reading.names[author.mention] = name_of(author)
        # What is still being written may take longer than a message stays fresh.
        seconds = self._station.settings.read_seconds if isinstance(text, str) else self._station.settings.voice_seconds
        first = isinstance(text, str) and not reading.texts
        return Request(
            id=reading_id(message.id) if first else uuid.uuid4().hex,
            guild=guild_key(reading.guild, message.channel.id),
            user=user_key(author.id),
            text=text,
            channel=channel_key(parent(message.channel)),
            deadline=self._station.wall() + seconds,
            names=reading.names,
        )

    def _target(self, reading: Reading) -> Target:
        channel, voice = reading.message.channel.id, reading.admission.voice.id
        locale = reading.admission.locale
        return Target(Where.VOICE, channel, guild=reading.guild, voice=voice, locale=locale, quiet=True)


def _unspoken(refused: Refusal) -> bool:
    return refused.reason is Reason.LANGUAGE_NOT_SPOKEN


def begun(parcel: Parcel) -> bool:
    """Whether it can be heard already, or could have been."""
    return parcel.receipt is not None or (parcel.item is not None and parcel.item.begun.is_set())
