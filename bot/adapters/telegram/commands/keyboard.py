"""What stands below our menus, and what a button says of itself when it is pressed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, Self, TypeVar

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.adapters.telegram.handling import data

T = TypeVar("T")

Row = Sequence[InlineKeyboardButton]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"

_MOST = 2**63
"""Beyond the numbers that Telegram gives; what is larger was not written by us."""


class Page(NamedTuple):
    """What a message of ours shows."""

    text: str
    buttons: InlineKeyboardMarkup | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """What a button does, and all that it needs to do it, also after a restart.

    ``act`` is a letter, ``owner`` the asker whose menu it stands below; ``number`` is a page, or whatever else ``act``
    counts; ``language`` is a primary subtag, ``voice`` the :func:`badge` of one.
    """

    act: str
    owner: int
    number: int = 0
    language: str = ""
    voice: str = ""

    def data(self, area: str) -> str:
        """For ``callback_data``: at most 64 bytes, whoever it is and whatever they choose."""
        return data(area, ".".join((self.act, _short(self.owner), _short(self.number), self.language, self.voice)))

    @classmethod
    def read(cls, rest: str) -> Self | None:
        """What :attr:`Incoming.data` says; None if it is not from here."""
        try:
            act, owner, number, language, voice = rest.split(".")
            numbers = int(owner, 36), int(number, 36)
        except ValueError:
            return None
        return None if max(map(abs, numbers)) > _MOST else cls(act, *numbers, language, voice)

    def to(self, act: str, **changes: object) -> Press:
        """Another button of the same menu."""
        return replace(self, act=act, **changes)  # type: ignore[arg-type]


def badge(name: str) -> str:
    """A name in 11 bytes, always the same for the same name."""
    return urlsafe_b64encode(blake2b(name.encode(), digest_size=8).digest()).decode().rstrip("=")


def button(label: str, area: str, press: Press) -> InlineKeyboardButton:
    """One that does this."""
    return InlineKeyboardButton(label, callback_data=press.data(area))


def keyboard(*rows: Row) -> InlineKeyboardMarkup:
    """These rows, but for those that are empty."""
    return InlineKeyboardMarkup([row for row in rows if row])


def in_rows(buttons: Iterable[InlineKeyboardButton], width: int) -> list[Row]:
    """Side by side, so many in a row."""
    left = iter(buttons)
    return list(iter(lambda: list(islice(left, width)), []))


def leaf(items: Sequence[T], page: int, size: int) -> tuple[Sequence[T], int, int]:
    """What stands on a page, which one it really is, and of how many: before the first comes the last."""
    pages = max(1, -(-len(items) // size))
    page %= pages
    return items[page * size : (page + 1) * size], page, pages


def pager(area: str, press: Press, pages: int, about: str) -> Row:
    """``◀ 2/14 ▶``, around in a circle; nothing where there is but one page. ``about`` is what the middle does."""
    if pages < 2:
        return ()
    at = press.number
    return (
        button("◀", area, press.to(press.act, number=(at - 1) % pages)),
        button(f"{at + 1}/{pages}", area, press.to(about)),
        button("▶", area, press.to(press.act, number=(at + 1) % pages)),
    )


def _short(number: int) -> str:
    """A number in as few letters as can be read back."""
    sign, left, digits = "-" if number < 0 else "", abs(number), ""
    while left or not digits:
        left, digit = divmod(left, 36)
        digits = _DIGITS[digit] + digits
    return sign + digits
