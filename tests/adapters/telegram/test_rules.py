"""A chat's rules are kept next to what others keep, read forgivingly and written strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.rules import MOST_PER_MINUTE, Auto, Replies, Rules, rules_of, with_rules
from bot.speaker import Speaker


@dataclass(frozen=True)
class Held:
    """Settings as the store gives them, as far as rules look at them."""

    extra: Mapping[str, Any] = field(default_factory=dict)


def held(**section: object) -> Held:
    return Held({"telegram": section})


ALL = st.builds(
    Rules,
    auto=st.none() | st.sampled_from(Auto),
    replies=st.sampled_from(Replies),
    per_minute=st.none() | st.integers(1, MOST_PER_MINUTE),
    admins_only=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def test_a_chat_that_said_nothing_has_the_defaults() -> None:
    """Nothing kept: nothing decided about reading, answers as voice, no limit of Telegram's own, all may ask."""
    rules = rules_of(Held())
    assert (rules.auto, rules.replies, rules.per_minute, rules.admins_only) == (None, Replies.VOICE, None, False)


@given(ALL)
def test_rules_come_back_as_they_were_set(rules: Rules) -> None:
    """What was written is read, through JSON, whatever it was; modes come back as modes."""
    changes = {item.name: getattr(rules, item.name) for item in fields(Rules)}
    read = rules_of(Held(json.loads(json.dumps(with_rules(Held(), **changes)))))
    assert read == rules
    assert isinstance(read.replies, Replies)
    assert read.auto is None or isinstance(read.auto, Auto)


@given(st.fixed_dictionaries({}, optional={item.name: JSON for item in fields(Rules)}))
def test_what_is_damaged_is_a_default(section: dict[str, Any]) -> None:
    """Nothing that stands in the store keeps the rules from being read, and what is read can be written."""
    rules = rules_of(held(**section))
    assert rules_of(Held(with_rules(Held(), **{f.name: getattr(rules, f.name) for f in fields(Rules)}))) == rules


@pytest.mark.parametrize("extra", [{"telegram": None}, {"telegram": [1]}, {"telegram": "x"}, {"discord": {"auto": 1}}])
def test_a_damaged_section_is_no_section(extra: dict[str, Any]) -> None:
    """Whatever stands in the place of the rules, there are rules."""
    assert rules_of(Held(extra)) == Rules()


def test_one_damaged_value_leaves_the_others() -> None:
    """A value that makes no sense takes only its own default."""
    rules = rules_of(held(auto="loud", replies="both", per_minute=True, admins_only=1, unheard_of=True))
    assert rules == Rules(replies=Replies.BOTH)


def test_what_others_keep_is_left_alone() -> None:
    """Other adapters' settings stay as they are, and so do rules that a newer version has written."""
    extra = {"discord": {"prefix": "!"}, "telegram": {"of_tomorrow": 1}}
    changed = with_rules(Held(extra), auto="always")
    assert changed == {"discord": {"prefix": "!"}, "telegram": {"of_tomorrow": 1, "auto": "always"}}
    assert extra["telegram"] == {"of_tomorrow": 1}


def test_none_is_back_to_the_default() -> None:
    """A rule that is set back leaves nothing behind."""
    assert with_rules(held(auto="off"), auto=None) == {}
    assert rules_of(Held(with_rules(held(auto="off", per_minute=3), auto=None))) == Rules(per_minute=3)


def test_off_is_a_decision() -> None:
    """A chat that switched reading off has decided, and is not as one that never did."""
    assert rules_of(Held(with_rules(Held(), auto=Auto.OFF))).auto is Auto.OFF


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auto": "loud"}, "auto must be one of off, always, inbound, mention"),
        ({"auto": Replies.TEXT}, "auto must be one of"),
        ({"auto": True}, "auto must be one of"),
        ({"replies": "none"}, "replies must be one of voice, text, both"),
        ({"per_minute": 0}, "from 1 to 600"),
        ({"per_minute": 601}, "from 1 to 600"),
        ({"per_minute": True}, "from 1 to 600"),
        ({"per_minute": 1.5}, "from 1 to 600"),
        ({"admins_only": 1}, "True or False"),
        ({"loudness": 1}, "there are: auto, replies, per_minute, admins_only"),
    ],
)
def test_a_rule_that_cannot_be_says_what_is_allowed(change: dict[str, Any], words: str) -> None:
    """What is not allowed is refused, with what is."""
    with pytest.raises(ValueError, match=words):
        with_rules(Held(), **change)


async def test_rules_are_kept_by_the_store(speaker: Speaker) -> None:
    """The store takes the rules, and gives them back from the database as they were."""
    settings = speaker.store.settings
    extra = with_rules(await settings.guild("telegram:-1"), auto=Auto.MENTION, per_minute=5)
    await settings.set_guild("telegram:-1", extra=extra)
    assert rules_of(await settings.guild("telegram:-1")) == Rules(auto=Auto.MENTION, per_minute=5)
