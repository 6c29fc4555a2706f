"""Peaks are caught, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import Samples
from bot.tts.audio.limiter import Crests, Limiter
from tests.tts.audio.signals import pieces, silence, sine, speech, true_peak


def limited(sound: Samples, ceiling: float = -2.0, piece: int = 10**9) -> Samples:
    limiter = Limiter(ceiling)
    return np.concatenate([*(limiter.feed(part) for part in pieces(sound, piece)), limiter.finish()])


@pytest.mark.parametrize("piece", [1, 47, 960, 5_760, 10**9])
def test_what_is_below_the_ceiling_is_not_touched(piece: int) -> None:
    """Not one bit of it, and its length stays."""
    sound = sine(440, 0.05, dbfs=-9) if piece == 1 else speech(1, rate=48_000, peak=-9)

    assert np.array_equal(limited(sound, piece=piece), sound)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.floats(-6, 12), st.integers(400, 50_000), st.floats(-4, 0))
def test_nothing_passes_the_ceiling(seed: int, peak: float, piece: int, ceiling: float) -> None:
    """However loud it is and however it is cut, the samples stay below, and the curve between them within 0.2 dB."""
    sound = speech(1, rate=48_000, peak=peak, seed=seed)
    out = limited(sound, ceiling, piece)

    assert out.size == sound.size
    assert np.abs(out).max() <= 10 ** (ceiling / 20) * 1.0001
    assert true_peak(out) <= ceiling + 0.2


def test_peaks_between_the_samples_are_seen() -> None:
    """A 12 kHz sine sampled beside its crests looks 3 dB lower than it is."""
    sound = (np.sin(np.pi / 2 * np.arange(9_600) + np.pi / 4)).astype(np.float32)
    assert np.abs(sound).max() == pytest.approx(0.707, abs=0.001)
    middle = limited(sound, -2.0)[2_400:7_200]

    assert np.abs(middle).max() == pytest.approx(0.707 * 10 ** (-2 / 20), rel=0.02)


@pytest.mark.parametrize("piece", [100, 5_760])
def test_how_it_is_cut_makes_no_difference(piece: int) -> None:
    """Pieces come out as the whole does."""
    sound = speech(2, rate=48_000, peak=6)

    assert np.allclose(limited(sound, piece=piece), limited(sound), atol=1e-6)


def test_it_turns_down_before_the_peak_and_up_after() -> None:
    """The gain falls over 5 ms, without a step, and is back within a tenth of a second."""
    sound = sine(1_000, 0.5, dbfs=-12)
    sound[12_000:12_048] *= 8
    out = limited(sound)
    clear = np.abs(sound) > 0.1
    gain = out[clear] / sound[clear]
    at = np.flatnonzero(clear)

    assert np.all(gain[at < 12_000 - 300] == 1)
    assert gain[at > 12_048 + 7_200].min() > 0.99
    assert np.abs(np.diff(gain)).max() < 0.1


def test_a_limiter_holds_back_six_milliseconds() -> None:
    """No more than what it must look ahead."""
    assert Limiter(-2.0).feed(silence(1, 48_000)).size >= 48_000 - 336


def test_silence_and_nothing_pass() -> None:
    """Empty pieces and zeros are fine."""
    limiter = Limiter(-2.0)

    assert limiter.feed(silence(0)).size == 0
    assert limiter.finish().size == 0


class TestCrests:
    def test_what_is_below_the_ceiling_costs_nothing(self) -> None:
        """Nor does silence, nor nothing at all."""
        for sound in (sine(500, 1, dbfs=-12), silence(1, 48_000), silence(0)):
            crests = Crests(-2.0, 2.0)
            crests.feed(sound)

            assert crests.makeup(0.0) == 0

    @pytest.mark.parametrize("gain", [5.0, 6.5, 8.0])
    def test_the_makeup_is_what_the_limiter_takes(self, gain: float) -> None:
        """Raised by it and limited, the sound has the energy that it would have without a limit, within half a dB."""
        sound = speech(3, rate=48_000, peak=-6)
        crests = Crests(-2.0, 2.0)
        crests.feed(sound)
        made = crests.makeup(gain)
        out = limited(sound * np.float32(10 ** ((gain + made) / 20)))

        assert made > 0
        assert 20 * np.log10(out.std() / sound.std()) == pytest.approx(gain, abs=0.5)

    def test_there_is_an_end_to_it(self) -> None:
        """Clicks that no limiter can make loud are not raised without bound."""
        clicks = np.zeros(96_000, np.float32)
        clicks[::4_800] = 1.0
        crests = Crests(-2.0, 2.0)
        crests.feed(clicks)

        assert crests.makeup(40.0) == 4.0
