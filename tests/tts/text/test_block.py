"""Sentences that came at once, looked at together."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.text import STEPS, Options, Step
from bot.tts.text.block import Block
from bot.tts.text.markup import cleaned, cleaned_together

OPTIONS = Options(names={"<@1>": "𝓐𝓷𝓷"})
ATOMS = [
    "`a_b`", "**x**", "_y_", "[t](http://u.v)", "<@1>", "<b>", "&lt;", "a@b.co", "www.c.de/e", "@f", ":joy:", " :) ",
    " <3", "xD", " -_- ", "| g |", "\n# ", "\n- ", "\n1. ", "\n> ", "\n---", "\\*", "$x^2$", "ｗｗ", "e\u0301", "!!!",
    "。。", "aaaa", "hahahahaha", "no no no no ", " ", "😀", "2*3", "~5", "word", "書く", "á", "Ж\u0301", "…", "...",
    "x.com", "\ue000",
]  # fmt: skip
SENTENCES = st.lists(
    st.lists(st.one_of(st.sampled_from(ATOMS), st.text(max_size=3)), min_size=1, max_size=6).map("".join),
    min_size=2,
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(SENTENCES)
def test_sentences_come_out_together_as_they_do_alone(sentences: list[str]) -> None:
    """Who else is in the block makes no difference to a sentence."""
    block, rules = cleaned_together(sentences, OPTIONS)
    assert list(zip(block.sentences, rules, strict=True)) == [cleaned(sentence, OPTIONS) for sentence in sentences]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@settings(max_examples=60, deadline=None)
@given(sentences=SENTENCES)
def test_no_sentence_that_a_step_would_change_is_passed_over(step: Step, sentences: list[str]) -> None:
    """What is not near, the step leaves alone, if the sentence has any of its triggers at all."""
    near = set(step.places(Block.of(sentences), OPTIONS))
    for place, sentence in enumerate(sentences):
        if place not in near and step.concerns(frozenset(sentence), sentence.isascii()):
            assert step.apply(sentence, OPTIONS) == sentence


def test_the_sentences_that_hold_a_sign_are_found() -> None:
    """Each once, however often it is in them."""
    block = Block.of(["a-b-c", "none", "-", "d-"])
    assert list(block.holding(re.compile("-"))) == [0, 2, 3]
    assert list(block.holding_any("-")) == [0, 2, 3]
    assert sorted({*block.holding_any(["no", "d-"])}) == [1, 3]


def test_the_edge_of_a_sentence_is_a_newline() -> None:
    """So that a sign at the beginning of a line is found at the beginning of a sentence."""
    block = Block.of(["x - y", "- item", "\n- item"])
    assert list(block.holding(re.compile("\n-"))) == [1, 2]
    assert list(block.holding(re.compile("-(?=\n)"))) == []


def test_nothing_is_found_across_sentences() -> None:
    """The end of one and the beginning of the next do not make a sign."""
    assert list(Block.of(["a!", "!b"]).holding_any(["!!"])) == []


def test_a_changed_block_knows_what_came_in() -> None:
    """Its places and its characters are those of the new sentences."""
    block = Block.of(["one", "two", "three"]).with_changed({1: "zwölf"})
    assert block.sentences == ["one", "zwölf", "three"]
    assert "ö" in block.characters
    assert not block.ascii_only
    assert list(block.holding_any("ö")) == [1]
    assert list(block.holding_any("h")) == [2]


def test_a_single_sentence_is_not_searched() -> None:
    """A stream brings one at a time: it takes the short way to the same end."""
    block, rules = cleaned_together(["**one**"], OPTIONS)
    assert (block.sentences, rules) == (["one"], [["emphasis"]])


def test_no_sentence_at_all_is_a_block_too() -> None:
    """With no places."""
    assert list(Block.of([]).everywhere()) == list(Block.of([]).holding_any("a")) == []
