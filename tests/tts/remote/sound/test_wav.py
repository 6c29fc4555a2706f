"""WAV as it comes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.speech import Samples
from bot.tts.remote.sound import Cut
from bot.tts.remote.sound.wav import WavReader
from tests.doubles.speech_server import integers, said, wav

SOUND = said("one two")
BODY = integers(SOUND)
UNKNOWN = 0xFFFF_FFFF


def heard(data: bytes, step: int = 1000) -> tuple[Samples, set[int]]:
    """The samples of a whole file that comes in such pieces, and the rates that they have."""
    reader = WavReader()
    pieces = [piece for at in range(0, len(data), step) for piece in reader.feed(data[at : at + step])]
    pieces += reader.finish()
    return np.concatenate([piece.samples for piece in pieces]), {piece.rate for piece in pieces}


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def file(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def form(kind: int = 1, channels: int = 1, rate: int = 24_000, bits: int = 16, more: bytes = b"") -> bytes:
    width = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", kind, channels, rate, rate * width, width, bits) + more)


@pytest.mark.parametrize("step", [1, 7, 44, 1000, 1_000_000])
def test_the_sound_is_that_of_the_file(step: int) -> None:
    """However it is cut on its way."""
    sound, rates = heard(wav(BODY), step)
    np.testing.assert_allclose(sound, SOUND, atol=1e-4)
    assert sound.dtype == np.float32
    assert rates == {24_000}


def test_there_is_sound_before_the_end() -> None:
    """As soon as a sample is whole."""
    reader = WavReader()
    assert not reader.feed(wav(BODY)[:45])
    assert [piece.samples.size for piece in reader.feed(wav(BODY)[45:48])] == [2]


@pytest.mark.parametrize(
    ("kind", "bits", "written"),
    [
        (1, 8, np.round(SOUND * 127 + 128).astype(np.uint8)),
        (1, 16, np.round(SOUND * 32_767).astype("<i2")),
        (1, 24, np.round(SOUND * 8_388_607).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]),
        (1, 32, np.round(SOUND.astype(np.float64) * 2_147_483_647).astype("<i4")),
        (3, 32, SOUND.astype("<f4")),
        (3, 64, SOUND.astype("<f8")),
    ],
)
def test_samples_of_any_kind(kind: int, bits: int, written: np.ndarray[tuple[int, ...], np.dtype[np.number]]) -> None:
    """Whole numbers of 8 to 32 bits, and floats."""
    sound, _ = heard(wav(written.tobytes(), bits=bits, kind=kind), 999)
    np.testing.assert_allclose(sound, SOUND, atol=0.01 if bits == 8 else 1e-4)
    assert sound.dtype == np.float32


def test_the_loudest_samples_keep_their_sign() -> None:
    """The lowest number is -1 exactly, the highest just below 1."""
    for bits, low, high in ((16, "0080", "ff7f"), (24, "000080", "ffff7f"), (32, "00000080", "ffffff7f")):
        sound, _ = heard(wav(bytes.fromhex(low + high), bits=bits))
        np.testing.assert_allclose(sound, [-1.0, 1.0], atol=1e-4)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 192_000])
def test_any_rate(rate: int) -> None:
    """Is told with the sound."""
    assert heard(wav(BODY, rate=rate))[1] == {rate}


def test_channels_are_mixed() -> None:
    """To their mean."""
    both = np.stack([SOUND, -0.5 * SOUND], axis=1).reshape(-1)
    sound, _ = heard(wav(integers(both), channels=2), 777)
    np.testing.assert_allclose(sound, 0.25 * SOUND, atol=1e-4)


@pytest.mark.parametrize("length", [UNKNOWN, 0, 0x7FFF_FFFF, 0x7FFF_FFDB])
def test_a_length_that_is_not_known(length: int) -> None:
    """Everything up to the end is sound; so streams are written."""
    np.testing.assert_allclose(heard(wav(BODY, length=length))[0], SOUND, atol=1e-4)


def test_further_chunks_are_stepped_over() -> None:
    """Before the sound, as FFmpeg writes them, and behind it; with their odd bytes."""
    data = file(
        chunk(b"JUNK", b"odd"),
        form(more=b"\0\0"),
        chunk(b"LIST", b"x" * 333),
        chunk(b"data", BODY),
        chunk(b"id3 ", b"y" * 99),
    )
    for step in (1, 50, 100_000):
        np.testing.assert_allclose(heard(data, step)[0], SOUND, atol=1e-4)


def test_an_extensible_form() -> None:
    """Says further behind what its samples are."""
    more = struct.pack("<HHIH", 22, 24, 0, 1) + bytes(14)
    floats = struct.pack("<HHIH", 22, 32, 0, 3) + bytes(14)
    np.testing.assert_allclose(heard(file(form(0xFFFE, more=more), chunk(b"data", BODY)))[0], SOUND, atol=1e-4)
    real = chunk(b"data", SOUND.astype("<f4").tobytes())
    np.testing.assert_allclose(heard(file(form(0xFFFE, bits=32, more=floats), real))[0], SOUND, atol=1e-4)


def test_a_file_whose_lengths_take_eight_bytes() -> None:
    """RF64."""
    wide = chunk(b"ds64", struct.pack("<QQQI", len(BODY) + 80, len(BODY), len(SOUND), 0))
    data = b"RF64" + struct.pack("<I", UNKNOWN) + b"WAVE" + wide + form() + b"data" + struct.pack("<I", UNKNOWN) + BODY
    np.testing.assert_allclose(heard(data)[0], SOUND, atol=1e-4)
    with pytest.raises(Cut):
        heard(data[:-100])


def test_files_one_after_the_other_are_one_sound() -> None:
    """As servers send them who make a file of each sentence, each with a rate of its own."""
    sound, rates = heard(wav(BODY) + wav(BODY, rate=48_000), 5)
    np.testing.assert_allclose(sound, np.concatenate([SOUND, SOUND]), atol=1e-4)
    assert rates == {24_000, 48_000}


def test_an_odd_length_is_made_even() -> None:
    """By a byte that is no sound; not every writer puts it there."""
    one = wav(b"\x80\xff\x80", bits=8)
    for between in (b"\0", b""):
        assert heard(one + between + one, 3)[0].size == 6


@pytest.mark.parametrize("missing", [1, 2, 100, len(BODY)])
def test_less_than_the_header_says_is_cut(missing: int) -> None:
    """By however much."""
    with pytest.raises(Cut, match="too early"):
        heard(wav(BODY)[:-missing])


def test_half_a_sample_is_cut() -> None:
    """Where the length is not known, nothing else tells."""
    with pytest.raises(Cut, match="middle of a sample"):
        heard(wav(BODY, length=UNKNOWN)[:-1])


@pytest.mark.parametrize("length", [0, 3, 12, 20, 36, 43])
def test_a_header_that_is_not_whole_is_cut(length: int) -> None:
    """Wherever."""
    reader = WavReader()
    reader.feed(wav(BODY)[:length])
    with pytest.raises(Cut, match="header"):
        reader.finish()


@pytest.mark.parametrize(
    "data",
    [
        b"this is no sound at all",
        b"RIFF\0\0\0\0AVI LIST",
        file(chunk(b"data", BODY)),
        file(chunk(b"fmt ", b"x"), chunk(b"data", BODY)),
        file(form(kind=7), chunk(b"data", BODY)),
        file(form(kind=1, bits=12), chunk(b"data", BODY)),
        file(form(channels=0), chunk(b"data", BODY)),
        file(form(rate=0), chunk(b"data", BODY)),
        file(form(rate=4_000_000), chunk(b"data", BODY)),
        file(b"fmt " + struct.pack("<I", 0x7FFF_0000)),
        file(chunk(b"ds64", b"x")),
    ],
)
def test_what_is_no_wav(data: bytes) -> None:
    """Is told from what is only cut."""
    with pytest.raises(AudioError) as caught:
        heard(data)
    assert not isinstance(caught.value, Cut)


@given(
    st.lists(st.sampled_from([b"RIFF", b"WAVE", b"fmt ", b"data", b"\0\0\0\0", b"\xff" * 4, b"\x10\0\0\0", BODY[:9]]))
)
def test_garbage_does_no_harm(parts: Sequence[bytes]) -> None:
    """It is sound, or no WAV, or cut; and it comes to an end."""
    data = wav(BODY)[:20] + b"".join(parts)
    reader = WavReader()
    try:
        for at in range(0, len(data), 3):
            reader.feed(data[at : at + 3])
        reader.finish()
    except AudioError:
        pass
