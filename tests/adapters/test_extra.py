"""What an adapter keeps with settings comes back as it was, and damages nobody else's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.adapters.extra import SWITCH, Form, Section
from bot.store import GuildSettings


@dataclass(frozen=True, slots=True)
class Rules:
    loud: bool = False
    names: frozenset[str] = frozenset()


NAMES = Form("a list of names", lambda value: isinstance(value, list | set | frozenset), sorted, frozenset)
SECTION = Section("ours", {"loud": SWITCH, "names": NAMES})


def test_what_was_changed_is_read_back() -> None:
    """A rule goes into JSON in its form, and comes out of it as it was."""
    extra = SECTION.changed(GuildSettings(), {"loud": True, "names": {"b", "a"}})
    assert extra == {"ours": {"loud": True, "names": ["a", "b"]}}
    assert SECTION.read(Rules, GuildSettings(extra=extra)) == Rules(loud=True, names=frozenset({"a", "b"}))


def test_what_others_keep_is_left_alone() -> None:
    """Our last rule taken back leaves no trace of us, and all of the others."""
    kept = GuildSettings(extra={"theirs": {"x": 1}, "ours": {"loud": True}})
    assert SECTION.changed(kept, {"loud": None}) == {"theirs": {"x": 1}}


@pytest.mark.parametrize("held", [{"loud": "yes"}, {"unknown": 1}, "broken", None, {"names": 3}])
def test_what_is_damaged_is_as_good_as_nothing(held: object) -> None:
    """Reading never fails: a default stands for what cannot be used."""
    assert SECTION.read(Rules, GuildSettings(extra={"ours": held})) == Rules()


@pytest.mark.parametrize(("name", "value", "hint"), [("loud", "yes", "True or False"), ("quiet", 1, "there are: loud")])
def test_what_is_written_must_be_right(name: str, value: object, hint: str) -> None:
    """A wrong value and a wrong name are refused with what is allowed."""
    with pytest.raises(ValueError, match=hint):
        SECTION.changed(GuildSettings(), {name: value})
