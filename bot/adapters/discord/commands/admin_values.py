"""Settings and their values as people read them in Discord."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.adapters.discord.identity import number
from bot.adapters.members import named
from bot.adapters.words import language, translated, word

Line = tuple[str, str]
"""The name of a setting (``admin.setting.<name>``), and what it is in words."""

WIDEST = 100
"""Characters of one text."""


def lines_of(lines: Iterable[Line], locale: str) -> list[str]:
    """A line for each setting."""
    return [word("admin.answer.line", locale, label=label(name, locale), value=value) for name, value in lines]


def fitted(lines: Sequence[str], room: int, locale: str) -> str:
    """As many lines as go into ``room`` characters, and how many do not."""
    whole = "\n".join(lines)
    if len(whole) <= room:
        return whole
    kept: list[str] = []
    left = room - len(word("admin.answer.more", locale, count=len(lines))) - 1
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join([*kept, word("admin.answer.more", locale, count=len(lines) - len(kept))])


def label(name: str, locale: str) -> str:
    """What a setting is called; one that nobody has named, by the name it is kept under."""
    return word(f"admin.setting.{name}", locale) if translated(f"admin.setting.{name}", "en") else literal(name)


def literal(value: object) -> str:
    """A text as it is, whatever Discord would make of its characters; empty for none."""
    return f"`{str(value)[:WIDEST].replace('`', 'ˋ')}`" if value not in (None, "") else ""


def person(key: object) -> str:
    """Somebody by their mention, which pings nobody in an answer of ours."""
    try:
        return f"<@{number(str(key))}>"
    except ValueError:
        return literal(key)


def role(id: object) -> str:
    return f"<@&{id}>"


def place(id: object) -> str:
    return f"<#{id}>"


def switch(on: bool, locale: str) -> str:
    return word("admin.value.on" if on else "admin.value.off", locale)


def chosen(value: str | None, default: str, locale: str) -> str:
    """A choice, or what holds without one."""
    return literal(value) or word("admin.value.default_is", locale, value=literal(default))


def counted(value: float | None, default: float, locale: str) -> str:
    """A number, or what holds without one."""
    return f"{value:g}" if value else word("admin.value.default_is", locale, value=f"{default:g}")


def spoken_as(code: str | None, locale: str) -> str:
    return language(code, locale) if code else word("admin.value.text_decides", locale)


def some(items: Iterable[str], empty: str, locale: str) -> str:
    """A list of things that are written already; ``admin.value.<empty>`` if there are none."""
    return named(items, locale, none=f"admin.value.{empty}", more="admin.answer.more")
