"""Editing and deleting."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.chats import Chat, ChatKind
from tests.doubles.telegram.formatting import formatted
from tests.doubles.telegram.markup import markup
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.sending import MAX_CAPTION, MAX_TEXT
from tests.doubles.telegram.world import World

MAX_AGE = 48 * 3600
"""Seconds until a message cannot be deleted any more (deleteMessage)."""
UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


@dataclass(frozen=True, slots=True)
class Editing:
    """editMessageText, editMessageCaption, editMessageReplyMarkup, deleteMessage, deleteMessages."""

    world: World

    def text(self, call: Call) -> Json | bool:
        """editMessageText."""
        call.asked.add("link_preview_options")
        return self._words(call, "text", MAX_TEXT)

    def caption(self, call: Call) -> Json | bool:
        """editMessageCaption."""
        return self._words(call, "caption", MAX_CAPTION)

    def markup(self, call: Call) -> Json | bool:
        """editMessageReplyMarkup."""
        message = self._mine(call)
        return self._changed(message, message.parts, markup(call))

    def _words(self, call: Call, name: str, limit: int) -> Json | bool:
        field = "entities" if name == "text" else "caption_entities"
        text, entities = formatted(call.words(name), call.words("parse_mode"), call.array(field))
        if name == "text" and not text:
            raise bad_request("message text is empty")
        if len(text) > limit:
            raise bad_request("MESSAGE_TOO_LONG" if name == "text" else "message caption is too long")
        message = self._mine(call)
        if name == "text" and "text" not in message.parts:
            raise bad_request("there is no text in the message to edit")
        kept = {part: value for part, value in message.parts.items() if part not in (name, field)}
        words: Json = {name: text} if text else {}
        return self._changed(message, kept | words | ({field: entities} if entities else {}), markup(call))

    def _changed(self, message: Message, parts: Json, keyboard: Json | None) -> Json:
        if parts == message.parts and keyboard == message.markup:
            raise bad_request(UNCHANGED)
        message.parts, message.markup, message.edited = parts, keyboard, self.world.clock.date()
        return message.payload()

    def _mine(self, call: Call) -> Message:
        """The message to edit: only its own is the bot's to change, or a channel's that it runs."""
        call.asked |= {"chat_id", "business_connection_id"}
        chat = self.world.writable(call.params.get("chat_id"))
        message = self.world.message(chat, call.number("message_id"), "message to edit")
        if message.sender is not self.world.bot and message.business is None and chat.kind is not ChatKind.CHANNEL:
            raise bad_request("message can't be edited")
        return message

    # -- deleting

    def delete(self, call: Call) -> bool:
        """deleteMessage."""
        call.asked.add("chat_id")
        chat = self.world.writable(call.params.get("chat_id"))
        message = self.world.message(chat, call.number("message_id"), "message to delete")
        if not self._may_delete(chat, message):
            raise bad_request("message can't be deleted")
        del chat.by_id[message.id]
        return True

    def delete_many(self, call: Call) -> bool:
        """deleteMessages: those that are not there are passed over."""
        call.asked.add("chat_id")
        chat = self.world.writable(call.params.get("chat_id"))
        found = [chat.by_id[number] for number in call.array("message_ids") or [] if number in chat.by_id]
        for message in found:
            if self._may_delete(chat, message):
                del chat.by_id[message.id]
        return True

    def _may_delete(self, chat: Chat, message: Message) -> bool:
        """Its own within 48 hours, anybody's in a private chat likewise; an administrator with the right any."""
        bot = chat.member(self.world.bot)
        if bot is not None and bot.rules and "can_delete_messages" not in bot.denied:
            return True
        if self.world.clock.date() - message.date > MAX_AGE:
            return False
        return chat.kind is ChatKind.PRIVATE or message.sender is self.world.bot
