"""A message in words, as :class:`bot.speech.Request` takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import telegram


@dataclass(frozen=True, slots=True)
class Words:
    """``text``, and ``names`` for the mentions in it. Empty where there is nothing to say."""

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.text)


def words_of(message: telegram.Message) -> Words:
    """All that is written in a message: its text, its caption, a poll's question and answers.

    Spoilers and code are marked as :mod:`bot.tts.text` knows them, for Telegram tells of them beside the text.
    """
    raise NotImplementedError


def after_command(message: telegram.Message) -> Words:
    """What stands behind the command that a message begins with."""
    raise NotImplementedError
