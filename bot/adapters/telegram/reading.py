"""People's messages, spoken where the chat's rules say so.

What was spoken stays so: a message that is edited is spoken in its new words while nothing of it has left, and not
again after that. Nobody is told of what cannot be spoken, for nobody asked.
"""

from __future__ import annotations

import re

import structlog
import telegram
from telegram.constants import MessageEntityType
from telegram.ext import filters

from bot.adapters.aloud import Repeats, shortened
from bot.adapters.memory import Memory
from bot.adapters.telegram.content import Words, words_of, writer_of
from bot.adapters.telegram.handling import Handlers, message
from bot.adapters.telegram.identity import request_id, user_key
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.mention import is_meant, without_mention
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.rules import Auto
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.wish import Wish, turn_of
from bot.errors import SaysoError
from bot.speech import Priority
from bot.wishes import EVERY_GUILD, Rules

log = structlog.get_logger()

ALBUMS = 1_000
"""How many captions of albums are remembered, so that each is read once."""

_WRITTEN = filters.TEXT | filters.CAPTION | filters.POLL

_LINK = re.compile(r"(?:\w+://|www\.)\S+", re.IGNORECASE)


def handlers(station: Station) -> Handlers:
    """What listens to it: nothing where an LLM answers people's messages."""
    return [message(station, _WRITTEN, Reading(station).heed)] if station.reads else []


class Reading:
    """Reads the messages of one bot's chats aloud."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._repeats = Repeats()
        self._albums: Memory[tuple[str, str, int], bool] = Memory(ALBUMS)

    async def heed(self, station: Station, incoming: Incoming) -> None:
        """Somebody wrote something, or changed it."""
        try:
            if incoming.edited:
                await self._change(incoming)
            elif (words := await self._words(incoming)) and not self._was_read(incoming, words.text):
                await self._read(incoming, words)
        except SaysoError as error:
            log.info("reading_failed", error=type(error).__name__, chat=incoming.chat.id)

    async def _change(self, incoming: Incoming) -> None:
        """What waits in the old words is spoken in the new ones."""
        if (parcel := self._waiting(incoming)) is None:
            return
        words = await self._words(incoming)
        if words.text != parcel.request.text:
            parcel.cancel()
            if words:
                await self._read(incoming, words, turn=turn_of(incoming.message, words.text))

    async def _read(self, incoming: Incoming, words: Words, *, turn: int = 0) -> None:
        writer = writer_of(incoming.message)
        wish = Wish(
            words.text,
            words.names,
            author=user_key(writer) if writer not in (0, incoming.asker) else None,
            priority=Priority.NORMAL,
            quiet=True,
            turn=turn,
        )
        await self._station.asking.ask(incoming, wish)

    async def _words(self, incoming: Incoming) -> Words:
        """What is to be spoken of a message; nothing where it is not to be."""
        if not is_written_by_people(incoming.message) or not await self._is_wanted(incoming):
            return Words()
        words = words_of(incoming.message)
        text = without_mention(words.text, self._station.bot)
        if not has_words(incoming.message, text):
            return Words()
        return Words(shortened(text, await self._most(incoming), await self._locale(incoming)), words.names)

    async def _is_wanted(self, incoming: Incoming) -> bool:
        match (await self._station.rules(incoming.lane)).auto:
            case Auto.ALWAYS:
                return True
            case Auto.MENTION:
                return is_meant(incoming.message, self._station.bot)
            case _:
                return False

    async def _most(self, incoming: Incoming) -> int:
        """How many characters are spoken at once."""
        settings, stage = self._station.speaker.store.settings, self._station.speaker.stage
        rules = Rules.of(await settings.guild(incoming.lane), await settings.guild(EVERY_GUILD), ())
        return rules.max_chars or stage.speak.max_chars

    async def _locale(self, incoming: Incoming) -> str:
        """In which language it is told that there was more: that in which the chat is read, else the writer's."""
        return (await self._station.speaker.store.settings.guild(incoming.lane)).language or incoming.locale

    def _was_read(self, incoming: Incoming, text: str) -> bool:
        """Whether these words have been read already: with another picture of the album, or again and again."""
        lane, album = incoming.lane, incoming.message.media_group_id
        if album is not None:
            caption = lane, album, hash(text)  # not its words: they are not kept anywhere
            known = caption in self._albums
            self._albums.put(caption, True)
            return known
        return self._repeats.too_many(lane, incoming.asker, text)

    def _waiting(self, incoming: Incoming) -> Parcel | None:
        """What is on its way of a message, also since an earlier process, if none of its notes has left."""
        bot, place = self._station.bot.id, incoming.place
        mine = request_id(bot, place.chat, incoming.message.message_id, business=place.business).removesuffix("0")
        ours = (parcel for parcel in self._station.courier.parcels(incoming.lane) if parcel.request.id.startswith(mine))
        return next((parcel for parcel in ours if parcel.target.quiet and not _has_left(parcel)), None)


def _has_left(parcel: Parcel) -> bool:
    return parcel.leaving or bool(parcel.notes)


def is_written_by_people(message: telegram.Message) -> bool:
    """Whether somebody typed it for people to read: no bot, not by way of one, and no command."""
    bot = message.sender_chat is None and message.from_user is not None and message.from_user.is_bot
    if bot or message.via_bot is not None or message.sender_business_bot is not None:
        return False
    return not (message.text or message.caption or "").startswith("/")


def has_words(message: telegram.Message, text: str) -> bool:
    """Whether anything is left to say without the links."""
    shown = {**message.parse_entities(_LINKS), **message.parse_caption_entities(_LINKS)}
    for link in sorted(shown.values(), key=len, reverse=True):
        text = text.replace(link, " ")
    return any(map(str.isalnum, _LINK.sub(" ", text)))


_LINKS: list[str | None] = [MessageEntityType.URL]
