"""What people should know of what they heard is said in their language, and each thing once."""

from __future__ import annotations

import pytest

from bot.adapters.remarks import stood_in, together, truncated
from bot.adapters.words import LOCALES
from bot.speech import Spoken, Utterance


def spoken(engine: str, instead_of: str = "", voice: str = "heart") -> Spoken:
    return Spoken(Utterance("Hello.", engine, voice, "en", instead_of=instead_of), 0.0)


def test_who_spoke_instead_is_told_once() -> None:
    """However many sentences it were, and of nobody who spoke for themselves."""
    heard = [spoken("offline", "edge"), spoken("edge"), spoken("offline", "edge"), spoken("offline", "clone")]
    assert list(stood_in(heard, "en")) == [
        "clone could not say this, so offline spoke instead.",
        "edge could not say this, so offline spoke instead.",
    ]
    assert list(stood_in([spoken("edge")], "en")) == []


def test_the_voice_is_told_where_it_is_wanted() -> None:
    """Each voice that spoke."""
    heard = [spoken("offline", "edge", "heart"), spoken("offline", "edge", "adam")]
    assert [remark.partition("so ")[2] for remark in stood_in(heard, "en", voices=True)] == [
        "offline (adam) spoke instead.",
        "offline (heart) spoke instead.",
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_remarks_are_put_together_as_the_language_does(locale: str) -> None:
    """With a blank between sentences or without; what says nothing is left out."""
    one, two = next(stood_in([spoken("offline", "edge")], locale)), truncated(locale)
    both = together([one, "", two], locale)
    assert both.startswith(one)
    assert both.endswith(two)
    assert len(both) - len(one) - len(two) == (0 if locale in ("zh-CN", "ja") else 1)
    assert together(["", one], locale) == one
    assert together([], locale) == together([""], locale) == ""
