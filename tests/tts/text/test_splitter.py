"""Raw text in, raw sentences out, each as soon as it is sure."""

from __future__ import annotations

import pytest

from bot.tts.text import marks
from bot.tts.text.splitter import Piece, Splitter


def split(*pieces: str) -> list[str]:
    """The raw sentences of the text in these pieces, without blanks around."""
    return [piece.text.strip() for piece in raw(*pieces)]


def raw(*pieces: str) -> list[Piece]:
    """The same as they come."""
    splitter = Splitter()
    found = [piece for text in pieces for piece in splitter.feed(text)]
    return found + splitter.finish()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("Hi. How are you?", ["Hi.", "How are you?"]),
        ("What?! No way!!! Really...", ["What?!", "No way!!!", "Really..."]),
        ("One (really). Two [indeed]. Three.", ["One (really).", "Two [indeed].", "Three."]),
        ("i went home. then i slept.", ["i went home.", "then i slept."]),
        ("Great! 😀 See you", ["Great! 😀", "See you"]),
        ("你好。我很好！你呢？", ["你好。", "我很好！", "你呢？"]),
        ("今天下雨；我不去……明天吧", ["今天下雨；", "我不去……", "明天吧"]),
        ("你好!我很好?是的", ["你好!", "我很好?", "是的"]),
        ("Das ist gut. Äpfel auch.", ["Das ist gut.", "Äpfel auch."]),
        ("नमस्ते। आप कैसे हैं?", ["नमस्ते।", "आप कैसे हैं?"]),
        ("كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        ("我喜欢 Python. 你呢？", ["我喜欢 Python.", "你呢？"]),
    ],
)
def test_sentences_end_where_people_end_them(text: str, sentences: list[str]) -> None:
    """Latin, Chinese, Japanese, Hindi, Arabic and mixed text."""
    assert split(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith and Mrs. Jones met Prof. Lee.",
        "Fruit, e.g. Apples, i.e. The best.",
        "It costs 3.14 dollars at example.com/a.b today.",
        "J. R. R. Tolkien wrote it.",
        "See Fig. 3 and No. 5 for more.",
        "The U.S. Army and the U.K. Navy agreed.",
        "It was 5 p.m. yesterday in Washington D.C. already.",
        "Well... maybe not.",
        "Wait… what is that",
        '"What?" he asked.',
        '"Go." she said.',
        "Apples, pears, etc. are fruit.",
        "Wir treffen uns am 5. Mai in Bonn.",
        "1. First things first",
        "「はい。」と言った。",
        "「本当？」って聞いた。",
        "a.m. or p.m. is what counts",
        "In zwei Tagen, z. B. in Berlin.",
        "Son las 3:30 p. m. y hace calor.",
        "Voici la liste : 1. Pommes, 2. Poires.",
    ],
)
def test_a_stop_that_ends_nothing_ends_nothing(text: str) -> None:
    """Abbreviations, initials, decimals, addresses, ellipses, ordinals and quotations within a sentence."""
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He lives in the U.S. He left.", ["He lives in the U.S.", "He left."]),
        ("Is it? No. Then go.", ["Is it?", "No.", "Then go."]),
        ("We sell apples, etc. Come in.", ["We sell apples, etc.", "Come in."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("他说：“你好。”她走了。", ["他说：“你好。”", "她走了。"]),
        ("（说完了。）他走了。", ["（说完了。）", "他走了。"]),
        ("I got a B. The teacher smiled.", ["I got a B.", "The teacher smiled."]),
        ("In 1984. 5 people came.", ["In 1984.", "5 people came."]),
    ],
)
def test_what_follows_decides_where_a_stop_may_be_either(text: str, sentences: list[str]) -> None:
    """An abbreviation or a quotation may end a sentence: the next word says whether it did."""
    assert split(text) == sentences


def test_lines_are_sentences() -> None:
    """A newline ends a sentence, blank lines add none, and each piece knows that it begins a line."""
    assert [piece.text for piece in raw("One\n\n  \nTwo. Three\n")] == ["\nOne", "\nTwo. ", "Three"]


def test_a_line_broken_because_it_was_full_goes_on() -> None:
    """A long line followed by a small letter was wrapped; a short one was ended."""
    wrapped = "This line was broken by an editor because it had no more room\nfor the rest of it."
    assert split(wrapped) == [wrapped]
    assert split("milk\neggs") == ["milk", "eggs"]
    assert len(split("This line was broken by an editor because it had no more room\nFor this is new.")) == 2


@pytest.mark.parametrize(
    "stream",
    [
        ["Hello there.", " ", "H"],
        ["Hello there", ". ", "How"],
        ["你好", "。", "我"],
        ["Hello", "\n", "x"],
        ["Really?", "!", " ", "Yes"],
    ],
)
def test_a_sentence_is_sure_when_the_next_begins(stream: list[str]) -> None:
    """Nothing comes before the last piece, which makes the first sentence sure — a newline at once."""
    splitter = Splitter()
    came = [len(splitter.feed(piece)) for piece in stream]
    assert sum(came) == 1
    assert came[0] == 0


def test_abbreviations_wait_for_the_word_that_decides() -> None:
    """After "U.S." a sentence is not sure before the next word is whole."""
    splitter = Splitter()
    assert splitter.feed("I live in the U.S. H") == []
    assert splitter.feed("e") == []
    assert [piece.text for piece in splitter.feed(" left")] == ["\nI live in the U.S. "]


@pytest.mark.parametrize(
    "text",
    [
        "```py\nprint('Hi. There.')\n```\nDone.",
        "```\nUnclosed. And more.",
        "Look: ```one line``` nice.",
        "````\n```\ninner\n```\n````",
        "~~~python\ncode. more.\n~~~\n",
        "``` \n||not a spoiler||\n```",
    ],
)
def test_fenced_code_is_one_mark_and_never_its_content(text: str) -> None:
    """A fence is taken out whole, closed or not, also in the middle of a line."""
    for found in (raw(text), raw(*text)):
        texts = [piece.text for piece in found]
        assert texts.count(marks.CODE) == 1
        assert not any(
            word in "".join(texts) for word in ("print", "Unclosed", "one line", "inner", "code.", "spoiler")
        )


def test_code_is_announced_before_its_fence_is_closed() -> None:
    """While an LLM still writes the code, the listener already knows."""
    assert [piece.text for piece in Splitter().feed("Here:\n```py\nx = 1")] == ["\nHere:", marks.CODE]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Use `a. B` now.", "`a. B`"),
        ("The ``x ` y. Z`` code.", "``x ` y. Z``"),
        ("`||` is or. And `||` too.", "`||` is or."),
        ("`<think>` is a tag.", "`<think>` is a tag."),
    ],
)
def test_inline_code_is_never_cut(text: str, code: str) -> None:
    """A full stop, a spoiler's bars or a tag in inline code mean nothing."""
    assert any(code in piece for piece in split(text))


@pytest.mark.parametrize(
    "text", ["||he dies||", "So ||he dies. Yes.|| sad", "||he\ndies|| x", "a ||he dies|| b ||he dies|| c"]
)
def test_what_a_spoiler_hides_never_leaves_the_splitter(text: str) -> None:
    """Over lines, over sentences, and in any pieces."""
    for pieces in ([text], list(text), [text[:3], text[3:]]):
        said = "".join(split(*pieces))
        assert "dies" not in said
        assert marks.SPOILER in said


def test_a_spoiler_as_long_as_a_message_is_hidden() -> None:
    """Discord's longest message has 4,000 characters."""
    assert split("||" + "x. y " * 799 + "||") == [marks.SPOILER]


def test_bars_that_hide_nothing_are_bars() -> None:
    """An unclosed pair is said as it stands once it is sure that it stays unclosed."""
    assert split("this || that. Next") == ["this || that.", "Next"]
    assert split("||||") == ["||||"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("<think>Hmm. Let me see.</think>Yes.", ["Yes."]),
        ("<think>\nnever\nclosed. at all", []),
        ("First.\n<thinking>no</thinking>\nSecond.", ["First.", "Second."]),
        ("<THINK>no</THINK> Yes.", ["Yes."]),
        ("a <!-- hidden. text --> b", ["a", "b"]),
        ("<script>var a. b</script>text", ["text"]),
    ],
)
def test_thoughts_and_comments_are_passed_over(text: str, sentences: list[str]) -> None:
    """What a model thinks is not what it says, also when it is cut off in thought."""
    assert split(text) == sentences
    assert split(*text) == sentences


def test_a_word_about_thoughts_is_not_a_thought() -> None:
    """The tag in the middle of a sentence is talked about, not used."""
    assert "rest" in "".join(split("The <think> tag is odd, and this is the rest."))


def test_a_row_of_a_table_is_one_piece() -> None:
    """Full stops within cells do not cut the row; the lines do."""
    assert split("| Dr. No. Yes | x |\n|---|---|\n| a. B | 5 |") == ["| Dr. No. Yes | x |", "|---|---|", "| a. B | 5 |"]


@pytest.mark.parametrize("formula", ["$$\nx = y. z\n$$", "\\[ a. B = c \\]"])
def test_a_displayed_formula_is_one_mark(formula: str) -> None:
    """Wherever its lines break."""
    assert split(f"See:\n{formula}\nOk.") == ["See:", marks.FORMULA, "Ok."]
    assert split(*f"See:\n{formula}\nOk.") == ["See:", marks.FORMULA, "Ok."]


def test_money_signs_are_not_a_formula() -> None:
    """Two dollars without a match, and three in a row."""
    assert split("$$ today\n\nmore") == ["$$ today", "more"]
    assert split("$$$ wow") == ["$$$ wow"]


def test_block_tags_break_lines() -> None:
    """``<br>`` and its kind are newlines; tags within a line are kept for the markup steps."""
    assert split("one<br>two<p>three</p><b>four</b>") == ["one", "two", "three", "<b>four</b>"]


def test_text_without_an_end_is_cut_at_a_blank() -> None:
    """A speaker without full stops is not waited for for ever."""
    found = split("word " * 500)
    assert max(map(len, found)) <= 600
    assert " ".join(found).split() == ["word"] * 500


def test_a_number_is_not_cut() -> None:
    """Where there is no blank the cut goes before a number, not through it."""
    found = split("x" * 590 + "123456789012345" + "y" * 600)
    assert any("123456789012345" in piece for piece in found)


def test_a_character_is_not_cut() -> None:
    """A family of joined emoji at the edge goes to one side."""
    family = "👨\u200d👩\u200d👧\u200d👦"
    found = split("x" * 597 + family + "y" * 600)
    assert any(family in piece for piece in found)


@pytest.mark.parametrize(
    "unit",
    ["*", "_", "`", "|", "[", "(", "<", "1", ".", "😀", "\u0301", "~", "$", "\\", "a", "。", "<think", "||", "`a"],
)
def test_hostile_runs_are_held_back_only_so_far(unit: str) -> None:
    """However long a run is, one feed leaves no more than a spoiler's reach waiting: memory and work stay bounded."""
    splitter = Splitter()
    splitter.feed(unit * (100_000 // len(unit)))
    assert len(splitter._buffer) <= 4096 + 2 * 1024


def test_a_splitter_can_be_used_again() -> None:
    """After the end it is as new, also when the end came within a fence."""
    splitter = Splitter()
    splitter.feed("```\nunclosed")
    splitter.finish()
    assert [piece.text for piece in splitter.feed("Hi. Y") + splitter.finish()] == ["\nHi. ", "Y"]


def test_pieces_say_what_was_taken_out_of_them() -> None:
    """For whoever wants the text explained."""
    assert [piece.rules for piece in raw("||a|| b\n```\nx\n```\n<think>x</think>c")] == [
        ("spoiler",),
        ("code block",),
        ("thought",),
    ]
