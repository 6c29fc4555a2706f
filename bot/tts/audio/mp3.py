"""MP3 as it arrives over the network, frame by frame: what edge-tts sends has no file header and no length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import av
import av.error
import numpy as np

from bot.speech import Samples

_HEADER = 4
_ID3_HEADER = 10
_SUMMARIES = (b"Xing", b"Info", b"VBRI")
_SUMMARY_REACH = 64
"""Bytes of a frame in which a file's summary would name itself; such a frame holds no sound."""
_MPEG_1 = 3
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True, slots=True)
class _Header:
    version: int
    rate: int
    size: int

    @classmethod
    def read(cls, data: bytes | bytearray, at: int) -> Self | None:
        """The frame header (layer III, with a bit rate) that stands there, if one does."""
        if data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
            return None
        version, kbits, rate = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
        if version == 1 or rate == 3 or kbits in (0, 15):
            return None
        hertz = _RATES[version][rate]
        bits = (144_000 * _KBITS_1[kbits]) if version == _MPEG_1 else (72_000 * _KBITS_2[kbits])
        return cls(version, hertz, bits // hertz + (data[at + 2] >> 1 & 1))

    def follows(self, other: Self) -> bool:
        return (self.version, self.rate) == (other.version, other.rate)


class Mp3Decoder:
    """Bytes in, mono samples out, as soon as a frame is whole.

    Tags, a file's summary and any garbage are stepped over; a frame is believed once another follows it.
    """

    def __init__(self) -> None:
        self._codec = _decoder()
        self._buffer = bytearray()
        self._skip = 0
        self._kind: _Header | None = None
        self._synced = False

    @property
    def sample_rate(self) -> int | None:
        """Hz of the samples; None before the first frame."""
        return self._kind.rate if self._kind else None

    def feed(self, data: bytes) -> list[Samples]:
        """The sound of the frames that are whole now, a piece each."""
        self._buffer += data
        return self._frames(ended=False)

    def flush(self) -> list[Samples]:
        """The sound of what is left when no more will come."""
        frames = self._frames(ended=True)
        self._buffer.clear()
        return frames

    def _frames(self, *, ended: bool) -> list[Samples]:
        found: list[Samples] = []
        at = 0
        while (step := self._step(at, ended=ended)) is not None:
            start, end = step
            if end > start and not self._summary(start):
                found += self._decode(bytes(self._buffer[start:end]))
            at = end
        del self._buffer[:at]
        return found

    def _step(self, at: int, *, ended: bool) -> tuple[int, int] | None:
        """Where the next frame lies (empty: only something to step over); None if more bytes are needed to know."""
        if self._skip or self._tag(at):
            skipped = min(self._skip, len(self._buffer) - at)
            self._skip -= skipped
            return (at + skipped, at + skipped) if skipped else None
        if at + _ID3_HEADER > len(self._buffer) and not ended:
            return None
        return self._search(at, ended=ended)

    def _search(self, at: int, *, ended: bool) -> tuple[int, int] | None:
        start = at
        while (start := self._buffer.find(0xFF, start)) >= 0 and start + _HEADER <= len(self._buffer):
            header = self._believed(start, ended=ended)
            if header is None:
                start, self._synced = start + 1, False
                continue
            end = start + header.size
            if end > len(self._buffer) or (not self._synced and not ended and end + _HEADER > len(self._buffer)):
                return (start, start) if start > at else None
            self._kind, self._synced = self._kind or header, True
            return start, end
        return self._nothing(at, start)

    def _nothing(self, at: int, start: int) -> tuple[int, int] | None:
        """Step over what can be no header, keeping the last bytes, which may be half of one or of a tag."""
        end = start if start >= 0 else max(at, len(self._buffer) - _HEADER)
        return (end, end) if end > at else None

    def _believed(self, at: int, *, ended: bool) -> _Header | None:
        header = _Header.read(self._buffer, at)
        if header is None or (self._kind and not header.follows(self._kind)):
            return None
        after = at + header.size
        if self._synced or after + _HEADER > len(self._buffer):
            return None if ended and after > len(self._buffer) else header
        following = _Header.read(self._buffer, after)
        return header if following and following.follows(header) else None

    def _tag(self, at: int) -> bool:
        head = self._buffer[at : at + _ID3_HEADER]
        if len(head) < _ID3_HEADER or not head.startswith(b"ID3") or max(head[6:]) > 0x7F:
            return False
        self._skip = _ID3_HEADER + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
        return True

    def _summary(self, start: int) -> bool:
        return any(self._buffer.find(name, start, start + _SUMMARY_REACH) >= 0 for name in _SUMMARIES)

    def _decode(self, frame: bytes) -> list[Samples]:
        try:
            sounds = self._codec.decode(av.Packet(frame))
        except av.error.FFmpegError:
            self._synced = False
            return []
        return [sound.to_ndarray().mean(axis=0, dtype=np.float32) for sound in sounds]


def _decoder() -> av.AudioCodecContext:
    codec = av.CodecContext.create("mp3float", "r")
    if not isinstance(codec, av.AudioCodecContext):
        raise TypeError(f"{codec!r} decodes no audio")
    return codec
