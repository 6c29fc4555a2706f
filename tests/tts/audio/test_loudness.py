"""The meter against the published values, and what is remembered of voices."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tts.audio import Loudness
from bot.tts.audio.loudness import Meter
from tests.tts.audio.signals import lufs, silence, sine, speech


@pytest.mark.parametrize("dbfs", [0.0, -20.0, -36.0])
def test_997_hz_at_full_scale_in_one_channel_is_3_01_below_zero(dbfs: float) -> None:
    """BS.1770-4: a 0 dBFS sine of 997 Hz in one front channel reads -3.01 LUFS, and every other level goes with it."""
    assert lufs(sine(997, 5, dbfs=dbfs)) == pytest.approx(dbfs - 3.01, abs=0.01)


@pytest.mark.parametrize("hertz", [25, 38, 100, 500, 1_000, 2_000, 10_000])
def test_each_frequency_is_weighed_as_the_ear_does(hertz: float) -> None:
    """The K curve, computed here from the standard's two filters and not from the meter's own spectrum."""
    z = np.exp(-2j * np.pi * hertz / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    unweighed = -20 - 3.0103 - 0.691

    assert lufs(sine(hertz, 5)) - unweighed == pytest.approx(20 * math.log10(abs(shelf * high_pass)), abs=0.05)


def test_a_plain_loop_over_the_recursive_filters_agrees() -> None:
    """Filtering by spectrum gives what the standard's recursion gives, sample by sample."""
    sound = speech(1.0, rate=48_000)
    weighed = sound.astype(np.float64)
    for b, a in (
        ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
    ):
        weighed = _recursion(weighed, b, a)
    blocks = [np.mean(weighed[at : at + 19_200] ** 2) for at in range(0, sound.size - 19_199, 4_800)]
    power = np.array(blocks)[np.array(blocks) > 10 ** ((-70 + 0.691) / 10)]
    power = power[power > power.mean() / 10]

    assert lufs(sound) == pytest.approx(-0.691 + 10 * math.log10(power.mean()), abs=0.01)


def test_quiet_passages_are_gated_out() -> None:
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23 and 10 s at -36 LUFS read -23."""
    quiet, loud = sine(1_000, 10, dbfs=-36 + 2.4), sine(1_000, 60, dbfs=-23 + 2.4)
    sound = np.concatenate((quiet, loud, quiet))

    assert lufs(sound) == pytest.approx(lufs(loud), abs=0.1)


def test_silence_has_no_loudness() -> None:
    """Nothing, and nothing but zeros, read minus infinity."""
    assert lufs(silence(0)) == -math.inf
    assert lufs(silence(1, 48_000)) == -math.inf


def test_less_than_a_block_is_measured_as_it_is() -> None:
    """The first 100 ms of a steady tone already read what the whole reads."""
    assert lufs(sine(1_000, 0.15)) == pytest.approx(lufs(sine(1_000, 3)), abs=0.3)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 60_000), max_size=6))
def test_how_the_sound_is_cut_makes_no_difference(cuts: list[int]) -> None:
    """Any pieces, empty ones among them, read like the whole."""
    sound = speech(1.25, rate=48_000)
    meter = Meter()
    for piece in np.split(sound, sorted(cuts)):
        meter.feed(piece)

    assert meter.integrated() == pytest.approx(lufs(sound), abs=1e-3)
    assert meter.seconds == pytest.approx(1.25)


def test_an_unknown_voice_has_no_loudness() -> None:
    """Nothing is invented about a voice that was never heard."""
    assert Loudness().of("edge", "en-US-AriaNeural") is None


def test_a_voice_is_remembered_by_its_engine() -> None:
    """The same name on another engine is another voice."""
    loudness = Loudness()
    loudness.learn("edge", "a", -24.0, 3.0)

    assert loudness.of("edge", "a") == -24.0
    assert loudness.of("offline", "a") is None


def test_what_was_heard_longer_counts_more() -> None:
    """One second at -30 moves nine seconds at -20 by a tenth of the way."""
    loudness = Loudness()
    loudness.learn("edge", "a", -20.0, 9.0)
    loudness.learn("edge", "a", -30.0, 1.0)

    assert loudness.of("edge", "a") == pytest.approx(-21.0)


def test_a_voice_that_changes_is_learnt_anew() -> None:
    """Ten minutes at a new level outweigh an hour at the old: the memory is a minute long."""
    loudness = Loudness()
    loudness.learn("edge", "a", -20.0, 3600.0)
    for _ in range(60):
        loudness.learn("edge", "a", -30.0, 10.0)

    assert loudness.of("edge", "a") == pytest.approx(-30.0, abs=0.1)


@pytest.mark.parametrize(("lufs", "seconds"), [(-math.inf, 1.0), (math.nan, 1.0), (-20.0, 0.0)])
def test_nothing_is_learnt_from_silence(lufs: float, seconds: float) -> None:
    """A loudness that is no number, or of no time, is not remembered."""
    loudness = Loudness()
    loudness.learn("edge", "a", lufs, seconds)

    assert loudness.of("edge", "a") is None


def test_the_memory_is_bounded() -> None:
    """The voice not heard for longest is forgotten first."""
    loudness = Loudness(voices=2)
    for voice in ("a", "b", "a", "c"):
        loudness.learn("edge", voice, -20.0, 1.0)

    assert len(loudness) == 2
    assert loudness.of("edge", "b") is None
    assert loudness.of("edge", "a") == -20.0


def test_many_threads_may_learn_at_once() -> None:
    """What all of them say is what is known in the end."""
    loudness = Loudness(voices=8)

    def learn() -> None:
        for turn in range(500):
            loudness.learn("edge", str(turn % 16), -20.0, 0.1)

    threads = [threading.Thread(target=learn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(loudness) == 8
    assert loudness.of("edge", "3") == pytest.approx(-20.0)


def _recursion(
    sound: np.ndarray[tuple[int], np.dtype[np.float64]], b: tuple[float, float, float], a: tuple[float, float]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    out = np.zeros_like(sound)
    x1 = x2 = y1 = y2 = 0.0
    for at, x in enumerate(sound.tolist()):
        y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
        x1, x2, y1, y2 = x, x1, y, y1
        out[at] = y
    return out
