"""Any rate to any other, without seams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import Samples
from bot.tts.audio.rate import Resampler, cleaned
from tests.tts.audio.signals import sine, speech


def converted(parts: list[Samples], source: int, target: int = 48_000) -> Samples:
    resampler = Resampler(source, target)
    return np.concatenate([*(resampler.feed(part) for part in parts), resampler.finish()])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([8_000, 16_000, 22_050, 24_000, 44_100, 48_000]), st.lists(st.integers(0, 8_000), max_size=8))
def test_pieces_are_bit_for_bit_the_whole(rate: int, cuts: list[int]) -> None:
    """Wherever it is cut, and be a piece empty or one sample long, not a sample differs."""
    sound = speech(0.5, rate=rate)

    assert np.array_equal(converted(np.split(sound, sorted(cuts)), rate), converted([sound], rate))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
def test_the_sound_stays_in_its_place_and_pure(rate: int) -> None:
    """A tone comes out as long as it was, where it was, and with nothing else at more than -80 dB."""
    tone = sine(1_000, 1, rate=rate)
    out = converted([tone], rate)
    ideal = sine(1_000, 1)

    assert out.size == pytest.approx(48_000, abs=1)
    error = out[4_800:43_200] - ideal[4_800:43_200]
    assert np.abs(error).max() < np.abs(ideal).max() * 1e-4


def test_the_same_rate_is_left_alone() -> None:
    """Nothing is copied, delayed or held."""
    sound = sine(1_000, 0.1)

    assert Resampler(48_000, 48_000).feed(sound) is sound


def test_nothing_in_nothing_out() -> None:
    """A converter that was never fed has no rest."""
    assert Resampler(24_000, 48_000).finish().size == 0


def test_samples_that_are_no_numbers_become_silence() -> None:
    """NaN and infinities go, absurd values are bounded, the rest stays as it is."""
    samples = np.array([0.5, np.nan, np.inf, -np.inf, 1.5, 1e30, -1e30], np.float32)

    assert cleaned(samples).tolist() == [0.5, 0, 0, 0, 1.5, 4, -4]


@pytest.mark.parametrize("samples", [np.ones((3, 1)), np.ones((1, 3), np.float32), np.ones(6)[::2], [1.0, 1.0, 1.0]])
def test_any_row_or_column_of_numbers_is_taken(samples: Samples) -> None:
    """Doubles, columns and views become one contiguous row of float32."""
    row = cleaned(samples)

    assert row.tolist() == [1, 1, 1]
    assert row.dtype == np.float32
    assert row.flags.c_contiguous
