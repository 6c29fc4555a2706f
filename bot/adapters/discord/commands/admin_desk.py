"""The desk at which administrators decide: who may, and how a decision is kept and told."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints

import discord
import structlog
from discord import app_commands

from bot.adapters.decisions import Changes, Decided, Defaults, Wrong, defaults_of
from bot.adapters.discord.commands.admin_values import Line, fitted, lines_of, literal, some
from bot.adapters.discord.commands.cog import SaysoCog, answered
from bot.adapters.discord.identity import guild_key, user_key
from bot.adapters.discord.reply import LONGEST, defer, tell
from bot.adapters.discord.station import Station
from bot.adapters.discord.translator import locale_of, t
from bot.adapters.words import refusal, word
from bot.speech import Refusal

log = structlog.get_logger()

GROUP = app_commands.Group(
    name=t("admin.group.name"),
    description=t("admin.group.description"),
    allowed_contexts=app_commands.AppCommandContext(guild=True),
    allowed_installs=app_commands.AppInstallationType(guild=True),
    default_permissions=discord.Permissions(manage_guild=True),
)
"""``/voice-admin``: the modules beside this one add their commands to it. Who may use it is checked in each once more,
for a server can open it to anybody."""

P = ParamSpec("P")
D = TypeVar("D", bound="Desk")
Callback = Callable[Concatenate[D, discord.Interaction, P], Awaitable[None]]
Command = app_commands.Command[Any, ..., None]


@dataclass(frozen=True, slots=True)
class No:
    """Why something cannot be decided so, in the person's language, ending with what is allowed."""

    words: str


Decision = Callable[[Decided], Changes | Wrong | No]
"""From what is in force to what is to be changed in it."""

Shown = Callable[[Decided, Defaults, str], Sequence[Line]]


@dataclass(slots=True)
class Form:
    """What somebody filled in: the changes that come of it, or the first thing that is wrong with it."""

    changes: dict[str, object] = field(default_factory=dict)
    wrong: No | None = None

    def put(self, name: str, value: object) -> None:
        """A value as it was understood; ``No`` if it was not."""
        if isinstance(value, No):
            self.wrong = self.wrong or value
        else:
            self.changes[name] = value


def command(name: str, *, owner: bool = False) -> Callable[[Callback[D, P]], Command]:
    """A subcommand of :data:`GROUP`, worded by ``admin.<name>``: for administrators, or only for the bot's owner."""

    def decorate(callback: Callback[D, P]) -> Command:
        options = list(inspect.signature(callback).parameters)[2:]
        # discord.py looks names of types up in the module of the outermost function, which is not the callback's.
        callback.__annotations__ = get_type_hints(callback, include_extras=True)
        guarded: Any = answered(_guarded(callback, owner=owner))
        guarded = app_commands.describe(**{o: t(f"admin.{name}.{o}.description") for o in options})(guarded)
        guarded = app_commands.rename(**{o: t(f"admin.{name}.{o}.name") for o in options})(guarded)
        made: Command = GROUP.command(name=t(f"admin.{name}.name"), description=t(f"admin.{name}.description"))(guarded)
        return made

    return decorate


def _guarded(callback: Callback[D, P], *, owner: bool) -> Callback[D, P]:
    @wraps(callback)
    async def guarded(self: D, interaction: discord.Interaction, /, *args: P.args, **kwargs: P.kwargs) -> None:
        refused = self.refusal(interaction, owner=owner)
        if refused is None:
            await defer(interaction, ephemeral=True)  # the store may take its time
            await callback(self, interaction, *args, **kwargs)
        else:
            await tell(interaction, refused)

    return guarded


class Desk(SaysoCog):
    """What the administrators' commands have in common. Nothing that was decided is kept here: the store has it."""

    def __init__(self, station: Station) -> None:
        super().__init__(station)
        self.writing = asyncio.Lock()
        """Held while a decision is taken from what is in force, so that two of them do not undo each other."""

    def may(self, interaction: discord.Interaction) -> bool:
        """Whether the person may decide for this server, whatever Discord lets them see."""
        held = interaction.permissions
        return held.manage_guild or held.administrator or self.station.owns(interaction.user.id)

    def refusal(self, interaction: discord.Interaction, *, owner: bool = False) -> str | None:
        """Why the person may not use a command, or None."""
        locale = locale_of(interaction)
        if interaction.guild_id is None or self.station.client.get_guild(interaction.guild_id) is None:
            return word("admin.refused.guild", locale)
        if owner and not self.station.owns(interaction.user.id):
            return word("admin.refused.owner", locale)
        return None if self.may(interaction) else word("admin.refused.denied", locale)

    async def settings(self, interaction: discord.Interaction) -> Decided:
        """What the server has decided."""
        return await self.station.speaker.store.settings.guild(key_of(interaction))

    async def defaults(self) -> Defaults:
        """What holds where a server has decided nothing."""
        return await defaults_of(self.station.speaker)

    async def settle(self, interaction: discord.Interaction, form: Form, shown: Shown) -> None:
        """Keep what was filled in; if that is nothing, only say what is in force."""
        if form.wrong is not None:
            await tell(interaction, form.wrong.words)
        elif form.changes:
            await self.decide(interaction, lambda _: form.changes, shown)
        else:
            await self.show(interaction, await self.settings(interaction), shown)

    async def decide(self, interaction: discord.Interaction, decision: Decision, shown: Shown) -> None:
        """Keep a decision and say what is in force now."""
        if (kept := await self.keep(interaction, decision)) is not None:
            await self.show(interaction, kept, shown, changed=True)

    async def keep(
        self, interaction: discord.Interaction, decision: Decision, *, guild: str | None = None
    ) -> Decided | None:
        """Write a decision down for the server, or for ``guild``; None if it cannot be, which is then said."""
        where = guild or key_of(interaction)
        settings = self.station.speaker.store.settings
        async with self.writing:
            changes = decision(await settings.guild(where))
            if not isinstance(changes, No | Wrong):
                kept = await settings.set_guild(where, by=user_key(interaction.user.id), **changes)
                note(where, changes)
                return kept
        await tell(interaction, no(changes, locale_of(interaction)).words)
        return None

    async def show(
        self, interaction: discord.Interaction, settings: Decided, shown: Shown, *, changed: bool = False
    ) -> None:
        """Say what is in force."""
        await self.say(interaction, shown(settings, await self.defaults(), locale_of(interaction)), changed=changed)

    async def say(
        self, interaction: discord.Interaction, lines: Iterable[Line], *warnings: str, changed: bool = False
    ) -> None:
        """Tell the person alone what holds, as much of it as fits, and what they should know of it."""
        locale = locale_of(interaction)
        head = word("admin.answer.changed" if changed else "admin.answer.now", locale)
        below = "".join(f"\n{warning}" for warning in warnings)
        await tell(interaction, fitted([head, *lines_of(lines, locale)], LONGEST - len(below), locale) + below)


def no(wrong: No | Wrong | Refusal, locale: str) -> No:
    """What stands against a decision, in words."""
    if isinstance(wrong, No):
        return wrong
    if isinstance(wrong, Refusal):
        return No(refusal(wrong, locale))
    lists = {name: value for name, value in wrong.values.items() if not isinstance(value, str)}
    values = {name: literal(value) for name, value in wrong.values.items() if name not in lists}
    values |= {name: some(map(literal, value), "none", locale) for name, value in lists.items()}
    return No(word(f"admin.refused.{wrong.key}", locale, **values))


def key_of(interaction: discord.Interaction) -> str:
    """The guild of an interaction."""
    return guild_key(interaction.guild_id, interaction.channel_id or 0)


def note(guild: str, changes: Iterable[str]) -> None:
    """Log which settings were changed, and nothing of what they hold."""
    for name in changes:
        log.info("guild_setting_changed", guild=guild, setting=name)
