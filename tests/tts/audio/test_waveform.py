"""The picture under a voice note."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import Samples
from bot.tts.audio import waveform
from bot.tts.audio.waveform import Waveform
from tests.tts.audio.signals import pieces, silence, sine, speech


@pytest.mark.parametrize(
    ("seconds", "points"), [(0.02, 1), (0.1, 1), (0.19, 1), (1.0, 10), (3.05, 30), (25.6, 256), (25.7, 256), (300, 256)]
)
def test_there_is_a_point_per_tenth_of_a_second_and_never_more_than_256(seconds: float, points: int) -> None:
    """As Discord wants it, and at least one, so that the picture is never empty."""
    assert len(waveform(sine(300, seconds))) == points


def test_the_loudest_is_255_and_silence_is_0() -> None:
    """Half a second of tone and half a second of nothing."""
    assert waveform(np.concatenate((sine(300, 0.5), silence(0.5, 48_000)))) == b"\xff" * 5 + bytes(5)


def test_silence_and_nothing_are_flat() -> None:
    """No division by the loudness of nothing."""
    assert waveform(silence(1, 48_000)) == bytes(10)
    assert waveform(silence(0)) == b"\0"


def test_quiet_speech_still_shows() -> None:
    """What lies 20 dB below the loudest is a quarter as high, not a tenth."""
    picture = waveform(np.concatenate((sine(300, 1, dbfs=-6), sine(300, 1, dbfs=-26))))

    assert picture[0] == 255
    assert 60 <= picture[15] <= 70


def test_it_follows_the_sound() -> None:
    """Growing sound makes a growing picture, at any level."""
    swell = sine(300, 4) * np.linspace(0.05, 1, 192_000, dtype=np.float32)
    for level in (1.0, 0.01):
        heights = list(waveform(swell * np.float32(level)))

        assert heights == sorted(heights)
        assert heights[-1] == 255


def test_long_speech_is_gathered_not_cut() -> None:
    """The end of a minute is still in the picture."""
    sound = np.concatenate((silence(59, 48_000), sine(300, 1)))

    assert waveform(sound)[-4:] == b"\xff" * 4
    assert waveform(sound)[:-5] == bytes(251)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30_000))
def test_how_the_sound_is_cut_makes_no_difference(size: int) -> None:
    """The streaming form draws what the whole draws."""
    sound: Samples = speech(2, rate=48_000)
    streamed = Waveform()
    for piece in pieces(sound, size):
        streamed.feed(piece)

    assert streamed.points() == waveform(sound)
