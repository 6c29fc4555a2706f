"""What is to be decided, by whom and for which chat, and what holds there at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from bot.adapters.decisions import Decided, Defaults, defaults_of
from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.rules import Rules, rules_of
from bot.adapters.telegram.station import Station
from bot.adapters.words import word
from bot.speaker import Speaker
from bot.wishes import EVERY_GUILD
from bot.wishes import Rules as House

WORDS = "telegram_settings"
"""The section of what is said here."""


@dataclass(frozen=True, slots=True)
class Matter:
    """A chat's settings as somebody looks at them; or the owner's for all chats, where ``everywhere``.

    ``held`` is what was decided, ``defaults`` what holds where nothing was.
    """

    station: Station
    incoming: Incoming
    everywhere: bool
    held: Decided
    defaults: Defaults

    @classmethod
    async def of(cls, station: Station, incoming: Incoming, *, everywhere: bool = False) -> Self:
        """As it stands now."""
        guild = EVERY_GUILD if everywhere else incoming.lane
        held = await station.speaker.store.settings.guild(guild)
        return cls(station, incoming, everywhere, held, await defaults_of(station.speaker))

    def after(self, held: Decided) -> Self:
        """The same when something was decided."""
        defaults = replace(self.defaults, everywhere=held) if self.everywhere else self.defaults
        return replace(self, held=held, defaults=defaults)

    @property
    def guild(self) -> str:
        """Under which key it is kept."""
        return EVERY_GUILD if self.everywhere else self.incoming.lane

    @property
    def speaker(self) -> Speaker:
        """Who says things."""
        return self.station.speaker

    @property
    def locale(self) -> str:
        """The language of who asks."""
        return self.incoming.locale

    @property
    def grouped(self) -> bool:
        """Whether there may be others than the one whose chat it is."""
        return self.everywhere or is_group(self.incoming.chat.id)

    @property
    def house(self) -> House:
        """What the chat and the owner allow together."""
        return self.defaults.together(self.held)

    @property
    def rules(self) -> Rules:
        """The chat's rules of Telegram's own."""
        return rules_of(self.held)

    @property
    def engines(self) -> Sequence[str]:
        """The engines that may be chosen from here: all, or those that the owner left."""
        return self.defaults.engines if self.everywhere else self.defaults.together(self.defaults.everywhere).engines

    def say(self, key: str, **values: object) -> str:
        """A phrase of this section in the asker's language."""
        return word(f"{WORDS}.{key}", self.locale, **values)
