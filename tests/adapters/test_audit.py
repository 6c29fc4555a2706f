"""What was changed is told setting by setting, whatever stands in the audit."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.audit import parts, turnover
from bot.store import Change


def change(name: str, old: Any, new: Any) -> Change:
    return Change(at=0.0, by=None, channel=None, name=name, old=old, new=new)


def test_a_setting_is_told_by_its_name() -> None:
    """From what to what."""
    assert list(parts(change("engine", None, "edge"), "discord")) == [("engine", None, "edge")]


@pytest.mark.parametrize("name", ["reset", "moved"])
def test_what_has_no_values_has_no_parts(name: str) -> None:
    """A move has two ids, which are nobody's business."""
    assert list(parts(change(name, "telegram:-5", "telegram:-100"), "telegram")) == []


def test_rules_are_told_one_by_one() -> None:
    """Those of this adapter that changed, came or went; a rule that became false is changed, too."""
    old = {"discord": {"prefix": "!", "stay": True, "roles": [1]}, "telegram": {"auto": "off"}}
    new = {"discord": {"stay": False, "roles": [1], "bots": [5]}, "telegram": {"auto": "always"}}
    found = parts(change("extra", old, new), "discord")
    assert list(found) == [("prefix", "!", None), ("stay", True, False), ("bots", None, [5])]
    assert list(parts(change("extra", old, new), "telegram")) == [("auto", "off", "always")]
    assert list(parts(change("extra", old, new), "http")) == []


@pytest.mark.parametrize("extra", [None, [], "discord", 5, {"discord": None}, {"discord": [1]}])
def test_what_is_damaged_is_as_good_as_none(extra: Any) -> None:
    """It can be read out nevertheless."""
    assert list(parts(change("extra", extra, extra), "discord")) == []
    assert list(parts(change("extra", extra, {"discord": {"stay": True}}), "discord")) == [("stay", None, True)]


def test_of_a_list_it_is_told_who_came_and_who_went() -> None:
    """Each in its order, and written as its platform does."""
    assert turnover(["b", "a", "c"], ["a", "e", "d"], "<{}>".format) == ["+<d>", "+<e>", "−<b>", "−<c>"]
    assert turnover(None, [2, 1], str) == ["+1", "+2"]
    assert turnover([1], None, str) == ["−1"]
    assert turnover([1], [1], str) == []


@pytest.mark.parametrize(("old", "new"), [(None, None), ("a", "b"), (1, None), ({"a": 1}, ("b",))])
def test_what_is_no_list_has_no_turnover(old: object, new: object) -> None:
    """It is told by its value."""
    assert turnover(old, new, str) is None
