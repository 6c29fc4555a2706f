"""MP3 frame by frame: what edge-tts sends has no file header and no length, and what we add to it must not either."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self, overload

import av
import av.error
import numpy as np

from bot.errors import AudioError
from bot.speech import SAMPLE_RATE, Samples
from bot.tts.audio.rate import Resampler

FRAME_RATE = 24_000
"""Hz of the frames that are sent on, and so of those that we make ourselves."""

_HEADER = 4
_CHECKSUM = 2
_FRAME_SAMPLES = 576
_ID3_HEADER = 10
_SUMMARIES = (b"Xing", b"Info", b"VBRI")
_NOTHING = bytes(4)
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
    def read(cls, data: bytes, at: int) -> Self | None:
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


class Mp3Frames:
    """Bytes in, whole frames out.

    Tags, a file's summary and any garbage are stepped over; a frame is believed once another follows it.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._skip = 0
        self._kind: _Header | None = None
        self._head = b""
        self._size = 0
        self._synced = False

    @property
    def sample_rate(self) -> int | None:
        """Hz of the sound; None before the first frame."""
        return self._kind.rate if self._kind else None

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now."""
        self._buffer += data
        return self._frames(ended=False)

    def flush(self) -> list[bytes]:
        """The frames in what is left when no more will come."""
        frames = self._frames(ended=True)
        self._buffer = b""
        return frames

    def doubt(self) -> None:
        """The last frame was none: believe the next only once another follows it."""
        self._synced = False

    def _frames(self, *, ended: bool) -> list[bytes]:
        found: list[bytes] = []
        at = self._alike(0, found)
        while (step := self._step(at, ended=ended)) is not None:
            start, end = step
            if end > start and not self._summary(start):
                found.append(self._buffer[start:end])
                self._head, self._size = self._buffer[start : start + _HEADER], end - start
            at = self._alike(end, found)
        self._buffer = self._buffer[at:]
        return found

    def _alike(self, at: int, found: list[bytes]) -> int:
        """Take the frames that look like the one before them, as nearly all do, and say where they end.

        One that begins with nothing may be a summary, and is left to be looked at.
        """
        if not self._synced or self._skip or not self._head:
            return at
        buffer, head, size, last = self._buffer, self._head, self._size, len(self._buffer) - self._size
        while at <= last and buffer.startswith(head, at) and not buffer.startswith(_NOTHING, at + _HEADER):
            found.append(buffer[at : at + size])
            at += size
        return at

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


class Mp3Decoder:
    """Bytes in, mono samples out, as soon as a frame is whole."""

    def __init__(self) -> None:
        self._codec = _codec("mp3float", "r")
        self._frames = Mp3Frames()

    @property
    def sample_rate(self) -> int | None:
        """Hz of the samples; None before the first frame."""
        return self._frames.sample_rate

    def feed(self, data: bytes) -> list[Samples]:
        """The sound of the frames that are whole now, a piece each."""
        return self._decoded(self._frames.feed(data))

    def flush(self) -> list[Samples]:
        """The sound of what is left when no more will come."""
        return self._decoded(self._frames.flush())

    def _decoded(self, frames: Iterable[bytes]) -> list[Samples]:
        return [sound for frame in frames for sound in self._decode(frame)]

    def _decode(self, frame: bytes) -> list[Samples]:
        try:
            sounds = self._codec.decode(av.Packet(frame))
        except av.error.FFmpegError:
            self._frames.doubt()
            return []
        return [sound.to_ndarray().mean(axis=0, dtype=np.float32) for sound in sounds]


class FrameEncoder:
    """Samples at 48 kHz in; frames of the kind that Edge sends out (24 kHz, mono, 48 kbit/s), each whole by itself."""

    def __init__(self) -> None:
        codec = _codec("libmp3lame", "w")
        codec.sample_rate = FRAME_RATE
        codec.layout = "mono"
        codec.format = "fltp"
        codec.bit_rate = 48_000
        # Without a reservoir no frame borrows from those before it, and so they may be cut and strung together.
        codec.options = {"reservoir": "0"}
        self._codec = codec
        self._resampler = Resampler(SAMPLE_RATE, FRAME_RATE)
        self._frames = 0

    def encode(self, samples: Samples) -> list[bytes]:
        """The frames that are full; what is left waits for more."""
        return self._encoded(self._resampler.feed(samples))

    def finish(self) -> tuple[list[bytes], int]:
        """The last frames, and how many samples at 48 kHz all of them decode to."""
        last = self._encoded(self._resampler.finish())
        rest = [bytes(packet) for packet in self._codec.encode(None)]
        self._frames += len(rest)
        return last + rest, self._frames * _FRAME_SAMPLES * SAMPLE_RATE // FRAME_RATE

    def _encoded(self, samples: Samples) -> list[bytes]:
        if not samples.size:
            return []
        frame = av.AudioFrame.from_ndarray(np.clip(samples, -1, 1)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = FRAME_RATE
        ready = [bytes(packet) for packet in self._codec.encode(frame)]
        self._frames += len(ready)
        return ready


class Strung(Sequence[bytes]):
    """The frames of an MP3 in which all are of one length, each cut off only when somebody wants it."""

    def __init__(self, mp3: bytes, size: int) -> None:
        self._mp3 = mp3
        self._size = size

    def __len__(self) -> int:
        return len(self._mp3) // self._size

    @overload
    def __getitem__(self, at: int) -> bytes: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[bytes]: ...

    def __getitem__(self, at: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(at, slice):
            return tuple(self[each] for each in range(*at.indices(len(self))))
        start = range(0, len(self._mp3), self._size)[at]
        return self._mp3[start : start + self._size]


def frames(mp3: bytes) -> Strung:
    """The frames of an MP3 that Sayso strung together; AudioError if it is anything else, or not whole.

    Looks at no more than its ends: such a file is read whenever somebody says again what was said before.
    """
    header = _Header.read(mp3, 0) if len(mp3) >= _HEADER else None
    if header is None or len(mp3) % header.size or not mp3.startswith(mp3[:2], len(mp3) - header.size):
        raise AudioError("This is not an MP3 of Sayso's, or it is damaged.")
    return Strung(mp3, header.size)


def is_silent(frame: bytes) -> bool:
    """Whether a mono frame of 24 kHz holds no sound at all: its only granule has no bits."""
    side = _HEADER if frame[1] & 1 else _HEADER + _CHECKSUM
    return not (frame[side + 1] & 0x7F or frame[side + 2] & 0xF8)


@lru_cache(maxsize=16)
def silent(head: bytes) -> bytes:
    """A frame without sound, of the kind that begins with this header."""
    plain = bytes((head[0], head[1] | 1, head[2] & 0xFD, head[3]))
    header = _Header.read(plain, 0)
    if header is None:
        raise AudioError("This is no frame of an MP3.")
    return plain.ljust(header.size, b"\0")


def _codec(name: str, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    codec = av.CodecContext.create(name, mode)
    if not isinstance(codec, av.AudioCodecContext):
        raise TypeError(f"{codec!r} is no codec of sound")
    return codec
