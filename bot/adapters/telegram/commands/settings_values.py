"""Settings and their values as people read them in Telegram, without any markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.adapters.decisions import Wrong
from bot.adapters.members import named
from bot.adapters.telegram.commands.settings_matter import WORDS
from bot.adapters.words import language, listed, refusal, translated, word
from bot.speech import Reason, Refusal

Line = tuple[str, str]
"""The name of a setting (``telegram_settings.setting.<name>``), and what it is in words."""

ON, OFF, DEFAULT, ALL = "on", "off", "default", "all"
"""What may be typed for a value, also in the person's own language (``telegram_settings.value.<it>``)."""


def lines_of(lines: Iterable[Line], locale: str) -> list[str]:
    """A line for each setting."""
    return [word(f"{WORDS}.line", locale, label=label(name, locale), value=value) for name, value in lines]


def label(name: str, locale: str) -> str:
    """What a setting is called; one that nobody has named, by the name it is kept under."""
    key = f"{WORDS}.setting.{name}"
    return word(key, locale) if translated(key, "en") else name


def value(name: str, locale: str) -> str:
    """A value that is a word."""
    return word(f"{WORDS}.value.{name}", locale)


def switch(on: bool, locale: str) -> str:
    """Yes or no."""
    return value(ON if on else OFF, locale)


def chosen(choice: str | None, default: str, locale: str) -> str:
    """A choice, or what holds without one."""
    return choice or word(f"{WORDS}.value.default_is", locale, value=default)


def counted(number: float | None, default: float, locale: str) -> str:
    """A number, or what holds without one."""
    return f"{number:.10g}" if number else chosen(None, f"{default:.10g}", locale)


def spoken_as(code: str | None, locale: str) -> str:
    """A language by its name."""
    return language(code, locale) if code else value("text_decides", locale)


def some(items: Iterable[str], empty: str, locale: str) -> str:
    """A list; ``telegram_settings.value.<empty>`` if there is nothing in it."""
    return named(items, locale, none=f"{WORDS}.value.{empty}", more=f"{WORDS}.more")


def means(typed: str, special: str, locale: str) -> bool:
    """Whether somebody typed a word such as ``default``, in English or in their own language."""
    return typed.strip().casefold() in {special, value(special, locale).casefold()}


def no(wrong: Wrong | Refusal, locale: str) -> str:
    """What stands against a decision, in words, with what is allowed."""
    if isinstance(wrong, Refusal):
        return _unknown(wrong, locale) if wrong.reason is Reason.UNKNOWN_VOICE else refusal(wrong, locale)
    values = {name: _told(held, locale) for name, held in wrong.values.items()}
    return word(f"{WORDS}.refused.{wrong.key}", locale, **values)


def _told(held: str | Sequence[str], locale: str) -> str:
    return held if isinstance(held, str) else some(held, "none", locale)


def _unknown(refused: Refusal, locale: str) -> str:
    """A voice that nobody has: there is no list to choose from while one types here, but one behind a button."""
    name, nearest = str(refused.details.get("name", "")), refused.details.get("nearest")
    if isinstance(nearest, tuple | list) and nearest:
        return word(f"{WORDS}.refused.voice_near", locale, voice=name, nearest=listed(nearest, locale))
    return word(f"{WORDS}.refused.voice_unknown", locale, voice=name)
