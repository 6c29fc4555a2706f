"""Silence at the edges goes, sound never."""

from __future__ import annotations

import numpy as np

from bot.speech import Samples
from bot.tts.offline.trim import trimmed

RATE = 24_000


def silence(seconds: float) -> Samples:
    return np.zeros(int(RATE * seconds), np.float32)


def tone(seconds: float) -> Samples:
    at = np.arange(int(RATE * seconds)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


def test_half_a_second_of_silence_becomes_a_breath() -> None:
    """A long silence is cut to 50 ms before and 150 ms after the sound."""
    kept = trimmed(np.concatenate([silence(0.5), tone(1), silence(0.7)]), RATE)
    assert abs(len(kept) / RATE - 1.2) < 0.02


def test_the_first_syllable_is_whole() -> None:
    """Every sample of the sound survives."""
    kept = trimmed(np.concatenate([silence(0.4), tone(0.3), silence(0.4)]), RATE)
    assert np.isclose(np.sum(kept**2), np.sum(tone(0.3) ** 2))


def test_short_edges_are_left_alone() -> None:
    """What has no long silence is not touched."""
    whole = np.concatenate([silence(0.02), tone(0.2), silence(0.05)])
    assert np.array_equal(trimmed(whole, RATE), whole)


def test_silence_and_crumbs_are_returned_as_they_are() -> None:
    """Neither pure silence nor a handful of samples is an error."""
    assert len(trimmed(silence(0.1), RATE)) == 2400
    assert len(trimmed(silence(0), RATE)) == 0
    assert len(trimmed(tone(0.001), RATE)) == 24


def test_a_faint_consonant_at_the_start_is_kept() -> None:
    """A sound 30 dB below the loudest counts as sound."""
    faint = 0.03 * tone(0.1)
    kept = trimmed(np.concatenate([silence(0.5), faint, tone(0.2)]), RATE)
    assert len(kept) / RATE > 0.34
