"""What people call a language."""

from __future__ import annotations

from bot.tts.languages import language_name


def test_languages_are_called_by_their_names() -> None:
    """People read Russian, programs ru; a code nobody named stays a code."""
    assert language_name("ru") == "Russian (ru)"
    assert "'xx'" in language_name("xx")
