"""Long lists are told in short."""

from __future__ import annotations

import pytest

from bot.adapters.members import SHOWN, named
from bot.adapters.words import LOCALES, word

KEYS = [("admin.value.none", "admin.answer.more"), ("telegram_settings.value.none", "telegram_settings.more")]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("none", "more"), KEYS)
def test_the_first_are_named_and_the_others_counted(none: str, more: str, locale: str) -> None:
    """In every language of each platform; what is one too many is counted, too."""
    members = [f"<{number}>" for number in range(SHOWN + 3)]
    shown = named(members, locale, none=none, more=more)
    assert shown.count("<") == SHOWN
    assert shown.endswith(word(more, locale, count=3))
    assert named(members[: SHOWN + 1], locale, none=none, more=more).endswith(word(more, locale, count=1))


def test_a_list_that_is_short_is_told_whole() -> None:
    """As the language does it, with nothing counted."""
    none, more = KEYS[0]
    whole = named((str(number) for number in range(SHOWN)), "en", none=none, more=more)
    assert whole == ", ".join(map(str, range(SHOWN)))
    assert named(["a", "b"], "ja", none=none, more=more) == "a、b"


def test_nobody_has_a_word_of_its_own() -> None:
    """What an empty list means depends on what it is a list of."""
    assert named([], "en", none="admin.value.all", more=KEYS[0][1]) == "all"
