"""``/skip``, ``/stop``, ``/queue``, ``/join`` and ``/leave``: what happens in the voice channel."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.adapters.discord.commands.cog import SaysoCog, answered
from bot.adapters.discord.commands.rights import home_of, may_steer
from bot.adapters.discord.identity import guild_key, number
from bot.adapters.discord.parcel import Parcel
from bot.adapters.discord.places import VoiceChannel, has_role, seat_of
from bot.adapters.discord.reply import defer, tell
from bot.adapters.discord.translator import locale_of, t
from bot.adapters.discord.voice import Item, Room, Trouble
from bot.adapters.words import duration, listed, word

SHOWN = 15
"""Entries of the queue that are listed."""


class Control(SaysoCog, name="Sayso control"):
    """Ends what is said, lists it, and calls the bot in and out."""

    @app_commands.command(name=t("control.skip.name"), description=t("control.skip.description"))
    @app_commands.guild_only()
    @answered
    async def skip(self, interaction: discord.Interaction) -> None:
        room, locale = self._room(interaction), locale_of(interaction)
        item = None if room is None else _own_or_first(room, interaction.user.id)
        if room is None or item is None:
            await tell(interaction, word("control.refused.nothing", locale))
        elif not may_steer(interaction, room, item):
            await tell(interaction, word("control.refused.listeners", locale))
        else:
            room.skip(item)
            await tell(interaction, word("control.skip.done", locale, who=f"<@{item.user}>"), ephemeral=False)

    @app_commands.command(name=t("control.stop.name"), description=t("control.stop.description"))
    @app_commands.guild_only()
    @answered
    async def stop(self, interaction: discord.Interaction) -> None:
        room, locale = self._room(interaction), locale_of(interaction)
        if room is None or not room.items:
            await tell(interaction, word("control.refused.nothing", locale))
        elif not may_steer(interaction, room, None):
            await tell(interaction, word("control.refused.everything", locale))
        else:
            await tell(interaction, word("control.stop.done", locale, count=room.stop()), ephemeral=False)

    @app_commands.command(name=t("control.queue.name"), description=t("control.queue.description"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @answered
    async def queue(self, interaction: discord.Interaction) -> None:
        lane = guild_key(interaction.guild_id, interaction.channel_id or 0)
        await tell(interaction, _listing(self.station.courier.parcels(lane), locale_of(interaction)))

    @app_commands.command(name=t("control.join.name"), description=t("control.join.description"))
    @app_commands.guild_only()
    @app_commands.rename(channel=t("control.join.channel"))
    @app_commands.describe(channel=t("control.join.channel_description"))
    @answered
    async def join(
        self, interaction: discord.Interaction, channel: discord.VoiceChannel | discord.StageChannel | None = None
    ) -> None:
        await defer(interaction, ephemeral=False)
        wanted = channel or seat_of(interaction.user)
        no = await self._uninvited(interaction, wanted)
        if wanted is None or no is not None:
            await tell(interaction, no or word("control.refused.where", locale_of(interaction)))
            return
        room = self.station.rooms.room(wanted.guild)
        trouble = await room.join(wanted, move=may_steer(interaction, room, None))
        if trouble is not None:
            await tell(interaction, _why(trouble, wanted, locale_of(interaction)))
        else:
            done = word("control.join.done", locale_of(interaction), channel=wanted.mention)
            await tell(interaction, done, ephemeral=False)

    @app_commands.command(name=t("control.leave.name"), description=t("control.leave.description"))
    @app_commands.guild_only()
    @answered
    async def leave(self, interaction: discord.Interaction) -> None:
        room, locale = self._room(interaction), locale_of(interaction)
        if room is None or (there := room.channel) is None:
            await tell(interaction, word("control.refused.not_there", locale))
        elif not may_steer(interaction, room, None):
            await tell(interaction, word("control.refused.everything", locale))
        else:
            await defer(interaction, ephemeral=False)
            await room.leave()
            await tell(interaction, word("control.leave.done", locale, channel=there.mention), ephemeral=False)

    def _room(self, interaction: discord.Interaction) -> Room | None:
        return None if interaction.guild_id is None else self.station.rooms.find(interaction.guild_id)

    async def _uninvited(self, interaction: discord.Interaction, wanted: VoiceChannel | None) -> str | None:
        """Why the person may not call the bot there, in words."""
        locale, home = locale_of(interaction), home_of(interaction)
        if home is None:
            return word("control.refused.guild", locale)
        rules = await self.station.rules(home.id)
        if not has_role(interaction.user, rules):
            return word("say.refused.roles", locale, roles=listed((f"<@&{role}>" for role in rules.roles), locale))
        if wanted is None or _may_enter(interaction.user, wanted):
            return None
        return word("control.refused.no_access", locale, channel=wanted.mention)


def _why(trouble: Trouble, channel: VoiceChannel, locale: str) -> str:
    return word(f"voice.trouble.{trouble}", locale, channel=channel.mention)


def _own_or_first(room: Room, user: int) -> Item | None:
    """One's own that is heard soonest, else what plays now."""
    items = room.items
    return next((item for item in items if item.user == user), items[0] if items else None)


def _may_enter(person: discord.User | discord.Member, channel: VoiceChannel) -> bool:
    if not isinstance(person, discord.Member):
        return False
    may = channel.permissions_for(person)
    return may.view_channel and may.connect


def _listing(parcels: Sequence[Parcel], locale: str) -> str:
    if not parcels:
        return word("control.queue.empty", locale)
    lines = [_line(at, parcel, locale) for at, parcel in enumerate(parcels[:SHOWN])]
    more = [word("control.queue.more", locale, count=len(parcels) - SHOWN)] if len(parcels) > SHOWN else []
    return "\n".join([word("control.queue.title", locale), *lines, *more])


def _line(at: int, parcel: Parcel, locale: str) -> str:
    """Who and where, and no word of what: that is for others to hear when it is said."""
    target = parcel.target
    facts = {"who": f"<@{number(parcel.request.user)}>", "place": f"<#{target.voice or target.channel}>"}
    if parcel.item is not None and parcel.item.begun.is_set():
        return word("control.queue.playing", locale, seconds=f"{parcel.said.speech.seconds:.0f}", **facts)
    wait = parcel.wait
    if wait is None or wait.seconds < 1:
        return word("control.queue.next", locale, number=at + 1, **facts)
    return word("control.queue.waiting", locale, number=at + 1, time=duration(wait.seconds, locale), **facts)
