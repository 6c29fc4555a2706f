"""Who and where somebody is on Telegram is told in keys that fit nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from telegram import Chat, Message, User

from bot.adapters.telegram.identity import (
    asker_of,
    channel_key,
    guild_key,
    is_group,
    number,
    request_id,
    thread_of,
    user_key,
)

ANN = User(42, "Ann", is_bot=False)
GROUP = Chat(-1001234567890, "supergroup")
NEWS = Chat(-1009999999999, "channel")


def message(**parts: Any) -> Message:
    fields: Mapping[str, Any] = {"from_user": ANN, **parts}
    return Message(7, datetime.now(UTC), GROUP, **fields)


@pytest.mark.parametrize("id", [42, -1001234567890, 2**52])
def test_a_key_holds_the_id(id: int) -> None:
    """A chat's and a person's key begin with the platform, and the id is got back from them."""
    assert guild_key(id) == user_key(id) == f"telegram:{id}"
    assert number(guild_key(id)) == id


def test_a_business_has_a_lane_of_its_own_with_each_customer() -> None:
    """The chat has the customer's id, and so has their private one; the connection's id may hold anything."""
    lanes = {guild_key(42), guild_key(42, "AbC-1"), guild_key(42, "AbC-2"), guild_key(43, "AbC-1")}
    assert len(lanes) == 4
    assert {number(guild_key(42, name)) for name in (None, "AbC-1", "7", "a:8", "a@9")} == {42}


@pytest.mark.parametrize("key", ["", "telegram:", "telegram:x", "discord"])
def test_a_key_without_an_id_has_no_number(key: str) -> None:
    """What was damaged is an error and not somebody's id."""
    with pytest.raises(ValueError, match="invalid literal"):
        number(key)


def test_a_topic_is_a_channel() -> None:
    """A chat without topics has no channels."""
    assert channel_key(17) == "17"
    assert channel_key(None) is None


def test_groups_and_channels_are_told_from_private_chats() -> None:
    """By the sign that Telegram gives their ids."""
    assert is_group(GROUP.id)
    assert is_group(-5001)
    assert not is_group(ANN.id)


def test_a_thread_is_a_topic_only_in_a_forum() -> None:
    """An answer in a group without topics has a thread id as well, which no message may be sent to."""
    assert thread_of(message(message_thread_id=17, is_topic_message=True)) == 17
    assert thread_of(message(message_thread_id=17)) is None
    assert thread_of(message()) is None


def test_who_writes_in_a_chats_name_is_that_chat() -> None:
    """An anonymous administrator is the group, a channel is the channel, whatever account Telegram puts there."""
    anonymous = User(1087968824, "Group", is_bot=True)
    assert asker_of(message()) == 42
    assert asker_of(message(from_user=anonymous, sender_chat=GROUP)) == GROUP.id
    assert asker_of(message(from_user=None, sender_chat=NEWS)) == NEWS.id
    assert asker_of(message(from_user=None)) == 0


def test_a_message_makes_the_same_request_again() -> None:
    """Delivered twice it is one request; another bot's, chat's, message's or edit's is another."""
    assert request_id(1, 2, 3) == request_id(1, 2, 3, 0)
    ids = {request_id(*each) for each in product((1, 12), (-1, 1, 21), (3, 13), (0, 1))}
    assert len(ids) == 2 * 3 * 2 * 2


def test_messages_that_accounts_count_apart_make_requests_of_their_own() -> None:
    """A business's and the bot's may have the same number in what looks like the same chat."""
    assert len({request_id(1, 2, 3, business=business) for business in (None, "a", "b")}) == 3
