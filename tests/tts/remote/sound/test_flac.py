"""FLAC as it comes."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.speech import Samples
from bot.tts.remote.sound import Cut
from bot.tts.remote.sound.flac import FlacReader
from tests.doubles.speech_server import compressed, said

SOUND = said("one two three four five")
FLAC = compressed(SOUND, "flac")


def heard(data: bytes, step: int = 500) -> tuple[Samples, set[int]]:
    reader = FlacReader()
    pieces = [piece for at in range(0, len(data), step) for piece in reader.feed(data[at : at + step])]
    pieces += reader.finish()
    return np.concatenate([piece.samples for piece in pieces]), {piece.rate for piece in pieces}


def first_frame(data: bytes) -> int:
    """Where the frames begin."""
    at = 4
    while True:
        last, length = data[at] & 0x80, int.from_bytes(data[at + 1 : at + 4], "big")
        at += 4 + length
        if last:
            return at


@pytest.mark.parametrize("step", [1, 500, 4096, 1_000_000])
def test_the_sound_is_that_of_the_file(step: int) -> None:
    """To the last sample, however it is cut on its way."""
    sound, rates = heard(FLAC, step)
    np.testing.assert_allclose(sound, SOUND, atol=1e-4)
    assert sound.dtype == np.float32
    assert rates == {24_000}


def test_there_is_sound_as_soon_as_a_second_frame_begins() -> None:
    """FFmpeg's own splitter would wait for ten."""
    reader = FlacReader()
    assert list(reader.feed(FLAC[: first_frame(FLAC) + 4000]))


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_any_rate(rate: int) -> None:
    """Is told with the sound."""
    assert heard(compressed(SOUND, "flac", rate=rate))[1] == {rate}


def test_channels_are_mixed() -> None:
    """To their mean."""
    stereo = compressed(np.stack([SOUND, -0.5 * SOUND]), "flac", layout="stereo")
    np.testing.assert_allclose(heard(stereo)[0], 0.25 * SOUND, atol=1e-4)


@pytest.mark.parametrize("samples", [1, 100, 2304, 2305])
def test_short_and_silent_sounds(samples: int) -> None:
    """Their frames are hardly longer than a head."""
    silence = np.zeros(samples, np.float32)
    np.testing.assert_array_equal(heard(compressed(silence, "flac"))[0], silence)


@pytest.mark.parametrize("missing", [1, 50, 2500, 9000])
def test_less_than_the_head_says_is_cut(missing: int) -> None:
    """In the middle of a frame."""
    with pytest.raises(Cut):
        heard(FLAC[:-missing])


def test_less_than_the_head_says_is_cut_even_between_two_frames() -> None:
    """Where no frame tells."""
    start = first_frame(FLAC)
    second = FLAC.index(FLAC[start : start + 2], start + 1000)
    with pytest.raises(Cut, match="samples too early"):
        heard(FLAC[:second])


def test_a_length_that_is_not_known() -> None:
    """Promises nothing; so streams are written."""
    at = FLAC.index(b"fLaC") + 8 + 13
    unknown = bytearray(FLAC)
    unknown[at] &= 0xF0
    unknown[at + 1 : at + 5] = bytes(4)
    np.testing.assert_allclose(heard(bytes(unknown))[0], SOUND, atol=1e-4)


@pytest.mark.parametrize("length", [0, 3, 8, 20])
def test_a_head_that_is_not_whole_is_cut(length: int) -> None:
    """Wherever."""
    reader = FlacReader()
    assert not list(reader.feed(FLAC[:length]))
    with pytest.raises(Cut, match="header"):
        list(reader.finish())


@pytest.mark.parametrize("data", [b"RIFF" * 20, FLAC[: first_frame(FLAC)] + b"\xff" * 100, b"fLaC\x80\0\0\x01x" * 9])
def test_what_is_no_flac(data: bytes) -> None:
    """Is told."""
    with pytest.raises(AudioError):
        heard(data)


@given(st.integers(0, len(FLAC) - 1), st.integers(1, 255))
def test_a_byte_that_is_wrong_does_no_harm(at: int, flip: int) -> None:
    """It is heard, or told; nothing else is raised."""
    damaged = bytearray(FLAC)
    damaged[at] ^= flip
    with contextlib.suppress(AudioError):
        heard(bytes(damaged), 4000)
