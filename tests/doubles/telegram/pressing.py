"""What people press and choose."""

from __future__ import annotations

from tests.doubles.telegram.actor import Actor
from tests.doubles.telegram.answering import Inline, Press
from tests.doubles.telegram.chats import Chat, ChatKind
from tests.doubles.telegram.formatting import formatted
from tests.doubles.telegram.markup import checked
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json


class Pressing(Actor):
    """Buttons and inline mode."""

    __slots__ = ()

    async def tap(self, message: Message, button: str) -> Press:
        """Presses the button with these words or this data, and does not wait."""
        data = message.button(button)["callback_data"]
        number, world = str(next(self.stage.world.numbers)), self.stage.world
        press = self.stage.answering.presses[number] = Press(number, self, message, data, world.clock.now())
        body: Json = {"id": number, "from": self.payload(), "chat_instance": str(message.chat.id), "data": data}
        if message.inline_id is not None:
            body["inline_message_id"] = message.inline_id
        else:
            body["message"] = message.payload()
        self.stage.updates.put("callback_query", body)
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
        if self.stage.world.bot.supports_inline_queries:
            self.stage.answering.inlines[number] = inline
            body: Json = {"id": number, "from": self.payload(), "query": query, "offset": offset}
            self.stage.updates.put("inline_query", body | ({"chat_type": chat_type} if chat_type else {}))
        return inline

    async def offered(self, query: str, *, offset: str = "", chat_type: str | None = "sender") -> Inline:
        """Types ``@bot query`` somewhere: with what the bot answered."""
        inline = await self.inline(query, offset=offset, chat_type=chat_type)
        await self.stage.until(inline.answered.is_set, what=f"an answer to the inline query {query!r}")
        return inline

    async def choose(self, inline: Inline, number: str, chat: Chat | None = None) -> Message:
        """Sends the result with this id into a chat; ``None`` is one that the bot has nothing to do with."""
        world, result = self.stage.world, inline.result(number)
        where = chat or Chat(next(world.numbers), ChatKind.PRIVATE, world.clock, person=self)
        keyboard, file = checked(result.get("reply_markup")), world.files.by_id.get(_file_id(result))
        parts = _parts(result) | ({} if file is None else {str(file.kind): file.payload()})
        chosen = f"inline-{next(world.numbers)}" if keyboard else None
        message = world.post(where, self, parts, via=world.bot, file=file, markup=keyboard, inline_id=chosen)
        if chosen is not None:
            world.inline[chosen] = message
        self._feed_back(inline, number, chosen)
        self.stage.tell(message)
        return message

    def _feed_back(self, inline: Inline, number: str, chosen: str | None) -> None:
        """Only what has buttons has an id by which it may be edited."""
        if self.stage.world.bot.inline_feedback:
            body: Json = {"result_id": number, "from": self.payload(), "query": inline.query}
            self.stage.updates.put("chosen_inline_result", body | ({"inline_message_id": chosen} if chosen else {}))


def _file_id(result: Json) -> str:
    return str(result.get(f"{result['type']}_file_id", ""))


def _parts(result: Json) -> Json:
    """What stands in the message: the words of an article, the caption of a file."""
    content = result.get("input_message_content") or {}
    name = "text" if content.get("message_text") else "caption"
    source = content if name == "text" else result
    given = source.get("message_text" if name == "text" else "caption", "")
    text, found = formatted(
        given, source.get("parse_mode", ""), source.get("entities") or source.get("caption_entities")
    )
    field = "entities" if name == "text" else "caption_entities"
    return ({name: text} if text else {}) | ({field: found} if found else {})
