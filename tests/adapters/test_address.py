"""A target survives the journal, and what is damaged is said to be, without its content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.address import read, written


class Size(StrEnum):
    """How large it is."""

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class House:
    """Where a letter goes."""

    street: str
    number: int
    size: Size = Size.SMALL
    floor: int | None = None
    name: str | None = None
    lift: bool = False


HOUSES = st.builds(
    House, st.text(), st.integers(), st.sampled_from(Size), st.none() | st.integers(), st.none() | st.text()
)
HERE = {"via": "letter", "street": "Rue", "number": 5}


@given(HOUSES)
def test_a_target_comes_back_from_the_journal(house: House) -> None:
    """Through JSON or as it is, whatever is in it."""
    assert read("letter", House, json.loads(json.dumps(written("letter", house)))) == house
    assert read("letter", House, written("letter", house)) == house


def test_what_there_is_none_of_is_not_written_down() -> None:
    """The journal stays small; what there is stands under its name."""
    assert written("letter", House("Rue", 5)) == {**HERE, "size": "small", "lift": False}


def test_a_choice_is_a_choice_again() -> None:
    """And no text that only looks like it."""
    house = read("letter", House, {**HERE, "size": "large"})
    assert house is not None
    assert house.size is Size.LARGE


@pytest.mark.parametrize("data", [{}, {"via": None}, {"via": "pigeon", "street": 5}, {"street": "Rue", "number": 5}])
def test_anothers_target_is_none_of_ours(data: dict[str, Any]) -> None:
    """Whatever is in it, it is left to that one."""
    assert read("letter", House, data) is None


def test_what_a_newer_version_added_is_left_aside() -> None:
    """A key that is not known here does no harm."""
    assert read("letter", House, {**HERE, "of_tomorrow": [1]}) == House("Rue", 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("street", 5),
        ("street", None),
        ("number", "5"),
        ("number", 5.0),
        ("number", True),
        ("number", None),
        ("size", "secret"),
        ("size", 1),
        ("size", ["small"]),
        ("size", None),
        ("floor", "1"),
        ("floor", False),
        ("name", 3),
        ("name", {"secret": 1}),
        ("lift", 1),
        ("lift", None),
    ],
)
def test_what_is_damaged_is_named_and_never_shown(name: str, value: object) -> None:
    """By its key and its type; a number is no switch, nor the other way about."""
    with pytest.raises(ValueError, match=f"^a Letter target's '{name}' cannot be the {type(value).__name__}") as raised:
        read("letter", House, {**HERE, name: value})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("lacking", ["street", "number"])
def test_what_has_no_default_is_needed(lacking: str) -> None:
    """Without it nobody could deliver."""
    data = {name: value for name, value in HERE.items() if name != lacking}
    with pytest.raises(ValueError, match=r"^a Letter target needs 'street' and 'number'$"):
        read("letter", House, data)
