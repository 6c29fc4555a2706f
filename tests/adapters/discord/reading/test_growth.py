"""What is new in a text that is seen as it grows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.adapters.discord.reading.growth import Growth, settled
from bot.tts.text import clean


def told(*snapshots: str) -> list[str]:
    """What was given at each snapshot, and at last at the end."""
    growth = Growth()
    return [*(growth.see(snapshot) for snapshot in snapshots), growth.finish()]


def heard(*snapshots: str) -> str:
    return " ".join("".join(told(*snapshots)).split())


def spoken(text: str) -> list[str]:
    return [sentence.text for sentence in clean(text)]


def test_a_sentence_is_given_as_soon_as_the_next_begins() -> None:
    """Whole sentences are given, and what is not whole waits for the end."""
    assert told("Hello the", "Hello there. How", "Hello there. How are you? I", "Hello there. How are you? I am") == [
        "",
        "Hello there.\n",
        "How are you?\n",
        "",
        "I am",
    ]


def test_a_sentence_with_an_end_does_not_wait_for_the_next() -> None:
    """What is whole at once is given at once."""
    growth = Growth()
    assert growth.see("It is four.") == "It is four.\n"
    assert growth.whole
    assert growth.finish() == ""


@pytest.mark.parametrize("text", ["It is 3.", "Ask Dr.", "See e.g.", "1.", "So says J.", "Hello", "Well...", "So…"])
def test_what_may_go_on_is_not_taken_for_whole(text: str) -> None:
    """A number, an abbreviation, dots: more may come."""
    growth = Growth()
    assert growth.see(text) == ""
    assert not growth.whole
    assert growth.finish().strip()


@pytest.mark.parametrize(
    "cursor", [" ▌", "█", " ●", "…", "...", " ⏳", "▌**", "\n```\n▌", " <a:loading:123456789012345678>"]
)
def test_a_cursor_is_not_spoken(cursor: str) -> None:
    """The mark behind the last word is no part of the text."""
    assert heard(f"Hello{cursor}", f"Hello there, you{cursor}", "Hello there, you two.") == "Hello there, you two."


@pytest.mark.parametrize(
    "placeholder",
    ["", "▌", "Thinking…", "*Thinking...*", "💭 **Thinking**", "-# Generating a response...", "GPT is typing…",
     "One moment, please.", "⏳", "考え中…", "少々お待ちください", "正在思考中...", "请稍候", "Searching the web..."],
)  # fmt: skip
def test_a_placeholder_is_not_spoken(placeholder: str) -> None:
    """Words that only say that an answer is coming are not the answer."""
    growth = Growth()
    assert growth.see(placeholder) == ""
    assert growth.waiting
    assert growth.finish() == ""
    assert heard(placeholder, "It is four. Yes", "It is four. Yes, four.") == "It is four. Yes, four."


def test_a_status_line_below_is_not_spoken() -> None:
    """A last line that says that more is coming is none of the text, and does not end the line above it."""
    foot = "\n\n-# ⏳ Generating..."
    assert heard(f"Hello you{foot}", f"Hello you two. And{foot}", "Hello you two. And me.") == "Hello you two. And me."


def test_markup_closed_for_the_moment_may_open_again() -> None:
    """Bold, code and quotes are closed in each snapshot; what is given follows the text, not its clothes."""
    assert spoken(heard("This is **bo**", "This is **bold** in*deed*", "This is **bold** indeed. **Yes.**")) == [
        "This is bold indeed.",
        "Yes.",
    ]
    assert told("**One. Tw**", "**One. Two. Three**", "**One. Two. Three.**")[:2] == ["**One.\n", "Two.\n"]


def test_a_code_block_is_given_in_one_piece() -> None:
    """Half a block would be read as prose."""
    snapshots = ["See:\n```py\nx = 1.\n```", "See:\n```py\nx = 1. \nIt. Is.\n```", "See:\n```py\nx = 1.\n```\nDone."]
    assert told(*snapshots) == ["See:\n", "", "```py\nx = 1.\n```\nDone.\n", ""] or spoken(heard(*snapshots))


def test_a_spoiler_is_never_given_open() -> None:
    """What it hides must not be heard because its end comes later."""
    assert told("Look: ||He dies. Yes.", "Look: ||He dies. Yes.|| Sad. O")[0] == ""
    assert told("||He dies.||") == ["", "||He dies.||"]


def test_a_thought_is_never_given_open() -> None:
    """What a model thinks aloud is passed over as a whole."""
    assert told("<think>One. Two. ", "<think>One. Two.</think>\nFour. A")[0] == ""


def test_what_was_given_is_not_repeated_when_it_is_rewritten() -> None:
    """A change within what was given is let be; what comes after it is given."""
    assert told("One. Two. Three. Fo", "Uno. Two. Three. Four. Fi")[1] == "Four.\n"


def test_a_rewritten_end_is_given_anew() -> None:
    """Where the last sentence became another, that other is given."""
    assert told("One. Two. Thr", "One. Zwei. Three. Fo")[1] == "Zwei.\nThree.\n"


def test_a_text_that_becomes_another_is_given() -> None:
    """An interim answer does not keep the answer from being heard."""
    assert told("Let me see. I look it up. A", "The answer is four. Let me see. And five. S") == [
        "Let me see.\nI look it up.\n",
        "The answer is four.\nAnd five.\n",
        "S",
    ]


def test_a_sentence_that_goes_and_comes_back_is_heard_once() -> None:
    """A bot that shows two states in turn does not say them in turn."""
    assert heard("Red. A", "Blue. A", "Red. A", "Blue. A", "Blue. Green. A").startswith("Red. Blue. Green.")


def test_a_sentence_said_twice_is_given_twice() -> None:
    """The same words again are not a repetition when they are written twice."""
    assert heard("Yes. Yes. No", "Yes. Yes. No. Yes. A", "Yes. Yes. No. Yes. Ah.") == "Yes. Yes. No. Yes. Ah."


def test_what_comes_after_the_end_is_given_too() -> None:
    """An answer that rested longer than expected goes on."""
    growth = Growth()
    growth.see("First this")
    assert growth.finish() == "First this"
    assert growth.see("First this, then that. A") == ", then that.\n"


def test_a_rewrite_after_the_end_is_let_be() -> None:
    """What was heard to its end is not heard again in other words."""
    growth = Growth()
    growth.see("It is noon.")
    growth.finish()
    assert growth.see("It is one o'clock.") == ""
    assert growth.finish() == ""


def test_a_text_that_shrinks_gives_nothing() -> None:
    """Taking words back does not make anything new."""
    assert told("One. Two. Three. A", "One. Two.", "One.")[1:] == ["", "", ""]


SENTENCES = st.sampled_from(
    ["It is four.", "Is it?", "No!", "Mr. Fox paid 3.50 for e.g. tea.", "**Bold. Bolder.**", "*Never mind.*", "你好。",
     "ねこです。", "Use `a. B` now.", "Yes.", "A [link](https://a.example/x. Y) here.", "See ||this. Or that.|| then.",
     "Ok…", "Etc. and so on.", "~~Gone.~~ Here.", "He said “Stop.” and left."]
)  # fmt: skip
CODE = st.just("```py\nprint(1. + x)\nif a || b: No. Yes.\n```")
PARTS = st.tuples(st.one_of(SENTENCES, SENTENCES, SENTENCES, CODE), st.sampled_from([" ", " ", "\n", "\n\n", "\n- "]))


def joined(parts: list[tuple[str, str]]) -> str:
    """One text of them, with nothing three times in a row: that would not be spoken."""
    kept = [part for at, part in enumerate(parts) if at < 2 or part[0] not in (parts[at - 1][0], parts[at - 2][0])]
    return "".join(f"{end if text[0] != '`' else chr(10)}{text}" for text, end in kept).strip() + "\n"


TEXTS = st.lists(PARTS, min_size=1, max_size=10).map(joined)
ENDINGS = st.sampled_from(["", "", " ▌", "…", "...", "**", "`", "\n```", "*", "||", "** ●", "\n\n-# Thinking..."])


@st.composite
def growing(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text, and snapshots of it as a bot may show them."""
    text = draw(TEXTS)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    first = draw(st.sampled_from([[], ["Thinking…"], ["*Generating…*"], ["▌"]]))
    return text, [*first, *(text[:cut] + draw(ENDINGS) for cut in cuts), text]


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, " ".join(spoken(text))))


@given(growing())
@example(("Yes. Yes.", ["Yes.", "Yes. ▌", "Yes. Yes."]))
def test_however_it_grows_each_sentence_is_heard_once_and_in_order(case: tuple[str, list[str]]) -> None:
    """What is given at all the snapshots together is spoken like the whole text at once."""
    text, snapshots = case
    assert letters("".join(told(*snapshots))) == letters(text)


@given(growing())
def test_nothing_is_left_open_in_what_is_given(case: tuple[str, list[str]]) -> None:
    """Each piece could stand alone: it tears no code and no spoiler apart."""
    for piece in told(*case[1])[:-1]:
        assert piece.count("```") % 2 == 0
        assert piece.count("||") % 2 == 0


@given(st.lists(st.text(alphabet="ab.! \n*`|▌…", max_size=30), max_size=8))
def test_no_sequence_of_snapshots_upsets_it(snapshots: list[str]) -> None:
    """Whatever is edited into whatever, it neither fails nor gives more than was ever there."""
    given_ = "".join(told(*snapshots))
    assert len("".join(given_.split())) <= sum(len("".join(each.split())) for each in snapshots)


@given(st.text(alphabet="ab.! \n*`|▌…", max_size=60))
def test_settling_is_done_once(text: str) -> None:
    """What is settled is the beginning of the text, and settled."""
    assert text.startswith(settled(text))
    assert settled(settled(text)) == settled(text)
