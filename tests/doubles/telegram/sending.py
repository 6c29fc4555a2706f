"""Sending: what is checked, in the server's order, and the message that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doubles.telegram.call import Call, Upload
from tests.doubles.telegram.chats import PERMISSIONS, Chat, ChatKind, Status, Topic
from tests.doubles.telegram.files import FileKind, Stored
from tests.doubles.telegram.formatting import formatted
from tests.doubles.telegram.markup import markup
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.world import ACTION_SECONDS, Action, Business, World

MAX_TEXT, MAX_CAPTION = 4096, 1024
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "choose_sticker",
        "cancel",
    ]
)
_RIGHTS = {
    "text": ("can_send_messages", "text messages"),
    "voice": ("can_send_voice_notes", "voice notes"),
    "audio": ("can_send_audios", "music"),
    "document": ("can_send_documents", "documents"),
}
"""What it takes to send something, and how a refusal names it (td/telegram/MessageContent.cpp)."""


@dataclass(frozen=True, slots=True)
class Sending:
    """sendMessage, sendVoice, sendAudio, sendDocument, sendChatAction."""

    world: World

    def text(self, call: Call) -> Json:
        """sendMessage."""
        parts = self._words(call, "text", MAX_TEXT, "message is too long")
        call.asked |= {"link_preview_options"}
        if not parts:
            raise bad_request("message text is empty")
        return self._send(call, "text", parts).payload()

    def voice(self, call: Call) -> Json:
        """sendVoice."""
        return self._file(call, FileKind.VOICE)

    def audio(self, call: Call) -> Json:
        """sendAudio."""
        return self._file(call, FileKind.AUDIO)

    def document(self, call: Call) -> Json:
        """sendDocument."""
        return self._file(call, FileKind.DOCUMENT)

    def action(self, call: Call) -> bool:
        """sendChatAction: seen for five seconds, or until the bot writes."""
        name = call.words("action")
        if name not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat, thread = self._where(call), call.number("message_thread_id") or None
        self.world.actions[chat.id, thread] = Action(name, self.world.clock.now() + ACTION_SECONDS, thread)
        return True

    def _file(self, call: Call, kind: FileKind) -> Json:
        given = call.file(kind)
        call.asked |= {"duration", "title", "performer", "thumbnail", "disable_content_type_detection"}
        if given is None:
            raise bad_request(f"there is no {kind} in the request")
        caption = self._words(call, "caption", MAX_CAPTION, "message caption is too long")
        return self._send(call, kind, caption, given).payload()

    def _send(self, call: Call, what: str, parts: Json, given: Upload | str | None = None) -> Message:
        keyboard = markup(call)
        chat = self._where(call)
        business = self._business(call)
        topic = self._topic(call, chat)
        replied = self._replied(call, chat)
        self._check_rights(chat, what, topic)
        call.asked |= {"disable_notification", "protect_content", "message_effect_id", "allow_paid_broadcast"}
        fields: dict[str, Any] = {"reply_to": replied, "topic": topic, "markup": keyboard}
        if given is not None:
            stored = self._stored(call, FileKind(what), given)
            parts = {str(stored.kind): stored.payload(), **parts}
            fields |= {"file": stored, "uploaded": isinstance(given, Upload)}
        if business is not None:
            fields |= {"business": business.id, "extra": {"sender_business_bot": self.world.bot.payload()}}
        if chat.kind is ChatKind.CHANNEL:
            return self.world.post(chat, None, parts, sender_chat=chat, **fields)
        sender = self.world.bot if business is None else business.owner
        return self.world.post(chat, sender, parts, silent=call.flag("disable_notification"), **fields)

    def _words(self, call: Call, name: str, limit: int, too_long: str) -> Json:
        """The text or caption and its entities; {} if there are no words."""
        field = "entities" if name == "text" else "caption_entities"
        text, entities = formatted(call.words(name), call.words("parse_mode"), call.array(field))
        if len(text) > limit:
            raise bad_request(too_long)
        if not text:
            return {}
        return {name: text} | ({field: entities} if entities else {})

    def _where(self, call: Call) -> Chat:
        if self._business(call) is not None:
            return self.world.chat(call.params.get("chat_id"))
        call.asked.add("chat_id")
        return self.world.writable(call.params.get("chat_id"))

    def _business(self, call: Call) -> Business | None:
        """Whose name it is sent in: an account that the bot is connected with."""
        if not (wanted := call.words("business_connection_id")):
            return None
        found = self.world.businesses.get(wanted)
        if found is None or not found.enabled:
            raise bad_request("business connection not found")
        if not found.can_reply:
            raise bad_request("BUSINESS_PEER_USAGE_MISSING")
        return found

    def _topic(self, call: Call, chat: Chat) -> Topic | None:
        number = call.number("message_thread_id")
        if not number or not chat.forum:
            return None
        return self.world.topic(chat, number)

    def _replied(self, call: Call, chat: Chat) -> Message | None:
        given = call.object("reply_parameters") or {}
        number = given.get("message_id") or call.number("reply_to_message_id")
        if not number:
            return None
        where = self.world.chat(given["chat_id"]) if given.get("chat_id") else chat
        found = where.by_id.get(number)
        if found is None and not (given.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply")):
            raise bad_request("message to be replied not found")
        return found

    def _check_rights(self, chat: Chat, what: str, topic: Topic | None) -> None:
        if chat.kind is ChatKind.PRIVATE:
            if what == "voice" and chat.voice_forbidden:
                raise bad_request("VOICE_MESSAGES_FORBIDDEN")
            return
        permission, name = _RIGHTS[what]
        bot = chat.member(self.world.bot)
        assert bot is not None
        if chat.kind is ChatKind.CHANNEL and (not bot.rules or "can_post_messages" in bot.denied):
            raise bad_request("need administrator rights in the channel chat")
        if not bot.rules and _denied(chat, bot.denied if bot.status is Status.RESTRICTED else set(), permission):
            raise bad_request(f"not enough rights to send {name} to the chat")
        if topic is not None and topic.closed and not (bot.rules and "can_manage_topics" not in bot.denied):
            raise bad_request("TOPIC_CLOSED")

    def _stored(self, call: Call, kind: FileKind, given: Upload | str) -> Stored:
        if isinstance(given, Upload):
            title, performer = call.words("title") or None, call.words("performer") or None
            return self.world.files.keep(kind, given, call.number("duration"), title, performer)
        stored = self.world.files.find(given)
        if stored.kind is not kind:
            raise bad_request(f"can't use file of type {_TYPES[stored.kind]} as {_TYPES[kind]}")
        return stored


_TYPES = {FileKind.VOICE: "VoiceNote", FileKind.AUDIO: "Audio", FileKind.DOCUMENT: "Document"}


def _denied(chat: Chat, more: set[str], permission: str) -> bool:
    """can_send_messages is what all the others hang on."""
    assert permission in PERMISSIONS
    return bool({permission, "can_send_messages"} & (chat.denied | more))
