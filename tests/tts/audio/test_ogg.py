"""Pages: what any player must be able to read, and what we read back."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.tts.audio import OggWriter, packets
from bot.tts.audio.ogg import checksum
from bot.tts.audio.opus import PRE_SKIP, PacketEncoder
from tests.tts.audio.signals import sine

SILENCE = b"\xf8\xff\xfe"


def ogg(parts: list[list[bytes]], samples: int | None = None) -> bytes:
    writer = OggWriter()
    return writer.head() + b"".join(writer.write(part) for part in parts) + writer.close(samples)


def opus(seconds: float) -> tuple[list[bytes], int]:
    encoder = PacketEncoder(32_000)
    first = encoder.encode(sine(440, seconds))
    last, samples = encoder.finish()
    return first + last, samples


def headers(data: bytes) -> list[tuple[int, int, int, int]]:
    """Flags, granule, number and count of segments of each page."""
    found, at = [], 0
    while at < len(data):
        flags, granule, _, number, _, segments = struct.unpack_from("<BqIIIB", data, at + 5)
        found.append((flags, granule, number, segments))
        at += 27 + segments + sum(data[at + 27 : at + 27 + segments])
    return found


def decoded(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    with av.open(io.BytesIO(data), "r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate([frame.reshape(-1) for frame in frames])


@given(st.lists(st.lists(st.binary(min_size=1, max_size=1200), max_size=80), max_size=6))
def test_what_was_written_is_read(parts: list[list[bytes]]) -> None:
    """Packets of any size, in writes of any size, come back as they were and in order."""
    assert packets(ogg(parts)) == tuple(packet for part in parts for packet in part)


def test_the_decoded_length_is_exact_to_the_sample() -> None:
    """FFmpeg's own reader finds as many samples as the encoder says."""
    sound, samples = opus(1.2345)

    assert decoded(ogg([sound])).size == samples


def test_the_end_can_be_trimmed() -> None:
    """A length in samples given at the end cuts what is over from the last packet."""
    sound, samples = opus(1.0)

    assert decoded(ogg([sound], samples - 500)).size == samples - 500


def test_a_beginning_for_the_decoder_alone_is_not_heard() -> None:
    """What is skipped is skipped, and what is heard after it is trimmed as if that had not been there."""
    sound, samples = opus(1.0)

    for skip in (0, 960, 2000):
        writer = OggWriter(skip=skip)
        heard = decoded(writer.head() + writer.write(sound) + writer.close(samples - skip - 300))
        assert np.array_equal(heard, decoded(ogg([sound]))[skip : samples - 300])


def test_the_head_says_what_libopus_needs() -> None:
    """RFC 7845: version 1, one channel, the encoder's own look-ahead, 48 kHz, no gain; vendor sayso, no comments."""
    head = OggWriter().head()

    assert struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, 48_000, 0, 0) in head
    assert head.endswith(b"OpusTags" + struct.pack("<I5sI", 5, b"sayso", 0))
    assert [flags for flags, *_ in headers(head)] == [2, 0]


def test_the_pre_skip_is_what_this_libopus_has() -> None:
    """The constant is checked against the encoder in the wheel that is installed."""
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "mono", "flt"
    codec.options = {"application": "audio", "frame_duration": "20"}
    codec.open()

    assert codec.extradata is not None
    assert struct.unpack_from("<H", codec.extradata, 10)[0] == PRE_SKIP


def test_pages_are_at_most_a_second_long() -> None:
    """However much is written at once, a listener waits no longer than a second for the next page."""
    granules = [granule for _, granule, *_ in headers(ogg([[SILENCE] * 333]))]

    assert max(np.diff(granules)) == 48_000


def test_each_write_is_flushed() -> None:
    """All packets but one are out when a write returns, so that a stream is never more than 20 ms late."""
    writer = OggWriter()
    head = writer.head()
    written = [writer.write([SILENCE] * count) for count in (1, 1, 5, 0)]

    assert [len(packets(head + b"".join(written[:end]))) for end in (1, 2, 3, 4)] == [0, 1, 6, 6]
    assert len(packets(head + b"".join(written) + writer.close())) == 7


def test_the_last_page_says_so_and_pages_are_numbered() -> None:
    """Only the last page carries the end, and no number is left out."""
    found = headers(ogg([[SILENCE] * 60, [SILENCE] * 3]))

    assert [flags for flags, *_ in found] == [2, 0, 0, 0, 0, 4]
    assert [number for _, _, number, _ in found] == list(range(6))
    assert found[-1][1] == 63 * 960


def test_streams_are_told_apart_by_their_serial() -> None:
    """Two streams joined end to end stay two."""
    assert OggWriter().head() != OggWriter().head()
    assert OggWriter(serial=7).head() == OggWriter(serial=7).head()


def test_nothing_written_is_still_a_file() -> None:
    """Headers without a packet read as no packets."""
    assert packets(ogg([])) == ()


def test_the_checksum_is_oggs() -> None:
    """The table-driven CRC of RFC 3533, polynomial 0x04c11db7, agrees on random bytes."""
    page = np.random.default_rng(0).bytes(300)

    assert checksum(page) == _slow_checksum(page[:22] + bytes(4) + page[26:])


@pytest.mark.parametrize("garbage", [b"", b"OggS", b"not ogg at all" * 10, b"OggS" + bytes(23), bytes(100)])
def test_garbage_is_refused(garbage: bytes) -> None:
    """What is no Ogg/Opus raises the error that is fit for a user's eyes."""
    with pytest.raises(AudioError, match="Ogg"):
        packets(garbage)


@given(st.data())
def test_a_damaged_file_is_refused(data: st.DataObject) -> None:
    """One flipped bit anywhere, or an end cut off in the middle of a page, is noticed."""
    whole = bytearray(ogg([[b"some packet"] * 60]))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(AudioError):
        packets(bytes(whole))
    with pytest.raises(AudioError):
        packets(ogg([[b"some packet"] * 60])[:-1])


def test_another_codec_in_ogg_is_refused() -> None:
    """FLAC in Ogg is whole and well, but no Opus."""
    writer = OggWriter()
    flac = writer.write([b"\x7fFLAC\x01\x00", b"some metadata", b"sound"]) + writer.close()

    with pytest.raises(AudioError, match="not an Ogg/Opus"):
        packets(flac)


def _slow_checksum(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
