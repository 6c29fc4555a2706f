"""Chinese in characters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.indextts.text import chinese, grammar
from bot.tts.indextts.text.chinese import normalize


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("今天是2024年3月15日", "今天是二零二四年三月十五日"),
        ("一共¥99.5", "一共九十九点五元"),
        ("10km/h", "每小时十公里"),
        ("3:2", "三比二"),
        ("a≥b", "a大于等于b"),
        ("小孩儿去哪儿", "小孩儿去哪儿"),
        ("繁體３個", "繁体三个"),
        ("ＡＢＣ，", "ABC,"),
        ("他说\"3个'苹果'\"", "他说\"三个'苹果'\""),
        (r"C:\3", r"C:\三"),
        ("  你好", "  你好"),
        (" \n", " \n"),
        ("", ""),
        ("第1行\n第2行", "第一行\n第二行"),
    ],
)
def test_numbers_and_signs_are_said(text: str, said: str) -> None:
    """Traditional becomes simplified and full width half; quotes, backslashes and white space stay."""
    assert normalize(text) == said


def test_plain_text_is_not_given_to_the_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most sentences have nothing in them that it would change."""

    def never(*_: object) -> list[grammar.Token]:
        raise AssertionError

    monkeypatch.setattr(chinese, "tokens", never)
    assert normalize("大家好，欢迎OK！かな。\n") == "大家好,欢迎OK!かな。\n".replace("。", ".")


def test_where_the_grammar_does_not_go_the_rest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Down to the character that it cannot read."""

    def stumbles(text: str, language: grammar.Language) -> list[grammar.Token]:
        if "@" in text:
            raise grammar.NotInGrammar(language)
        return grammar.tokens(text, language)

    monkeypatch.setattr(chinese, "tokens", stumbles)
    assert normalize("3个@5个") == "三个@五个"


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from("甲乙丙\n。“”,. ab")))
def test_text_without_numbers_says_the_same(text: str) -> None:
    """Nothing but the width of its punctuation changes."""
    assert normalize(text) == grammar.halved(text)
