"""What a chat decided about Sayso on Telegram; kept in the ``extra`` of its settings: :mod:`bot.adapters.extra`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.adapters.extra import SWITCH, Form, Kept, Section

SECTION = "telegram"
"""Under which name in ``extra``."""

MOST_PER_MINUTE = 600


class Auto(StrEnum):
    """What is spoken without being asked for with /say.

    Of people's own messages: with ``ALWAYS`` all, with ``MENTION`` those that mention the bot or answer it. Of an LLM's
    answers: all, those to such messages, or (``INBOUND``) those to voice messages: voice in, voice out.
    """

    OFF = "off"
    ALWAYS = "always"
    INBOUND = "inbound"
    MENTION = "mention"


class Replies(StrEnum):
    """As what an LLM's answers arrive that are spoken."""

    VOICE = "voice"
    TEXT = "text"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Rules:
    """A chat's rules. ``auto`` None: never decided; people's messages are then not read, an LLM's answers are spoken.

    ``per_minute``: how many requests a person has in a minute. ``admins_only``: only administrators may have things
    said.
    """

    auto: Auto | None = None
    replies: Replies = Replies.VOICE
    per_minute: int | None = None
    admins_only: bool = False


def rules_of(guild: Kept) -> Rules:
    """The rules in a chat's settings; a default where nothing readable is kept."""
    return _RULES.read(Rules, guild)


def with_rules(guild: Kept, **changes: object) -> dict[str, Any]:
    """``extra`` with these rules changed (None: back to the default), for ``settings.set_guild(extra=...)``.

    Raises ValueError naming what is allowed.
    """
    return _RULES.changed(guild, changes)


def _one_of(kind: type[StrEnum]) -> Form:
    values = [str(item) for item in kind]
    # Not an enum of another kind that happens to have the same word.
    return Form(f"one of {', '.join(values)}", lambda value: type(value) in (kind, str) and value in values, str, kind)


def _is_pace(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_PER_MINUTE


_RULES = Section(
    SECTION,
    {
        "auto": _one_of(Auto),
        "replies": _one_of(Replies),
        "per_minute": Form(f"a whole number from 1 to {MOST_PER_MINUTE}", _is_pace),
        "admins_only": SWITCH,
    },
)
