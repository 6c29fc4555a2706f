"""Editing and deleting."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.chats import Chat, ChatKind
from tests.doubles.telegram.formatting import words
from tests.doubles.telegram.markup import markup
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.sending import MAX_CAPTION, MAX_TEXT
from tests.doubles.telegram.world import World, admit

MAX_AGE = 2 * 86_400
"""Seconds after which a bot can delete no message any more, administrator or not (can_delete_channel_message)."""
MAX_MESSAGES = 100
UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


@dataclass(frozen=True, slots=True)
class Editing:
    """The methods edit… of texts, captions and keyboards, and delete… of messages."""

    world: World

    # -- editing

    def text(self, call: Call) -> Json | bool:
        """editMessageText."""
        call.asked.add("link_preview_options")
        if not call.words("text"):
            raise bad_request("message text is empty")
        return self._words(call, "text", MAX_TEXT)

    def caption(self, call: Call) -> Json | bool:
        """editMessageCaption."""
        return self._words(call, "caption", MAX_CAPTION)

    def markup(self, call: Call) -> Json | bool:
        """editMessageReplyMarkup."""
        keyboard, message = markup(call), self._mine(call)
        return self._changed(call, message, message.parts, keyboard)

    def _words(self, call: Call, name: str, limit: int) -> Json | bool:
        said, keyboard, message = words(call, name), markup(call), self._mine(call)
        if name == "text" and not said.text:
            raise bad_request("text must be non-empty")
        if len(said.text) > limit:
            raise bad_request("MESSAGE_TOO_LONG" if name == "text" else "message caption is too long")
        if name == "text" and "text" not in message.parts:
            raise bad_request("there is no text in the message to edit")
        if name == "caption" and "text" in message.parts:
            raise bad_request("there is no caption in the message to edit")
        old = {name, "entities" if name == "text" else "caption_entities"}
        kept = {part: value for part, value in message.parts.items() if part not in old}
        return self._changed(call, message, {**kept, **said.parts}, keyboard)

    def _changed(self, call: Call, message: Message, parts: Json, keyboard: Json | None) -> Json | bool:
        """A keyboard that is not given again is taken away. Of what was sent inline only True is answered."""
        admit(message.chat)
        if parts == message.parts and keyboard == message.markup:
            raise bad_request(UNCHANGED)
        message.parts, message.markup, message.edited = parts, keyboard, self.world.clock.date()
        return True if call.words("inline_message_id") else message.payload()

    def _mine(self, call: Call) -> Message:
        """The message to edit: only its own is the bot's to change."""
        if inline := call.words("inline_message_id"):
            if inline not in self.world.inline:
                raise bad_request("MESSAGE_ID_INVALID")
            return self.world.inline[inline]
        chat = self._where(call)
        message = self.world.message(chat, call.number("message_id"), "message to edit")
        if not self._own(message):
            raise bad_request("message can't be edited")
        return message

    def _where(self, call: Call) -> Chat:
        call.asked.add("chat_id")
        given = call.params.get("chat_id")
        if not (connection := call.words("business_connection_id")):
            return self.world.reachable(given)
        business = self.world.business(connection)
        if given not in business.chats:
            raise bad_request("BUSINESS_PEER_INVALID")
        return business.chats[given]

    def _own(self, message: Message) -> bool:
        if message.chat.kind is ChatKind.CHANNEL:
            return "can_edit_messages" not in message.chat.members[self.world.bot.id].denied
        return message.sender is self.world.bot or "sender_business_bot" in message.extra

    # -- deleting

    def delete(self, call: Call) -> bool:
        """deleteMessage."""
        call.asked.add("chat_id")
        if not call.number("message_id"):
            raise bad_request("message identifier is not specified")
        chat = self.world.reachable(call.params.get("chat_id"))
        message = self.world.message(chat, call.number("message_id"), "message to delete")
        if not self._may_delete(chat, message):
            raise bad_request("message can't be deleted")
        del chat.by_id[message.id]
        return True

    def delete_many(self, call: Call) -> bool:
        """deleteMessages: those that are not there are passed over; one that may not be deleted keeps all."""
        call.asked.add("chat_id")
        numbers, chat = _numbers(call), self.world.reachable(call.params.get("chat_id"))
        found = [chat.by_id[number] for number in numbers if number in chat.by_id]
        if not all(self._may_delete(chat, message) for message in found):
            raise bad_request("message can't be deleted")
        for message in found:
            del chat.by_id[message.id]
        return True

    def delete_business(self, call: Call) -> bool:
        """deleteBusinessMessages, all of one chat: the bot's own, or any, as it has the right."""
        numbers, business = _numbers(call), self.world.business(call.words("business_connection_id"))
        found = [
            (chat, chat.by_id[number]) for number in numbers for chat in business.chats.values() if number in chat.by_id
        ]
        for _, message in found:
            right = "can_delete_sent_messages" if self._own(message) else "can_delete_all_messages"
            if not business.rights & {right, "can_delete_all_messages"}:
                raise bad_request("message can't be deleted")
        for chat, message in found:
            del chat.by_id[message.id]
        return True

    def _may_delete(self, chat: Chat, message: Message) -> bool:
        """Within two days: in private anybody's, in groups its own, with the right to do so all but a topic's first."""
        if self.world.clock.date() >= message.date + MAX_AGE or "forum_topic_created" in message.parts:
            return False
        if chat.kind is ChatKind.PRIVATE or message.sender is self.world.bot:
            return True
        bot = chat.members[self.world.bot.id]
        return bot.rules and "can_delete_messages" not in bot.denied


def _numbers(call: Call) -> list[int]:
    numbers = call.array("message_ids")
    if not numbers:
        raise bad_request("message identifiers are not specified")
    if len(numbers) > MAX_MESSAGES:
        raise bad_request("too many message identifiers specified")
    return numbers
