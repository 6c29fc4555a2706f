"""Text in pieces, sentences out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.text import Options, SentenceStream, clean, sentences

ATOMS = [
    "Hello there. ", "How are you? ", "Dr. ", "U.S. ", "e.g. ", "`", "``", "```", "||", "|", "<think>", "</think>",
    "<b>", "<br>", "<",
    "<@42>", "$$", "\\[", "\\]", "\n", "\n\n", "~~~py\n", "~~~", "你好。", "」", "「", "と", "！", "…", "😀", "👍🏽",
    "\u0301" * 6, "\u200d",
    "3.14 ", "a" * 200, "word ", "the ", " ", "**", "_", "1. ", "- ", "| a | b |\n", "https://x.com/a.b ", "<!--",
    "-->", "5. Mai ",
    "x" * 590, " " * 30, "\r\n", "“Go.” ", "he said", "🇯🇵", "🇯", "1,234,567", "555", "wwww", "\u2028", "\x00",
    "\ue000", "$5",
]  # fmt: skip

PIECES = st.lists(st.one_of(st.sampled_from(ATOMS), st.text(max_size=5)), max_size=25)


def streamed(text: str, cuts: list[int], options: Options) -> list[object]:
    """The sentences of the text, fed in pieces of these lengths in turn."""
    stream = SentenceStream(options)
    found: list[object] = []
    at = turn = 0
    while at < len(text):
        length = cuts[turn % len(cuts)]
        found += stream.feed(text[at : at + length])
        at, turn = at + length, turn + 1
    return found + list(stream.finish())


@settings(max_examples=300, deadline=None)
@given(PIECES, st.lists(st.integers(1, 40), min_size=1, max_size=5), st.sampled_from([None, "ja", "fr"]))
def test_how_a_text_is_fed_makes_no_difference(parts: list[str], cuts: list[int], language: str | None) -> None:
    """Any partition of any text gives what the whole gives."""
    text, options = "".join(parts), Options(language=language)
    assert streamed(text, cuts, options) == list(clean(text, options))


@settings(max_examples=300, deadline=None)
@given(PIECES, st.sampled_from([20, 60, 300]))
def test_every_sentence_can_be_spoken(parts: list[str], longest: int) -> None:
    """It fits, has a language, has something in it to say, and nothing that only this room understands."""
    for sentence in clean("".join(parts), Options(max_sentence_chars=longest)):
        assert 0 < len(sentence.text) <= longest
        assert sentence.language
        assert any(character.isalnum() for character in sentence.text)
        assert not any("\ue000" <= character <= "\uf8ff" or character < " " for character in sentence.text)


def test_a_stream_can_be_used_again() -> None:
    """After the end it has forgotten the text and what language it was in."""
    stream = SentenceStream()
    first = [*stream.feed("Bonjour tout le monde, comment allez-vous ? ```"), *stream.finish()]
    assert first[0].language == "fr"
    assert [*stream.feed("OK"), *stream.finish()] == list(clean("OK"))


def test_a_sentence_comes_as_soon_as_it_is_sure() -> None:
    """The beginning of the next sentence makes the first sure, and nothing less does."""
    stream = SentenceStream()
    assert stream.feed("Hello there.") == []
    assert stream.feed(" ") == []
    assert [sentence.text for sentence in stream.feed("H")] == ["Hello there."]
    assert [sentence.text for sentence in stream.finish()] == ["H"]


async def test_a_long_text_lets_others_have_their_turn() -> None:
    """A hundred pages do not stop the heartbeat of a gateway."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    async for _ in sentences("This is one sentence of a very long text. " * 500):
        pass
    beside.cancel()
    assert turns >= 5


async def test_text_that_is_there_and_text_that_is_coming_read_alike() -> None:
    """One form for both."""

    async def coming() -> AsyncIterator[str]:
        for piece in ("Hello th", "ere. How", " are you?"):
            yield piece

    whole = [sentence async for sentence in sentences("Hello there. How are you?")]
    assert whole == [sentence async for sentence in sentences(coming())] == list(clean("Hello there. How are you?"))


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "...", "!!!", "\u200b", "***", "||||", "\x00", "---", "<>", "，。！", "\ue000"]
)
def test_nothing_pronounceable_is_no_sentence(text: str) -> None:
    """An empty turn of an LLM is nothing to say, not something to fail at."""
    assert clean(text) == ()
