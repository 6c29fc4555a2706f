"""People: what they type, speak, press and change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doubles.telegram.accounts import ANONYMOUS, Account
from tests.doubles.telegram.answering import Inline, Press
from tests.doubles.telegram.call import Upload
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.entities import entities, placed
from tests.doubles.telegram.files import FileKind
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json
from tests.doubles.telegram.stage import Stage
from tests.doubles.telegram.world import Business


@dataclass(slots=True, eq=False, kw_only=True)
class Person(Account):
    """Somebody with Telegram. ``chat=None`` is their private chat with the bot."""

    stage: Stage

    @property
    def private(self) -> Chat:
        """The private chat with the bot."""
        return self.stage.world.chats[self.id]

    @property
    def mention(self) -> Json:
        """An entity's parts that name this person without a username."""
        return {"type": "text_mention", "user": self.payload()}

    # -- writing

    async def say(
        self,
        text: str,
        chat: Chat | None = None,
        *,
        reply_to: Message | None = None,
        thread: Topic | None = None,
        naming: Account | None = None,
        entities: list[Json] | None = None,
        business: Business | None = None,
        via: Account | None = None,
        **extra: Any,
    ) -> Message:
        """Types a text. ``naming`` marks a first name in it as a mention; ``entities`` stand for those found."""
        parts: Json = {"text": text}
        if found := _found(text, entities, naming):
            parts["entities"] = found
        return self._post(chat, parts, reply_to=reply_to, topic=thread, business=business, via=via, extra=extra)

    async def edit(self, message: Message, text: str) -> None:
        """Changes the words of a message."""
        name = "text" if "text" in message.parts else "caption"
        field = "entities" if name == "text" else "caption_entities"
        message.parts = {part: value for part, value in message.parts.items() if part not in (name, field)} | {
            name: text
        }
        if found := entities(text):
            message.parts[field] = found
        message.edited = self.stage.world.clock.date()
        self.stage.tell(message, edited=True)

    async def voice(
        self,
        chat: Chat | None = None,
        ogg: bytes | None = None,
        *,
        caption: str = "",
        reply_to: Message | None = None,
        thread: Topic | None = None,
        business: Business | None = None,
    ) -> Message:
        """Speaks a voice message."""
        stored = self.stage.world.files.keep(FileKind.VOICE, Upload("voice.ogg", "audio/ogg", ogg or SILENCE), 1)
        parts: Json = {"voice": stored.payload()} | ({"caption": caption} if caption else {})
        return self._post(chat, parts, reply_to=reply_to, topic=thread, business=business, file=stored)

    async def delete(self, message: Message) -> None:
        """Takes a message away: the bot is told nothing of it."""
        message.chat.by_id.pop(message.id, None)
        if message.business is not None:
            body = {"business_connection_id": message.business, "chat": message.chat.payload()}
            self.stage.put("deleted_business_messages", {**body, "message_ids": [message.id]})

    def _post(self, chat: Chat | None, parts: Json, **fields: Any) -> Message:
        world, chat = self.stage.world, chat or self.private
        if chat.kind is ChatKind.PRIVATE:
            chat.opened, chat.blocked = True, False
        business = fields.pop("business", None)
        fields["business"] = None if business is None else business.id
        sender: Account | None = self
        member = chat.member(self)
        if chat.kind is ChatKind.CHANNEL:
            sender, fields["sender_chat"] = None, chat
        elif member is not None and member.anonymous:
            sender, fields["sender_chat"] = ANONYMOUS, chat
        message = world.post(chat, sender, parts, **fields)
        self.stage.tell(message)
        return message

    # -- pressing and asking

    async def tap(self, message: Message, button: str) -> Press:
        """Presses the button with these words or this data, and does not wait."""
        found = message.button(button)
        number, now = str(next(self.stage.world.numbers)), self.stage.world.clock.now()
        press = Press(number, self, message, found.get("callback_data", ""), now)
        self.stage.answering.presses[number] = press
        body = {
            "id": number,
            "from": self.payload(),
            "message": message.payload(),
            "chat_instance": str(message.chat.id),
        }
        self.stage.put("callback_query", {**body, "data": press.data})
        return press

    async def press(self, message: Message, button: str) -> Press:
        """Presses the button with these words or this data: what the bot answered."""
        press = await self.tap(message, button)
        await self.stage.until(press.answered.is_set, what=f"an answer to the button {button!r}")
        return press

    async def inline(self, query: str, *, offset: str = "", chat_type: str | None = "sender") -> Inline:
        """Types ``@bot query`` somewhere, and does not wait."""
        number = str(next(self.stage.world.numbers))
        inline = Inline(number, self, query, offset, self.stage.world.clock.now())
        self.stage.answering.inlines[number] = inline
        body: Json = {"id": number, "from": self.payload(), "query": query, "offset": offset}
        self.stage.put("inline_query", body | ({"chat_type": chat_type} if chat_type else {}))
        return inline

    async def offered(self, query: str, **more: Any) -> Inline:
        """Types ``@bot query``: with what the bot answered."""
        inline = await self.inline(query, **more)
        await self.stage.until(inline.answered.is_set, what=f"an answer to the inline query {query!r}")
        return inline

    # -- coming and going

    async def join(self, chat: Chat) -> None:
        """Comes into a group."""
        await self._change(chat, self, Status.MEMBER, {"new_chat_members": [self.payload()]})

    async def leave(self, chat: Chat) -> None:
        """Leaves a group."""
        await self._change(chat, self, Status.LEFT, {"left_chat_member": self.payload()})

    async def add_bot(self, chat: Chat, status: Status = Status.MEMBER) -> None:
        """Brings the bot into a group or channel, or makes it something else there."""
        bot = self.stage.world.bot
        await self._change(chat, bot, status, {"new_chat_members": [bot.payload()]})

    async def kick_bot(self, chat: Chat) -> None:
        """Throws the bot out."""
        bot = self.stage.world.bot
        await self._change(chat, bot, Status.KICKED, {"left_chat_member": bot.payload()})

    async def block(self) -> None:
        """Blocks the bot."""
        self._blocked(True)

    async def unblock(self) -> None:
        """Lets the bot write again."""
        self._blocked(False)

    def _blocked(self, blocked: bool) -> None:
        self.private.blocked = blocked
        before, after = (Status.MEMBER, Status.KICKED) if blocked else (Status.KICKED, Status.MEMBER)
        bot = self.stage.world.bot
        self._told("my_chat_member", self.private, Membership(bot, before), Membership(bot, after))

    async def _change(self, chat: Chat, who: Account, status: Status, service: Json) -> None:
        before = chat.members.get(who.id) or Membership(who, Status.LEFT)
        after = Membership(who, status)
        chat.members[who.id] = after
        kind = "my_chat_member" if who is self.stage.world.bot else "chat_member"
        self._told(kind, chat, before, after)
        if chat.kind is not ChatKind.CHANNEL and before.present != after.present:
            self.stage.tell(self.stage.world.post(chat, self, service))

    def _told(self, kind: str, chat: Chat, before: Membership, after: Membership) -> None:
        body = {"chat": chat.payload(), "from": self.payload(), "date": self.stage.world.clock.date()}
        self.stage.put(kind, {**body, "old_chat_member": before.payload(), "new_chat_member": after.payload()})

    # -- topics

    async def open_topic(self, chat: Chat, name: str) -> Topic:
        """Opens a topic in a forum."""
        topic = Topic(0, name, chat)
        service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self.stage.world.post(chat, self, service, topic=topic)
        topic.id = message.id
        chat.topics[topic.id] = topic
        self.stage.tell(message)
        return topic

    async def close_topic(self, topic: Topic) -> None:
        """Closes a topic: only administrators write there."""
        topic.closed = True
        self._post(topic.chat, {"forum_topic_closed": {}}, topic=topic)

    async def reopen_topic(self, topic: Topic) -> None:
        """Opens a closed topic again."""
        topic.closed = False
        self._post(topic.chat, {"forum_topic_reopened": {}}, topic=topic)


def _found(text: str, given: list[Json] | None, naming: Account | None) -> list[Json]:
    found = entities(text) if given is None else list(given)
    if naming is not None:
        at = text.index(naming.first_name)
        body = {"type": "text_mention", "user": naming.payload()}
        found.append(placed(text, at, at + len(naming.first_name), **body))
    return sorted(found, key=lambda entity: int(entity["offset"]))


SILENCE = (
    b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01\x13"
    + b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + (48000).to_bytes(4, "little") + bytes(3)
    + b"OggS\x00\x04" + (48312).to_bytes(8, "little") + bytes(12) + b"\x01\x01\x00"
)  # fmt: skip
"""A second of nothing: what stands in for a voice message whose sound does not matter."""
