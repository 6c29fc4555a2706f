"""Cache keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.speech import Utterance
from bot.store import cache_key
from tests.doubles.store import utterance

TEXT = st.text(st.characters(), max_size=12)
UTTERANCES = st.lists(
    st.builds(
        Utterance,
        text=TEXT,
        engine=TEXT,
        voice=TEXT,
        language=TEXT,
        rate=st.floats(0.1, 10),
        revision=TEXT,
    ),
    max_size=3,
)


def _sound(utterance: Utterance) -> tuple[object, ...]:
    one = utterance
    return one.text, one.engine, one.voice, one.language, one.rate, one.revision


@given(UTTERANCES, UTTERANCES)
def test_keys_are_equal_exactly_where_the_sound_is(one: list[Utterance], other: list[Utterance]) -> None:
    """Two speeches share a key if, and only if, everything that decides their sound is the same."""
    same = list(map(_sound, one)) == list(map(_sound, other))
    assert (cache_key(one) == cache_key(other)) is same


def test_parts_do_not_run_together() -> None:
    """Text "a1" in voice "2" is not text "a" in voice "12": keys that join their parts without a mark mix them up."""
    assert cache_key([utterance("a1", voice="2")]) != cache_key([utterance("a", voice="12")])
    assert cache_key([utterance("a"), utterance("b")]) != cache_key([utterance("ab")])
    assert cache_key([utterance('a","b')]) != cache_key([utterance("a", voice='","b')])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Hello there!"},
        {"engine": "offline"},
        {"voice": "en-US-GuyNeural"},
        {"language": "de"},
        {"rate": 1.26},
        {"revision": "8"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_counts(change: dict[str, object]) -> None:
    """A key changes with each thing that changes the sound."""
    assert cache_key([utterance()]) != cache_key([replace(utterance(), **change)])  # type: ignore[arg-type]


def test_what_might_have_spoken_does_not_count() -> None:
    """The voices in reserve, and the engine that failed, are not heard."""
    plain = replace(utterance(), alternatives=(), instead_of="")
    assert cache_key([utterance()]) == cache_key([plain])


def test_the_encoding_counts_whatever_its_order() -> None:
    """Settings of the encoding are part of the key; the order in which they are given is not."""
    key = cache_key([utterance()], bitrate=32, loudness=-16.0)
    assert key == cache_key([utterance()], loudness=-16.0, bitrate=32)
    assert key != cache_key([utterance()], bitrate=48, loudness=-16.0)
    assert key != cache_key([utterance()])


def test_a_whole_rate_is_the_same_rate() -> None:
    """Rate 1 and rate 1.0 sound alike."""
    assert cache_key([utterance(rate=1)]) == cache_key([utterance(rate=1.0)])


def test_half_an_emoji_has_a_key() -> None:
    """A lone surrogate, as chats do send it, is no error, and not the same as the whole emoji in two halves."""
    assert len(cache_key([utterance("\ud83d")])) == 64
    assert cache_key([utterance("\ud83d\ude00")]) != cache_key([utterance("\U0001f600")])


def test_a_key_is_the_same_tomorrow() -> None:
    """Keys are kept on disk: they may not change from one start, or one release, to the next without need."""
    assert cache_key([utterance()], bitrate=32) == "a31fc058d48545a6ec12da367c1240ef0c6cfd87567b1d84480fe68b9a7dbfa2"


@pytest.mark.parametrize("setting", [float("nan"), object(), {1, 2}])
def test_a_setting_that_json_cannot_hold_is_refused(setting: object) -> None:
    """A set has no order and an object no content: a key of them would differ each time."""
    with pytest.raises((TypeError, ValueError)):
        cache_key([utterance()], setting=setting)
