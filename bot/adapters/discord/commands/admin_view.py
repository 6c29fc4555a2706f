"""What administrators look at: what is in force, what waits, how all is doing, who changed what; and the way back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import discord
import structlog
from discord import app_commands

from bot.adapters.discord.commands import admin_shown as shown
from bot.adapters.discord.commands.admin_audit import told
from bot.adapters.discord.commands.admin_desk import Desk, command, key_of
from bot.adapters.discord.commands.admin_reading import Readable
from bot.adapters.discord.commands.admin_values import Line, fitted, lines_of, literal, person, place
from bot.adapters.discord.identity import channel_key, parent, user_key
from bot.adapters.discord.parcel import Parcel
from bot.adapters.discord.reply import LONGEST, tell
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import duration, word
from bot.health import EngineHealth

log = structlog.get_logger()

FIELD = 900
"""Characters of a field of an embed: Discord takes 1024 in one, and 6000 in all."""

DESCRIPTION = 4096
"""Characters of an embed's description."""

COLOUR = discord.Colour(0x5B8DEF)


class Views(Desk):
    """The commands that show, and the one that takes all back."""

    @command("show")
    async def show_all(self, interaction: discord.Interaction) -> None:
        settings, defaults, locale = await self.settings(interaction), await self.defaults(), locale_of(interaction)
        embed = discord.Embed(title=word("admin.section.show", locale), colour=COLOUR)
        for section in (shown.voices, shown.limits, shown.roles, shown.autoread, shown.people):
            _field(embed, section.__name__, lines_of(section(settings, defaults, locale), locale), locale)
        _field(embed, "channels", await self._channels(interaction), locale)
        await tell(interaction, "", embed=embed)

    @command("queue")
    async def queue(self, interaction: discord.Interaction) -> None:
        parcels, locale = self.station.courier.parcels(key_of(interaction)), locale_of(interaction)
        if not parcels:
            await tell(interaction, word("admin.answer.nothing_waits", locale))
            return
        last = max(_seconds(parcel) for parcel in parcels)
        head = word("admin.answer.waits", locale, count=len(parcels), time=duration(last, locale))
        await tell(interaction, fitted([head, *_by_person(parcels, locale)], LONGEST, locale))

    @command("status")
    async def status(self, interaction: discord.Interaction) -> None:
        locale = locale_of(interaction)
        embed = discord.Embed(title=word("admin.section.status", locale), colour=COLOUR)
        engines = [_engine(health, locale) for health in await self.station.speaker.engines()]
        _field(embed, "engines", engines, locale)
        _field(embed, "house", lines_of(self._house(interaction, locale), locale), locale)
        await tell(interaction, "", embed=embed)

    @command("history")
    async def history(
        self, interaction: discord.Interaction, count: app_commands.Range[int, 1, 50] | None = None
    ) -> None:
        locale = locale_of(interaction)
        changes = await self.station.speaker.store.settings.audit(key_of(interaction), count or 10)
        if not changes:
            await tell(interaction, word("admin.answer.no_history", locale))
            return
        house = word("admin.value.house", locale)
        lines = [
            word("admin.answer.history_line", locale, when=f"<t:{change.at:.0f}:R>", who=who, what=what)
            for change in changes
            for who in [person(change.by) if change.by else house]
            for what in told(change, locale)
        ]
        title = word("admin.section.history", locale)
        description = fitted(lines, DESCRIPTION, locale)
        await tell(interaction, "", embed=discord.Embed(title=title, description=description))

    @command("reset")
    async def reset(
        self, interaction: discord.Interaction, channel: Readable | None = None, everything: bool | None = None
    ) -> None:
        locale, where = locale_of(interaction), None if channel is None else channel_key(parent(channel))
        if (where is None) != bool(everything):
            await tell(interaction, word("admin.answer.choose_reset", locale))
            return
        settings, guild = self.station.speaker.store.settings, key_of(interaction)
        async with self.writing:
            await settings.reset(guild, where, by=user_key(interaction.user.id))
        log.info("guild_settings_reset", guild=guild, whole=where is None)
        answer = "reset" if where is None else "reset_channel"
        await tell(interaction, word(f"admin.answer.{answer}", locale, channel=place(where)))

    async def _channels(self, interaction: discord.Interaction) -> list[str]:
        """A line for each channel that something was decided for."""
        settings, guild, locale = self.station.speaker.store.settings, key_of(interaction), locale_of(interaction)
        lines = []
        default = shown.channel(await settings.channel(guild, ""), locale)
        for channel, decided in (await settings.channels(guild)).items():
            held = shown.channel(decided, locale)
            changed = [line for line, usual in zip(held, default, strict=True) if line != usual]
            if changed and interaction.guild and interaction.guild.get_channel_or_thread(int(channel)):
                lines += [place(channel), *lines_of(changed, locale)]
        return lines

    def _house(self, interaction: discord.Interaction, locale: str) -> Sequence[Line]:
        """The cache, the connections to voice, the way to Discord."""
        room, latency = self.station.rooms.find(interaction.guild_id or 0), self.station.client.latency
        channel = room.channel if room else None
        return [
            ("cache", self._cache(locale)),
            ("voice_here", place(channel.id) if channel else word("admin.health.voice_none", locale)),
            ("rooms", str(sum(1 for each in self.station.rooms if each.channel))),
            ("latency", _latency(latency, locale)),
        ]

    def _cache(self, locale: str) -> str:
        stats = self.station.speaker.store.cache.stats()
        asked = stats.hits + stats.misses
        share = word("admin.health.no_hits", locale)
        if asked:
            share = word("admin.health.hits", locale, share=round(100 * stats.hits / asked))
        sizes = {"size": stats.bytes // 1_000_000, "limit": stats.max_bytes // 1_000_000}
        return word("admin.health.cache_is", locale, entries=stats.entries, hits=share, **sizes)


def _field(embed: discord.Embed, section: str, lines: Sequence[str], locale: str) -> None:
    if lines:
        value = fitted(lines, FIELD, locale)
        embed.add_field(name=word(f"admin.section.{section}", locale), value=value, inline=False)


def _by_person(parcels: Iterable[Parcel], locale: str) -> list[str]:
    """A line for each person who waits, whoever is next first."""
    waits: dict[str, list[float]] = defaultdict(list)
    for parcel in parcels:
        waits[parcel.request.user].append(_seconds(parcel))
    return [
        word(
            f"admin.answer.{'waits_line' if min(held) else 'waits_now'}",
            locale,
            who=person(user),
            count=len(held),
            time=duration(min(held), locale),
        )
        for user, held in sorted(waits.items(), key=lambda item: min(item[1]))
    ]


def _seconds(parcel: Parcel) -> float:
    wait = parcel.wait
    return wait.seconds if wait else 0.0


def _engine(health: EngineHealth, locale: str) -> str:
    after = duration(health.opens_in or 0, locale)
    well = health.breaker if health.breaker or health.speaks else "silent"
    state = word(f"admin.health.{well or 'closed'}", locale, time=after)
    counts = {"running": health.running, "slots": health.slots, "waiting": health.waiting}
    busy = word("admin.health.engine", locale, breaker=state, **counts)
    return word("admin.answer.line", locale, label=literal(health.name), value=busy)


def _latency(seconds: float, locale: str) -> str:
    if not 0 <= seconds < float("inf"):  # nan and inf before the first heartbeat was answered
        return word("admin.health.unknown", locale)
    return word("admin.health.latency_is", locale, ms=round(seconds * 1000))
