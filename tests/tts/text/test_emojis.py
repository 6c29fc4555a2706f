"""Emoji, shortcodes and emoticons."""

from __future__ import annotations

import pytest

from bot.tts.text import Options, clean


def said(text: str, language: str = "en", **options: object) -> str:
    """What is said of a text."""
    return " ".join(sentence.text for sentence in clean(text, Options(language=language, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("nice 👍", "nice thumbs up"),
        ("nice 👍🏽", "nice thumbs up"),
        ("I ❤️ you", "I red heart you"),
        ("press 1️⃣ now", "press one now"),
        ("from 🇯🇵 here", "from Japan here"),
        ("my 👨‍👩‍👧 here", "my family man woman girl here"),
        ("in 🏴󠁧󠁢󠁥󠁮󠁧󠁿 now", "in England now"),
        ("so 😂😂😂😂 funny", "so face with tears of joy funny"),
        ("so 😂 😂 😂 funny", "so face with tears of joy funny"),
        ("🎉", "party popper"),
        ("done ✅.", "done check mark button."),
        ("rate ★★★★☆ ok", "rate ok"),
    ],
)
def test_emoji_are_read_by_name(typed: str, spoken: str) -> None:
    """Skin tones are dropped, sequences are one, runs are said once, signs without a name not at all."""
    assert said(typed) == spoken


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("zh", "太好了 👍", "拇指向上"),
        ("ja", "すごいです 👍", "サムズアップ"),
        ("ru", "Привет, друзья 👍", "большой палец"),
    ],
)
def test_emoji_are_read_in_the_language_of_the_sentence(language: str, text: str, name: str) -> None:
    """Not in English for everybody."""
    assert name in said(text, language)


def test_emoji_in_a_language_without_names_are_passed_over() -> None:
    """An English name in a Swedish sentence helps nobody."""
    assert said("Jag tycker mycket om det här 👍", "sv") == "Jag tycker mycket om det här"


@pytest.mark.parametrize("typed", ["so 😂 ok", "so :joy: ok", "so <:lol:123456> ok", "so 👨‍👩‍👧🇯🇵1️⃣ ok"])
def test_emoji_can_be_skipped(typed: str) -> None:
    """All kinds of them."""
    assert said(typed, emoji="skip") == "so ok"


def test_two_thousand_emoji_are_a_breath_not_an_hour() -> None:
    """A flood of emoji is a few names."""
    assert said("😀" * 2000) == "grinning face grinning face"
    many = "".join(chr(0x1F600 + at % 64) for at in range(2000))
    assert len(said(many)) < 1000


@pytest.mark.parametrize(
    ("typed", "spoken"),
    [
        ("great :thumbs_up: ok", "great thumbs up ok"),
        ("great :+1: ok", "great thumbs up ok"),
        ("great :100: ok", "great hundred points ok"),
        ("great :my_server_emoji: ok", "great my server emoji ok"),
        ("at 10:30:45 sharp", "at ten thirty and forty-five seconds sharp"),
        ("use std::vector::iterator here", "use std::vector::iterator here"),
    ],
)
def test_shortcodes_are_emoji_and_colons_are_not(typed: str, spoken: str) -> None:
    """A code no emoji has is its own words; times and scopes are left."""
    assert said(typed) == spoken


@pytest.mark.parametrize("face", [":)", ":-)", ";)", ":D", ":P", ":/", "=)", "^_^", "T_T", "-_-", "¯\\_(ツ)_/¯", ":3"])
def test_emoticons_are_not_spelled(face: str) -> None:
    """Nobody says "colon parenthesis"."""
    assert said(f"well {face} ok") == "well ok"


def test_a_typed_heart_is_a_heart() -> None:
    """Less-than three."""
    assert said("love <3") == "love red heart"
