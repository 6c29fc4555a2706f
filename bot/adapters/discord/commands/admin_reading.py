"""Which channels are read aloud, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

import discord
from discord import app_commands

from bot.adapters.decisions import Changes, Decided, Wrong
from bot.adapters.discord.commands import admin_shown as shown
from bot.adapters.discord.commands.admin_desk import Form, No, command, key_of, no, note
from bot.adapters.discord.commands.admin_limits import too_many
from bot.adapters.discord.commands.admin_typed import NONE, Typed, means
from bot.adapters.discord.commands.admin_values import label, person, place
from bot.adapters.discord.identity import channel_key, parent, user_key
from bot.adapters.discord.reply import tell
from bot.adapters.discord.rules import (
    LONGEST_MARK,
    MOST_IDS,
    channel_rules_of,
    rules_of,
    with_channel_rules,
    with_rules,
)
from bot.adapters.discord.translator import locale_of
from bot.adapters.extra import Kept
from bot.adapters.words import word

Readable: TypeAlias = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel | discord.Thread
)
Audible: TypeAlias = discord.VoiceChannel | discord.StageChannel


class ReadingRules(Typed):
    """The commands about reading aloud."""

    @command("channel")
    @app_commands.autocomplete(voice=Typed.type_voice, engine=Typed.type_engine, language=Typed.type_language)
    async def channel(
        self,
        interaction: discord.Interaction,
        channel: Readable | None = None,
        read: bool | None = None,
        where: Audible | None = None,
        anywhere: bool | None = None,
        voice: str | None = None,
        engine: str | None = None,
        language: str | None = None,
    ) -> None:
        locale, form, rules = locale_of(interaction), Form(), Form()
        if where is not None and anywhere:
            form.put("where", No(word("admin.refused.both", locale)))
        if read is not None:
            rules.put("read", read)
        if where is not None or anywhere:
            rules.put("voice", where.id if where else None)
        await self._fill_in(interaction, form, voice, engine, language)
        await self._settle_channel(interaction, channel or interaction.channel, form, rules)

    @command("autoread")
    async def autoread(
        self,
        interaction: discord.Interaction,
        announce: bool | None = None,
        prefix: str | None = None,
        ignore_mark: str | None = None,
        require_voice: bool | None = None,
        add_bot: discord.User | None = None,
        remove_bot: discord.User | None = None,
        all_bots: bool | None = None,
        auto_join: bool | None = None,
        stay: bool | None = None,
    ) -> None:
        locale, form = locale_of(interaction), Form()
        switches = {"announce": announce, "require_voice": require_voice, "read_bots": all_bots}
        for name, on in {**switches, "auto_join": auto_join, "stay": stay}.items():
            if on is not None:
                form.put(name, on)
        for name, mark in {"prefix": prefix, "ignore_mark": ignore_mark}.items():
            if mark is not None:
                form.put(name, _mark(name, mark, locale))
        if add_bot is not None and not add_bot.bot:
            form.put("bots", No(word("admin.refused.not_a_bot", locale, who=person(add_bot.id))))
        if form.wrong is not None or not (form.changes or add_bot or remove_bot):
            await self.settle(interaction, form, shown.autoread)
            return
        decision = partial(_reading, changes=form.changes, add=add_bot, remove=remove_bot, locale=locale)
        await self.decide(interaction, decision, shown.autoread)

    async def _fill_in(
        self, interaction: discord.Interaction, form: Form, voice: str | None, engine: str | None, language: str | None
    ) -> None:
        """Who speaks in a channel, as it was typed."""
        locale, settings = locale_of(interaction), await self.settings(interaction)
        if voice is not None:
            form.put("voice", await self.voice_named(voice, settings, locale))
        if language is not None:
            form.put("language", await self.language_named(language, locale))
        if engine is not None:
            form.put("engine", await self._allowed_engine(engine, settings, locale))

    async def _allowed_engine(self, typed: str, settings: Decided, locale: str) -> str | No | None:
        name, allowed = self.engine_named(typed, locale), (await self.defaults()).together(settings).engines
        if isinstance(name, str) and name not in allowed:
            return no(Wrong("engine_barred", {"engine": name, "allowed": allowed}), locale)
        return name

    async def _settle_channel(self, interaction: discord.Interaction, channel: object, form: Form, rules: Form) -> None:
        """Keep what was filled in for a channel, and say what holds in it."""
        id, locale = parent(channel), locale_of(interaction)
        if form.wrong is not None or not id:
            await tell(interaction, form.wrong.words if form.wrong else word("admin.refused.no_channel", locale))
            return
        changed = bool(form.changes or rules.changes)
        if changed:
            await self._keep_channel(interaction, id, form.changes, rules.changes)
        kept = await self.station.speaker.store.settings.channel(key_of(interaction), channel_key(id))
        warnings = self._warnings(interaction, id, kept) if changed else []
        await self.say(interaction, shown.channel(kept, locale), *warnings, changed=changed)

    async def _keep_channel(
        self, interaction: discord.Interaction, id: int, changes: Changes, rules: Mapping[str, object]
    ) -> None:
        settings, guild, channel = self.station.speaker.store.settings, key_of(interaction), channel_key(id)
        async with self.writing:
            held = await settings.channel(guild, channel)
            extra = {"extra": with_channel_rules(held, **rules)} if rules else {}
            await settings.set_channel(guild, channel, by=user_key(interaction.user.id), **changes, **extra)
        note(guild, [*changes, *extra])

    def _warnings(self, interaction: discord.Interaction, id: int, kept: Kept) -> list[str]:
        """What keeps the decision from having its effect, and what to do about it."""
        rules, locale, guild = channel_rules_of(kept), locale_of(interaction), interaction.guild
        if not rules.read or guild is None:
            return []
        found = [] if self.station.client.intents.message_content else [word("admin.warned.content", locale)]
        text, voice = guild.get_channel(id), guild.get_channel(rules.voice or 0)
        if text is not None and not text.permissions_for(guild.me).view_channel:
            found.append(word("admin.warned.view", locale, channel=place(id)))
        if voice is not None and not _may_be_heard(voice, guild.me):
            found.append(word("admin.warned.connect", locale, channel=place(voice.id)))
        return found


def _may_be_heard(channel: discord.abc.GuildChannel, me: discord.Member) -> bool:
    held = channel.permissions_for(me)
    return held.view_channel and held.connect and (held.speak or isinstance(channel, discord.StageChannel))


def _mark(name: str, typed: str, locale: str) -> str | No:
    """A prefix or a mark; none for the word that says so."""
    mark = typed.strip()
    if means(mark, NONE, locale):
        return ""
    if 0 < len(mark) <= LONGEST_MARK and mark.isprintable():
        return mark
    return No(word("admin.refused.mark", locale, label=label(name, locale), limit=LONGEST_MARK))


def _reading(
    held: Decided, changes: Changes, add: discord.User | None, remove: discord.User | None, locale: str
) -> Changes | No:
    bots = rules_of(held).bots
    after = (bots | {add.id} if add else bots) - ({remove.id} if remove else set())
    if len(after) > MOST_IDS:
        return too_many("bots", locale)
    return {"extra": with_rules(held, **changes, **({"bots": after} if after != bots else {}))}
