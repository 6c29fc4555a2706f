"""``/say``, the menu on a message, ``/replay``, and the buttons below the answers."""

from __future__ import annotations

from typing import Any

import discord
import structlog
from discord import app_commands

from bot.adapters.discord.commands.asking import Asking, Place, Wish
from bot.adapters.discord.commands.choosing import prepare, voice_choices
from bot.adapters.discord.commands.cog import SaysoCog, answered, apologise
from bot.adapters.discord.commands.presses import presses
from bot.adapters.discord.identity import user_key
from bot.adapters.discord.mentions import names_of
from bot.adapters.discord.reading import words_of
from bot.adapters.discord.reply import defer, tell
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import locale_of, t
from bot.adapters.words import word

log = structlog.get_logger()

Choice = app_commands.Choice


class Say(SaysoCog, name="Sayso say"):
    """Has things said."""

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.asking = Asking(station)
        self._presses = presses(self.asking)
        self._menu_in: app_commands.CommandTree[Any] | None = None
        self.menu = app_commands.ContextMenu(
            name=t("say.menu"),
            callback=self._speak,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.menu.on_error = apologise

    async def cog_load(self) -> None:
        """The buttons, and the menu if the host has room for one more."""
        await prepare(self.station.speaker)
        self.station.client.add_dynamic_items(*self._presses)
        self.station.courier.resumed = self.asking.resumed
        if (tree := self._tree()) is not None:
            self.add_menu(tree)

    async def cog_unload(self) -> None:
        """Without a trace."""
        self.station.courier.resumed = self.station.courier.conclude
        await self.asking.close()
        if self._menu_in is not None:
            self._menu_in.remove_command(self.menu.name, type=self.menu.type)
        self.station.client.remove_dynamic_items(*self._presses)

    def add_menu(self, tree: app_commands.CommandTree[Any]) -> None:
        """Put the menu into a tree; it is taken out with the cog. Does nothing where there is no room for it."""
        if self._menu_in is not None:
            return
        try:
            tree.add_command(self.menu)
            self._menu_in = tree
        except (app_commands.CommandLimitReached, app_commands.CommandAlreadyRegistered) as error:
            log.warning("message_menu_left_out", error=type(error).__name__)

    @app_commands.command(name=t("say.command.name"), description=t("say.command.description"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.rename(
        text=t("say.option.text"), voice=t("say.option.voice"), rate=t("say.option.rate"), where=t("say.option.where")
    )
    @app_commands.describe(
        text=t("say.option.text_description"),
        voice=t("say.option.voice_description"),
        rate=t("say.option.rate_description"),
        where=t("say.option.where_description"),
    )
    @app_commands.choices(where=[Choice(name=t(f"say.where.{place}"), value=place.value) for place in Place])
    @answered
    async def say(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1],
        voice: app_commands.Range[str, 1, 100] | None = None,
        rate: app_commands.Range[float, 0.5, 2.0] | None = None,
        where: str = Place.AUTO,
    ) -> None:
        await defer(interaction, ephemeral=False)
        wish = Wish(text, names_of(text, interaction), voice, rate, Place(where))
        await self.asking.ask(interaction, wish)

    @say.autocomplete("voice")
    async def _voices(self, interaction: discord.Interaction, typed: str) -> list[Choice[str]]:
        return await voice_choices(self.station.speaker, interaction, typed)

    @app_commands.command(name=t("say.replay.name"), description=t("say.replay.description"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @answered
    async def replay(self, interaction: discord.Interaction) -> None:
        await defer(interaction, ephemeral=False)
        key = await self.asking.latest(interaction)
        if key is None:
            await tell(interaction, word("say.refused.nothing_yet", locale_of(interaction)))
        else:
            await self.asking.ask(interaction, Wish(replay=key))

    @answered
    async def _speak(self, interaction: discord.Interaction, message: discord.Message) -> None:
        await defer(interaction, ephemeral=False)
        words = words_of(message, str(interaction.guild_locale or interaction.locale))
        if words:
            author = user_key(message.author.id)
            await self.asking.ask(interaction, Wish(words.text, words.names, reply_to=message.id, author=author))
        else:
            await tell(interaction, word("say.refused.nothing", locale_of(interaction)))

    def _tree(self) -> app_commands.CommandTree[Any] | None:
        # A bare client has none of its own; by custom it is kept under this name there too.
        tree = getattr(self.station.client, "tree", None)
        return tree if isinstance(tree, app_commands.CommandTree) else None
