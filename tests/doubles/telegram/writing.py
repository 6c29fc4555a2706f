"""What people write and say."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.accounts import ANONYMOUS, CHANNEL_BOT, Account
from tests.doubles.telegram.actor import Actor
from tests.doubles.telegram.call import Upload
from tests.doubles.telegram.chats import Chat, ChatKind, Topic
from tests.doubles.telegram.entities import entities, placed
from tests.doubles.telegram.files import FileKind
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json
from tests.doubles.telegram.sending import quoted
from tests.doubles.telegram.world import Business


class Writing(Actor):
    """``chat=None`` is the private chat with the bot; with ``business`` the one with that account's owner.

    In a channel a person writes as the channel, as a hidden administrator as the group, and ``speaking_as`` a channel
    as that.
    """

    __slots__ = ()

    async def say(
        self,
        text: str,
        chat: Chat | None = None,
        *,
        naming: Account | None = None,
        entities: list[Json] | None = None,
        **how: Any,
    ) -> Message:
        """Types a text. ``naming`` marks a first name in it as a mention; ``entities`` stand for those found.

        ``how`` is as in ``post``.
        """
        found = _found(text, entities, naming)
        return await self.post({"text": text} | ({"entities": found} if found else {}), chat, **how)

    async def voice(
        self, chat: Chat | None = None, ogg: bytes | None = None, *, caption: str = "", **how: Any
    ) -> Message:
        """Speaks a voice message: a second of nothing, if its sound does not matter."""
        stored = self.stage.world.files.keep(FileKind.VOICE, Upload("voice.ogg", "audio/ogg", ogg or SILENCE))
        self.stage.world.files.uploaded_bytes -= len(stored.data)
        parts: Json = {"voice": stored.payload()} | ({"caption": caption} if caption else {})
        return await self.post(parts, chat, file=stored, **how)

    async def post(
        self,
        parts: Json,
        chat: Chat | None = None,
        *,
        reply_to: Message | None = None,
        quote: str = "",
        thread: Topic | None = None,
        business: Business | None = None,
        via: Account | None = None,
        speaking_as: Chat | None = None,
        **fields: Any,
    ) -> Message:
        """Sends anything: ``parts`` is what the message holds, as JSON (``{"photo": […], "caption": …}``)."""
        chat = chat or (self.private if business is None else business.chat(self))
        sender, sender_chat = self._sender(chat, speaking_as)
        if business is None and chat is self.stage.world.chats.get(self.id):
            chat.opened, chat.blocked = True, False
        message = self.stage.world.post(
            chat,
            sender,
            parts,
            sender_chat=sender_chat,
            reply_to=reply_to,
            quote=quoted({"quote": quote}, reply_to),
            topic=thread,
            business=None if business is None else business.id,
            via=via,
            **fields,
        )
        self.stage.tell(message)
        return message

    def _sender(self, chat: Chat, speaking_as: Chat | None) -> tuple[Account | None, Chat | None]:
        member = chat.member(self)
        if chat.kind is ChatKind.CHANNEL:
            return None, chat
        if speaking_as is not None:
            return CHANNEL_BOT, speaking_as
        return (ANONYMOUS, chat) if member is not None and member.anonymous else (self, None)

    async def forward(self, message: Message, chat: Chat | None = None) -> Message:
        """Forwards a message."""
        return await self.post(message.parts, chat, file=message.file, extra={"forward_origin": message.origin()})

    async def edit(self, message: Message, text: str) -> None:
        """Changes the words of a message."""
        name, field = ("text", "entities") if "text" in message.parts else ("caption", "caption_entities")
        kept = {part: value for part, value in message.parts.items() if part not in (name, field)}
        found = entities(text)
        message.parts = {**kept, name: text} | ({field: found} if found else {})
        message.edited = self.stage.world.clock.date()
        self.stage.tell(message, edited=True)

    async def delete(self, message: Message) -> None:
        """Takes a message away: the bot is told only if it is a business account's."""
        message.chat.by_id.pop(message.id, None)
        if message.business is not None:
            body = {"business_connection_id": message.business, "chat": message.chat.payload()}
            self.stage.updates.put("deleted_business_messages", {**body, "message_ids": [message.id]})


def _found(text: str, given: list[Json] | None, naming: Account | None) -> list[Json]:
    found = entities(text) if given is None else list(given)
    if naming is not None:
        at = text.index(naming.first_name)
        found.append(placed(text, at, at + len(naming.first_name), type="text_mention", user=naming.payload()))
    return sorted(found, key=lambda entity: int(entity["offset"]))


SILENCE = (
    b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01\x13"
    + b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + (48000).to_bytes(4, "little") + bytes(3)
    + b"OggS\x00\x04" + (48312).to_bytes(8, "little") + bytes(12) + b"\x01\x01\x00"
)  # fmt: skip
"""The shape of an Ogg/Opus file of one second, without anything to decode."""
