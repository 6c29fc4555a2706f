"""Sending: what is checked, in the server's order, and the message that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doubles.telegram.call import Call, Upload
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.entities import units
from tests.doubles.telegram.files import FileKind, Stored
from tests.doubles.telegram.formatting import Words, words
from tests.doubles.telegram.markup import markup
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.world import Business, World, admit

MAX_TEXT, MAX_CAPTION = 4096, 1024
ACTIONS = frozenset((
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "record_audio",
    "upload_audio", "upload_document", "find_location", "record_video_note", "upload_video_note", "choose_sticker",
    "cancel",
))  # fmt: skip
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
        call.asked.add("link_preview_options")
        if not call.words("text"):
            raise bad_request("message text is empty")
        return self._send(call, "text", words(call, "text")).payload()

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
        name, thread = call.words("action"), call.number("message_thread_id")
        if name not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat = self._where(call, self._business(call))
        admit(chat)
        chat.show(thread or None, name)
        return True

    def _file(self, call: Call, kind: FileKind) -> Json:
        given = call.file(kind)
        call.asked |= {"duration", "title", "performer", "thumbnail", "disable_content_type_detection"}
        if given is None:
            raise bad_request(f"there is no {kind} in the request")
        return self._send(call, kind, words(call, "caption"), given).payload()

    def _send(self, call: Call, what: str, said: Words, given: Upload | str | None = None) -> Message:
        call.asked |= {"disable_notification", "protect_content", "message_effect_id", "allow_paid_broadcast"}
        reply, keyboard = call.object("reply_parameters") or {}, markup(call)
        business = self._business(call)
        chat = self._where(call, business)
        topic = self._topic(call, chat)
        replied = self._replied(reply, chat)
        _check_length(what, said)
        stored = None if given is None else self._stored(call, FileKind(what), given)
        self._check_rights(chat, what if stored is None else stored.kind)
        topic = topic or (None if replied is None or replied.chat is not chat else replied.topic)
        self._check_server(chat, topic, stored)
        fields: dict[str, Any] = {"reply_to": replied, "quote": quoted(reply, replied), "topic": topic}
        fields |= {"markup": keyboard, "silent": call.flag("disable_notification")}
        fields |= {"file": stored, "uploaded": isinstance(given, Upload)}
        media = {} if stored is None else {str(stored.kind): stored.payload()}
        return self._posted(chat, business, {**media, **said.parts}, fields)

    def _posted(self, chat: Chat, business: Business | None, parts: Json, fields: dict[str, Any]) -> Message:
        if business is not None:
            own = {"business": business.id, "extra": {"sender_business_bot": self.world.bot.payload()}}
            return self.world.post(chat, business.owner, parts, **fields, **own)
        if chat.kind is ChatKind.CHANNEL:
            return self.world.post(chat, None, parts, sender_chat=chat, **fields)
        return self.world.post(chat, self.world.bot, parts, **fields)

    # -- where

    def _where(self, call: Call, business: Business | None) -> Chat:
        call.asked.add("chat_id")
        given = call.params.get("chat_id")
        if business is None:
            return self.world.reachable(given)
        if given == business.owner.id:
            raise bad_request("messages must not be sent to self")
        if (found := business.chats.get(given) if isinstance(given, int) else None) is None:
            raise bad_request("BUSINESS_PEER_INVALID")
        return found

    def _business(self, call: Call) -> Business | None:
        """Whose name it is sent in: an account that the bot is connected with."""
        if not (wanted := call.words("business_connection_id")):
            return None
        found = self.world.business(wanted)
        if "can_reply" not in found.rights:
            raise bad_request("BUSINESS_PEER_USAGE_MISSING")
        return found

    def _topic(self, call: Call, chat: Chat) -> Topic | None:
        """The General topic is not named when something is sent there; outside of forums the number is nothing."""
        number = call.number("message_thread_id")
        if not number or not chat.forum:
            return None
        if (found := chat.topics.get(number)) is None:
            raise bad_request("message thread not found")
        return found

    def _replied(self, reply: Json, chat: Chat) -> Message | None:
        if not reply.get("message_id"):
            return None
        where = self.world.chat(reply["chat_id"]) if reply.get("chat_id") not in (None, chat.id) else chat
        found = where.by_id.get(reply["message_id"])
        if found is None and not reply.get("allow_sending_without_reply"):
            raise bad_request("message to be replied not found")
        return found

    # -- what

    def _stored(self, call: Call, kind: FileKind, given: Upload | str) -> Stored:
        """Sent again by its file_id a file stays what it is, whatever the method."""
        if isinstance(given, str):
            return self.world.files.find(given)
        title, performer = call.words("title") or None, call.words("performer") or None
        return self.world.files.keep(kind, given, min(max(call.number("duration"), 0), 86_400), title, performer)

    # -- whether

    def _check_rights(self, chat: Chat, what: str) -> None:
        if chat.kind is ChatKind.PRIVATE:
            if what == "voice" and chat.voice_forbidden and chat.voice_forbidden_known:
                raise bad_request("user restricted receiving of voice note messages")
            return
        bot = chat.members[self.world.bot.id]
        if chat.kind is ChatKind.CHANNEL:
            if not bot.rules or "can_post_messages" in bot.denied:
                raise bad_request("need administrator rights in the channel chat")
            return
        permission, name = _RIGHTS[what]
        if permission in _denied(chat, bot):
            raise bad_request(f"not enough rights to send {name} to the chat")

    def _check_server(self, chat: Chat, topic: Topic | None, stored: Stored | None) -> None:
        """What only Telegram's own servers know."""
        admit(chat)
        if stored is not None and stored.kind is FileKind.VOICE and chat.voice_forbidden:
            raise bad_request("VOICE_MESSAGES_FORBIDDEN")
        if topic is not None and topic.closed:
            bot = chat.members[self.world.bot.id]
            if not bot.rules or "can_manage_topics" in bot.denied:
                raise bad_request("TOPIC_CLOSED")


def quoted(reply: Json, replied: Message | None) -> Json | None:
    """The part of a message that is answered."""
    if replied is None or not reply.get("quote"):
        return None
    source = replied.text or replied.caption
    if reply["quote"] not in source:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"text": reply["quote"], "position": units(source[: source.index(reply["quote"])]), "is_manual": True}


def _check_length(what: str, said: Words) -> None:
    if what == "text" and not said.text:
        raise bad_request("text must be non-empty")
    if len(said.text) > (MAX_TEXT if what == "text" else MAX_CAPTION):
        raise bad_request("message is too long" if what == "text" else "message caption is too long")


def _denied(chat: Chat, bot: Membership) -> set[str]:
    """What a member may not; an administrator may everything."""
    if bot.rules:
        return set()
    return chat.denied | (bot.denied if bot.status is Status.RESTRICTED else set())
