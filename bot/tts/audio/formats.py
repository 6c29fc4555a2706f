"""Every format that sound leaves or enters in besides our own packets."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

import av
import av.error
import numpy as np

from bot.errors import AudioError
from bot.speech import SAMPLE_RATE, Samples
from bot.tts.audio.ogg import OggWriter, packets
from bot.tts.audio.opus import PacketDecoder
from bot.tts.audio.rate import Resampler

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "opus": "audio/ogg",
        "ogg": "audio/ogg",
        "mp3": "audio/mpeg",
        "wav": "audio/wav",
        "flac": "audio/flac",
        "aac": "audio/aac",
        "pcm": "audio/pcm",
    }
)
"""Media types by the name of the format. ``pcm`` is headless: 24 kHz, 16 bit, little-endian, as OpenAI's API has it."""

PCM_RATE = 24_000
"""Hz of the format ``pcm``."""

_UNREADABLE = "This file holds no sound that can be read. Send it as WAV, MP3, OGG, FLAC or M4A."
_UNKNOWN_LENGTH = 0xFFFFFFFF
_CODECS = {"mp3": ("mp3", "libmp3lame"), "flac": ("flac", "flac"), "aac": ("adts", "aac")}
_BITRATE = 64_000
_STREAMED = {"mp3": {"write_xing": "0", "id3v2_version": "0"}}
_QUICK = {"mp3": {"compression_level": "7"}, "aac": {"aac_coder": "fast"}}
"""Twice as fast as the default, at the same bit rate; what went through Opus has nothing left to lose by it."""
_READABLE = "aac,aiff,amr,asf,au,caf,flac,flv,matroska,webm,mov,mp3,mpeg,mpegts,ogg,wav,w64"
"""Containers that are read. Not among them are the playlists, which make a reader open other files and addresses."""
# Up to PyAV 18 a tag that is not UTF-8 makes a file unreadable unless told otherwise; 19 reads it, and cannot be told.
_LENIENT: dict[str, Any] = {} if int(av.__version__.partition(".")[0]) >= 19 else {"metadata_errors": "ignore"}


class _Sink(Protocol):
    def write(self, samples: Samples) -> bytes: ...

    def close(self) -> bytes: ...

    def abandon(self) -> None: ...


def convert(clip_ogg: bytes, format: str) -> bytes:
    """A clip's Ogg/Opus in another of :data:`FORMATS`; the same bytes where it is Ogg/Opus that is asked for."""
    if _known(format) == "audio/ogg":
        return clip_ogg
    sound = PacketDecoder().decode(packets(clip_ogg))
    if format == "wav":
        body = _integers(sound)
        return _wav_header(len(body)) + body
    sink: _Sink = _Pcm(PCM_RATE) if format == "pcm" else _Encoded(format, io.BytesIO())
    return sink.write(sound) + sink.close()


class FormatStream:
    """Packets to one of :data:`FORMATS`, for HTTP while the speech is still being made.

    May be used from any thread, but of several at once one waits for the other.
    """

    def __init__(self, format: str) -> None:
        self._ogg = OggWriter() if _known(format) == "audio/ogg" else None
        self._head = self._ogg.head() if self._ogg else _wav_header(None) if format == "wav" else b""
        self._decoder = PacketDecoder()
        self._turn = threading.Lock()
        self._sink: _Sink = _Encoded(format, _Pipe()) if format in _CODECS else _Pcm(_pcm_rate(format))

    def write(self, packets: Sequence[bytes]) -> bytes:
        """The bytes that are ready."""
        with self._turn:
            body = self._ogg.write(packets) if self._ogg else self._sink.write(self._decoder.decode(packets))
            return self._take_head() + body

    def close(self) -> bytes:
        """The rest."""
        with self._turn:
            return self._take_head() + (self._ogg.close() if self._ogg else self._sink.close())

    def abandon(self) -> None:
        """Nobody wants the rest: what an encoder holds (memory, threads) is let go, to which Python would come late."""
        with self._turn:
            self._sink.abandon()
            self._sink = _Nobody()

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head


def decode(data: bytes | Path, *, seconds: float | None = None) -> tuple[Samples, int]:
    """The sound of any file that FFmpeg reads, mixed to one channel, and its rate in Hz.

    Of a longer one only the first ``seconds``. AudioError, in words for the one who sent it, if there is none in it.
    """
    with io.BytesIO(data) if isinstance(data, bytes) else _opened(data) as file:
        try:
            return _decoded(file, seconds)
        except (av.error.FFmpegError, ValueError) as error:
            raise AudioError(_UNREADABLE) from error


class _Nobody:
    """Who takes everything, and makes nothing of it."""

    def write(self, samples: Samples) -> bytes:
        return b""

    def close(self) -> bytes:
        return b""

    def abandon(self) -> None:
        pass


class _Pcm:
    """Headless 16-bit samples."""

    def __init__(self, rate: int) -> None:
        self._resampler = Resampler(SAMPLE_RATE, rate)

    def write(self, samples: Samples) -> bytes:
        return _integers(self._resampler.feed(samples))

    def close(self) -> bytes:
        return _integers(self._resampler.finish())

    def abandon(self) -> None:
        pass


class _Pipe(io.RawIOBase):
    """A file that only runs forward, so that no muxer comes back to fill in a length."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._written += piece
        return len(piece)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class _Encoded:
    """Any codec that needs an encoder, in its usual container."""

    def __init__(self, format: str, file: io.BytesIO | _Pipe) -> None:
        container, codec = _CODECS[format]
        options = _STREAMED.get(format, {}) if isinstance(file, _Pipe) else {}
        self._file = file
        self._container = av.open(file, "w", format=container, container_options=options)
        self._stream = _audio(self._container.add_stream(codec, rate=SAMPLE_RATE, layout="mono"))
        self._stream.bit_rate = _BITRATE
        self._stream.codec_context.options = _QUICK.get(format, {})
        self._at = 0

    def write(self, samples: Samples) -> bytes:
        if samples.size:
            self._container.mux(self._stream.encode(self._frame(samples)))
        return self._take()

    def close(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take() if isinstance(self._file, _Pipe) else self._file.getvalue()

    def abandon(self) -> None:
        with suppress(av.error.FFmpegError, ValueError):  # what was never begun has no end that could be written
            self._container.close()

    def _take(self) -> bytes:
        return self._file.take() if isinstance(self._file, _Pipe) else b""

    def _frame(self, samples: Samples) -> av.AudioFrame:
        limited = np.clip(samples, -1, 1)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(limited, format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._at
        self._at += samples.size
        return frame


def _known(format: str) -> str:
    if format not in FORMATS:
        raise AudioError(f"Sayso does not write {format!r}; it writes {', '.join(FORMATS)}.")
    return FORMATS[format]


def _pcm_rate(format: str) -> int:
    return PCM_RATE if format == "pcm" else SAMPLE_RATE


def _integers(samples: Samples) -> bytes:
    return np.round(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()


def _wav_header(length: int | None) -> bytes:
    size = _UNKNOWN_LENGTH if length is None else length
    riff = _UNKNOWN_LENGTH if length is None else length + 36
    form = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16)
    head = struct.pack("<4sI4s4sI", b"RIFF", riff, b"WAVE", b"fmt ", len(form))
    return head + form + struct.pack("<4sI", b"data", size)


def _audio(stream: object) -> av.AudioStream:
    if not isinstance(stream, av.AudioStream):
        raise TypeError(f"{stream!r} is no audio stream")
    return stream


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}.") from error


def _decoded(file: IO[bytes], seconds: float | None) -> tuple[Samples, int]:
    with av.open(file, "r", container_options={"format_whitelist": _READABLE}, **_LENIENT) as container:
        if not container.streams.audio:
            raise AudioError("There is no sound in this file.")
        stream = container.streams.audio[0]
        mono = av.AudioResampler(format="flt", layout="mono", rate=stream.rate)
        pieces: list[Samples] = []
        left = seconds * stream.rate if seconds is not None else float("inf")
        for frame in _frames(container, stream):
            pieces += [piece.to_ndarray()[0] for piece in mono.resample(frame)]
            left -= pieces[-1].size if pieces else 0
            if left <= 0:
                break
        pieces += [piece.to_ndarray()[0] for piece in mono.resample(None)]
        if not pieces:
            raise AudioError("There is no sound in this file.")
        sound = np.concatenate(pieces)
        return sound if seconds is None else sound[: round(seconds * stream.rate)], stream.rate


def _frames(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """The frames that can be decoded; one that is damaged is left out, as every player does."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue
