"""FLAC as it comes, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
import numpy as np

from bot.errors import AudioError
from bot.tts.remote.sound.piece import Cut, Piece, codec, mixed

_INFO, _INFO_SIZE = 0, 34
_HEADER = 16
"""Bytes of the longest head of a frame."""


def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    top, mask = 1 << bits - 1, (1 << bits) - 1
    rows = []
    for row in range(256):
        value = row << bits - 8
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value & top else 0)) & mask
        rows.append(value)
    return tuple(rows)


_CRC_8 = _table(0x07, 8)
_CRC_16 = _table(0x8005, 16)


class FlacReader:
    """A frame is whole when the head of the next stands behind it; the sound is mixed to mono.

    FFmpeg's own splitter holds some ten frames back, which is a second of sound, and forgets those at the end.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._codec: av.AudioCodecContext | None = None
        self._samples = 0
        self._decoded = 0
        self._mark = b""
        self._marked = False
        self._looked = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The sound of the frames that are whole."""
        self._buffer += data
        while not self._mark and self._block():
            pass
        while self._mark and (end := self._end()) is not None:
            yield self._decode(end)

    def finish(self) -> Iterator[Piece]:
        """The sound of the last frame. Raises Cut if that is not whole, or the head has promised more."""
        if self._codec is None:
            raise Cut("The sound ends within its header.")
        if self._buffer:
            if _crc_16(self._buffer):
                raise Cut("The sound ends in the middle of a frame.")
            yield self._decode(len(self._buffer))
        if self._decoded < self._samples:
            raise Cut(f"The sound ends {self._samples - self._decoded} samples too early.")

    def _block(self) -> bool:
        """Step over a block of the head, or into the first frame behind it."""
        if not self._marked:
            return self._begin()
        if self._codec is not None and self._buffer[:1] == b"\xff":
            return self._found_frames()
        length = int.from_bytes(self._buffer[1:4], "big")
        if len(self._buffer) < 4 or len(self._buffer) < 4 + length:
            return False
        if self._buffer[0] & 0x7F == _INFO:
            self._open(bytes(self._buffer[4 : 4 + length]))
        del self._buffer[: 4 + length]
        return True

    def _begin(self) -> bool:
        if len(self._buffer) < 4:
            return False
        if self._buffer[:4] != b"fLaC":
            raise AudioError("This is no FLAC file.")
        del self._buffer[:4]
        self._marked = True
        return True

    def _open(self, info: bytes) -> None:
        if len(info) < _INFO_SIZE:
            raise AudioError("This FLAC file is damaged.")
        self._samples = int.from_bytes(info[13:18], "big") & (1 << 36) - 1
        self._codec = codec("flac", info)

    def _found_frames(self) -> bool:
        if len(self._buffer) < _HEADER:
            return False
        if not _head(self._buffer, 0):
            raise AudioError("This FLAC file is damaged.")
        self._mark = bytes(self._buffer[:2])
        return True

    def _end(self) -> int | None:
        """Where the first frame ends, if the next one is seen to begin."""
        at = max(self._looked, 2)
        while (at := self._buffer.find(self._mark, at)) >= 0 and at + _HEADER <= len(self._buffer):
            if _head(self._buffer, at) and not _crc_16(self._buffer[:at]):
                self._looked = 0
                return at
            at += 1
        self._looked = max(2, len(self._buffer) - _HEADER)
        return None

    def _decode(self, end: int) -> Piece:
        assert self._codec is not None
        frame = bytes(self._buffer[:end])
        del self._buffer[:end]
        try:
            frames = self._codec.decode(av.Packet(frame))
        except av.error.FFmpegError as error:
            raise AudioError("This sound is damaged: a part of it is not FLAC.") from error
        if not frames:
            raise AudioError("This sound is damaged: a part of it is not FLAC.")
        self._decoded += sum(one.samples for one in frames)
        return Piece(np.concatenate([mixed(one) for one in frames]), frames[0].sample_rate)


def _head(data: bytearray, at: int) -> bool:
    """Whether the head of a frame stands there. At least :data:`_HEADER` bytes must be there."""
    size, rate = data[at + 2] >> 4, data[at + 2] & 15
    if data[at] != 0xFF or data[at + 1] & 0xFE != 0xF8 or not size or rate == 15:
        return False
    number = _coded(data[at + 4])
    if number is None:
        return False
    length = 4 + number + (1 if size == 6 else 2 if size == 7 else 0) + (1 if rate == 12 else 2 if rate > 12 else 0)
    crc = 0
    for byte in data[at : at + length]:
        crc = _CRC_8[crc ^ byte]
    return crc == data[at + length]


def _coded(first: int) -> int | None:
    """Bytes of a number that is written as UTF-8 would be, by its first byte."""
    ones = 8 - (first ^ 0xFF).bit_length()
    return 1 if ones == 0 else None if ones == 1 or ones == 8 else ones


def _crc_16(data: bytearray) -> int:
    """Zero over a whole frame with its checksum."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFFFF) ^ _CRC_16[crc >> 8 ^ byte]
    return crc
