"""MP3 as edge-tts sends it, cut anywhere, and as others might."""

from __future__ import annotations

from functools import cache

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.speech import Samples
from bot.tts.audio import Mp3Decoder, Mp3Frames, SpeechEncoder, convert
from tests.tts.audio.signals import pieces, sine, speech, spoken

PIECE = 720
"""Bytes that edge-tts sends at a time."""


@cache
def mp3(rate: int = 24_000, kbits: int = 48, *, channels: str = "mono", seconds: float = 2.0) -> bytes:
    """Bare frames without a header, like audio-24khz-48kbitrate-mono-mp3."""
    codec = av.AudioCodecContext.create("libmp3lame", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = rate, channels, "fltp", kbits * 1000
    sound = sine(500, seconds, rate=rate, dbfs=-12)
    frame = av.AudioFrame.from_ndarray(
        np.stack([sound] * (2 if channels == "stereo" else 1)), format="fltp", layout=channels
    )
    frame.sample_rate = rate
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def decoded(data: bytes, size: int = PIECE) -> tuple[Samples, int | None]:
    decoder = Mp3Decoder()
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    found = [samples for part in parts for samples in decoder.feed(part)] + decoder.flush()
    return np.concatenate(found) if found else np.zeros(0, np.float32), decoder.sample_rate


def test_the_sound_comes_out_whole() -> None:
    """As long as it was but for the codec's own delay, the same tone, at the rate that it says."""
    sound, rate = decoded(mp3())
    spectrum = np.abs(np.fft.rfft(sound[4_800:28_800]))

    assert rate == 24_000
    assert sound.size / rate == pytest.approx(2.0, abs=0.1)
    assert spectrum.argmax() == 500
    assert np.abs(sound[4_800:28_800]).max() == pytest.approx(0.25, rel=0.05)


def test_the_first_sound_comes_with_the_second_frame() -> None:
    """After 292 bytes, which is 48 ms: a frame is believed as soon as the head of another follows it."""
    decoder = Mp3Decoder()
    assert decoder.sample_rate is None
    waited = next(at for at in range(1, 1_000) if decoder.feed(mp3()[at - 1 : at]))

    assert waited <= 2 * 144 + 4
    assert decoder.sample_rate == 24_000


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3_000))
def test_how_it_is_cut_makes_no_difference(size: int) -> None:
    """One byte at a time or all at once, the samples are the same."""
    assert np.array_equal(decoded(mp3(), size)[0], decoded(mp3(), 10**6)[0])


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=3_000), st.integers(100, 2_000))
def test_garbage_before_the_first_frame_is_stepped_over(garbage: bytes, size: int) -> None:
    """Whatever stands there, all of the sound is found."""
    sound, rate = decoded(garbage + mp3(), size)

    assert rate == 24_000
    assert abs(sound.size - decoded(mp3())[0].size) <= 2 * 576


@pytest.mark.parametrize("size", [1, 5, 720, 10**6])
def test_tags_are_stepped_over(size: int) -> None:
    """An ID3 tag of 300 kB, full of what looks like frames, costs no sound and makes none."""
    body = b"\xff\xf3\x64\xc4" * 75_000 if size > 1 else b"\xff\xf3\x64\xc4" * 100
    length = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tagged = b"ID3\x04\x00\x00" + length + body + mp3()

    assert np.array_equal(decoded(tagged, size)[0], decoded(mp3())[0])


def test_two_streams_end_to_end_are_one() -> None:
    """A second answer that follows the first, tag and all, goes on."""
    tag = b"ID3\x04\x00\x00\x00\x00\x00\x05hello"
    sound, _ = decoded(mp3() + tag + mp3())

    assert sound.size == 2 * decoded(mp3())[0].size


def test_a_files_summary_is_no_sound() -> None:
    """The Xing frame that encoders put first is left out."""
    _, clip = spoken(speech(2), encoder=SpeechEncoder())
    file = convert(clip.ogg, "mp3")
    assert b"Xing" in file[:400] or b"Info" in file[:400]
    sound, rate = decoded(file)

    assert rate == 48_000
    assert sound.size / rate == pytest.approx(clip.seconds, abs=0.08)


@pytest.mark.parametrize(("rate", "kbits"), [(16_000, 32), (22_050, 64), (44_100, 128), (48_000, 96), (8_000, 16)])
def test_other_rates_are_read(rate: int, kbits: int) -> None:
    """MPEG 1, 2 and 2.5."""
    sound, found = decoded(mp3(rate, kbits))

    assert found == rate
    assert sound.size / rate == pytest.approx(2.0, abs=0.25)


def test_two_channels_become_one() -> None:
    """Mixed at the level that both had."""
    sound, _ = decoded(mp3(48_000, 128, channels="stereo"))

    assert np.abs(sound[9_600:48_000]).max() == pytest.approx(0.25, rel=0.05)


def test_damage_in_the_middle_costs_only_its_surroundings() -> None:
    """A hundred bytes of noise, or a frame cut short, lose at most a fifth of a second."""
    whole = mp3()
    full = decoded(whole)[0].size
    noise = np.random.default_rng(0).bytes(100)
    for broken in (
        whole[:5_000] + noise + whole[5_100:],
        whole[:5_000] + whole[5_050:],
        whole[:5_000] + noise + whole[5_000:],
    ):
        sound, _ = decoded(broken)

        assert full - 4_800 <= sound.size <= full + 1_152


@pytest.mark.parametrize("data", [b"", b"\xff", b"ID3", b"\xff\xf3\x64", b"not an mp3 at all " * 100])
def test_what_is_no_mp3_has_no_sound(data: bytes) -> None:
    """Nothing comes out, nothing is raised, and there is no rate."""
    sound, rate = decoded(data)

    assert sound.size == 0
    assert rate is None


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_noise_is_bounded(seed: int) -> None:
    """Random bytes neither raise nor pile up."""
    splitter = Mp3Frames()
    noise = np.random.default_rng(seed).bytes(50_000)
    for part in (noise[at : at + PIECE] for at in range(0, len(noise), PIECE)):
        splitter.feed(part)

    assert len(splitter._buffer) < 4_000


def test_a_stream_cut_off_gives_what_arrived() -> None:
    """All whole frames before the end are heard; half a frame is not."""
    half = mp3()[:6_000]

    assert decoded(half)[0].size == 6_000 // 144 * 576
    assert len(pieces(decoded(half)[0], 576)) == 41
