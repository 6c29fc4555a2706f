"""Every message that leaves: in turn, to the right place, and surely once where that can be known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

import telegram
from telegram.constants import MessageLimit
from telegram.error import ChatMigrated, TelegramError

from bot.adapters.memory import Memory
from bot.adapters.telegram.note import Address, Kind, Note, Sent, Sound
from bot.adapters.telegram.pieces import pieces, shortened
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.post import PAUSES, Post, Superseded, Urgency
from bot.adapters.telegram.trouble import Fate, Lost, Trouble, fate, gone, patience, trouble

__all__ = ["Buttons", "Kind", "Lost", "Messenger", "Place", "Sent", "Sound", "Urgency"]

T = TypeVar("T")

Buttons = telegram.InlineKeyboardMarkup | telegram.ForceReply

ANSWER_SECONDS = 30.0
"""How long Telegram may take to answer to a text; the library's five seconds would lose many a message."""

UNWANTED_SECONDS = 600.0
"""For how long voice messages are not tried again where they were forbidden."""

UNWANTED_CHATS = 10_000
"""How many such chats are remembered."""

_NO_PREVIEW = telegram.LinkPreviewOptions(is_disabled=True)


class Messenger:
    """Sends for one bot. Raises ``telegram.error.TelegramError`` when it surely was not sent, :class:`Lost` if unsure.

    ``moved`` is called with the old and the new id when Telegram says that a group has become a supergroup; the message
    is then sent there.
    """

    def __init__(
        self,
        bot: telegram.Bot,
        post: Post,
        moved: Callable[[int, int], object] = lambda old, new: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.bot = bot
        self.post = post
        self.moved = moved
        self._clock, self._sleep = clock, sleep
        self._unwanted: Memory[str, tuple[float, TelegramError]] = Memory(UNWANTED_CHATS)

    async def note(
        self,
        place: Place,
        sound: Sound,
        *,
        reply_to: int | None = None,
        caption: str = "",
        within: float = 60.0,
        key: Hashable = None,
        leaving: Callable[[], AbstractAsyncContextManager[object]] = nullcontext,
    ) -> Sent:
        """Send a voice note: by its file_id, or uploaded if there is none or Telegram refuses it.

        Where voice messages are forbidden it goes as an audio file. A message to reply to that is gone is not missed.
        It waits in the post under the ``key``; each call is made inside of ``leaving``, and sees what that raises.
        """
        caption = shortened(caption, MessageLimit.CAPTION_LENGTH)
        note = Note(self.bot, Address(place, reply_to), sound, caption, self._refused(place.lane), leaving)
        await note.prepare()
        try:
            sent = await self._post(note.address, note.send, Urgency.NOTE, within, note.otherwise, key)
        except TelegramError as error:
            if note.unwanted is None or not _is_about_audio(error):
                raise
            raise note.unwanted from error
        if note.unwanted is not None:
            self._unwanted.put(note.address.place.lane, (self._clock() + UNWANTED_SECONDS, note.unwanted))
        return sent

    async def text(
        self,
        place: Place,
        text: str,
        *,
        reply_to: int | None = None,
        buttons: Buttons | None = None,
        urgency: Urgency = Urgency.ANSWER,
        silent: bool = False,
        within: float = 60.0,
    ) -> int:
        """Send a text as it stands (no markup), in as many messages as it needs; returns the last one's id.

        Links show no preview. ``silent``: nobody's telephone rings. Where nobody knows whether it arrived it is sent
        again, for to read twice is better than never; but not what only tells how it goes.
        """
        address, until = Address(place, reply_to), self._clock() + within
        *others, last = list(pieces(text, MessageLimit.MAX_TEXT_LENGTH)) or [text]
        for piece in others:
            await self._write(address, piece, None, urgency, until, silent=silent)
            address.reply_to = None
        return await self._write(address, last, buttons, urgency, until, silent=silent)

    async def edit(
        self,
        place: Place,
        message: int,
        text: str,
        *,
        buttons: telegram.InlineKeyboardMarkup | None = None,
        urgency: Urgency = Urgency.ANSWER,
    ) -> bool:
        """Change a text of Sayso's own; True if it now reads so (also if it did before), False if it is gone.

        An older change that still waits is dropped for this one, and is as good as made. Raises ChatMigrated where the
        group has become another: what stands in the old one stays as it is.
        """

        async def call() -> object:
            return await self.bot.edit_message_text(
                shortened(text, MessageLimit.MAX_TEXT_LENGTH),
                place.chat,
                message,
                business_connection_id=place.business,
                reply_markup=buttons,
                parse_mode=None,
                link_preview_options=_NO_PREVIEW,
                read_timeout=ANSWER_SECONDS,
            )

        try:
            await self.post.send(place.chat, call, urgency, again=True, key=("edit", message, place.business))
        except Superseded:
            return True
        except ChatMigrated as error:
            self.moved(place.chat, error.new_chat_id)
            raise
        except TelegramError as error:
            if trouble(error) not in (Trouble.UNCHANGED, Trouble.MESSAGE_GONE):
                raise
            return trouble(error) is Trouble.UNCHANGED
        return True

    async def delete(self, place: Place, message: int) -> bool:
        """Take a message back; False if it could not be (it is gone, or too old).

        Waits for no turn: Telegram does not count what is deleted.
        """
        for pause in PAUSES:
            try:
                return await self._delete(place, message)
            except TelegramError as error:
                became = fate(error)
                if became is Fate.REFUSED:
                    return False
                await self._sleep(patience(error) if became is Fate.BUSY else pause)
        return await self._delete(place, message)

    async def _delete(self, place: Place, message: int) -> bool:
        if place.business is not None:
            return await self.bot.delete_business_messages(place.business, [message])
        return await self.bot.delete_message(place.chat, message)

    def _refused(self, lane: str) -> TelegramError | None:
        """Why voice messages were refused in the chat a little while ago."""
        until, error = self._unwanted.get(lane) or (0.0, None)
        return error if self._clock() < until else None

    async def _write(
        self, address: Address, text: str, buttons: Buttons | None, urgency: Urgency, until: float, *, silent: bool
    ) -> int:
        quietly: dict[str, Any] = {"disable_notification": True} if silent else {}  # else as the host wants it

        async def call() -> telegram.Message:
            return await self.bot.send_message(
                text=text,
                reply_markup=buttons,
                parse_mode=None,
                link_preview_options=_NO_PREVIEW,
                read_timeout=ANSWER_SECONDS,
                **quietly,
                **address.arguments(),
            )

        left, again = until - self._clock(), urgency is not Urgency.STATUS
        return (await self._post(address, call, urgency, left, address.otherwise, again=again)).message_id

    async def _post(
        self,
        address: Address,
        call: Callable[[], Awaitable[T]],
        urgency: Urgency,
        within: float,
        otherwise: Callable[[TelegramError], bool],
        key: Hashable = None,
        *,
        again: bool = False,
    ) -> T:
        """Send it when it is its turn, and where its group has moved to."""
        until = self._clock() + within
        while True:
            chat = address.place.chat
            try:
                left = until - self._clock()
                return await self.post.send(chat, call, urgency, within=left, again=again, key=key, otherwise=otherwise)
            except ChatMigrated as error:
                self.moved(chat, error.new_chat_id)
                address.move(error.new_chat_id)


def _is_about_audio(error: TelegramError) -> bool:
    """Whether Telegram refused what was sent, and not where."""
    return fate(error) is Fate.REFUSED and not gone(error) and trouble(error) is not Trouble.TOPIC_CLOSED
