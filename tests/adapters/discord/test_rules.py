"""A server's rules are kept next to what others keep, read forgivingly and written strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord.rules import (
    LONGEST_MARK,
    MOST_IDS,
    ChannelRules,
    Rules,
    channel_rules_of,
    rules_of,
    with_channel_rules,
    with_rules,
)
from bot.speaker import Speaker


@dataclass(frozen=True)
class Held:
    """Settings as the store gives them, as far as rules look at them."""

    extra: Mapping[str, Any] = field(default_factory=dict)


def held(**section: object) -> Held:
    return Held({"discord": section})


IDS = st.frozensets(st.integers(1, 2**63 - 1), max_size=5)
MARKS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=LONGEST_MARK)
ALL = st.builds(
    Rules,
    auto_join=st.booleans(),
    announce=st.booleans(),
    roles=IDS,
    ignored_roles=IDS,
    prefix=MARKS,
    ignore_mark=MARKS,
    bots=IDS,
    read_bots=st.booleans(),
    require_voice=st.booleans(),
    per_minute=st.none() | st.integers(1, 600),
    stay=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_a_server_that_said_nothing_has_the_defaults() -> None:
    """No settings are the default rules."""
    assert rules_of(Held()) == Rules()
    assert channel_rules_of(Held()) == ChannelRules()


@given(ALL)
def test_rules_come_back_as_they_were_set(rules: Rules) -> None:
    """What was written is read, through JSON, whatever it was."""
    changes = {item.name: getattr(rules, item.name) for item in fields(Rules)}
    assert rules_of(Held(json.loads(json.dumps(with_rules(Held(), **changes))))) == rules


@given(st.fixed_dictionaries({}, optional={item.name: JSON for item in fields(Rules)}))
def test_what_is_damaged_is_a_default(section: dict[str, Any]) -> None:
    """Nothing that stands in the store keeps the rules from being read, and what is read can be written."""
    rules = rules_of(Held({"discord": section}))
    assert rules_of(Held(with_rules(Held(), **{f.name: getattr(rules, f.name) for f in fields(Rules)}))) == rules


@pytest.mark.parametrize("extra", [{"discord": None}, {"discord": [1]}, {"discord": "x"}, {"other": {"announce": 0}}])
def test_a_damaged_section_is_no_section(extra: dict[str, Any]) -> None:
    """Whatever stands in the place of the rules, there are rules."""
    assert rules_of(Held(extra)) == Rules()
    assert channel_rules_of(Held(extra)) == ChannelRules()


def test_one_damaged_value_leaves_the_others() -> None:
    """A value that makes no sense takes only its own default."""
    rules = rules_of(held(announce="no", prefix="!", roles=[1, "two"], bots=[3], stay=1, unheard_of=True))
    assert rules == Rules(prefix="!", bots=frozenset({3}))


def test_what_others_keep_is_left_alone() -> None:
    """Other adapters' settings stay as they are, and so do rules that a newer version has written."""
    extra = {"telegram": {"a": [1]}, "discord": {"prefix": "!", "of_tomorrow": 1}}
    changed = with_rules(Held(extra), announce=False)
    assert changed == {
        "telegram": {"a": [1]},
        "discord": {"prefix": "!", "of_tomorrow": 1, "announce": False},
    }
    assert extra["discord"] == {"prefix": "!", "of_tomorrow": 1}


def test_none_is_back_to_the_default() -> None:
    """A rule that is set back leaves nothing behind."""
    assert rules_of(Held(with_rules(held(per_minute=5, prefix="!"), per_minute=None))) == Rules(prefix="!")
    assert with_rules(held(prefix="!"), prefix=None) == {}


def test_an_empty_mark_is_not_the_default() -> None:
    """Who wants no mark for messages to be left out has none."""
    assert rules_of(Held(with_rules(Held(), ignore_mark=""))).ignore_mark == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"announce": 1}, "announce must be True or False"),
        ({"prefix": "x" * (LONGEST_MARK + 1)}, "at most 20 printable"),
        ({"prefix": " !"}, "without blanks"),
        ({"ignore_mark": "a\nb"}, "printable"),
        ({"roles": "123"}, "at most 100 ids"),
        ({"roles": {1: 2}}, "at most 100 ids"),
        ({"bots": [0]}, "at most 100 ids"),
        ({"bots": range(1, MOST_IDS + 2)}, "at most 100 ids"),
        ({"per_minute": 0}, "from 1 to 600"),
        ({"per_minute": 601}, "from 1 to 600"),
        ({"per_minute": True}, "from 1 to 600"),
        ({"loudness": 1}, "there are: auto_join, announce"),
    ],
)
def test_a_rule_that_cannot_be_says_what_is_allowed(change: dict[str, Any], words: str) -> None:
    """What is not allowed is refused, with what is."""
    with pytest.raises(ValueError, match=words):
        with_rules(Held(), **change)


def test_a_channel_has_rules_of_its_own() -> None:
    """Whether it is read, and where; kept apart from what others keep for the channel."""
    extra = with_channel_rules(Held({"telegram": 1}), read=True, voice=42)
    assert extra == {"telegram": 1, "discord": {"read": True, "voice": 42}}
    assert channel_rules_of(Held(extra)) == ChannelRules(read=True, voice=42)
    assert channel_rules_of(Held(with_channel_rules(Held(extra), voice=None))) == ChannelRules(read=True)


@pytest.mark.parametrize("change", [{"voice": "42"}, {"voice": -1}, {"read": "yes"}, {"announce": True}])
def test_a_channels_rule_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    """A channel takes no more than it knows."""
    with pytest.raises(ValueError):
        with_channel_rules(Held(), **change)


async def test_rules_are_kept_by_the_store(speaker: Speaker) -> None:
    """The store takes the rules, and gives them back from the database as they were."""
    settings = speaker.store.settings
    extra = with_rules(await settings.guild("discord:1"), bots={2**62}, prefix="！")
    await settings.set_guild("discord:1", extra=extra)
    rows = await settings.audit("discord:1")
    assert [change.name for change in rows] == ["extra"]
    assert rules_of(await settings.guild("discord:1")) == Rules(bots=frozenset({2**62}), prefix="！")
