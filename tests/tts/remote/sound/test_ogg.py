"""Ogg/Opus as it comes."""

from __future__ import annotations

import numpy as np
import pytest

from bot.errors import AudioError
from bot.speech import Pcm, Samples, Utterance
from bot.tts.audio import SpeechEncoder, decode
from bot.tts.audio.formats import FormatStream
from bot.tts.audio.ogg import OggWriter, checksum
from bot.tts.audio.opus import PacketEncoder
from bot.tts.remote.sound import Cut
from bot.tts.remote.sound.ogg import OggReader
from tests.doubles.speech_server import compressed, said

SOUND = said("one two three four five")
OGG = compressed(SOUND, "opus")


def heard(data: bytes, step: int = 500) -> Samples:
    reader = OggReader()
    pieces = [piece for at in range(0, len(data), step) for piece in reader.feed(data[at : at + step])]
    pieces += reader.finish()
    assert {piece.rate for piece in pieces} == {48_000}
    return np.concatenate([piece.samples for piece in pieces])


def pages(data: bytes) -> list[bytes]:
    return [b"OggS" + rest for rest in data.split(b"OggS")[1:]]


def signed(page: bytes) -> bytes:
    """The page with the checksum that it should have."""
    return page[:22] + checksum(page).to_bytes(4, "little") + page[26:]


@pytest.mark.parametrize("step", [1, 27, 500, 1_000_000])
def test_the_sound_is_what_others_hear(step: int) -> None:
    """Sample by sample what FFmpeg's own reader makes of the whole file, however it is cut on its way."""
    others, _ = decode(OGG)
    np.testing.assert_allclose(heard(OGG, step)[: others.size], others, atol=1e-4)


def test_nothing_is_heard_before_the_sound_or_after_it() -> None:
    """What the encoder needs to come into swing, and to fill its last packet, is left out."""
    assert len(heard(OGG)) / 48_000 == pytest.approx(len(SOUND) / 24_000, abs=0.0205)
    loud = np.flatnonzero(np.abs(heard(OGG)) > 0.1)
    assert loud[0] < 200


def test_there_is_sound_before_the_end() -> None:
    """With each page."""
    reader = OggReader()
    whole = pages(OGG)
    assert len(whole) > 3
    assert not list(reader.feed(whole[0] + whole[1]))
    assert list(reader.feed(whole[2]))


def test_our_own_stream_is_read() -> None:
    """As the HTTP adapter writes it, with pages while it is still being made."""
    encoder, stream = SpeechEncoder(), FormatStream("opus")
    first = encoder.feed(Pcm(SOUND, 24_000, Utterance("one", "fake", "heart", "en")))
    last, clip = encoder.finish()
    ogg = stream.write(first) + stream.write(last) + stream.close()
    np.testing.assert_allclose(heard(ogg), decode(clip.ogg)[0], atol=1e-4)
    assert len(heard(ogg)) / 48_000 == pytest.approx(clip.seconds, abs=0.02)


def test_several_channels_are_mixed() -> None:
    """To their mean."""
    stereo = compressed(np.stack([SOUND, np.zeros_like(SOUND)]), "opus", layout="stereo")
    mono = heard(stereo)
    assert np.abs(mono).max() == pytest.approx(0.25, abs=0.05)


def test_streams_one_after_the_other_are_one_sound() -> None:
    """Each with its own head."""
    assert len(heard(OGG + OGG)) == 2 * len(heard(OGG))


def test_a_packet_may_run_over_pages() -> None:
    """And is heard when it is whole."""
    writer = OggWriter(serial=1)
    head = writer.head()
    page = writer.write([*_packets(), b""])
    packet = _padded(_packets()[0], 400)
    one = signed(_page(page, 0, packet[:255], b"\xff"))
    two = signed(_page(page, 1, packet[255:], bytes([400 - 255])))
    reader = OggReader()
    assert not list(reader.feed(head + one))
    assert [piece.samples.size for piece in reader.feed(two)] == [960 - 312]
    with pytest.raises(Cut):
        heard(head + one)


def _packets() -> list[bytes]:
    return PacketEncoder(16_000).encode(np.zeros(960 * 3, np.float32))


def _page(like: bytes, flags: int, body: bytes, lacing: bytes) -> bytes:
    return like[:5] + bytes([flags]) + like[6:26] + bytes([len(lacing)]) + lacing + body


def _padded(packet: bytes, size: int) -> bytes:
    """The same Opus packet, padded to a size (RFC 6716, 3.2.5)."""
    more = size - len(packet) - 1
    assert packet[0] & 3 == 0
    many, few = divmod(more - 1, 255)
    lengths = b"\xff" * many + bytes([few])
    body = packet[1:] + bytes(more - len(lengths))
    return bytes([packet[0] | 3, 0x41]) + lengths + body


@pytest.mark.parametrize("missing", [1, 100, 3000])
def test_half_a_page_is_cut(missing: int) -> None:
    """After all that was whole."""
    with pytest.raises(Cut):
        heard(OGG[:-missing])


@pytest.mark.parametrize("data", [b"", OGG[:20]], ids=["nothing", "half a head"])
def test_no_page_at_all_is_cut(data: bytes) -> None:
    """There is nothing by which it could be read."""
    with pytest.raises(Cut):
        list(OggReader().finish()) if not data else heard(data)


def test_a_damaged_page_is_no_sound() -> None:
    """Its checksum tells."""
    with pytest.raises(AudioError, match="damaged"):
        heard(OGG[:-50] + b"\0" * 50)


def test_what_is_no_ogg() -> None:
    """Or no Opus in it."""
    with pytest.raises(AudioError, match="no Ogg"):
        heard(b"RIFF" * 20)
    with pytest.raises(AudioError, match="no Opus"):
        heard(signed(pages(OGG)[0].replace(b"OpusHead", b"\x7fFLAC\1\0\0")))


def test_a_packet_that_is_no_opus() -> None:
    """Is told, though the page is whole."""
    writer = OggWriter()
    with pytest.raises(AudioError, match="not Opus"):
        heard(writer.head() + writer.write([b"\xff\xff\xff", b"\xff\xff\xff"]) + writer.close())
