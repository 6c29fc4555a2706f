"""The loopback Telegram: the real, unpatched python-telegram-bot talks to it over plain HTTP on 127.0.0.1."""

from tests.doubles.telegram.answering import Inline, Press
from tests.doubles.telegram.call import Call, Upload
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.crowd import Person
from tests.doubles.telegram.fake import FakeTelegram
from tests.doubles.telegram.faults import Fault
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.notes import Note
from tests.doubles.telegram.world import Business

__all__ = [
    "Business",
    "Call",
    "Chat",
    "ChatKind",
    "Clock",
    "FakeTelegram",
    "Fault",
    "Inline",
    "Membership",
    "Message",
    "Note",
    "Person",
    "Press",
    "Status",
    "Topic",
    "Upload",
]
