"""What people ask to be said, by command, by menu or by button: who may, where it goes, and the answer to it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import discord

from bot.adapters.discord.commands.following import REFRESH, Following
from bot.adapters.discord.commands.rights import home_of
from bot.adapters.discord.identity import channel_key, guild_key, parent, user_key
from bot.adapters.discord.parcel import Parcel, Receipt
from bot.adapters.discord.places import VoiceChannel, has_role, seat_of
from bot.adapters.discord.reply import Answer, EarlierAnswer, hold, response_of, tell
from bot.adapters.discord.rules import Rules
from bot.adapters.discord.station import Station
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import duration, listed, refusal, word
from bot.speech import Priority, Refusal, Request

GRACE = 1.0
"""Seconds that answers have to be finished when Sayso goes."""


PLACES = 1000
"""Channels of which it is remembered what was heard last."""


class Place(StrEnum):
    """Where somebody wants to hear it."""

    AUTO = "auto"
    NOTE = "note"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants said: a text, or by ``replay`` what has this cache key.

    ``reply_to`` is the message that it is, if it is one's, and ``author`` who wrote that.
    """

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    voice: str | None = None
    rate: float | None = None
    place: Place = Place.AUTO
    reply_to: int | None = None
    author: str | None = None
    replay: str | None = None


class Asking:
    """Takes the wishes of one client's people. The interactions it is given have been deferred, publicly."""

    refresh: float = REFRESH

    def __init__(self, station: Station) -> None:
        self.station = station
        self._following: set[asyncio.Task[object]] = set()
        self._heard: OrderedDict[int, str] = OrderedDict()

    async def ask(self, interaction: discord.Interaction, wish: Wish) -> None:
        """Have it said, and answer until it was heard; a refusal is for the asker alone."""
        rules = await self._rules(interaction)
        no = _unplaced(interaction, wish) or self._barred(interaction, rules)
        if no is not None:
            await tell(interaction, no)
            return
        answer, target = Answer(interaction), self._target(interaction, wish, rules)
        if target.token is not None:
            # A note sent through the interaction would take the place of an answer that still shows as thinking.
            await hold(interaction, word("say.answer.making", target.locale))
        parcel = await self.station.courier.send(self._request(interaction, wish, target), target, interaction)
        if isinstance(parcel, Refusal):
            await tell(interaction, refusal(parcel, target.locale))
            return
        await self._kept(self._answer(interaction, parcel, answer))

    async def latest(self, interaction: discord.Interaction) -> str | None:
        """The cache key of what was heard last where the person is; else of what was last said for them in this server.

        What others heard elsewhere in the server may not be for them: channels can be closed.
        """
        seat = seat_of(interaction.user)
        places = (seat.id if seat else 0, interaction.channel_id or 0)
        here = next((self._heard[place] for place in places if place in self._heard), None)
        return here or await self.station.speaker.latest(_lane(interaction), user_key(interaction.user.id))

    async def resumed(self, parcel: Parcel) -> None:
        """Go on with the answer to what an earlier process was asked for: for :attr:`Courier.resumed`."""
        target = parcel.target
        if target.response is None or target.token is not None:
            await self.station.courier.conclude(parcel)
        else:
            answer = EarlierAnswer(self.station.client, target.channel, target.response)
            await self._kept(self._follow(parcel, answer))

    async def admit(self, interaction: discord.Interaction) -> str | None:
        """Count a request. The reason, in words, if the person may not have things said here or asks too often."""
        return self._barred(interaction, await self._rules(interaction))

    async def close(self) -> None:
        """Tell nobody any more how things go; what is just over may still be told."""
        if self._following:
            await asyncio.wait(self._following, timeout=GRACE)
        for task in self._following:
            task.cancel()
        if self._following:
            await asyncio.wait(self._following)

    async def _kept(self, following: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(following)
        self._following.add(task)
        task.add_done_callback(self._following.discard)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _answer(self, interaction: discord.Interaction, parcel: Parcel, answer: Answer) -> None:
        receipt = await self._follow(parcel, answer)
        if not receipt.delivered and not answer.shown:
            await tell(interaction, receipt.why or word("say.answer.lost", parcel.target.locale))

    async def _follow(self, parcel: Parcel, answer: Answer | EarlierAnswer) -> Receipt:
        locale, voices = parcel.target.locale, self.station.speaker.stage.voices
        receipt = await Following(parcel, answer, locale, voices, refresh=self.refresh).to_the_end()
        if receipt.delivered and (key := parcel.said.key) is not None:
            played = parcel.item if receipt.message is None else None
            self._remember(played.channel if played else parcel.target.channel, key)
        return receipt

    def _remember(self, place: int, key: str) -> None:
        self._heard[place] = key
        self._heard.move_to_end(place)
        if len(self._heard) > PLACES:
            self._heard.popitem(last=False)

    async def _rules(self, interaction: discord.Interaction) -> Rules:
        return Rules() if interaction.guild_id is None else await self.station.rules(interaction.guild_id)

    def _barred(self, interaction: discord.Interaction, rules: Rules) -> str | None:
        locale = locale_of(interaction)
        if not has_role(interaction.user, rules):
            roles = listed((f"<@&{role}>" for role in sorted(rules.roles)), locale)
            return word("say.refused.roles", locale, roles=roles)
        guild, user = _lane(interaction), user_key(interaction.user.id)
        wait = self.station.pace.take(guild, user, rules.per_minute)
        if wait is None:
            return None
        return word("say.refused.pace", locale, limit=rules.per_minute, time=duration(wait, locale))

    def _target(self, interaction: discord.Interaction, wish: Wish, rules: Rules) -> Target:
        home, voice = home_of(interaction), self._voice(interaction, wish, rules)
        alone = _needs_token(interaction)
        return Target(
            Where.NOTE if voice is None else Where.VOICE,
            channel=interaction.channel_id or 0,
            guild=None if home is None else home.id,
            voice=None if voice is None else voice.id,
            reply_to=wish.reply_to,
            response=response_of(interaction),
            application=interaction.application_id if alone else None,
            token=interaction.token if alone else None,
            locale=str(interaction.locale),
            note_if_lost=wish.place is Place.AUTO,
        )

    def _voice(self, interaction: discord.Interaction, wish: Wish, rules: Rules) -> VoiceChannel | None:
        """The voice channel it is to be heard in, if any."""
        seat = seat_of(interaction.user)
        if seat is None or wish.place is Place.NOTE:
            return None
        room = self.station.rooms.room(seat.guild)
        there = room.channel is not None and room.channel.id == seat.id
        return seat if there or rules.auto_join or wish.place is Place.CHANNEL else None

    def _request(self, interaction: discord.Interaction, wish: Wish, target: Target) -> Request:
        settings = self.station.settings
        wanted = settings.note_seconds if target.where is Where.NOTE else settings.voice_seconds
        return Request(
            _lane(interaction),
            user_key(interaction.user.id),
            wish.text,
            voice=wish.voice,
            rate=wish.rate,
            channel=channel_key(parent(interaction.channel)),
            priority=Priority.HIGH,
            deadline=self.station.wall() + wanted,
            names=wish.names,
            replay=wish.replay,
            author=wish.author,
        )


def _lane(interaction: discord.Interaction) -> str:
    return guild_key(interaction.guild_id, interaction.channel_id or 0)


def _unplaced(interaction: discord.Interaction, wish: Wish) -> str | None:
    """Why it cannot be heard in a voice channel, if it must be."""
    if wish.place is not Place.CHANNEL or seat_of(interaction.user) is not None:
        return None
    locale = locale_of(interaction)
    if interaction.guild_id is None:
        return word("say.refused.direct", locale)
    return word("say.refused.not_here" if home_of(interaction) is None else "say.refused.no_voice", locale)


def _needs_token(interaction: discord.Interaction) -> bool:
    """Whether the bot can write here only by answering: it is no member, or may not."""
    if interaction.guild_id is None:
        return not interaction.context.dm_channel
    if home_of(interaction) is None:
        return True
    may = interaction.app_permissions
    thread = isinstance(interaction.channel, discord.Thread)
    return not (may.view_channel and (may.send_messages_in_threads if thread else may.send_messages))
