"""The buttons of the menu of settings, and what they say of themselves.

A button says what is to hold when it was pressed, never what is to be changed about it, so that an old one, or one that
two administrators press at once, does what stands on it: ``<name>=<value>`` decides, ``<page>/<which part>`` only
looks, and ``*`` before either means all chats. All is in the button, so it outlives the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from telegram import InlineKeyboardButton
from telegram.constants import InlineKeyboardButtonLimit

from bot.adapters.telegram.commands.keyboard import Page, Row, keyboard
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.handling import data
from bot.adapters.telegram.identity import OURS

AREA = "settings"

MAIN, CLOSE = "main", "close"


class Pressed(NamedTuple):
    """What a button says: ``part`` of a page is wanted, or, if it ``decides``, ``name`` is to be ``part``."""

    everywhere: bool
    name: str
    part: str
    decides: bool


def read(rest: str) -> Pressed:
    """What was pressed."""
    wanted = rest.removeprefix("*")
    name, mark, part = min((wanted.partition(mark) for mark in "=/"), key=lambda found: len(found[0]))
    return Pressed(rest != wanted, name, part, mark == "=")


def look(matter: Matter, text: str, page: str, part: object = "") -> InlineKeyboardButton:
    """A button that shows a page."""
    return _button(text, f"{_scope(matter)}{page}/{part}")


def decide(matter: Matter, text: str, name: str, value: object, *, current: bool = False) -> InlineKeyboardButton:
    """A button that decides something; marked where it is so already."""
    return _button(f"{'✓ ' if current else ''}{text}", f"{_scope(matter)}{name}={value}")


def fits(matter: Matter, name: str, value: object) -> bool:
    """Whether Telegram takes a button for it; what is longer can still be typed."""
    held = f"{OURS}:{AREA}:{_scope(matter)}{name}={value}"
    return len(held.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA


def turning(matter: Matter, name: str, at: int, pages: int) -> Row:
    """The way to the pages before and behind this one, around in a circle; nothing where there is but one."""
    ways = [("◀", at - 1), (f"{at + 1}/{pages}", at), ("▶", at + 1)]
    return [look(matter, text, name, to % pages) for text, to in ways] if pages > 1 else []


def part_of(typed: str) -> int:
    """Which part of a page is meant."""
    return int(typed) if typed.isdecimal() and len(typed) < 6 else 0


def page(matter: Matter, name: str, lines: Iterable[str], *rows: Row, above: str = MAIN) -> Page:
    """A page under its title, with the way back to the one ``above`` it."""
    title = matter.say(f"title.{name}")
    back = look(matter, matter.say("menu.back"), above)
    head = f"{matter.say('title.everywhere')}\n{title}" if matter.everywhere else title
    return Page("\n".join([head, "", *lines]), keyboard(*rows, [back]))


def _scope(matter: Matter) -> str:
    return "*" if matter.everywhere else ""


def _button(text: str, rest: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, callback_data=data(AREA, rest))
