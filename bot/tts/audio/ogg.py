"""Ogg pages around Opus packets (RFC 3533, RFC 7845), written as they come, and read back."""

from __future__ import annotations

import secrets
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.errors import AudioError
from bot.speech import PACKET_SAMPLES, SAMPLE_RATE
from bot.tts.audio.opus import PRE_SKIP

_FIRST, _LAST = 2, 4
_HEADER = struct.Struct("<4sBBqIIIB")
_PAGE_PACKETS = 50
"""Packets in a page at most: one second."""
_PAGE_SEGMENTS = 255

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class OggWriter:
    """Packets to pages, for a file or for HTTP while the speech is still being made.

    One packet is always held back, because the page that ends the stream must say so and must not be empty. Of the
    packets the first ``skip`` samples are there for the decoder alone, and not heard.
    """

    def __init__(self, *, serial: int | None = None, skip: int = 0) -> None:
        self._serial = secrets.randbits(32) if serial is None else serial
        self._skip = PRE_SKIP + skip
        self._page = 0
        self._packets = 0
        self._held: list[bytes] = []

    def head(self) -> bytes:
        """The two header pages; write them first."""
        tags = b"OpusTags" + struct.pack("<I", 5) + b"sayso" + struct.pack("<I", 0)
        identity = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, self._skip, SAMPLE_RATE, 0, 0)
        return self._write_page([identity], 0, _FIRST) + self._write_page([tags], 0, 0)

    def write(self, packets: Sequence[bytes]) -> bytes:
        """The pages that hold these packets, but for the last one."""
        ready = [*self._held, *packets]
        self._held = ready[-1:]
        return b"".join(self._write_packets(group, 0) for group in _pages(ready[:-1]))

    def close(self, samples: int | None = None) -> bytes:
        """The last page. ``samples`` is how many are heard, where a part of the last packet is not."""
        held, self._held = self._held, []
        return self._write_packets(held, _LAST, samples) if held else b""

    def _write_packets(self, packets: Sequence[bytes], flags: int, samples: int | None = None) -> bytes:
        self._packets += len(packets)
        granule = self._packets * PACKET_SAMPLES if samples is None else samples + self._skip
        return self._write_page(packets, granule, flags)

    def _write_page(self, packets: Sequence[bytes], granule: int, flags: int) -> bytes:
        lacing = b"".join(_lacing(packet) for packet in packets)
        header = _HEADER.pack(b"OggS", 0, flags, granule, self._serial, self._page, 0, len(lacing))
        page = b"".join((header, lacing, *packets))
        self._page += 1
        return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def packets(ogg: bytes) -> tuple[bytes, ...]:
    """The Opus packets of an Ogg/Opus file that Sayso wrote; AudioError if it is anything else, or damaged."""
    found = [packet for page in _read_pages(ogg) for packet in page.packets()]
    if len(found) < 2 or not found[0].startswith(b"OpusHead") or not found[1].startswith(b"OpusTags"):
        raise AudioError("This is not an Ogg/Opus file.")
    return tuple(found[2:])


def checksum(page: bytes) -> int:
    """Ogg's CRC-32 of a page, taking its own checksum field as zero.

    It is zlib's polynomial run over the bits of each byte the other way round, starting and ending plain.
    """
    reversed_bits = (page[:22] + bytes(4) + page[26:]).translate(_REVERSED)
    crc = zlib.crc32(reversed_bits, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "little").translate(_REVERSED), "big")


@dataclass(frozen=True, slots=True)
class _Page:
    lacing: bytes
    body: bytes

    def packets(self) -> Iterator[bytes]:
        start = end = 0
        for size in self.lacing:
            end += size
            if size < 255:
                yield self.body[start:end]
                start = end
        if start != end:
            raise AudioError("This Ogg file was not written by Sayso: a packet runs over the end of its page.")


def _read_pages(ogg: bytes) -> Iterator[_Page]:
    at = 0
    while at < len(ogg):
        body = at + _HEADER.size
        if body > len(ogg) or not ogg.startswith(b"OggS", at):
            raise AudioError("This is not an Ogg/Opus file, or it is damaged.")
        header = _HEADER.unpack_from(ogg, at)
        lacing = ogg[body : body + header[7]]
        end = body + len(lacing) + sum(lacing)
        if end > len(ogg) or header[6] != checksum(ogg[at:end]):
            raise AudioError("This Ogg file is damaged.")
        yield _Page(lacing, ogg[body + len(lacing) : end])
        at = end


def _pages(packets: Sequence[bytes]) -> Iterator[list[bytes]]:
    page: list[bytes] = []
    segments = 0
    for packet in packets:
        needed = len(_lacing(packet))
        if page and (len(page) == _PAGE_PACKETS or segments + needed > _PAGE_SEGMENTS):
            yield page
            page, segments = [], 0
        page.append(packet)
        segments += needed
    if page:
        yield page


def _lacing(packet: bytes) -> bytes:
    return b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,))
