"""How much is spoken, and of whom: limits, roles, blocked people."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import discord

from bot.adapters.decisions import Changes, Decided
from bot.adapters.discord.commands import admin_shown as shown
from bot.adapters.discord.commands.admin_desk import Desk, Form, No, command, key_of
from bot.adapters.discord.commands.admin_values import label
from bot.adapters.discord.identity import user_key
from bot.adapters.discord.rules import MOST_IDS, MOST_PER_MINUTE, rules_of, with_rules
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import word

LOWEST_RATE, HIGHEST_RATE = 0.5, 2.0


class LimitRules(Desk):
    """The commands about limits, roles and people."""

    @command("limits")
    async def limits(
        self,
        interaction: discord.Interaction,
        length: int | None = None,
        rate: float | None = None,
        per_minute: int | None = None,
        per_user: int | None = None,
        per_guild: int | None = None,
    ) -> None:
        defaults, locale, form = await self.defaults(), locale_of(interaction), Form()
        queue = defaults.limits.per_guild
        for name, value, low, high in (
            ("max_chars", length, 1, defaults.speak.max_chars),
            ("rate", rate, LOWEST_RATE, HIGHEST_RATE),
            ("per_minute", per_minute, 1, MOST_PER_MINUTE),
            ("per_user", per_user, 1, queue),
            ("per_guild", per_guild, 1, queue),
        ):
            if value is not None:
                form.put(name, limited(name, value, low, high, locale))
        if form.wrong is None and form.changes:
            await self.decide(interaction, partial(_paced, changes=form.changes), shown.limits)
        else:
            await self.settle(interaction, form, shown.limits)

    @command("roles")
    async def roles(
        self,
        interaction: discord.Interaction,
        require: discord.Role | None = None,
        ignore: discord.Role | None = None,
        clear: discord.Role | None = None,
    ) -> None:
        wanted = {"roles": require, "ignored_roles": ignore}
        if require is ignore is clear is None:
            await self.settle(interaction, Form(), shown.roles)
            return
        decision = partial(_roles, wanted=wanted, clear=clear, locale=locale_of(interaction))
        await self.decide(interaction, decision, shown.roles)

    @command("block")
    async def block(self, interaction: discord.Interaction, user: discord.User) -> None:
        key = user_key(user.id)
        kept = await self.keep(interaction, lambda held: {"blocked_users": {*held.blocked_users, key}})
        if kept is not None:
            taken = self._take_back(key_of(interaction), key)
            more = [word("admin.answer.taken_back", locale_of(interaction), count=taken)] if taken else []
            lines = shown.people(kept, await self.defaults(), locale_of(interaction))
            await self.say(interaction, lines, *more, changed=True)

    @command("unblock")
    async def unblock(self, interaction: discord.Interaction, user: discord.User) -> None:
        key = user_key(user.id)
        await self.decide(interaction, lambda held: {"blocked_users": held.blocked_users - {key}}, shown.people)

    def _take_back(self, guild: str, user: str) -> int:
        """Take back what somebody has waiting, and what others wait to hear of theirs; counts it."""
        waiting = self.station.courier.parcels(guild)
        theirs = [parcel for parcel in waiting if user in (parcel.request.user, parcel.request.author)]
        for parcel in theirs:
            parcel.cancel()
        return len(theirs)


def limited(name: str, value: float, low: float, high: float, locale: str) -> float | No | None:
    """A limit within its bounds; 0 is the default."""
    if value == 0:
        return None
    if low <= value <= high:
        return value
    bounds = {"low": f"{low:g}", "high": f"{high:.10g}", "value": f"{value:.10g}"}
    return No(word("admin.refused.range", locale, label=label(name, locale), **bounds))


def _paced(held: Decided, changes: Changes) -> Changes:
    """The pace is a rule of Discord's adapter, the other limits hold in every house."""
    others = {name: value for name, value in changes.items() if name != "per_minute"}
    if "per_minute" not in changes:
        return others
    return {**others, "extra": with_rules(held, per_minute=changes["per_minute"])}


def _roles(
    held: Decided, wanted: Mapping[str, discord.Role | None], clear: discord.Role | None, locale: str
) -> Changes | No:
    rules, changes = rules_of(held), {}
    for name, role in wanted.items():
        if role is not None and role.is_default():
            return No(word("admin.refused.everyone", locale))
        before: frozenset[int] = getattr(rules, name)
        after = (before | _ids(role)) - _ids(clear)
        if len(after) > MOST_IDS:
            return too_many(name, locale)
        if after != before:
            changes[name] = after
    return {"extra": with_rules(held, **changes)}


def _ids(role: discord.Role | None) -> frozenset[int]:
    return frozenset() if role is None else frozenset({role.id})


def too_many(name: str, locale: str) -> No:
    """A list that would grow beyond what is kept."""
    return No(word("admin.refused.too_many", locale, label=label(name, locale), limit=MOST_IDS))
