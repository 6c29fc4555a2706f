"""Where a message goes: chat, topic, and in whose name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telegram import Chat, Message

from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.place import Place, place_of


def message(chat: int = -1001, **parts: Any) -> Message:
    return Message(7, datetime.now(UTC), Chat(chat, "private" if chat > 0 else "supergroup"), **parts)


def test_an_answer_goes_where_the_message_is() -> None:
    """Into its topic, and in the name in which it came."""
    assert place_of(message()) == Place(-1001)
    assert place_of(message(message_thread_id=17, is_topic_message=True)) == Place(-1001, 17)
    assert place_of(message(42, business_connection_id="AbC")) == Place(42, None, "AbC")


def test_a_thread_outside_of_a_forum_is_no_place() -> None:
    """Telegram gives replies in plain groups a thread too, to which nothing may be sent."""
    assert place_of(message(message_thread_id=17)) == Place(-1001)


def test_the_library_is_told_all_of_it() -> None:
    """By the names of its own arguments."""
    assert Place(42, 17, "AbC").arguments() == {
        "chat_id": 42,
        "message_thread_id": 17,
        "business_connection_id": "AbC",
    }


def test_topics_share_their_chats_lane_and_businesses_have_their_own() -> None:
    """What a chat decides holds in its topics, and not in what only has its id."""
    assert Place(-1001, 17).lane == Place(-1001).lane == guild_key(-1001)
    assert len({Place(42).lane, Place(42, business="a").lane, Place(42, business="b").lane}) == 3
