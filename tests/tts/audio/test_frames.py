"""MP3 in whole frames: as they come, as we make them, without sound, and as a file of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from bot.errors import AudioError
from bot.tts.audio import Mp3Frames, frames
from bot.tts.audio.mp3 import FrameEncoder, is_silent, silent
from tests.doubles.engine import mp3, tone
from tests.tts.audio.test_mp3 import decoded

FRAMES = mp3(1.0)


# ---- whole frames


def cut(data: bytes, size: int) -> list[bytes]:
    """The frames of a stream that comes in pieces of that size."""
    splitter = Mp3Frames()
    found = [frame for at in range(0, len(data), size) for frame in splitter.feed(data[at : at + size])]
    return found + splitter.flush()


@pytest.mark.parametrize("size", [1, 7, 143, 144, 145, 720, 100_000])
def test_frames_are_whole_however_the_pieces_are_cut(size: int) -> None:
    """The socket knows nothing of frames."""
    assert cut(b"".join(FRAMES), size) == list(FRAMES)


def test_frames_come_as_soon_as_they_are_whole() -> None:
    """The first once another follows it, each other with its last byte."""
    splitter = Mp3Frames()
    assert splitter.feed(FRAMES[0]) == []
    assert splitter.feed(FRAMES[1][:4]) == [FRAMES[0]]
    assert splitter.feed(FRAMES[1][4:-1]) == []
    assert splitter.feed(FRAMES[1][-1:]) == [FRAMES[1]]
    assert splitter.feed(FRAMES[2]) == [FRAMES[2]]


def test_frames_without_sound_are_frames() -> None:
    """They look like the summary of a file, and are none."""
    quiet = silent(FRAMES[0][:4])
    assert cut(b"".join([*FRAMES[:2], quiet, quiet, *FRAMES[2:4]]), 500) == [*FRAMES[:2], quiet, quiet, *FRAMES[2:4]]


def test_a_summary_is_no_frame_of_sound() -> None:
    """Not even in the middle, where two files were strung together."""
    summary = bytearray(silent(FRAMES[0][:4]))
    summary[13:17] = b"Info"
    assert cut(b"".join([bytes(summary), *FRAMES[:2], bytes(summary), *FRAMES[2:4]]), 500) == list(FRAMES[:4])


def test_garbage_between_frames_is_left_out() -> None:
    """And what follows is believed again once it goes on."""
    assert cut(b"".join([*FRAMES[:3], b"garbage", *FRAMES[3:8]]), 500) == list(FRAMES[:8])


# ---- frames of our own


def test_our_frames_are_of_the_kind_that_edge_sends() -> None:
    """24 kHz, mono, 48 kbit/s: 144 bytes for 24 ms, one after the other."""
    assert {len(frame) for frame in FRAMES} == {144}
    assert {frame[:3] for frame in FRAMES} == {b"\xff\xf3\x64"}
    sound, rate = decoded(b"".join(FRAMES))
    assert rate == 24_000
    assert sound.size == len(FRAMES) * 576


def test_our_frames_can_be_cut_anywhere() -> None:
    """None borrows from those before it."""
    assert {frame[4] for frame in FRAMES} == {0}


def test_what_was_encoded_is_heard() -> None:
    """The tone, as loud as it was."""
    sound, _ = decoded(b"".join(FRAMES))
    loudest = np.abs(np.fft.rfft(sound)).argmax() * 24_000 / sound.size
    assert loudest == pytest.approx(330, abs=5)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("sizes", [[48_000], [1] * 50 + [480] * 99, [7_777] * 6])
def test_an_encoder_takes_pieces_of_any_size(sizes: list[int]) -> None:
    """And says how long the whole is."""
    encoder = FrameEncoder()
    wave = tone(1.0, rate=48_000)
    ready: list[bytes] = []
    at = 0
    for size in sizes:
        ready += encoder.encode(wave[at : at + size])
        at += size
    last, samples = encoder.finish()
    assert samples == len(ready + last) * 1152
    assert samples / 48_000 == pytest.approx(min(at, 48_000) / 48_000, abs=0.15)


def test_what_is_too_loud_is_no_noise() -> None:
    """It is cut at full scale before the encoder wraps it round."""
    encoder = FrameEncoder()
    sound, _ = decoded(b"".join(encoder.encode(4 * tone(0.5, rate=48_000)) + encoder.finish()[0]))
    assert 0.9 < np.abs(sound).max() < 1.6


# ---- silence


def test_a_silent_frame_is_one_and_sounds_like_it() -> None:
    """In the middle of others, of which it takes nothing."""
    quiet = silent(FRAMES[0][:4])
    assert is_silent(quiet)
    assert len(quiet) == 144
    sound, _ = decoded(b"".join([*FRAMES[:8], *[quiet] * 8, *FRAMES[8:16]]))
    assert np.abs(sound[10 * 576 : 15 * 576]).max() < 1e-4
    assert np.abs(sound[2 * 576 : 8 * 576]).max() > 0.4


def test_a_silent_frame_has_no_checksum_and_no_padding() -> None:
    """The header of a frame that has them would promise what is not there."""
    assert silent(b"\xff\xf2\x66\xc4") == silent(b"\xff\xf3\x64\xc4")


def test_there_is_no_silence_of_what_is_no_frame() -> None:
    """An error of ours, said as one."""
    with pytest.raises(AudioError, match="no frame"):
        silent(b"OggS")


def test_sound_is_not_silent() -> None:
    """Nor is a frame with a checksum before its side information."""
    assert not any(map(is_silent, FRAMES[2:10]))
    assert is_silent(b"\xff\xf2\x64\xc4" + b"\xab\xcd" + bytes(138))
    assert not is_silent(b"\xff\xf2\x64\xc4" + bytes(3) + b"\x7f" + bytes(136))


# ---- a file of frames


def test_a_file_is_its_frames() -> None:
    """By number, from the end, in a slice, and one after the other."""
    found = frames(b"".join(FRAMES))
    assert len(found) == len(FRAMES)
    assert list(found) == list(FRAMES)
    assert (found[0], found[-1]) == (FRAMES[0], FRAMES[-1])
    assert tuple(found[2:5]) == FRAMES[2:5]
    with pytest.raises(IndexError):
        found[len(FRAMES)]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xf3", b"OggS" + bytes(140), b"".join(FRAMES)[:-1], b"".join(FRAMES) + b"x", FRAMES[0] + bytes(144)],
)
def test_what_is_not_whole_is_no_file(data: bytes) -> None:
    """Half a frame at the end would be heard by nobody, and tells that more is missing."""
    with pytest.raises(AudioError, match="damaged"):
        frames(data)
