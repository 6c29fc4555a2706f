"""Where a sentence ends, judged from what stands around the end mark."""

from __future__ import annotations

import re

import pytest

from bot.tts.text.boundaries import ENDS, NOWHERE, sentence_end

RUN = re.compile(f"[{re.escape(ENDS)}]+")


def judged(text: str, *, final: bool = False, fresh: bool = False) -> int | None:
    """The judgement on the last run of end marks that something follows, or on the only one."""
    runs = list(RUN.finditer(text))
    return sentence_end(text, runs[0], final, fresh)


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "Hello. ",
        "Hello.)",
        'Hello."',
        "Hello. 😀",
        "Hello. 😀 ",
        "你好。",
        "你好。”",
        "Hello. (",
        'Hello. "',
        "the U.S. He",
        "on 5. Ma",
        "Mr. B. The",
    ],
)
def test_it_is_not_sure_while_more_could_change_it(text: str) -> None:
    """Closing marks, blanks, emoji, opening marks and half words may all go on."""
    found = [sentence_end(text, run, False, False) for run in RUN.finditer(text)]
    assert found[-1] is None


@pytest.mark.parametrize("text", ["Hello.", "Hello. ", 'Hello."', "你好。", "Hello. 😀"])
def test_at_the_end_of_the_text_it_is_sure(text: str) -> None:
    """Nothing will come that could change it."""
    assert judged(text, final=True) == len(text)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Hello. H", 7),
        ("Hello.) H", 8),
        ("Hello! 😀 H", 9),
        ("Hello?! h", 8),
        ("你好。我", 3),
        ("你好！”我", 4),
        ("はい。そ", 3),
        ("ok. 5", 4),
        ("ok. (S", 4),
        ("Hello.** N", 9),
        ("你好!我", 3),
    ],
)
def test_it_ends_behind_what_belongs_to_it(text: str, end: int) -> None:
    """Closing marks, emoji and blanks go with the sentence that has ended."""
    assert judged(text) == end


@pytest.mark.parametrize(
    "text",
    [
        "Dr. S",
        "e.g. T",
        "3.14",
        "a.b",
        "x...y",
        "well... m",
        '"Go." h',
        "「はい。」と",
        "「はい。」、",
        "No. 5",
        "etc. a",
        "Hello!World",
        "end.\n",
        "J. Smith ",
    ],
)
def test_it_does_not_end_where_it_goes_on(text: str) -> None:
    """Abbreviations, numbers, ellipses, quotations; and a newline decides for itself."""
    assert judged(text) == NOWHERE


def test_a_number_at_the_beginning_of_a_line_counts_a_list() -> None:
    """But elsewhere it may end a sentence."""
    assert judged("12. Next ", fresh=True) == NOWHERE
    assert judged("12. Next ", fresh=False) == 4


def test_a_long_run_of_blanks_or_closers_does_not_hold_the_answer_back() -> None:
    """Nobody can keep a sentence waiting with ten thousand stars."""
    assert judged("Hello." + "*" * 1000) is not None
    assert judged("Hello." + " " * 1000) is not None
    assert judged("Hello." + "😀" * 1000) is not None
