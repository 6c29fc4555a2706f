"""What others read, and what others send."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from bot.errors import AudioError
from bot.speech import Clip, Samples
from bot.tts.audio import FORMATS, FormatStream, convert, decode, packets
from tests.tts.audio.signals import REAL, heard, lufs, pieces, sine, speech, spoken

CODECS = {"opus": "opus", "ogg": "opus", "mp3": "mp3", "wav": "pcm_s16le", "flac": "flac", "aac": "aac"}
Write = Callable[[Clip, str], bytes]
DELAY = {"mp3": 0.08, "aac": 0.05}
"""Seconds that a codec's own padding may add."""


@pytest.fixture(scope="module")
def clip() -> Clip:
    return spoken(speech(3))[1]


def streamed(clip: Clip, format: str, size: int = 7) -> bytes:
    stream = FormatStream(format)
    parts = packets(clip.ogg)
    written = [stream.write(parts[at : at + size]) for at in range(0, len(parts), size)]
    return b"".join([*written, stream.close()])


def converted(clip: Clip, format: str) -> bytes:
    return convert(clip.ogg, format)


def at_48k(sound: Samples, rate: int) -> Samples:
    assert rate == 48_000
    return sound


@pytest.mark.parametrize("format", CODECS)
@pytest.mark.parametrize("write", [converted, streamed])
class TestFiles:
    def test_it_is_what_it_says(self, clip: Clip, format: str, write: Write) -> None:
        """One channel of the codec that the name promises."""
        with av.open(io.BytesIO(write(clip, format)), "r") as container:
            stream = container.streams.audio[0]

            assert stream.codec_context.name.removesuffix("float") == CODECS[format]
            assert (stream.layout.nb_channels, stream.rate) == (1, 48_000)

    def test_it_sounds_the_same(self, clip: Clip, format: str, write: Write) -> None:
        """As long and as loud as the clip."""
        sound, rate = decode(write(clip, format))

        assert sound.size / rate == pytest.approx(clip.seconds, abs=DELAY.get(format, 0.0) + 1e-9)
        assert lufs(at_48k(sound, rate)) == pytest.approx(lufs(heard(packets(clip.ogg))), abs=0.7)


def test_opus_is_the_clip_itself(clip: Clip) -> None:
    """Not a byte is encoded again."""
    assert convert(clip.ogg, "opus") is clip.ogg
    assert packets(streamed(clip, "ogg")) == packets(clip.ogg)


def test_wav_is_read_by_pythons_own_reader(clip: Clip) -> None:
    """Lengths and all."""
    with wave.open(io.BytesIO(convert(clip.ogg, "wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 48_000)
        assert file.getnframes() == round(clip.seconds * 48_000)


def test_a_streamed_wav_does_not_know_its_length(clip: Clip) -> None:
    """It says the largest there is, as players of streams expect."""
    head = FormatStream("wav").write([])

    assert struct.unpack("<4sI", head[:8]) == (b"RIFF", 0xFFFFFFFF)
    assert struct.unpack("<4sI", head[36:44]) == (b"data", 0xFFFFFFFF)


def test_pcm_is_24_khz_of_16_bits_without_a_header(clip: Clip) -> None:
    """As OpenAI's API has it; streamed and whole are the same bytes."""
    whole = convert(clip.ogg, "pcm")
    sound = np.frombuffer(whole, "<i2").astype(np.float32) / 32_767

    assert len(whole) == pytest.approx(clip.seconds * 48_000, abs=2)
    assert whole == streamed(clip, "pcm")
    assert sound.std() == pytest.approx(float(heard(packets(clip.ogg)).std()), rel=0.02)


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_runs_along_with_the_packets(clip: Clip, format: str) -> None:
    """After a second of packets at least three quarters of it are out: no format waits for the end."""
    stream = FormatStream(format)
    early = len(stream.write(packets(clip.ogg)[:50]))
    late = len(stream.write(packets(clip.ogg)[50:])) + len(stream.close())

    assert early / (early + late) > 0.75 / clip.seconds


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_without_packets_can_be_closed(format: str) -> None:
    """Whatever comes of it, nothing is raised."""
    assert isinstance(FormatStream(format).close(), bytes)


@pytest.mark.parametrize("format", CODECS)
@pytest.mark.parametrize("batches", [0, 1, 5])
def test_a_stream_that_nobody_wants_any_more_holds_nothing(clip: Clip, format: str, batches: int) -> None:
    """Neither threads nor an open encoder, at whatever moment; twice does no harm."""
    before = psutil.Process().num_threads()
    streams = [FormatStream(format) for _ in range(4)]
    for stream in streams:
        for at in range(batches):
            stream.write(packets(clip.ogg)[at * 9 : at * 9 + 9])
        stream.abandon()
        stream.abandon()
    assert psutil.Process().num_threads() <= before


def test_every_format_has_a_media_type() -> None:
    """The names are those of OpenAI's API and ``ogg``."""
    assert set(FORMATS) == {"opus", "ogg", "mp3", "wav", "flac", "aac", "pcm"}
    assert FORMATS["opus"] == FORMATS["ogg"] == "audio/ogg"
    assert all(kind.startswith("audio/") for kind in FORMATS.values())


def test_an_unknown_format_is_refused_by_name(clip: Clip) -> None:
    """The message says what there is instead."""
    for ask in (lambda: convert(clip.ogg, "m4b"), lambda: FormatStream("m4b")):
        with pytest.raises(AudioError, match=r"'m4b'.*opus, ogg, mp3"):
            ask()


@pytest.mark.parametrize("format", ["mp3", "wav", "pcm"])
def test_a_damaged_clip_is_refused(clip: Clip, format: str) -> None:
    """Conversion does not make noise of garbage."""
    with pytest.raises(AudioError):
        convert(b"garbage" * 100, format)
    with pytest.raises(AudioError):
        convert(clip.ogg[:-20], format)


class TestDecode:
    def test_a_file_is_read_by_its_path_or_its_bytes(self) -> None:
        """Both give the same samples and the file's own rate."""
        sound, rate = decode(REAL)

        assert rate == 24_000
        assert sound.dtype == np.float32
        assert np.array_equal(sound, decode(REAL.read_bytes())[0])

    @pytest.mark.parametrize("seconds", [0.1, 1.0, 99.0])
    def test_only_the_beginning_may_be_asked_for(self, seconds: float) -> None:
        """A long recording need not be read to its end."""
        whole, rate = decode(REAL)
        sound, _ = decode(REAL, seconds=seconds)

        assert np.array_equal(sound, whole[: round(seconds * rate)])

    @pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s24le"), ("mp4", "aac"), ("matroska", "libopus")])
    @pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
    def test_many_channels_become_one(self, container: str, codec: str, layout: str) -> None:
        """Any container and any number of channels come out as one row, and the tone is still there."""
        sound, rate = decode(_written(container, codec, layout))
        spectrum = np.abs(np.fft.rfft(sound[: rate // 2]))

        assert sound.ndim == 1
        assert spectrum.argmax() * 2 == pytest.approx(440, abs=4)

    @pytest.mark.parametrize(
        "data",
        [b"", b"x", b"hello, I am a text " * 50, np.random.default_rng(1).bytes(4_000), b"RIFF\xff\xff\xff\xffWAVE"],
    )
    def test_what_holds_no_sound_is_refused_in_words(self, data: bytes) -> None:
        """The sender learns what to send instead."""
        with pytest.raises(AudioError, match=r"WAV, MP3|no sound"):
            decode(data)

    def test_a_picture_is_refused(self) -> None:
        """A container that is read but holds only video."""
        file = io.BytesIO()
        with av.open(file, "w", format="matroska") as container:
            stream = container.add_stream("ffv1", rate=10)
            stream.width = stream.height = 16
            stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
            container.mux(stream.encode(None))

        with pytest.raises(AudioError, match="no sound"):
            decode(file.getvalue())

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        """By its name."""
        with pytest.raises(AudioError, match=r"nothing\.wav"):
            decode(tmp_path / "nothing.wav")

    def test_a_playlist_opens_no_other_file(self, tmp_path: Path) -> None:
        """Somebody's upload cannot make us read our own disk or call an address."""
        secret = tmp_path / "secret.wav"
        secret.write_bytes(_written("wav", "pcm_s16le", "mono"))
        lists = (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile '{secret}'\n",
            f"v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\na=control:{secret}\n",
        )
        for name, text in zip(("list.m3u8", "list.ffconcat", "list.sdp"), lists, strict=True):
            path = tmp_path / name
            path.write_text(text)
            for source in (path, text.encode()):
                with pytest.raises(AudioError):
                    decode(source)

    def test_tags_in_any_encoding_do_no_harm(self) -> None:
        """A title in Latin-1 is nobody's reason to refuse a recording."""
        with_title = bytearray(_written("wav", "pcm_s16le", "mono"))
        tag = b"INFOINAM" + struct.pack("<I", 6) + b"caf\xe9\xff\0"
        with_title[12:12] = b"LIST" + struct.pack("<I", len(tag)) + tag

        assert np.array_equal(decode(bytes(with_title))[0], decode(_written("wav", "pcm_s16le", "mono"))[0])

    def test_a_file_cut_off_gives_what_there_is(self) -> None:
        """Half an upload is half a recording."""
        data = REAL.read_bytes()
        sound, rate = decode(data[: len(data) // 2])

        assert 1.0 < sound.size / rate < 4.0


def _written(container: str, codec: str, layout: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=48_000, layout=layout)
        assert isinstance(stream, av.AudioStream)
        for number, part in enumerate(pieces(sine(440, 1), 960)):
            frame = av.AudioFrame.from_ndarray(
                np.stack([part] * stream.layout.nb_channels), format="fltp", layout=layout
            )
            frame.sample_rate = 48_000
            frame.pts = number * 960
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()
