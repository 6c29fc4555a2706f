"""Who speaks in a server, and who may: engine, voice, language, locked and banned voices; and that for all servers."""

from __future__ import annotations

from functools import partial

import discord
from discord import app_commands

from bot.adapters.decisions import Changes, Decided, Wrong, ban, engines, unban
from bot.adapters.discord.commands import admin_shown as shown
from bot.adapters.discord.commands.admin_desk import Form, No, command
from bot.adapters.discord.commands.admin_typed import Typed
from bot.adapters.discord.reply import tell
from bot.adapters.discord.translator import locale_of
from bot.tts.engine import Voice
from bot.tts.voices import Persona
from bot.wishes import EVERY_GUILD


class VoiceRules(Typed):
    """The commands about voices."""

    @command("engine")
    @app_commands.autocomplete(engine=Typed.type_engine, allowed=Typed.type_engines)
    async def engine(
        self, interaction: discord.Interaction, engine: str | None = None, allowed: str | None = None
    ) -> None:
        locale, form = locale_of(interaction), Form()
        self._put_engines(form, engine, allowed, locale)
        if form.wrong is not None or not form.changes:
            await self.settle(interaction, form, shown.voices)
            return
        defaults = await self.defaults()
        open_to_all = defaults.together(defaults.everywhere).engines
        decision = partial(engines, changes=form.changes, open_to_all=open_to_all)
        await self.decide(interaction, decision, shown.voices)

    @command("voice")
    @app_commands.autocomplete(voice=Typed.type_voice)
    async def voice(self, interaction: discord.Interaction, voice: str | None = None) -> None:
        form = Form()
        if voice is not None:
            settings = await self.settings(interaction)
            form.put("voice", await self.voice_named(voice, settings, locale_of(interaction)))
        await self.settle(interaction, form, shown.voices)

    @command("language")
    @app_commands.autocomplete(language=Typed.type_language)
    async def language(self, interaction: discord.Interaction, language: str | None = None) -> None:
        form = Form()
        if language is not None:
            form.put("language", await self.language_named(language, locale_of(interaction)))
        await self.settle(interaction, form, shown.voices)

    @command("lock")
    async def lock(self, interaction: discord.Interaction) -> None:
        await self.decide(interaction, lambda _: {"locked": True}, shown.voices)

    @command("unlock")
    async def unlock(self, interaction: discord.Interaction) -> None:
        await self.decide(interaction, lambda _: {"locked": None}, shown.voices)

    @command("ban")
    @app_commands.autocomplete(voice=Typed.type_any_voice)
    async def ban(self, interaction: discord.Interaction, voice: str) -> None:
        locale = locale_of(interaction)
        who, usual = await self.who(voice, locale), (await self.defaults()).voice
        await self.decide(interaction, partial(_ban, who=who, usual=usual), shown.voices)

    @command("unban")
    @app_commands.autocomplete(voice=Typed.type_banned_voice)
    async def unban(self, interaction: discord.Interaction, voice: str) -> None:
        await self.decide(interaction, partial(unban, name=voice), shown.voices)

    @command("global", owner=True)
    @app_commands.autocomplete(engine=Typed.type_engine, voice=Typed.type_voice, allowed=Typed.type_engines)
    async def everywhere(
        self,
        interaction: discord.Interaction,
        engine: str | None = None,
        voice: str | None = None,
        allowed: str | None = None,
    ) -> None:
        locale, form = locale_of(interaction), Form()
        defaults = await self.defaults()
        self._put_engines(form, engine, allowed, locale)
        if voice is not None:
            form.put("voice", await self.voice_named(voice, defaults.everywhere, locale))
        if form.wrong is not None:
            await tell(interaction, form.wrong.words)
            return
        kept: Decided | None = defaults.everywhere
        if form.changes:
            decision = partial(engines, changes=form.changes, open_to_all=defaults.engines)
            kept = await self.keep(interaction, decision, guild=EVERY_GUILD)
        if kept is not None:
            await self.say(interaction, shown.everywhere(kept, defaults, locale), changed=bool(form.changes))

    def _put_engines(self, form: Form, engine: str | None, allowed: str | None, locale: str) -> None:
        if engine is not None:
            form.put("engine", self.engine_named(engine, locale))
        if allowed is not None:
            form.put("allowed_engines", self.engines_named(allowed, locale))


def _ban(held: Decided, who: Persona | Voice | No, usual: str) -> Changes | Wrong | No:
    return who if isinstance(who, No) else ban(held, who, usual)
