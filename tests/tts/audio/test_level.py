"""How the gain is found and moved."""

from __future__ import annotations

import numpy as np
import pytest

from bot.speech import Samples
from bot.tts.audio.level import Level
from tests.tts.audio.signals import lufs, pieces, silence, sine, speech

FAR = 60.0
"""A ceiling that nothing reaches."""


def levelled(sound: Samples | list[Samples], level: Level) -> Samples:
    parts = sound if isinstance(sound, list) else [sound]
    return np.concatenate([*(level.feed(part) for part in parts), level.finish()])


def gains(before: Samples, after: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The gain in dB at each sample that is not close to a zero crossing."""
    clear = np.abs(before) > np.abs(before).max() / 2
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = 20 * np.log10(after[clear].astype(np.float64) / before[clear])
    return found


@pytest.mark.parametrize("usual", [None, -12.0, -40.0])
def test_what_comes_whole_gets_one_gain_and_the_target(usual: float | None) -> None:
    """Whatever the voice was like before, a sentence in hand is measured and not guessed."""
    sound = speech(2, rate=48_000, peak=-20)
    out = levelled(sound, Level(-16, FAR, usual))

    assert lufs(out) == pytest.approx(-16, abs=0.05)
    assert np.ptp(gains(sound, out)) < 0.01


@pytest.mark.parametrize(("usual", "slew"), [(None, 30.0), (-35.0, 6.0), (-5.0, 6.0)])
def test_the_gain_of_a_stream_glides(usual: float | None, slew: float) -> None:
    """It moves at no more than so many dB a second, without a step from piece to piece, and arrives."""
    sound = sine(500, 8, dbfs=-20)
    out = levelled(pieces(sound, 5_760), Level(-16, FAR, usual))
    clear = np.flatnonzero(np.abs(sound) > 0.05)
    path = gains(sound, out)

    assert np.all(np.abs(np.diff(path)) <= slew / 48_000 * np.diff(clear) + 1e-4)
    assert lufs(out[-96_000:]) == pytest.approx(-16, abs=0.3)


def test_nothing_is_lost_or_moved() -> None:
    """As many samples come out as went in, and each is its own multiple."""
    sound = speech(3, rate=48_000)
    for parts in ([sound], pieces(sound, 1_000), pieces(sound, 90_000), [silence(0), sound[:100], sound[100:]]):
        out = levelled(parts, Level(-16, FAR, None))

        assert out.size == sound.size
        assert np.corrcoef(sound[:48_000], out[:48_000])[0, 1] > 0.9


def test_a_known_voice_is_not_held_back() -> None:
    """The first samples of a voice heard before come out at once; a new one is listened to for a tenth of a second."""
    sound = sine(500, 0.05)

    assert Level(-16, FAR, -23.0).feed(sound).size == sound.size
    assert Level(-16, FAR, None).feed(sound).size == 0


def test_a_moment_too_short_to_judge_is_taken_as_usual() -> None:
    """Fifty milliseconds, however loud, hardly move the gain that the voice usually gets."""
    out = levelled(sine(500, 0.05, dbfs=-3), Level(-16, FAR, -26.0))

    assert gains(sine(500, 0.05, dbfs=-3), out).mean() == pytest.approx(10, abs=1.0)


def test_silence_is_not_blown_up() -> None:
    """Without anything to measure, the usual gain is used."""
    out = levelled(np.full(9_600, 1e-6, np.float32), Level(-16, FAR, None))

    assert np.abs(out).max() < 1e-5


def test_what_limiting_will_take_is_given_first() -> None:
    """Peaked speech is raised by more, so that it is as loud as other speech once its peaks are cut."""
    sound = speech(3, rate=48_000)
    sound[::2_400] *= 4
    free = levelled(sound, Level(-16, FAR, None))
    bound = levelled(sound, Level(-16, -12.0, None))

    assert 0.3 < gains(free, bound).mean() < 4.01
