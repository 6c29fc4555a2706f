"""The same voice at the same pitch, faster or slower."""

import numpy as np
import pytest

from bot.speech import Samples
from bot.tts.audio import Tempo

RATE = 24_000


def tone(seconds: float, hertz: float = 440.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def through(samples: Samples, rate: float, piece: int) -> Samples:
    tempo = Tempo(rate, RATE)
    pieces = [tempo.feed(samples[start : start + piece]) for start in range(0, samples.size, piece)]
    return np.concatenate((*pieces, tempo.finish()))


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0])
@pytest.mark.parametrize("piece", [1_000, 48_000])
def test_the_length_changes_and_the_pitch_does_not(rate: float, piece: int) -> None:
    """In pieces of any size."""
    sound = through(tone(2.0), rate, piece)
    assert sound.size == pytest.approx(2.0 * RATE / rate, rel=0.03)
    spectrum = np.abs(np.fft.rfft(sound))
    assert spectrum.argmax() * RATE / sound.size == pytest.approx(440, abs=10)


def test_as_it_is_nothing_is_touched() -> None:
    """Not a sample."""
    sound = tone(1.0)
    assert np.array_equal(through(sound, 1.0, 999), sound)


def test_nothing_is_held_back_for_long() -> None:
    """A stream that is hurried still comes as it is made."""
    tempo = Tempo(1.5, RATE)
    came = [tempo.feed(piece).size for piece in np.array_split(tone(4.0), 40)]
    assert sum(came) > 0.9 * 4.0 * RATE / 1.5
