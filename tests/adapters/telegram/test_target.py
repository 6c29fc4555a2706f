"""A target survives the journal, and what is damaged is said to be, without its content."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.place import Place
from bot.adapters.telegram.target import Target, target_of

IDS = st.integers(-(2**52), 2**52)
TARGETS = st.builds(
    Target,
    bot=IDS,
    chat=IDS,
    thread=st.none() | IDS,
    business=st.none() | st.text(max_size=20),
    reply_to=st.none() | IDS,
    locale=st.sampled_from(["en", "zh-CN", "ru", "ja"]),
    text=st.booleans(),
    quiet=st.booleans(),
)


@given(TARGETS)
def test_a_target_comes_back_from_the_journal(target: Target) -> None:
    """Through JSON, whatever is in it."""
    assert target_of(json.loads(json.dumps(target.to_json()))) == target


def test_what_there_is_none_of_is_not_written_down() -> None:
    """The journal holds what is known, and how it is to be delivered."""
    assert Target(1, -2).to_json() == {
        "via": "telegram", "bot": 1, "chat": -2, "locale": "en", "text": False, "quiet": False,
    }  # fmt: skip


def test_every_field_is_read() -> None:
    """A field that is added to a target is either read back or refused here."""
    full = Target(1, 2, 3, "b", 4, "ja", text=True, quiet=True)
    assert all(getattr(full, item.name) not in (None, False) for item in fields(Target))
    assert target_of(full.to_json()) == full


def test_a_target_knows_its_place() -> None:
    """Chat, topic and business account are where it goes."""
    assert Target(1, -2, 17, "b").place == Place(-2, 17, "b")


@pytest.mark.parametrize("data", [{}, {"via": "discord", "bot": "x"}, {"via": None}, {"bot": 1, "chat": 2}])
def test_another_adapters_target_is_none_of_ours(data: dict[str, Any]) -> None:
    """Whatever is in it, it is left to that one."""
    assert target_of(data) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"bot": "1"}, "'bot'"),
        ({"bot": True}, "'bot'"),
        ({"bot": None}, "'bot'"),
        ({"chat": 1.5}, "'chat'"),
        ({"thread": "3"}, "'thread'"),
        ({"thread": False}, "'thread'"),
        ({"business": 3}, "'business'"),
        ({"locale": None}, "'locale'"),
        ({"text": 1}, "'text'"),
        ({"quiet": "secret"}, "'quiet'"),
    ],
)
def test_a_damaged_target_names_the_key(changes: dict[str, Any], named: str) -> None:
    """The error says what is wrong and of which type, and never shows what stood there."""
    with pytest.raises(ValueError, match=named) as raised:
        target_of({**Target(1, 2).to_json(), **changes})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("lacking", ["bot", "chat"])
def test_a_target_needs_a_bot_and_a_chat(lacking: str) -> None:
    """Without them nobody could deliver it."""
    data = {name: value for name, value in Target(1, 2).to_json().items() if name != lacking}
    with pytest.raises(ValueError, match="needs 'bot' and 'chat'"):
        target_of(data)


def test_what_a_newer_version_added_is_left_aside() -> None:
    """A key that is not known here does no harm."""
    assert target_of({**Target(1, 2).to_json(), "of_tomorrow": [1]}) == Target(1, 2)
