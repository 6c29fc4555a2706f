"""``/say``: words, a message that is answered, or the question which words; and what becomes of it by an edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import telegram
from telegram.constants import ChatType
from telegram.ext import filters

from bot.adapters.memory import Memory
from bot.adapters.telegram.content import (
    Words,
    after_command,
    answered,
    is_from,
    quoted,
    quoted_writer,
    words_of,
    writer_of,
)
from bot.adapters.telegram.handling import Handlers, command, message
from bot.adapters.telegram.identity import request_id, user_key
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.place import place_of
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.wish import Wish, turn_of
from bot.adapters.words import LOCALES, word
from bot.speech import Reason, Refusal

EDIT_SECONDS = 300.0
"""For so long a message that was no /say may become one."""

REMEMBERED = 10_000
"""Messages of which it is known what they asked for."""

_QUESTION = "telegram_say.ask.question"


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    say = _Say(station)
    return [
        command(station, "say", say.asked),
        message(station, _Fits(_is_answer(station)) & ~filters.COMMAND, say.answered),
        message(station, _Fits(say.knows) & filters.UpdateType.EDITED, say.changed),
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a message asked for: by a fingerprint of the words, in which request, and whether they stand alone."""

    fingerprint: int
    turn: int
    bare: bool


class _Fits(filters.MessageFilter):
    """Lets through the messages of which something is true."""

    def __init__(self, fits: Callable[[telegram.Message], bool]) -> None:
        super().__init__("sayso")
        self._fits = fits

    def filter(self, message: telegram.Message) -> bool:
        return self._fits(message)


class _Say:
    """Has said what messages ask for, once for each time that their words change.

    The notes that an edit makes old are taken back, but those that an earlier process has sent: nobody knows them.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._asked: Memory[tuple[str, int], _Asked] = Memory(REMEMBERED)

    def knows(self, message: telegram.Message) -> bool:
        """Whether a message has asked for something lately."""
        return _key(message) in self._asked

    async def asked(self, station: Station, incoming: Incoming) -> None:
        """Somebody has typed /say."""
        await self._heed(incoming, self._wish(incoming), bare=False)

    async def answered(self, station: Station, incoming: Incoming) -> None:
        """Somebody has answered the question what to say."""
        question = incoming.message.reply_to_message
        if await self._heed(incoming, _typed(incoming, words_of(incoming.message)), bare=True) and question is not None:
            deleting = station.messenger.delete(incoming.place, question.message_id)
            station.errands.start(deleting, "question_not_deleted", chat=incoming.chat.id)

    async def changed(self, station: Station, incoming: Incoming) -> None:
        """What asked for something reads otherwise now: it is no /say any more, or was an answer from the beginning."""
        before = self._asked.get(_key(incoming.message))
        if before is not None and before.bare:
            await self._heed(incoming, _typed(incoming, words_of(incoming.message)), bare=True)
        elif before is not None:
            self._take_back(incoming, before.turn)
            self._asked.put(_key(incoming.message), replace(before, fingerprint=0))

    async def _heed(self, incoming: Incoming, wish: Wish | Refusal | None, *, bare: bool) -> bool:
        """Have it said, unless it was; False where nothing is new."""
        key, fingerprint = _key(incoming.message), _fingerprint(wish)
        before = self._asked.get(key)
        if _is_late(incoming.message) if before is None else _is_same(incoming, before, fingerprint):
            return False
        if incoming.edited:
            self._take_back(incoming, 0 if before is None else before.turn)
        turn = turn_of(incoming.message, wish.text if isinstance(wish, Wish) else "")
        self._asked.put(key, _Asked(fingerprint, turn, bare))
        if wish is None:
            await self._ask_what(incoming)
        elif isinstance(wish, Refusal):
            await self._station.asking.refuse(incoming, wish)
        else:
            await self._station.asking.ask(incoming, replace(wish, turn=turn))
        return True

    def _wish(self, incoming: Incoming) -> Wish | Refusal | None:
        """What a /say asks for; None where it does not say what."""
        message, other = incoming.message, answered(incoming.message)
        if typed := after_command(message):
            return _typed(incoming, typed)
        number = None if other is None else other.message_id
        if part := quoted(message):
            return Wish(part.text, part.names, reply_to=number, author=_author(quoted_writer(message), incoming))
        return None if other is None else self._wish_for(other, incoming)

    def _wish_for(self, other: telegram.Message, incoming: Incoming) -> Wish | Refusal:
        """What is asked for by a message that is answered: its words, or once more what is to be heard in it."""
        place, heard = incoming.place, self._station.asking.heard
        if other.voice is not None and (key := heard.message(place.chat, other.message_id, place.business)) is not None:
            return Wish(replay=key, reply_to=other.message_id)
        if other.voice is not None and is_from(other, self._station.bot):
            return Refusal(Reason.NOT_KEPT, "That is no longer kept; ask for its words anew.")
        words, author = after_command(other) or words_of(other), _author(writer_of(other), incoming)
        return Wish(words.text, words.names, reply_to=other.message_id, author=author)

    async def _ask_what(self, incoming: Incoming) -> None:
        """Where only inline buttons may be, or another writes in the bot's place, no question can be answered."""
        about, locale = ("question", incoming.asker), incoming.locale
        if incoming.chat.type == ChatType.CHANNEL or incoming.place.business is not None:
            await self._station.asking.tell(incoming, word("telegram_say.ask.how", locale), about)
            return
        hint = word("telegram_say.ask.placeholder", locale)
        reply = telegram.ForceReply(selective=True, input_field_placeholder=hint)
        await self._station.asking.tell(incoming, word(_QUESTION, locale), about, reply)

    def _take_back(self, incoming: Incoming, turn: int) -> None:
        bot, place = self._station.bot.id, incoming.place
        request = request_id(bot, place.chat, incoming.message.message_id, turn, place.business)
        self._station.asking.retract(place, request)


def _typed(incoming: Incoming, words: Words) -> Wish:
    return Wish(words.text, words.names, author=_author(writer_of(incoming.message), incoming))


def _author(writer: int, incoming: Incoming) -> str | None:
    """The key of whose words they are, where that is another than who asks."""
    return user_key(writer) if writer not in (0, incoming.asker) else None


def _is_answer(station: Station) -> Callable[[telegram.Message], bool]:
    """Known by the words of the question, so that one that was put before a restart is answered as well."""
    questions = {word(_QUESTION, locale) for locale in LOCALES}

    def fits(message: telegram.Message) -> bool:
        other = message.reply_to_message
        if other is None or other.from_user is None:
            return False
        return other.from_user.id == station.bot.id and other.text in questions

    return fits


def _is_late(message: telegram.Message) -> bool:
    """Whether somebody has edited an old message, of which nobody knows any more what it was."""
    return bool(message.edit_date and (message.edit_date - message.date).total_seconds() > EDIT_SECONDS)


def _is_same(incoming: Incoming, before: _Asked, fingerprint: int) -> bool:
    """Whether it asks for what it has asked for before: Telegram also reports edits that change no word."""
    return not incoming.edited or before.fingerprint == fingerprint


def _key(message: telegram.Message) -> tuple[str, int]:
    return place_of(message).lane, message.message_id


def _fingerprint(wish: Wish | Refusal | None) -> int:
    if not isinstance(wish, Wish):
        return hash(wish is None)
    return hash((wish.text, wish.author, wish.reply_to, wish.replay, tuple(sorted(wish.names.items()))))
