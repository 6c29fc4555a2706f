"""What is kept of an utterance, and what was only silence around it."""

from __future__ import annotations

import numpy as np
import pytest

from bot.speech import Samples
from bot.tts.audio.edges import LEAD, TAIL, Edges
from tests.tts.audio.signals import pieces, silence, sine, speech


def kept(sound: Samples, size: int = 10**9, usual: float | None = None) -> tuple[Samples, Edges]:
    edges = Edges(usual)
    parts = [edges.feed(part) for part in pieces(sound, size)]
    return np.concatenate([*parts, edges.finish()]), edges


@pytest.mark.parametrize("size", [100, 5_760, 10**9])
def test_the_middle_is_not_touched(size: int) -> None:
    """Every sample between the first sound and the last comes out as it was."""
    body = np.concatenate((speech(1, rate=48_000), silence(0.7, 48_000), speech(1, rate=48_000, seed=1)))
    out, _ = kept(np.concatenate((silence(0.6, 48_000), body, silence(0.6, 48_000))), size)
    shift = int(np.flatnonzero(out)[0]) - int(np.flatnonzero(body)[0])
    length = int(np.flatnonzero(body)[-1]) - 480

    assert 0 <= shift <= LEAD
    assert np.array_equal(out[shift : shift + length], body[:length])


def test_it_says_how_much_quiet_it_kept() -> None:
    """So that the breath between two utterances can be made up to its length."""
    tone = sine(300, 1)
    _, both = kept(np.concatenate((silence(1, 48_000), tone, silence(1, 48_000))))
    _, none = kept(tone)

    assert (both.lead, both.tail) == (LEAD, TAIL)
    assert (none.lead, none.tail) == (0, 0)


def test_noise_before_a_voice_is_no_voice() -> None:
    """Hiss 45 dB below the speech is trimmed like silence."""
    hiss = np.random.default_rng(0).standard_normal(24_000).astype(np.float32) * np.float32(10 ** (-66 / 20))
    out, _ = kept(np.concatenate((hiss, speech(2, rate=48_000, peak=-3), hiss)))

    assert out.size == pytest.approx(96_000, abs=9_600)


@pytest.mark.parametrize("size", [2_400, 10**9])
def test_a_voice_known_to_be_quiet_is_heard(size: int) -> None:
    """At -60 LUFS its consonants lie under what would be silence in any other voice, and are kept."""
    sound = speech(2, rate=48_000, peak=-44)
    out, _ = kept(np.concatenate((silence(0.5, 48_000), sound)), size, usual=-60.0)

    assert out.size == pytest.approx(96_000 + LEAD, abs=2_400)


def test_a_plosive_before_the_voice_is_kept() -> None:
    """A soft burst, 50 ms of stop, then the vowel: the burst is part of the word."""
    burst = np.random.default_rng(0).standard_normal(480).astype(np.float32) * np.float32(0.003)
    word = np.concatenate((burst, silence(0.05, 48_000), sine(200, 1, dbfs=-6)))
    out, edges = kept(np.concatenate((silence(0.4, 48_000), word)))

    assert out.size >= word.size
    assert np.abs(out[edges.lead : edges.lead + 480]).max() == np.abs(burst).max()


def test_a_click_long_before_is_dropped() -> None:
    """What stands alone before the words is no word."""
    sound = np.concatenate((silence(0.3, 48_000), speech(1, rate=48_000)))
    sound[100] = 1e-3
    out, _ = kept(sound)

    assert out.size <= 48_000 + LEAD + TAIL


def test_silence_alone_is_a_moment() -> None:
    """Of ten seconds of nothing a moment is left, and nothing was begun."""
    for size in (4_800, 10**9):
        out, edges = kept(silence(10, 48_000), size)

        assert 0 < out.size <= TAIL
        assert not edges.begun


def test_nothing_is_nothing() -> None:
    """Not fed, or fed only emptiness."""
    assert kept(silence(0))[0].size == 0
    assert Edges(None).finish().size == 0
