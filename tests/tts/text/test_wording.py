"""Words for all that is not words yet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.text import Options
from bot.tts.text.block import Block
from bot.tts.text.marks import CODE
from bot.tts.text.wording import Wording

WORDING = Wording(Options(dictionary={"GPU": "G P U", "你好": "您好"}))
ATOMS = [
    "3 ", "$5", "5km", "½", "a+b", "😀", "1️⃣", "wwww", "555", "2333", "GPU", "你好", "Node.js", "and/or", CODE, " ",
    "  ", " ,", "(", "$ ", "$", "\u0378", "( )", "，。", "word", "Word. ", "一天", "\n", "\u200d", "*", "，", "~",
    "“ ”", "ㅋㅋㅋ", "#", ". ", "C#", " < ", "天,", "/", ",",
]  # fmt: skip
SENTENCES = st.lists(
    st.lists(st.one_of(st.sampled_from(ATOMS), st.text(max_size=3)), min_size=1, max_size=6).map("".join),
    min_size=2,
    max_size=5,
)


@settings(max_examples=400, deadline=None)
@given(SENTENCES, st.sampled_from(["en", "zh", "ja", "ko", "th", "fr"]))
def test_sentences_are_worded_together_as_alone(sentences: list[str], language: str) -> None:
    """What is found out for all at once leaves out nothing for any."""
    together = WORDING.due(Block.of(sentences))
    for sentence, due in zip(sentences, together, strict=True):
        said: list[str] = []
        alone: list[str] = []
        everything = WORDING.due(Block.of([sentence]))[0]
        assert WORDING.worded(sentence, language, said, due) == WORDING.worded(sentence, language, alone, everything)
        assert said == alone


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("plain words", set()),
        ("3 apples", {"numbers"}),
        ("ha 😀", {"emoji", "tidy"}),
        ("Node.js", {"joints"}),
        ("so , what", {"tidy"}),
        (CODE, {"marks", "tidy"}),
    ],
)
def test_a_sentence_gets_the_steps_that_may_find_something(text: str, due: set[str]) -> None:
    """And no others, so that plain text costs little."""
    assert Wording(Options()).due(Block.of([text, "beside it"]))[0] == due


def test_what_a_step_brings_in_is_the_concern_of_later_steps() -> None:
    """An entry of the dictionary may hold a number."""
    wording = Wording(Options(dictionary={"trio": "3 people"}))
    rules: list[str] = []
    assert wording.worded("trio", "en", rules, {"dictionary"}) == "three people"
    assert rules == ["dictionary", "numbers"]


def test_nothing_to_say_is_empty() -> None:
    """However it was typed."""
    for text in ("...", " , ", "\n", "—", "()"):
        assert WORDING.worded(text, "en", [], WORDING.due(Block.of([text, text]))[0]) == ""
