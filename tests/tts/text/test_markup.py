"""The ordered list of steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.text import STEPS, Options, Step
from bot.tts.text.markup import cleaned

OPTIONS = Options(names={"<@1>": "Ann"})
SNIPPETS = st.lists(
    st.sampled_from(
        [
            "`a_b`",
            "**x**",
            "_y_",
            "[t](http://u.v)",
            "<@1>",
            "<b>",
            "&amp;",
            "a@b.co",
            "http://c.d/e",
            "@f",
            ":joy:",
            ":)",
            "| g |",
            "# ",
            "- ",
            "1. ",
            "> ",
            "\\*",
            "$x^2$",
            "ｗ",
            "é",
            "!!!",
            "aaaa",
            "no no no no ",
            " ",
            "\n",
            "😀",
            "2*3",
            "~5",
        ]
    ),
    max_size=12,
)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@settings(max_examples=30, deadline=None)
@given(parts=SNIPPETS)
def test_a_step_changes_only_what_concerns_it(step: Step, parts: list[str]) -> None:
    """Text without any of its triggers passes through a step unchanged, so that it need not run."""
    text = "".join(parts)
    if not step.concerns(frozenset(text), text.isascii()):
        assert step.apply(text, OPTIONS) == text


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=80))
def test_a_step_takes_any_text(step: Step, text: str) -> None:
    """No text makes a step fail, and the same text always gives the same."""
    assert step.apply(text, OPTIONS) == step.apply(text, OPTIONS)


def test_steps_have_names_of_their_own() -> None:
    """They are what is shown to whoever asks why."""
    assert len({step.name for step in STEPS}) == len(STEPS)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("code", "emphasis"),
        ("code", "maths"),
        ("maths", "escapes"),
        ("links", "urls"),
        ("links", "angles"),
        ("angles", "entities"),
        ("angles", "urls"),
        ("urls", "addresses"),
        ("addresses", "handles"),
        ("urls", "emphasis"),
        ("shortcodes", "emphasis"),
        ("quotes", "headings"),
        ("headings", "lists"),
        ("lists", "emphasis"),
        ("escapes", "emphasis"),
        ("plain letters", "stray marks"),
        ("repeated letters", "repeated words"),
    ],
)
def test_the_order_that_is_documented_is_the_order(earlier: str, later: str) -> None:
    """Each pair is explained where the list stands."""
    names = [step.name for step in STEPS]
    assert names.index(earlier) < names.index(later)


def test_steps_that_changed_something_are_named_in_order() -> None:
    """And no others."""
    text, rules = cleaned("\n# **Hi** :) see http://a.bc/d", OPTIONS)
    assert rules == ["urls", "emoticons", "headings", "emphasis"]
    assert "Hi" in text
    assert cleaned("nothing to do", OPTIONS) == ("nothing to do", [])


def test_what_a_step_brings_in_is_the_concern_of_later_steps() -> None:
    """A name in fancy letters is made plain though the text had none."""
    assert cleaned("hi <@1>", Options(names={"<@1>": "𝓐𝓷𝓷"}))[0].strip() == "hi Ann"
