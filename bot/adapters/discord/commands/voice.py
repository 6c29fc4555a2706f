"""``/voice``: how one is spoken, and what is kept about one."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.adapters.discord.commands.asking import Asking
from bot.adapters.discord.commands.buttons import to_be_sure
from bot.adapters.discord.commands.choosing import engine_choices, language_choices, voice_choices
from bot.adapters.discord.commands.cog import SaysoCog, answered
from bot.adapters.discord.commands.explaining import explained, in_force
from bot.adapters.discord.identity import channel_key, guild_key, homes, parent, user_key
from bot.adapters.discord.mentions import names_of
from bot.adapters.discord.note import follow_up
from bot.adapters.discord.reply import defer, tell
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import locale_of, t
from bot.adapters.dossier import dossier
from bot.adapters.samples import sample, sentence
from bot.adapters.tongues import languages
from bot.adapters.trial import unobtainable
from bot.adapters.words import listed, refusal, word
from bot.script import Script
from bot.speech import Clip, Priority, Refusal, Request
from bot.tts.voices import UnknownName
from bot.tts.voices.languages import primary
from bot.wishes import USER, Wishes

Choice = app_commands.Choice
Interaction = discord.Interaction


def _t(name: str) -> app_commands.locale_str:
    return t(f"voice_command.{name}")


class VoiceCommands(SaysoCog, name="Sayso voice"):
    """Choices of one's own, and one's own data."""

    voice = app_commands.Group(
        name=_t("group.name"),
        description=_t("group.description"),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
    )
    privacy = app_commands.Group(name=_t("privacy.name"), description=_t("privacy.description"), parent=voice)

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.asking = Asking(station)

    @voice.command(name=_t("set.name"), description=_t("set.description"))
    @app_commands.rename(
        voice=_t("option.voice"), rate=_t("option.rate"), language=_t("option.language"), engine=_t("option.engine")
    )
    @app_commands.describe(
        voice=_t("option.voice_description"),
        rate=_t("option.rate_description"),
        language=_t("option.language_description"),
        engine=_t("option.engine_description"),
    )
    @answered
    async def set(
        self,
        interaction: Interaction,
        voice: app_commands.Range[str, 1, 100] | None = None,
        rate: app_commands.Range[float, 0.5, 2.0] | None = None,
        language: app_commands.Range[str, 1, 35] | None = None,
        engine: app_commands.Range[str, 1, 50] | None = None,
    ) -> None:
        await defer(interaction, ephemeral=True)
        given = {"voice": voice, "rate": rate, "language": language, "engine": engine}
        changes = {name: value for name, value in given.items() if value is not None}
        no = await self._impossible(interaction, changes)
        if no is not None:
            await tell(interaction, no)
            return
        await self.station.speaker.store.preferences.set(user_key(interaction.user.id), **changes)
        await tell(interaction, await self._shown(interaction, word("voice_command.set.done", locale_of(interaction))))

    @voice.command(name=_t("show.name"), description=_t("show.description"))
    @answered
    async def show(self, interaction: Interaction) -> None:
        await defer(interaction, ephemeral=True)
        title = word("voice_command.show.title", locale_of(interaction))
        await tell(interaction, await self._shown(interaction, title))

    @voice.command(name=_t("preview.name"), description=_t("preview.description"))
    @app_commands.rename(voice=_t("option.voice"), text=_t("option.text"))
    @app_commands.describe(voice=_t("option.voice_description"), text=_t("preview.text_description"))
    @answered
    async def preview(
        self,
        interaction: Interaction,
        voice: app_commands.Range[str, 1, 100],
        text: app_commands.Range[str, 1, 300] | None = None,
    ) -> None:
        await defer(interaction, ephemeral=True)
        no = await self.asking.admit(interaction)
        clip = no or await self._spoken(interaction, voice, text or await self._sample(interaction, voice))
        if isinstance(clip, Clip):
            await follow_up(interaction, clip, ephemeral=True)
        else:
            await tell(interaction, clip)

    @voice.command(name=_t("reset.name"), description=_t("reset.description"))
    @answered
    async def reset(self, interaction: Interaction) -> None:
        await defer(interaction, ephemeral=True)
        user = user_key(interaction.user.id)
        # To have one's choices forgotten is not to be heard again: that is asked for by its own name.
        preferences = self.station.speaker.store.preferences
        kept = await preferences.set(user, voice=None, engine=None, rate=None, language=None)
        name = "opted_out" if kept.opted_out else "done"
        await tell(interaction, word(f"voice_command.reset.{name}", locale_of(interaction)))

    @voice.command(name=_t("optout.name"), description=_t("optout.description"))
    @answered
    async def optout(self, interaction: Interaction) -> None:
        await defer(interaction, ephemeral=True)
        user = user_key(interaction.user.id)
        await self.station.speaker.store.preferences.set(user, opted_out=True)
        self.station.courier.recall(user)
        await tell(interaction, word("voice_command.optout.done", locale_of(interaction)))

    @voice.command(name=_t("optin.name"), description=_t("optin.description"))
    @answered
    async def optin(self, interaction: Interaction) -> None:
        await defer(interaction, ephemeral=True)
        await self.station.speaker.store.preferences.set(user_key(interaction.user.id), opted_out=False)
        await tell(interaction, word("voice_command.optin.done", locale_of(interaction)))

    @voice.command(name=_t("explain.name"), description=_t("explain.description"))
    @app_commands.rename(text=_t("option.text"))
    @app_commands.describe(text=_t("option.explain_description"))
    @answered
    async def explain(self, interaction: Interaction, text: app_commands.Range[str, 1]) -> None:
        await defer(interaction, ephemeral=True)
        locale, speaker = locale_of(interaction), self.station.speaker
        found = await speaker.explain(_request(interaction, text, names=names_of(text, interaction)))
        said = refusal(found, locale) if isinstance(found, Refusal) else explained(found, speaker.stage.voices, locale)
        await tell(interaction, said)

    @privacy.command(name=_t("export.name"), description=_t("export.description"))
    @answered
    async def export(self, interaction: Interaction) -> None:
        await defer(interaction, ephemeral=True)
        preferences = self.station.speaker.store.preferences
        kept = await preferences.export(user_key(interaction.user.id), homes(interaction))
        (name, data), locale = await asyncio.to_thread(dossier, kept), locale_of(interaction)
        file = discord.File(io.BytesIO(data), name)
        if await tell(interaction, word("voice_command.export.done", locale), file=file) is None:
            await tell(interaction, word("voice_command.export.too_large", locale))

    @privacy.command(name=_t("forget.name"), description=_t("forget.description"))
    @answered
    async def forget(self, interaction: Interaction) -> None:
        locale = locale_of(interaction)
        view = to_be_sure(interaction.user.id, word("voice_command.forget.yes", locale))
        await tell(interaction, word("voice_command.forget.ask", locale), view=view)

    @set.autocomplete("voice")
    @preview.autocomplete("voice")
    async def _voices(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        engine = getattr(interaction.namespace, "engine", None)
        return await voice_choices(self.station.speaker, interaction, typed, engine=engine or None)

    @set.autocomplete("engine")
    async def _engines(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        return engine_choices(self.station.speaker, typed)

    @set.autocomplete("language")
    async def _languages(self, interaction: Interaction, typed: str) -> list[Choice[str]]:
        return language_choices(self.station.speaker, typed, locale_of(interaction))

    async def _impossible(self, interaction: Interaction, changes: Mapping[str, Any]) -> str | None:
        """Why these choices cannot be had, whoever asks and wherever, in words."""
        locale, speaker = locale_of(interaction), self.station.speaker
        if not changes:
            return word("voice_command.set.nothing", locale)
        language, known = changes.get("language"), languages(speaker)
        if language is not None and primary(language) not in known:
            examples = listed((tag for tag in ("en", "zh", "ja") if tag in known), locale)
            return word("voice_command.set.no_language", locale, language=language, examples=examples)
        found = await unobtainable(speaker, user_key(interaction.user.id), changes)
        return None if found is None else refusal(found, locale)

    async def _shown(self, interaction: Interaction, title: str) -> str:
        """How the person is spoken here, below a title."""
        locale = locale_of(interaction)
        found = await self.station.speaker.explain(_request(interaction, sentence()))
        if isinstance(found, Refusal):
            return f"{title}\n{refusal(found, locale)}"
        lines = [title, in_force(found.script.wishes, locale), await self._uncounted(interaction, found.script)]
        return "\n".join(filter(None, lines))

    async def _uncounted(self, interaction: Interaction, script: Script) -> str:
        """Which choices of one's own do not count here, and why; nothing if all do."""
        locale, wishes = locale_of(interaction), script.wishes
        if script.rules.locked:
            return word("voice_command.show.locked", locale)
        mine = await self.station.speaker.store.preferences.get(user_key(interaction.user.id))
        pairs = ((mine.voice, wishes.voice), (mine.engine, wishes.engine))
        idle = [discord.utils.escape_markdown(own) for own, choice in pairs if own and choice.layer > USER]
        return word("voice_command.show.barred", locale, choices=listed(idle, locale)) if idle else ""

    async def _sample(self, interaction: Interaction, voice: str) -> str:
        stage = self.station.speaker.stage
        who = stage.voices.find(voice, await stage.available())
        # Who is unknown is refused in due course, whatever they are to say.
        return "…" if isinstance(who, UnknownName) else sample(who, locale_of(interaction))

    async def _spoken(self, interaction: Interaction, voice: str, text: str) -> Clip | str:
        """The sound of it, or why there is none. Raises SaysoError when the speech breaks off."""
        speaker, locale = self.station.speaker, locale_of(interaction)
        found = await speaker.explain(_request(interaction, text, voice=voice))
        if isinstance(found, Refusal):
            return refusal(found, locale)
        said = await speaker.say(_alone(interaction, text, found.script.wishes))
        if isinstance(said, Refusal):
            return refusal(said, locale)
        try:
            return await said.speech.clip()
        finally:
            said.cancel()


def _lane(interaction: Interaction) -> str:
    return guild_key(interaction.guild_id, interaction.channel_id or 0)


def _request(interaction: Interaction, text: str, **more: Any) -> Request:
    channel = channel_key(parent(interaction.channel))
    user = user_key(interaction.user.id)
    return Request(_lane(interaction), user, text, channel=channel, priority=Priority.HIGH, **more)


def _alone(interaction: Interaction, text: str, wishes: Wishes) -> Request:
    """As it was decided where the person is, but in a lane of their own: nobody there can have it replayed."""
    user = interaction.user.id
    return Request(
        guild_key(None, user),
        user_key(user),
        text,
        voice=wishes.voice.value,
        engine=wishes.engine.value,
        rate=wishes.rate.value,
        language=wishes.language.value,
        priority=Priority.HIGH,
    )
