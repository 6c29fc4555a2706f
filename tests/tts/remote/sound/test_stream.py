"""Sound of a format that is only known from its first bytes."""

from __future__ import annotations

import io
from contextlib import suppress

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.speech import Samples
from bot.tts.remote.sound import Piece, SoundStream
from tests.doubles.speech_server import TYPES, encoded, integers, said, wav

TEXT = "one two three four five"
SOUND = said(TEXT)


def heard(data: bytes, format: str, media_type: str = "", step: int = 300) -> list[Piece]:
    stream = SoundStream(format, media_type)
    pieces = [piece for at in range(0, len(data), step) for piece in stream.feed(data[at : at + step])]
    return [*pieces, *stream.finish()]


def seconds(pieces: list[Piece]) -> float:
    return sum(piece.samples.size / piece.rate for piece in pieces)


def height(pieces: list[Piece], at: float) -> float:
    """The pitch in Hz that is heard there, within a fifth of a second."""
    samples: Samples = np.concatenate([piece.samples for piece in pieces])
    rate = pieces[0].rate
    window = samples[round(at * rate) : round((at + 0.15) * rate)]
    spectrum = np.abs(np.fft.rfft(window * np.hanning(window.size)))
    return float(np.fft.rfftfreq(window.size, 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize("format", TYPES)
@pytest.mark.parametrize("step", [1, 300, 1_000_000])
def test_every_format_is_heard(format: str, step: int) -> None:
    """In its length and its height, however it is cut on its way."""
    pieces = heard(encoded(TEXT, 1.0, format), format, TYPES[format], step)
    assert seconds(pieces) == pytest.approx(1.0, abs=0.06)
    assert all(piece.samples.dtype == np.float32 and piece.samples.size for piece in pieces)
    for number, word in enumerate(TEXT.split()):
        assert height(pieces, 0.2 * number + 0.03) == pytest.approx(200 + sum(word.encode()) % 1200, abs=12)


@pytest.mark.parametrize("sent", ["wav", "mp3", "opus", "flac"])
@pytest.mark.parametrize("format", TYPES)
def test_what_comes_counts_not_what_was_asked_for(sent: str, format: str) -> None:
    """There are servers that know one format only."""
    assert seconds(heard(encoded(TEXT, 1.0, sent), format, TYPES[sent])) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("media_type", ["", "application/octet-stream", "audio/wav"])
@pytest.mark.parametrize("sent", ["wav", "mp3", "opus", "flac"])
def test_what_comes_counts_not_what_is_said_of_it(sent: str, media_type: str) -> None:
    """Many a server says nothing, or the same of everything."""
    assert seconds(heard(encoded(TEXT, 1.0, sent), "wav", media_type)) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize(
    ("media_type", "rate", "length"),
    [
        ("", 24_000, 1.0),
        ("audio/pcm", 24_000, 1.0),
        ("application/octet-stream", 24_000, 1.0),
        ("audio/L16; rate=48000", 48_000, 0.5),
        ('audio/pcm;rate="12000";channels=2', 12_000, 1.0),
        ("audio/pcm;rate=12000;channels=1", 12_000, 2.0),
    ],
)
def test_samples_without_a_head(media_type: str, rate: int, length: float) -> None:
    """Are 24 kHz mono, unless the type says otherwise."""
    pieces = heard(integers(SOUND), "pcm", media_type)
    assert {piece.rate for piece in pieces} == {rate}
    assert seconds(pieces) == pytest.approx(length)


def test_a_type_that_says_samples_is_believed() -> None:
    """Even if something else was asked for."""
    assert seconds(heard(integers(SOUND), "mp3", "audio/pcm")) == pytest.approx(1.0)


def test_what_only_ffmpeg_reads_is_heard_at_the_end() -> None:
    """All of it at once: AAC, Vorbis and their like."""
    data = _adts()
    stream = SoundStream("wav", "audio/aac")
    assert not list(stream.feed(data))
    assert stream.gathered
    assert seconds(list(stream.finish())) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("format", ["wav", "mp3", "opus", "flac"])
@pytest.mark.parametrize("data", [b"x", b"nothing but words " * 100, b"\xff" * 5000])
def test_what_is_no_sound(format: str, data: bytes) -> None:
    """Is told, at the latest at the end."""
    with pytest.raises(AudioError):
        heard(data, format)


@given(
    data=st.builds(bytes.__add__, st.sampled_from([b"", b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff"]), st.binary()),
    format=st.sampled_from(list(TYPES)),
    step=st.integers(1, 20),
)
@example(data=b"\xff", format="wav", step=1)
@example(data=b"\xff", format="opus", step=1)
def test_whatever_comes_is_heard_or_is_no_sound(data: bytes, format: str, step: int) -> None:
    """Strangers send it: nothing but an AudioError tells the engine that it is none."""
    with suppress(AudioError):
        heard(data, format, step=step)


@pytest.mark.parametrize("format", TYPES)
def test_nothing_is_no_sound_and_no_error(format: str) -> None:
    """What to make of an empty answer is for others to say."""
    assert heard(b"", format) == []


def test_a_sound_shorter_than_what_tells_a_format() -> None:
    """Is heard nevertheless."""
    assert [piece.samples.size for piece in heard(b"\0\x40" * 3, "pcm")] == [3]


def test_pieces_without_samples_are_not_given() -> None:
    """Such as of a header alone."""
    assert heard(wav(b"", length=0xFFFF_FFFF), "wav") == []


def test_what_is_gathered_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its bytes."""
    monkeypatch.setattr("bot.tts.remote.sound.stream._MOST", 1000)
    with pytest.raises(AudioError, match="too long"):
        heard(b"no sound " * 1000, "wav")


def _adts() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="adts") as out:
        stream = out.add_stream("aac", rate=24_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(SOUND[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 24_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()
