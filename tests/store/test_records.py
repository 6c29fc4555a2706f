"""The rules for changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.store.records import ChannelSettings, GuildSettings, Preference, checked, frozen_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", [Preference, GuildSettings, ChannelSettings])
def test_the_defaults_are_allowed(kind: type[Any]) -> None:
    """Every field may be set to None, which is its default."""
    record = kind()
    values = checked(kind, dict.fromkeys(kind.__slots__))
    assert kind(**values) == record


def test_an_unknown_name_is_told_what_there_is() -> None:
    """A typing error is answered with the names that exist."""
    with pytest.raises(ValueError, match="no setting 'speed' here; there are: voice, engine, rate, language, opt"):
        checked(Preference, {"speed": 1.5})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("voice", 7, "a text of 1 to 500"),
        ("voice", "", "a text of 1 to 500"),
        ("voice", "x" * 501, "a text of 1 to 500"),
        ("voice", "half\ud83d", ".* printable"),
        ("voice", "nul\0", ".* printable"),
        ("rate", "fast", "a number from 0.1 to 10"),
        ("rate", True, "a number from 0.1 to 10"),
        ("rate", 0.0, "a number from 0.1 to 10"),
        ("rate", float("nan"), "a number from 0.1 to 10"),
        ("rate", float("inf"), "a number from 0.1 to 10"),
        ("locked", 1, "True or False"),
        ("banned_voices", "alloy", "a list of texts"),
        ("banned_voices", [1], "a list of texts"),
        ("banned_voices", {"alloy": 1}, "a list of texts"),
        ("max_chars", 0, "a whole number above 0"),
        ("max_chars", 1.5, "a whole number above 0"),
        ("max_chars", True, "a whole number above 0"),
        ("max_chars", 2**31, "a whole number above 0"),
        ("extra", [], "a JSON object"),
        ("extra", {"roles": {1, 2}}, "a JSON object"),
        ("extra", {"at": float("nan")}, "a JSON object"),
        ("extra", {1: "a"}, "a JSON object"),
    ],
)
def test_a_wrong_value_names_its_field_and_what_is_allowed(name: str, value: object, allowed: str) -> None:
    """The message can be shown to whoever typed the command."""
    with pytest.raises(ValueError, match=f"{name} must be {allowed}"):
        checked(GuildSettings, {name: value})


def test_a_long_wrong_value_is_not_repeated_in_full() -> None:
    """A pasted novel does not come back in the message."""
    with pytest.raises(ValueError) as caught:
        checked(Preference, {"voice": "x" * 10_000})
    assert len(str(caught.value)) < 300


def test_lists_become_sets_and_whole_rates_numbers() -> None:
    """What is kept has one form, however it came."""
    values = checked(GuildSettings, {"banned_voices": ["b", "a", "b"], "rate": 2})
    assert values["banned_voices"] == frozenset({"a", "b"})
    assert isinstance(values["rate"], float)


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_extra_is_what_it_will_be_when_it_is_read_again(extra: dict[str, Any]) -> None:
    """The form in memory is the form after a restart."""
    kept = checked(GuildSettings, {"extra": extra})["extra"]
    assert kept == frozen_json(json.dumps(dict(kept)))


def test_extra_belongs_to_nobody_else() -> None:
    """Changing the mapping that was handed in, or the one that came out, changes no setting."""
    mine = {"roles": ["a"]}
    kept = checked(GuildSettings, {"extra": mine})["extra"]
    mine["roles"].append("b")
    assert kept == {"roles": ["a"]}
    with pytest.raises(TypeError):
        kept["roles"] = []


def test_extra_that_was_read_can_be_set_again() -> None:
    """An adapter adds a key to what it read: ``{**settings.extra, "new": 1}``, or nests the old."""
    kept = checked(GuildSettings, {"extra": {"roles": ["a"]}})["extra"]
    assert checked(GuildSettings, {"extra": {**kept, "n": 1}})["extra"] == {"roles": ["a"], "n": 1}
    assert checked(GuildSettings, {"extra": {"old": kept}})["extra"] == {"old": {"roles": ["a"]}}
