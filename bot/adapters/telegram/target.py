"""Where a request is delivered on Telegram: plain JSON, so that it survives a restart in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.adapters import address
from bot.adapters.telegram.place import Place

VIA = "telegram"


@dataclass(frozen=True, slots=True)
class Target:
    """How to deliver a request. None is "there is none".

    ``bot`` is the id of the bot that was asked, so that each finds its own again. ``reply_to`` is the message that the
    note answers. ``text``: where it cannot be heard, its words are sent instead (an LLM's answer must not be lost).
    ``quiet``: nobody is told of a failure (chat read aloud).
    """

    bot: int
    chat: int
    thread: int | None = None
    business: str | None = None
    reply_to: int | None = None
    locale: str = "en"
    text: bool = False
    quiet: bool = False

    @property
    def place(self) -> Place:
        """Where it goes."""
        return Place(self.chat, self.thread, self.business)

    def to_json(self) -> dict[str, object]:
        """What :func:`target_of` reads."""
        return address.written(VIA, self)


def target_of(data: Mapping[str, object]) -> Target | None:
    """The target that a journalled request carries; None if it is another adapter's.

    Raises ValueError if it is unreadable, naming the key but never showing its content.
    """
    return address.read(VIA, Target, data)
