"""What holds for somebody is told with who decided it."""

from __future__ import annotations

import pytest

from bot import wishes
from bot.adapters.standing import LAYERS, standing
from bot.adapters.words import LOCALES, translated
from bot.wishes import CHANNEL, COMMAND, CONFIG, EVERYWHERE, GUILD, USER, Choice, Wishes

WISHES = Wishes(Choice("edge", GUILD), Choice("heart", USER), Choice(1.5, COMMAND), Choice("ja", CONFIG))


def test_each_choice_is_told_with_its_layer() -> None:
    """A number as people write it, a language by its name."""
    assert list(standing(WISHES, "any", "en")) == [
        ("voice", "heart", "user"),
        ("engine", "edge", "guild"),
        ("rate", "1.5", "command"),
        ("language", "Japanese", "config"),
    ]


def test_where_no_language_was_chosen_it_is_said_so() -> None:
    """In the words of whoever tells it."""
    free = Wishes(WISHES.engine, WISHES.voice, Choice(1.0, CHANNEL), Choice(None, EVERYWHERE))
    assert list(standing(free, "as written", "en"))[2:] == [
        ("rate", "1", "channel"),
        ("language", "as written", "everywhere"),
    ]


def test_each_layer_has_its_name() -> None:
    """The one under which it is known in the code as well."""
    assert [getattr(wishes, name.upper()) for name in LAYERS] == list(range(len(LAYERS)))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("section", ["voice_command", "telegram_voice"])
def test_each_layer_has_its_words(section: str, locale: str) -> None:
    """On each platform, in each language."""
    assert all(translated(f"{section}.why.{layer}", locale) for layer in LAYERS)
