"""Markdown, as LLMs write it and people half know it."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean


def said(text: str, **options: object) -> list[str]:
    """The sentences of an English text."""
    return [sentence.text for sentence in clean(text, Options(language="en", **options))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("This is **bold** and *italic* and ***both***.", "This is bold and italic and both."),
        ("This is __underlined__ and _slanted_ and ~~struck~~.", "This is underlined and slanted and struck."),
        ("A snake_case_name stays words.", "A snake case name stays words."),
        ("The __init__ method", "The init method"),
        ("2*3*4 is a product", "two times three times four is a product"),
        ("2 * 3 too", "two times three too"),
        ("un*frigging*believable", "unfriggingbelievable"),
        ("\\*not bold\\* here", "not bold here"),
        ("a \\_ b", "a b"),
        ("a footnote* mark", "a footnote mark"),
        ("about ~5 of them", "about about five of them"),
    ],
)
def test_emphasis_is_for_the_eye(typed: str, spoken: str) -> None:
    """Stars, underscores and tildes go without gluing or breaking words."""
    assert said(typed) == [spoken]


def test_emphasis_over_sentences_comes_off_each() -> None:
    """A pair that spans two sentences leaves nothing behind in either."""
    assert said("**First one. Second one.** Third") == ["First one.", "Second one.", "Third"]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("# Title", ["Title"]),
        ("###### Deep ##", ["Deep"]),
        ("-# small print", ["small print"]),
        ("#hashtag stays", ["hashtag stays"]),
        ("> quoted\n> > twice", ["quoted", "twice"]),
        ("- one\n* two\n+ three\n• four", ["one", "two", "three", "four"]),
        ("- [ ] open\n- [x] done", ["open", "done"]),
        ("1. First\n2) Second", ["one, First", "two, Second"]),
        ("> - **nested** item", ["nested item"]),
        ("a\n---\nb\n* * *\nc\n====", ["a", "b", "c"]),
        ("-5 degrees", ["minus five degrees"]),
    ],
)
def test_blocks_are_their_words(typed: str, spoken: list[str]) -> None:
    """Headings, quotations, lists, tasks and rulers."""
    assert said(typed) == spoken


def test_a_table_is_read_cell_by_cell() -> None:
    """Each row is a sentence, the ruler none, empty cells no pause."""
    table = "| Name | Age |\n|:-----|----:|\n| Ann | 5 |\n| Bob | |\n| a \\| b | 7 |"
    assert said(table) == ["Name, Age", "Ann, five", "Bob", "a b, seven"]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("Run `pip install sayso` now.", "Run pip install sayso now."),
        ("Pass `**kwargs` and `*args`.", "Pass kwargs and args."),
        ("The `<div>` tag", "The div tag"),
        ("Call `foo_bar()` twice", "Call foo bar twice"),
        ("Use ``a ` b`` too", "Use a b too"),
        ("An `unclosed tick", "An unclosed tick"),
        ("Open `main.py` now", "Open main dot py now"),
    ],
)
def test_inline_code_is_said_as_text(typed: str, spoken: str) -> None:
    """Its words, and nothing in it is taken for markup."""
    assert said(typed) == [spoken]


@pytest.mark.parametrize(("code", "spoken"), [("say", ["Look:", "code block", "Nice."]), ("skip", ["Look:", "Nice."])])
def test_a_code_block_is_announced_or_passed_over(code: str, spoken: list[str]) -> None:
    """Never read out."""
    assert said("Look:\n```py\nprint('no')\n```\nNice.", code=code) == spoken


@pytest.mark.parametrize(("spoilers", "spoken"), [("say", "It is spoiler!"), ("skip", "It is!")])
def test_a_spoiler_is_announced_or_passed_over(spoilers: str, spoken: str) -> None:
    """Never read out."""
    assert said("It is ||the butler||!", spoilers=spoilers) == [spoken]


def test_a_fence_is_not_three_inline_codes() -> None:
    """The order bug of openai-edge-tts: the inline rule ran first and let the code through."""
    assert said("```a `b` c```") == ["code block"]
    assert said("`x` and\n```\n`y`\n```") == ["x and", "code block"]
