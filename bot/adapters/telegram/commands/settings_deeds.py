"""What can be decided in /settings, each by the word that is typed for it, with what is checked before it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import structlog

from bot.adapters.decisions import (
    LONGEST,
    Changes,
    Decided,
    Wrong,
    ban,
    engine_called,
    engines,
    engines_called,
    language_called,
    languages_spoken,
    unban,
    voice_called,
    who_is,
)
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.commands.settings_pages import LIMITS, MARK, YES, bounds, has, hasnt, typed_as, voice_mark
from bot.adapters.telegram.commands.settings_people import Whom, whom
from bot.adapters.telegram.commands.settings_values import ALL, DEFAULT, OFF, ON, label, means
from bot.adapters.telegram.rules import Auto, Replies, with_rules
from bot.adapters.words import language, listed
from bot.speech import Refusal

log = structlog.get_logger()

Decision = Callable[[Decided], Changes | Wrong]
"""From what is in force to what is to be changed in it."""


@dataclass(frozen=True, slots=True)
class Anew:
    """The decision that nothing was ever decided."""


Decider = Callable[[Matter, str], Awaitable[Decision | Anew | Wrong | Refusal]]
"""From what was typed, or stood on a button, to a decision."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is kept: how the matter stands now, whether that is ``new``, and a ``note`` on what came of it."""

    matter: Matter
    new: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be decided; ``page`` shows what holds then. ``bare``: nothing needs to be typed behind it."""

    page: str
    decider: Decider
    bare: bool = False


class Desk:
    """Where decisions are written down. Nothing of them is kept here: the store has it."""

    def __init__(self) -> None:
        # Held while a decision is taken from what is in force, so that two of them do not undo each other.
        self._writing = asyncio.Lock()

    async def do(self, matter: Matter, name: str, typed: str) -> Done | Wrong | Refusal:
        """Decide what somebody may decide who was asked for: one of :data:`DEEDS`."""
        if not has(matter, name):
            return hasnt(matter, name)
        decision = await DEEDS[name].decider(matter, typed.strip())
        if isinstance(decision, Wrong | Refusal):
            return decision
        async with self._writing:
            done = await (self._reset(matter) if isinstance(decision, Anew) else self._keep(matter, decision))
        return _taken_back(done, matter) if isinstance(done, Done) and name == "block" else done

    async def _reset(self, matter: Matter) -> Done:
        settings = matter.speaker.store.settings
        before = await settings.guild(matter.guild)
        await settings.reset(matter.guild, by=matter.incoming.user)
        log.info("guild_settings_reset", guild=matter.guild, whole=True)
        kept = await settings.guild(matter.guild)
        return Done(matter.after(kept), new=kept != before)

    async def _keep(self, matter: Matter, decision: Decision) -> Done | Wrong:
        settings = matter.speaker.store.settings
        before = await settings.guild(matter.guild)
        changes = decision(before)
        if isinstance(changes, Wrong):
            return changes
        kept = await settings.set_guild(matter.guild, by=matter.incoming.user, **changes)
        for name in changes:
            log.info("guild_setting_changed", guild=matter.guild, setting=name)
        return Done(matter.after(kept), new=kept != before)


def _taken_back(done: Done, before: Matter) -> Done:
    """Whoever is blocked from now on has nothing on its way any more: in this chat, or for the owner anywhere."""
    blocked, courier = done.matter.held.blocked_users - before.held.blocked_users, before.station.courier
    if before.everywhere:
        for user in blocked:
            courier.recall(user)
        return done
    waiting = courier.parcels(before.guild) if blocked else ()
    theirs = [one for one in waiting if not blocked.isdisjoint({one.request.user, one.request.author})]
    for parcel in theirs:
        parcel.cancel()
    return replace(done, note=before.say("taken_back", count=len(theirs))) if theirs else done


def default(matter: Matter, typed: str) -> bool:
    """Whether the default is wanted."""
    return means(typed, DEFAULT, matter.locale)


async def _engine(matter: Matter, typed: str) -> Decision | Wrong | Refusal:
    found = None if default(matter, typed) else engine_called(typed, matter.defaults.engines)
    return found if isinstance(found, Refusal) else _engines_as(matter, engine=found)


async def _engines(matter: Matter, typed: str) -> Decision | Wrong | Refusal:
    every = default(matter, typed) or means(typed, ALL, matter.locale)
    found = frozenset[str]() if every else engines_called(typed, matter.defaults.engines)
    return found if isinstance(found, Refusal) else _engines_as(matter, allowed_engines=found or None)


def _engines_as(matter: Matter, **changes: object) -> Decision:
    return partial(engines, changes=changes, open_to_all=matter.engines)


async def _allow(matter: Matter, typed: str, on: bool) -> Decision | Wrong | Refusal:
    found = engine_called(typed, matter.defaults.engines)
    return found if isinstance(found, Refusal) else partial(_allowed, matter, found, on)


def _allowed(matter: Matter, name: str, on: bool, held: Decided) -> Changes | Wrong:
    """One engine more or less; all of them are no rule."""
    every = frozenset(matter.defaults.engines)
    allowed = held.allowed_engines & every or every
    allowed = allowed | {name} if on else allowed - {name}
    if not allowed:
        return Wrong("last_engine", {"engine": name})
    changes = {"allowed_engines": None if allowed == every else allowed}
    return engines(held, changes, matter.engines)


async def _voice(matter: Matter, typed: str) -> Decision | Wrong | Refusal:
    if default(matter, typed):
        return lambda _: {"voice": None}
    found = await voice_called(matter.speaker, typed, matter.house)
    if isinstance(found, Wrong | Refusal):
        return found
    return lambda _: {"voice": found}


async def _lock(matter: Matter, typed: str, on: bool) -> Decision:
    return lambda _: {"locked": on or None}


async def _ban(matter: Matter, typed: str) -> Decision | Wrong | Refusal:
    who = await who_is(matter.speaker, typed)
    return who if isinstance(who, Refusal) else partial(ban, who=who, usual=matter.defaults.voice)


async def _unban(matter: Matter, typed: str) -> Decision:
    marked = (name for name in matter.held.banned_voices if voice_mark(name) == typed)
    return partial(unban, name=next(marked, typed.removeprefix(MARK)[:LONGEST]))


async def _language(matter: Matter, typed: str) -> Decision | Wrong:
    if default(matter, typed):
        return lambda _: {"language": None}
    known = await languages_spoken(matter.speaker)
    if (code := language_called(typed, known, matter.locale)) is not None:
        return lambda _: {"language": code}
    names = listed((language(code, matter.locale) for code in known), matter.locale)
    return Wrong("language", {"language": typed[:LONGEST], "languages": names})


async def _auto(matter: Matter, typed: str) -> Decision | Wrong:
    return _mode(matter, "auto", Auto, typed)


async def _replies(matter: Matter, typed: str) -> Decision | Wrong:
    return _mode(matter, "replies", Replies, typed)


def _mode(matter: Matter, name: str, kind: type[StrEnum], typed: str) -> Decision | Wrong:
    """One of a few words, in English or as the button of it says."""
    if default(matter, typed):
        return _rule(**{name: None})
    for mode in kind:
        if typed.casefold() in {mode.value, _worded(matter, name, mode).casefold()}:
            return _rule(**{name: mode})
    return Wrong("mode", {"typed": typed[:LONGEST], "setting": label(name, matter.locale), "modes": list(kind)})


def _worded(matter: Matter, name: str, mode: StrEnum) -> str:
    return matter.say(f"auto.{mode}.name" if name == "auto" else f"{name}.{mode}")


async def _admins(matter: Matter, typed: str) -> Decision | Wrong:
    if default(matter, typed):
        return _rule(admins_only=None)
    for special in (ON, OFF):
        if means(typed, special, matter.locale):
            return _rule(admins_only=special == ON)
    return Wrong("mode", {"typed": typed[:LONGEST], "setting": label("admins_only", matter.locale), "modes": [ON, OFF]})


def _rule(**changes: object) -> Decision:
    return lambda held: {"extra": with_rules(held, **changes)}


_KEPT_AS = {"max": "max_chars", "person": "per_user", "chat": "per_guild", "rate": "rate"}


async def _limit(matter: Matter, typed: str, name: str) -> Decision | Wrong:
    low, high = bounds(matter, name)
    number = 0.0 if default(matter, typed) else _number(typed, whole=name != "rate")
    if number is None or not (number == 0 or low <= number <= high):
        shown = {"low": f"{low:g}", "high": f"{high:.10g}", "command": typed_as(matter, name)}
        return Wrong("range", {"typed": typed[:LONGEST], "setting": label(name, matter.locale), **shown})
    wanted = number if name == "rate" else int(number)
    return _rule(per_minute=wanted or None) if name == "minute" else lambda _: {_KEPT_AS[name]: wanted or None}


def _number(typed: str, *, whole: bool) -> float | None:
    """A number as people write it, also with a decimal comma."""
    try:
        return int(typed) if whole else float(typed.replace(",", "."))
    except ValueError:
        return None


async def _block(matter: Matter, typed: str, on: bool) -> Decision | Wrong:
    who = whom(matter, typed, "block" if on else "unblock")
    return who if isinstance(who, Wrong) else partial(_blocked, who, on)


def _blocked(who: Whom, on: bool, held: Decided) -> Changes | Wrong:
    if on:
        return {"blocked_users": held.blocked_users | {who.key}}
    if who.key not in held.blocked_users:
        return Wrong("not_blocked", {"who": who.id})
    return {"blocked_users": held.blocked_users - {who.key}}


async def _anew(matter: Matter, typed: str) -> Anew | Wrong:
    return Anew() if typed.casefold() == YES else Wrong("reset", {"command": typed_as(matter, "reset", YES)})


DEEDS: Mapping[str, Deed] = {
    "engine": Deed("engine", _engine),
    "engines": Deed("engine", _engines),
    "allow": Deed("engine", partial(_allow, on=True)),
    "deny": Deed("engine", partial(_allow, on=False)),
    "voice": Deed("voice", _voice),
    "lock": Deed("voice", partial(_lock, on=True), bare=True),
    "unlock": Deed("voice", partial(_lock, on=False), bare=True),
    "ban": Deed("voice", _ban),
    "unban": Deed("voice", _unban),
    "language": Deed("language", _language),
    "auto": Deed("auto", _auto),
    "replies": Deed("replies", _replies),
    **{name: Deed(name, partial(_limit, name=name)) for name in LIMITS},
    "admins": Deed("admins", _admins),
    "block": Deed("people", partial(_block, on=True), bare=True),
    "unblock": Deed("people", partial(_block, on=False), bare=True),
    "reset": Deed("main", _anew),
}
"""By the word that is typed for it, and stands on its buttons."""
