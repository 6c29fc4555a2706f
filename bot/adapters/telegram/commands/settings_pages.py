"""What the menu of settings shows: a page for each matter, with a button for whatever can be decided there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from telegram import InlineKeyboardButton

from bot.adapters.decisions import Wrong, languages_spoken
from bot.adapters.telegram.commands.keyboard import Page, badge, in_rows, keyboard, leaf
from bot.adapters.telegram.commands.settings_keys import (
    AREA,
    CLOSE,
    decide,
    fits,
    look,
    page,
    part_of,
    turning,
)
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.commands.settings_values import (
    ALL,
    DEFAULT,
    OFF,
    ON,
    Line,
    chosen,
    counted,
    lines_of,
    some,
    spoken_as,
    switch,
    value,
)
from bot.adapters.telegram.handling import data
from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.rules import MOST_PER_MINUTE, Auto, Replies
from bot.adapters.words import language

LANGUAGES = 15
"""Languages on a page."""

MARK = "#"
"""Before the mark by which a button knows a voice, whose name may be longer than what a button can say."""

YES = "yes"
"""What is typed, or stands on the button, for a reset that is meant."""

PAGES = ("engine", "voice", "language", "auto", "replies", "limits", "admins", "people", "history", "status", "reset")
"""What the menu leads to."""

CHATS_OWN = frozenset({"auto", "replies", "minute", "admins", "status", "reset"})
"""What each chat has for itself, and nobody decides for all."""

ONLY_AMONG_MANY = frozenset({"admins", "people", "block", "unblock"})
"""What there is nothing to decide about where one is alone with the bot."""

LIMITS = ("max", "minute", "person", "chat", "rate")
"""The limits, in the order in which they are shown."""

_PRESETS: dict[str, Sequence[float]] = {
    "max": (140, 280, 500, 1000, 2000, 4000),
    "minute": (1, 2, 3, 5, 10, 20),
    "person": (1, 2, 3, 5, 10),
    "chat": (5, 10, 20, 50, 100),
    "rate": (0.75, 0.9, 1, 1.1, 1.25, 1.5, 2),
}


async def main(matter: Matter, part: str = "") -> Page:
    """What holds, and the way to change each of it."""
    lines = [_engine(matter)[0], *_voice(matter)[:2], _language(matter), *_rules(matter), *limit_lines(matter)]
    ways = [look(matter, matter.say(f"menu.{name}"), name) for name in _menu(matter)]
    shut = InlineKeyboardButton(matter.say("menu.close"), callback_data=data(AREA, CLOSE))
    last = [look(matter, matter.say("menu.help"), "help"), shut]
    title = matter.say("title.everywhere" if matter.everywhere else "title.main")
    text = "\n".join([title, "", *lines_of(lines, matter.locale)])
    return Page(text, keyboard(*in_rows(ways, 2), last))


async def engine(matter: Matter, part: str = "") -> Page:
    """What voices are made with."""
    now, house = matter.held.engine, matter.house.engines
    usual = matter.say("choose.default", value=matter.defaults.engine)
    ways = [decide(matter, usual, "engine", DEFAULT, current=now is None)]
    ways += [
        decide(matter, name, "engine", name, current=name == now) for name in house if fits(matter, "engine", name)
    ]
    switches = [_permit(matter, name, name in house) for name in matter.engines if fits(matter, "allow", name)]
    lines = [*lines_of(_engine(matter), matter.locale), "", matter.say("about.engine")]
    return page(matter, "engine", lines, *in_rows(ways, 2), *in_rows(switches if len(switches) > 1 else [], 1))


async def language_(matter: Matter, part: str = "") -> Page:
    """As which language texts are read."""
    named = sorted((language(code, matter.locale), code) for code in await languages_spoken(matter.speaker))
    shown, at, pages = leaf(named, part_of(part), LANGUAGES)
    now = matter.held.language
    usual = decide(matter, value("text_decides", matter.locale), "language", DEFAULT, current=now is None)
    ways = [decide(matter, name, "language", code, current=code == now) for name, code in shown]
    lines = [*lines_of([_language(matter)], matter.locale), "", matter.say("about.language")]
    return page(matter, "language", lines, [usual], *in_rows(ways, 3), turning(matter, "language", at, pages))


async def auto(matter: Matter, part: str = "") -> Page:
    """What is spoken without being asked for."""
    now = matter.rules.auto
    ways = [decide(matter, matter.say(f"auto.{mode}.name"), "auto", mode, current=mode is now) for mode in Auto]
    lines = [matter.say(f"auto.{mode}.about", name=matter.say(f"auto.{mode}.name")) for mode in Auto]
    lines += [] if now else [matter.say("auto.undecided")]
    lines += [matter.say("auto.privacy")] if _is_deaf(matter) else []
    return page(matter, "auto", [line for each in lines for line in (each, "")][:-1], *in_rows(ways, 2))


async def replies(matter: Matter, part: str = "") -> Page:
    """As what an LLM's answers arrive."""
    now = matter.rules.replies
    ways = [decide(matter, matter.say(f"replies.{kind}"), "replies", kind, current=kind is now) for kind in Replies]
    return page(matter, "replies", [matter.say("about.replies")], *in_rows(ways, 3))


async def limits(matter: Matter, part: str = "") -> Page:
    """How much, how fast and how often."""
    ways = [look(matter, matter.say(f"menu.{name}"), name) for name, _ in limit_lines(matter)]
    return page(matter, "limits", lines_of(limit_lines(matter), matter.locale), *in_rows(ways, 1))


async def limit(matter: Matter, part: str = "", *, name: str) -> Page:
    """One of the limits, with numbers to choose from."""
    low, high = bounds(matter, name)
    now = limit_now(matter, name)
    fitting = [number for number in _PRESETS[name] if low <= number <= high]
    usual = decide(matter, value(DEFAULT, matter.locale), name, DEFAULT, current=now is None)
    ways = [decide(matter, f"{number:g}", name, f"{number:g}", current=number == now) for number in fitting]
    lines = [line for line in limit_lines(matter) if line[0] == name]
    typed = matter.say("about.limit", command=typed_as(matter, name), low=f"{low:g}", high=f"{high:.10g}")
    return page(
        matter, "limits", [*lines_of(lines, matter.locale), "", typed], [usual], *in_rows(ways, 4), above="limits"
    )


async def admins(matter: Matter, part: str = "") -> Page:
    """Who may have things said."""
    now = matter.rules.admins_only
    ways = [
        decide(matter, matter.say("admins.all"), "admins", OFF, current=not now),
        decide(matter, matter.say("admins.only"), "admins", ON, current=now),
    ]
    return page(matter, "admins", [matter.say("about.admins")], *in_rows(ways, 1))


def voice(matter: Matter, choosing: str) -> Page:
    """Who speaks, and who may; ``choosing`` is what the button says of itself that leads to the voices."""
    locked, now = matter.held.locked, matter.held.voice
    choose = InlineKeyboardButton(matter.say("choose.voice"), callback_data=choosing)
    usual = matter.say("choose.default", value=matter.defaults.voice)
    first = [choose, decide(matter, usual, "voice", DEFAULT, current=now is None)]
    lock = decide(matter, matter.say("choose.unlock" if locked else "choose.lock"), "unlock" if locked else "lock", "")
    again = [_allow_again(matter, name) for name in sorted(matter.held.banned_voices)[:8]]
    lines = [*lines_of(_voice(matter), matter.locale), "", matter.say("about.voice", ban=typed_as(matter, "ban"))]
    return page(matter, "voice", lines, first, [lock], *in_rows(again, 2))


def limit_lines(matter: Matter) -> list[Line]:
    """How much, how fast and how often, by whatever is lower of the chat's and the owner's."""
    house, defaults, locale = matter.house, matter.defaults, matter.locale
    pace = matter.rules.per_minute
    shown = {
        "max": counted(house.max_chars, defaults.speak.max_chars, locale),
        "minute": value("unlimited", locale) if pace is None else str(pace),
        "person": counted(house.per_user, defaults.limits.per_user, locale),
        "chat": counted(house.per_guild, defaults.limits.per_guild, locale),
        "rate": counted(matter.held.rate, defaults.rate, locale),
    }
    return [(name, shown[name]) for name in LIMITS if has(matter, name)]


def bounds(matter: Matter, name: str) -> tuple[float, float]:
    """What a limit may be."""
    most = matter.defaults.limits.per_guild
    high = {"max": matter.defaults.speak.max_chars, "minute": MOST_PER_MINUTE, "rate": 2.0}.get(name, most)
    return (0.5 if name == "rate" else 1), high


def limit_now(matter: Matter, name: str) -> float | None:
    """What was decided about a limit here."""
    held = matter.held
    decided = {"max": held.max_chars, "person": held.per_user, "chat": held.per_guild, "rate": held.rate}
    return matter.rules.per_minute if name == "minute" else decided[name]


def has(matter: Matter, name: str) -> bool:
    """Whether there is anything to look at or to decide by that name."""
    return name not in (CHATS_OWN if matter.everywhere else frozenset[str]() if matter.grouped else ONLY_AMONG_MANY)


def hasnt(matter: Matter, name: str) -> Wrong:
    """Why there is nothing to decide by that name."""
    return Wrong("elsewhere" if matter.everywhere else "alone", {"command": f"/settings {name}"})


def typed_as(matter: Matter, *words: str) -> str:
    """What is typed to decide something."""
    return " ".join(("/settings", *(("global",) if matter.everywhere else ()), *words))


def voice_mark(name: str) -> str:
    """By what a button knows a banned voice."""
    return MARK + badge(name)


def _menu(matter: Matter) -> Iterator[str]:
    for name in PAGES:
        if has(matter, name):
            yield name


def _engine(matter: Matter) -> list[Line]:
    house, locale = matter.house, matter.locale
    barring = house.engines != matter.defaults.engines
    allowed = some(house.engines if barring else (), "none" if barring else ALL, locale)
    return [("engine", chosen(matter.held.engine, matter.defaults.engine, locale)), ("allowed_engines", allowed)]


def _voice(matter: Matter) -> list[Line]:
    banned = sorted(matter.held.banned_voices | matter.defaults.everywhere.banned_voices)
    return [
        ("voice", chosen(matter.held.voice, matter.defaults.voice, matter.locale)),
        ("locked", switch(matter.house.locked, matter.locale)),
        ("banned_voices", some(banned, "none", matter.locale)),
    ]


def _language(matter: Matter) -> Line:
    return "language", spoken_as(matter.held.language or matter.defaults.everywhere.language, matter.locale)


def _rules(matter: Matter) -> list[Line]:
    """The rules that a chat has on Telegram alone."""
    if matter.everywhere:
        return []
    rules, locale = matter.rules, matter.locale
    mode = matter.say(f"auto.{rules.auto}.name") if rules.auto else value(DEFAULT, locale)
    lines = [("auto", mode), ("replies", matter.say(f"replies.{rules.replies}"))]
    return [*lines, ("admins_only", switch(rules.admins_only, locale))] if matter.grouped else lines


def _permit(matter: Matter, name: str, on: bool) -> InlineKeyboardButton:
    text = matter.say("choose.deny_engine" if on else "choose.allow_engine", engine=name)
    return decide(matter, text, "deny" if on else "allow", name)


def _allow_again(matter: Matter, name: str) -> InlineKeyboardButton:
    return decide(matter, matter.say("choose.unban", voice=name[:40]), "unban", voice_mark(name))


def _is_deaf(matter: Matter) -> bool:
    """Whether Telegram shows the bot only what is meant for it, in this group."""
    return is_group(matter.incoming.chat.id) and not matter.station.bot.can_read_all_group_messages
