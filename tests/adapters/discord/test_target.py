"""Where a request goes survives the journal."""

from __future__ import annotations

import json

import pytest

from bot.adapters.discord.target import Target, Where, target_of

FULL = Target(
    Where.VOICE,
    channel=1,
    guild=2,
    voice=3,
    reply_to=4,
    response=5,
    application=6,
    token="abc",
    locale="ja",
    note_if_lost=True,
    quiet=True,
)


@pytest.mark.parametrize("target", [FULL, Target(Where.NOTE, channel=1)])
def test_a_target_comes_back_from_json_as_it_was(target: Target) -> None:
    """Snowflakes beyond 2**53 included, for JSON here is not JavaScript's."""
    assert target_of(json.loads(json.dumps(target.to_json()))) == target


def test_a_snowflake_keeps_all_its_digits() -> None:
    """19 of them."""
    target = Target(Where.NOTE, channel=1_234_567_890_123_456_789)
    assert target_of(json.loads(json.dumps(target.to_json()))) == target


def test_what_is_not_there_is_not_written() -> None:
    """The journal stays small, and a default may change."""
    assert Target(Where.NOTE, channel=1).to_json().keys() == {
        "via",
        "where",
        "channel",
        "locale",
        "note_if_lost",
        "quiet",
    }


@pytest.mark.parametrize("data", [{}, {"via": "telegram", "chat": 1}])
def test_another_adapters_target_is_not_ours(data: dict[str, object]) -> None:
    """None, and no complaint."""
    assert target_of(data) is None


def test_what_a_later_version_added_is_left_out() -> None:
    """An older process reads what it knows."""
    assert target_of({"via": "discord", "where": "note", "channel": 1, "loud": True}) == Target(Where.NOTE, channel=1)


@pytest.mark.parametrize(
    "data",
    [
        {"where": "note"},
        {"where": "phone", "channel": 1},
        {"channel": 1},
        {"where": "note", "channel": "1"},
        {"where": "note", "channel": 1, "guild": "2"},
        {"where": "note", "channel": 1, "quiet": 1},
        {"where": "note", "channel": 1, "locale": None},
        {"where": "note", "channel": True},
    ],
)
def test_an_unreadable_target_is_refused(data: dict[str, object]) -> None:
    """Rather than to fail at the moment of delivery."""
    with pytest.raises(ValueError):
        target_of({"via": "discord", **data})
