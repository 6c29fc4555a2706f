"""Ogg/Opus as it comes, page by page, from any encoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av
import av.error
import numpy as np

from bot.errors import AudioError
from bot.speech import SAMPLE_RATE, Samples
from bot.tts.audio.ogg import checksum
from bot.tts.remote.sound.piece import Cut, Piece, codec, mixed

_HEADER = struct.Struct("<4sBBqIIIB")
_CONTINUED, _FIRST, _LAST = 1, 2, 4
_SKIP_AT = 10


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    lacing: bytes
    body: bytes


class OggReader:
    """Opus of any number of channels, mixed to mono at 48 kHz, one stream after another.

    What the encoder put before the sound, and after it to fill the last packet, is left out. Other codecs in Ogg are
    refused; a page that is damaged, too.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._packet = bytearray()
        self._stream: _Stream | None = None

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The sound of the pages that are whole."""
        self._buffer += data
        while (page := self._page()) is not None:
            yield from self._read(page)

    def finish(self) -> Sequence[Piece]:
        """Nothing; raises Cut if a page or a packet is not whole."""
        if self._buffer or self._packet or self._stream is None:
            raise Cut("The sound ends in the middle of a page.")
        return []

    def _page(self) -> _Page | None:
        if len(self._buffer) < _HEADER.size:
            return None
        magic, version, flags, granule, _, _, crc, segments = _HEADER.unpack_from(self._buffer)
        if magic != b"OggS" or version:
            raise AudioError("This is no Ogg file, or it is damaged.")
        lacing = bytes(self._buffer[_HEADER.size : _HEADER.size + segments])
        start = _HEADER.size + segments
        end = start + sum(lacing)
        if len(lacing) < segments or len(self._buffer) < end:
            return None
        whole = bytes(self._buffer[:end])
        del self._buffer[:end]
        if checksum(whole) != crc:
            raise AudioError("This Ogg file is damaged.")
        return _Page(flags, granule, lacing, whole[start:])

    def _read(self, page: _Page) -> Iterator[Piece]:
        if page.flags & _FIRST:
            self._stream, self._packet = None, bytearray()
        if not page.flags & _CONTINUED:
            self._packet.clear()
        found = [sound for packet in self._packets(page) if (sound := self._decode(packet)).size]
        if self._stream is None or not found:
            return
        heard = self._stream.heard(
            np.concatenate(found), page.granule if page.flags & _LAST and page.granule > 0 else None
        )
        if heard.size:
            yield Piece(heard, SAMPLE_RATE)

    def _packets(self, page: _Page) -> Iterator[bytes]:
        at = 0
        for size in page.lacing:
            self._packet += page.body[at : at + size]
            at += size
            if size < 255:
                yield bytes(self._packet)
                self._packet.clear()

    def _decode(self, packet: bytes) -> Samples:
        if self._stream is None:
            self._stream = _Stream(packet)
            return np.zeros(0, np.float32)
        return self._stream.decode(packet)


class _Stream:
    """One Opus stream, opened by its head."""

    def __init__(self, head: bytes) -> None:
        if not head.startswith(b"OpusHead") or len(head) < 19:
            raise AudioError("This Ogg file holds no Opus; have the server send another format.")
        self._skip: int = struct.unpack_from("<H", head, _SKIP_AT)[0]
        self._ahead = self._skip
        self._given = 0
        self._tagged = False
        # FFmpeg's decoder may or may not skip by itself what the head says, so the one that it sees says nothing of it.
        self._codec = codec("opus", head[:_SKIP_AT] + b"\0\0" + head[_SKIP_AT + 2 :])

    def decode(self, packet: bytes) -> Samples:
        if not self._tagged:  # the second packet is that of the tags, whatever it says
            self._tagged = True
            return np.zeros(0, np.float32)
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.error.FFmpegError as error:
            raise AudioError("This sound is damaged: a part of it is not Opus.") from error
        return np.concatenate([mixed(frame) for frame in frames]) if frames else np.zeros(0, np.float32)

    def heard(self, sound: Samples, end: int | None) -> Samples:
        """Without what comes before the sound, and with the granule of the last page, without what comes after it."""
        skipped = min(self._ahead, sound.size)
        self._ahead -= skipped
        sound = sound[skipped:]
        if end is not None:
            sound = sound[: max(0, end - self._skip - self._given)]
        self._given += sound.size
        return sound
