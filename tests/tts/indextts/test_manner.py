"""How everything is spoken: what may be set, and what of it can be heard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import ConfigError
from bot.speech import Utterance
from bot.tts.indextts.manner import Manner
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.reading import seed

HELLO = Utterance("Hello.", "indextts", "me.wav", "en")


@pytest.mark.parametrize("pause", [0.0, 0.09, 0.26, float("nan")])
def test_a_silence_that_is_too_short_or_too_long_is_refused(pause: float) -> None:
    """By the name of the setting, with what it can be."""
    with pytest.raises(ConfigError, match=r"indextts\.pause: .* it can be 0\.1 to 0\.25"):
        Manner(pause=pause)


@pytest.mark.parametrize("pause", [0.10, 0.25])
def test_the_ends_of_what_it_can_be_are_in_it(pause: float) -> None:
    assert Manner(pause=pause).pause == pause


def test_beams_take_rows_and_no_chance_takes_no_second_try() -> None:
    """A search with three beams is three sequences; without sampling another seed finds the same."""
    assert Manner(Sampling(beams=3), slots=4).rows == 12
    assert Manner(Sampling(sample=False), attempts=5).tries == 1
    assert Manner(attempts=5).tries == 5


@pytest.mark.parametrize(
    "other",
    [
        Manner(Sampling(temperature=0.9)),
        Manner(positions=Positions.UPSTREAM),
        Manner(pause=0.2),
        Manner(attempts=2),
    ],
    ids=["options", "positions", "pause", "attempts"],
)
def test_what_can_be_heard_tells_manners_apart(other: Manner) -> None:
    """What was cached with one is not given out for another; how many are spoken at once, and when, is not heard."""
    assert other.sounding != Manner().sounding
    assert Manner(slots=9, streaming=True).sounding == Manner().sounding


def test_the_chance_of_a_try_is_that_of_its_words_and_voice() -> None:
    """Not of the rate, of who stands in for whom, or of the day; and each sentence and each try has its own."""
    assert seed(HELLO, 0, 0) == seed(replace(HELLO, rate=1.5, instead_of="edge", language="zh"), 0, 0)
    assert seed(HELLO, 0, 0) == 0x30D4FE425FEAA832, "what is in caches was spoken with this one"
    others = [
        seed(replace(HELLO, text="Hello!"), 0, 0),
        seed(replace(HELLO, voice="you.wav"), 0, 0),
        seed(HELLO, 1, 0),
        seed(HELLO, 0, 1),
        seed(HELLO, 0, 0),
    ]
    assert len(set(others)) == len(others)
    assert all(0 <= one < 2**63 for one in others)


def test_half_an_emoji_has_a_chance_too() -> None:
    """It cannot be encoded, and is no reason to fall silent."""
    assert seed(replace(HELLO, text="Hi\ud83d"), 0, 0) >= 0
