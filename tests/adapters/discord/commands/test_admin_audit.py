"""A line of the audit says in words what was changed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.discord.commands.admin_audit import told
from bot.store import Change


def change(name: str, old: Any, new: Any, channel: str | None = None) -> Change:
    return Change(at=0.0, by=None, channel=channel, name=name, old=old, new=new)


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("engine", None, "edge", "engine: default → `edge`"),
        ("engine", "edge", None, "engine: `edge` → default"),
        ("locked", False, True, "voices locked: no → yes"),
        ("rate", 1.0, 1.5, "rate: `1.0` → `1.5`"),
        ("banned_voices", [], ["b", "a"], "banned voices: +`a`, +`b`"),
        ("banned_voices", ["a", "b"], ["b", "c"], "banned voices: +`c`, −`a`"),
        ("blocked_users", ["discord:7"], [], "blocked people: −<@7>"),
        ("allowed_engines", None, ["edge"], "engines that may be used: +`edge`"),
        ("of_tomorrow", 1, 2, "`of_tomorrow`: `1` → `2`"),
        ("reset", None, None, "reset"),
    ],
)
def test_a_change_in_words(name: str, old: Any, new: Any, words: str) -> None:
    """From what to what; of a list, what came and what went."""
    assert told(change(name, old, new), "en") == [words]


def test_rules_are_told_one_by_one() -> None:
    """They are kept together, but decided each for itself; what did not change is left out."""
    old = {"discord": {"prefix": "!", "announce": True, "roles": [1]}, "telegram": 1}
    new = {"discord": {"announce": False, "roles": [1], "bots": [5], "ignore_mark": ""}, "telegram": 2}
    assert told(change("extra", old, new), "en") == [
        "only messages that begin with: `!` → default",
        "say who wrote it: yes → no",
        "bots that are read: +<@5>",
        "never messages that begin with: default → none",
    ]


def test_a_channels_change_says_where() -> None:
    """The rule for its voice channel and the setting for its voice are not taken for each other."""
    place = change("extra", {}, {"discord": {"voice": 7}}, channel="6")
    assert told(place, "en") == ["in <#6>, heard in: default → <#7>"]
    assert told(change("voice", None, "7", channel="6"), "en") == ["in <#6>, voice: default → `7`"]
    assert told(change("reset", None, None, channel="6"), "ja") == ["<#6>で、リセット"]


@pytest.mark.parametrize("extra", [None, [], "x", {"discord": None}, {"discord": 5}, {"telegram": {}}])
def test_a_damaged_line_is_told_as_well_as_it_can_be(extra: Any) -> None:
    """Whatever stands in the audit, it can be read out."""
    assert told(change("extra", extra, extra), "en") == ["other settings"]
    assert told(change("extra", extra, {"discord": {"stay": True}}), "en") == ["stay when alone: default → yes"]
