"""What people call a language."""

from __future__ import annotations

import json

from bot.resources import folder
from bot.tts.languages import language_name, language_names


def test_languages_are_called_by_their_names() -> None:
    """People read Russian, programs ru; a code nobody named stays a code."""
    assert language_name("ru") == "Russian (ru)"
    assert "'xx'" in language_name("xx")


def test_languages_are_called_by_what_their_speakers_call_them() -> None:
    """In English first; a code nobody named is its own name."""
    assert language_names("ja") == ("Japanese", "日本語")
    assert language_names("xx") == ("xx",)


def test_every_language_that_edge_speaks_has_its_names() -> None:
    """Whoever looks for a voice types the language as they know it."""
    voices = json.loads((folder("voices") / "edge-voices.json").read_text(encoding="utf-8"))
    languages = {voice["Locale"].partition("-")[0] for voice in voices}
    assert [language for language in sorted(languages) if len(language_names(language)) < 2] == []
