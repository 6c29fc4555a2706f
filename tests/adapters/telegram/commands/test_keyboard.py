"""What buttons say of themselves, and how they stand below a menu."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardButton

from bot.adapters.telegram.commands.keyboard import Press, badge, button, in_rows, keyboard, leaf, pager
from bot.adapters.telegram.handling import data

NUMBERS = st.integers(-(2**52), 2**52)
"""Telegram: at most 52 significant bits."""

TAGS = st.text("abcdefghijklmnopqrstuvwxyz", max_size=8)
"""BCP-47: a primary subtag has at most 8 letters."""


@given(st.sampled_from("lcvptgsah"), NUMBERS, st.integers(0, 100_000), TAGS, st.text(min_size=1, max_size=100))
def test_a_button_says_all_of_itself_in_64_bytes(act: str, owner: int, page: int, tag: str, name: str) -> None:
    """Whoever it is for and whatever their voice is called; and is understood when it is pressed."""
    press = Press(act, owner, page, tag, badge(name))
    said = press.data("nine_char")
    assert len(said.encode()) <= 64
    assert Press.read(said.split(":", 2)[-1]) == press


@pytest.mark.parametrize(
    "rest",
    ["", "l", "l.1.2", "l.1.2.en.x.y", "l.?.2..", "l.1.?..", "l..2..", "l." + "z" * 40 + ".0..", "удалить.1.2"],
)
def test_what_was_not_written_here_is_not_read(rest: str) -> None:
    """Clients may send what they like as the data of a button."""
    assert Press.read(rest) is None


@given(st.lists(st.text(min_size=1, max_size=100), unique=True, max_size=50))
def test_no_two_voices_have_the_same_badge(names: list[str]) -> None:
    """Each in 11 bytes that Telegram takes and that part nothing."""
    badges = [badge(name) for name in names]
    assert len(set(badges)) == len(names)
    assert all(len(mark) == 11 and not set(mark) & set(".:") for mark in badges)


def test_a_badge_outlives_the_process() -> None:
    """It is the same in every start, as the built-in hash of a text is not."""
    assert badge("en-US-AvaMultilingualNeural") == "6Zxkc-0z-j0"


@given(st.integers(0, 60), st.integers(-100, 100), st.integers(1, 9))
def test_every_page_is_one_that_there_is(count: int, page: int, size: int) -> None:
    """Around in a circle, and full but for the last."""
    items, at, pages = leaf(range(count), page, size)
    assert 0 <= at < pages
    assert at == page % pages
    assert list(items) == list(range(count))[at * size : (at + 1) * size]


def test_the_pages_stand_in_a_circle() -> None:
    """Before the first comes the last, after the last the first; the middle says where one is."""
    before, here, after = pager("x", Press("l", 7, 0, "en"), 3, "c")
    assert [one.text for one in (before, here, after)] == ["◀", "1/3", "▶"]
    assert before.callback_data == data("x", "l.7.2.en.")
    assert after.callback_data == data("x", "l.7.1.en.")
    assert here.callback_data == data("x", "c.7.0.en.")
    assert pager("x", Press("l", 7, 2), 3, "c")[2].callback_data == data("x", "l.7.0..")


def test_one_page_is_not_turned() -> None:
    """There is nothing to press."""
    assert not pager("x", Press("l", 7), 1, "c")


def test_rows_that_are_empty_are_left_out() -> None:
    """Telegram would not take them."""
    one = button("a", "x", Press("l", 1))
    assert keyboard([], [one], ()).inline_keyboard == ((one,),)
    assert keyboard().inline_keyboard == ()


def test_buttons_stand_side_by_side() -> None:
    """As many as fit into a row."""
    buttons = [InlineKeyboardButton(str(number), callback_data="x") for number in range(5)]
    assert [[one.text for one in row] for row in in_rows(buttons, 2)] == [["0", "1"], ["2", "3"], ["4"]]
