"""Sound of a format that is only known from its first bytes: servers do not always send what they were asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np

from bot.errors import AudioError
from bot.tts.audio import Mp3Decoder, decode
from bot.tts.remote.sound.flac import FlacReader
from bot.tts.remote.sound.ogg import OggReader
from bot.tts.remote.sound.pcm import Form, PcmReader
from bot.tts.remote.sound.piece import Piece, Reader
from bot.tts.remote.sound.wav import WavReader

_TELLING = 12
"""Bytes that tell a format."""
_MP3 = re.compile(rb"ID3|\xff[\xe2\xe3\xea\xeb\xf2\xf3\xfa\xfb]")
"""A tag, or the head of a frame of layer III in any version."""
_MOST = 64 * 1024 * 1024
_RATE = re.compile(r";\s*rate\s*=\s*\"?(\d{4,6})")
_CHANNELS = re.compile(r";\s*channels\s*=\s*\"?(\d)")


class SoundStream:
    """Bytes in, pieces out. ``format`` is what was asked for, ``media_type`` what is said to come.

    What comes decides: WAV, Ogg/Opus, FLAC and MP3 are told by how they begin, and everything else is samples without
    a head if those were asked for. Of what only FFmpeg can read (AAC, M4A, Vorbis) there is no sound before the end.
    """

    def __init__(self, format: str, media_type: str = "") -> None:
        self._format = format
        self._media_type = media_type.casefold()
        self._begin = b""
        self._reader: Reader | None = None

    @property
    def gathered(self) -> bool:
        """Whether all of the work is left to the end."""
        return isinstance(self._reader, Gathered)

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The sound of the bytes so far. Raises AudioError if it is none."""
        if self._reader is None:
            self._begin += data
            if len(self._begin) < _TELLING:
                return
            data = self._begin
            self._reader = self._told()
        yield from _heard(self._reader.feed(data))

    def finish(self) -> Iterator[Piece]:
        """What is left. Raises :class:`~bot.tts.remote.sound.Cut` if the sound is not whole."""
        if self._reader is None:
            if not self._begin:
                return
            self._reader = self._told()
            yield from _heard(self._reader.feed(self._begin))
        yield from _heard(self._reader.finish())

    def _told(self) -> Reader:
        begin = self._begin
        if begin[:4] in (b"RIFF", b"RF64", b"BW64"):
            return WavReader()
        if begin[:4] == b"OggS":
            return Gathered() if b"vorbis" in begin else OggReader()
        if begin[:4] == b"fLaC":
            return FlacReader()
        if self._headless():
            return PcmReader(self._form())
        return Mp3Reader() if _MP3.match(begin) or self._format == "mp3" else Gathered()

    def _headless(self) -> bool:
        plain = self._media_type.startswith(("audio/pcm", "audio/l16", "audio/x-raw"))
        other = self._media_type.startswith("audio/") and not plain
        return plain or (self._format == "pcm" and not other)

    def _form(self) -> Form:
        """As OpenAI has it, unless the type says otherwise."""
        rate, channels = _RATE.search(self._media_type), _CHANNELS.search(self._media_type)
        return Form(int(rate[1]) if rate else 24_000, int(channels[1]) if channels else 1)


class Mp3Reader:
    """MP3, frame by frame. There is no telling whether its end is missing."""

    def __init__(self) -> None:
        self._decoder = Mp3Decoder()

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The sound of the frames that are whole."""
        return self._pieces(self._decoder.feed(data))

    def finish(self) -> Iterator[Piece]:
        """The last frames; raises AudioError if there was none at all."""
        yield from self._pieces(self._decoder.flush())
        if self._decoder.sample_rate is None:
            raise AudioError("This is no MP3.")

    def _pieces(self, frames: list[np.ndarray[tuple[int], np.dtype[np.float32]]]) -> Iterator[Piece]:
        if frames:
            assert self._decoder.sample_rate is not None
            yield Piece(np.concatenate(frames), self._decoder.sample_rate)


class Gathered:
    """Whatever else FFmpeg reads, once all of it is there; nothing is heard before."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Nothing; raises AudioError if it grows beyond all measure."""
        self._data += data
        if len(self._data) > _MOST:
            raise AudioError("This sound is too long to be held.")
        yield from ()

    def finish(self) -> Iterator[Piece]:
        """All of it."""
        samples, rate = decode(bytes(self._data))
        yield Piece(samples, rate)


def _heard(pieces: Iterable[Piece]) -> Iterator[Piece]:
    return (piece for piece in pieces if piece.samples.size)
