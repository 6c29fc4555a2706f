"""Every message that leaves: in turn, to the right place, and surely once where that can be known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import telegram
from telegram.error import NetworkError

from bot.adapters.telegram.place import Place
from bot.adapters.telegram.post import Post, Urgency

Buttons = telegram.InlineKeyboardMarkup | telegram.ForceReply


class Lost(NetworkError):
    """The answer to a call was lost, and Telegram has no idempotency key: the message may be there or not."""


class Kind(StrEnum):
    """As what a note arrived."""

    VOICE = "voice"
    AUDIO = "audio"
    """As a music file: voice messages are forbidden there."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One note: ``ogg`` makes its Ogg/Opus file (called only if it has to be uploaded), ``seconds`` long.

    ``file_id`` is Telegram's own of the same sound where there is one already.
    """

    ogg: Callable[[], bytes]
    seconds: float
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A note that arrived: its message, and the id by which it can be sent again without an upload (voice only).

    ``uploaded`` is how many bytes went over the wire.
    """

    message: int
    kind: Kind
    file_id: str | None
    uploaded: int


class Messenger:
    """Sends for one bot. Raises ``telegram.error.TelegramError`` when it surely was not sent, :class:`Lost` if unsure.

    ``moved`` is called with the old and the new id when Telegram says that a group has become a supergroup; the message
    is then sent there.
    """

    def __init__(
        self, bot: telegram.Bot, post: Post, moved: Callable[[int, int], object] = lambda old, new: None
    ) -> None:
        self.bot = bot
        self.post = post
        self.moved = moved

    async def note(
        self, place: Place, sound: Sound, *, reply_to: int | None = None, caption: str = "", within: float = 60.0
    ) -> Sent:
        """Send a voice note: by its file_id, or uploaded if there is none or Telegram refuses it.

        Where voice messages are forbidden it goes as an audio file. A message to reply to that is gone is not missed.
        """
        raise NotImplementedError

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

        Links show no preview. ``silent``: nobody's telephone rings.
        """
        raise NotImplementedError

    async def edit(
        self,
        place: Place,
        message: int,
        text: str,
        *,
        buttons: telegram.InlineKeyboardMarkup | None = None,
        urgency: Urgency = Urgency.ANSWER,
    ) -> bool:
        """Change a text of Sayso's own; True if it now reads so (also if it did before), False if it is gone."""
        raise NotImplementedError

    async def delete(self, place: Place, message: int) -> bool:
        """Take a message back; False if it could not be (it is gone, or too old)."""
        raise NotImplementedError
