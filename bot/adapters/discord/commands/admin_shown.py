"""What administrators have decided, in words and in lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot import wishes
from bot.adapters.decisions import Decided, Defaults
from bot.adapters.discord.commands.admin_values import (
    Line,
    chosen,
    counted,
    literal,
    person,
    place,
    role,
    some,
    spoken_as,
    switch,
)
from bot.adapters.discord.rules import Rules, channel_rules_of, rules_of
from bot.adapters.extra import Kept
from bot.adapters.words import language, word


class DecidedHere(wishes.Chosen, Kept, Protocol):
    """What was decided for a channel."""


def voices(settings: Decided, defaults: Defaults, locale: str) -> Sequence[Line]:
    """Who speaks, and who may."""
    rules, everywhere = defaults.together(settings), defaults.everywhere
    barring = rules.engines != defaults.engines
    banned = sorted(settings.banned_voices | everywhere.banned_voices)
    return [
        ("engine", chosen(settings.engine, defaults.engine, locale)),
        ("allowed_engines", some(map(literal, rules.engines if barring else ()), "none" if barring else "all", locale)),
        ("voice", chosen(settings.voice, defaults.voice, locale)),
        ("language", spoken_as(settings.language or everywhere.language, locale)),
        ("locked", switch(rules.locked, locale)),
        ("banned_voices", some(map(literal, banned), "none", locale)),
    ]


def limits(settings: Decided, defaults: Defaults, locale: str) -> Sequence[Line]:
    """How much, how fast and how often."""
    rules, pace = defaults.together(settings), rules_of(settings).per_minute
    return [
        ("max_chars", counted(rules.max_chars, defaults.speak.max_chars, locale)),
        ("rate", counted(settings.rate, defaults.rate, locale)),
        ("per_minute", word("admin.value.unlimited", locale) if pace is None else str(pace)),
        ("per_user", counted(rules.per_user, defaults.limits.per_user, locale)),
        ("per_guild", counted(rules.per_guild, defaults.limits.per_guild, locale)),
    ]


def roles(settings: Decided, _: Defaults, locale: str) -> Sequence[Line]:
    """Whose messages are spoken."""
    rules = rules_of(settings)
    return [
        ("roles", some(map(role, sorted(rules.roles)), "none", locale)),
        ("ignored_roles", some(map(role, sorted(rules.ignored_roles)), "none", locale)),
    ]


def autoread(settings: Decided, _: Defaults, locale: str) -> Sequence[Line]:
    """The rules for channels that are read aloud."""
    rules = rules_of(settings)
    switches = ("announce", "require_voice", "auto_join", "stay")
    return [
        *((name, switch(getattr(rules, name), locale)) for name in switches),
        ("prefix", literal(rules.prefix) or word("admin.value.none", locale)),
        ("ignore_mark", literal(rules.ignore_mark) or word("admin.value.none", locale)),
        ("bots", _bots(rules, locale)),
    ]


def people(settings: Decided, _: Defaults, locale: str) -> Sequence[Line]:
    """Who is blocked."""
    return [("blocked_users", some(map(person, sorted(settings.blocked_users)), "none", locale))]


def everywhere(settings: Decided, _: Defaults, locale: str) -> Sequence[Line]:
    """What the owner decided for all servers."""
    default = word("admin.value.default", locale)
    return [
        ("engine", literal(settings.engine) or default),
        ("voice", literal(settings.voice) or default),
        ("allowed_engines", some(map(literal, sorted(settings.allowed_engines)), "all", locale)),
    ]


def channel(settings: DecidedHere, locale: str) -> Sequence[Line]:
    """What was decided for one channel."""
    rules, default = channel_rules_of(settings), word("admin.value.default", locale)
    return [
        ("read", switch(rules.read, locale)),
        ("where", word("admin.value.anywhere", locale) if rules.voice is None else place(rules.voice)),
        ("voice", literal(settings.voice) or default),
        ("engine", literal(settings.engine) or default),
        ("language", language(settings.language, locale) if settings.language else default),
    ]


def _bots(rules: Rules, locale: str) -> str:
    if rules.read_bots:
        return word("admin.value.all", locale)
    return some(map(person, sorted(rules.bots)), "none", locale)
