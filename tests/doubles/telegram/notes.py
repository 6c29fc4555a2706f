"""The bot's voice messages, as people hear them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.chats import Chat, ChatKind
from tests.doubles.telegram.files import FileKind, Stored, seconds_of
from tests.doubles.telegram.messages import Message


@dataclass(frozen=True, slots=True)
class Note:
    """A voice message that is in a chat now."""

    message: Message
    file: Stored

    @property
    def ogg(self) -> bytes:
        return self.file.data

    @property
    def seconds(self) -> float:
        """How long it plays, by what was uploaded; ``duration`` is what is shown."""
        return seconds_of(self.ogg) or 0.0

    @property
    def duration(self) -> int:
        return self.file.duration

    @property
    def caption(self) -> str:
        return self.message.caption

    @property
    def reply_to(self) -> Message | None:
        return self.message.reply_to

    @property
    def thread(self) -> int | None:
        return self.message.thread

    @property
    def uploaded(self) -> bool:
        """Whether its bytes came with it; False if a file_id was enough."""
        return self.message.uploaded

    @property
    def has_waveform(self) -> bool:
        return self.file.has_waveform


def notes_of(chat: Chat, bot: Account) -> list[Note]:
    """The voice messages that the bot put there, in its own name or in another's."""
    return [
        Note(message, message.file)
        for message in chat.messages
        if message.file is not None and message.file.kind is FileKind.VOICE and _by(message, bot)
    ]


def _by(message: Message, bot: Account) -> bool:
    if message.sender is None:
        return message.chat.kind is ChatKind.CHANNEL
    return message.sender is bot or message.via is bot or "sender_business_bot" in message.extra
