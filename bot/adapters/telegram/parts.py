"""Cuts a speech into notes that Telegram draws a waveform for, while it is still being made.

Where it is cut depends on its sound alone and not on when that came, so that the same sound is always cut alike, and
what was uploaded of it once need not be uploaded again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.speech import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, Clip, Speech, Spoken
from bot.tts.audio import OggWriter

LIMIT = 1_000_000
"""Bytes of the file of a note: of a larger one Telegram draws no waveform."""

SHORT = 150
"""Packets: less than these three seconds does not come as a note of its own behind others."""

PREROLL = 10
"""Packets that a part begins with before it is heard: Opus tells what is new against what was, and a decoder that comes
in the middle is off by half as much with each packet (RFC 7845, 4.6 wants four at least)."""

_HEAD = 200
"""Bytes, at most, that a file has before its packets."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in a speech: so many packets into an utterance."""

    utterance: int = 0
    packets: int = 0


BEGINNING = Point()


@dataclass(frozen=True, slots=True)
class Part:
    """One note: the packets from ``start`` to ``stop`` of a speech, ``seconds`` long; those of all parts add up.

    ``end`` is where the next one begins, None if this is the last. ``spoken`` are the utterances heard in it. ``clip``
    is the whole speech where it needs no cutting.
    """

    start: int
    stop: int
    end: Point | None
    seconds: float
    spoken: Sequence[Spoken]
    clip: Clip | None = None
    _packets: Sequence[bytes] = field(default=(), repr=False)

    def ogg(self) -> bytes:
        """Its file; of a speech that needs no cutting the very bytes that it is kept as.

        A packet is heard a moment after it begins (the pre-skip), so the last one of a part is also one of the next.
        """
        if self.clip is not None:
            return self.clip.ogg
        first, last = max(0, self.start - PREROLL), self.end is None
        samples = None if last else (self.stop - self.start) * PACKET_SAMPLES
        writer = OggWriter(serial=self.start, skip=(self.start - first) * PACKET_SAMPLES)
        return writer.head() + writer.write(self._packets[first : self.stop + (not last)]) + writer.close(samples)


async def parts(speech: Speech, begin: Point = BEGINNING) -> AsyncGenerator[Part, None]:
    """The notes of a speech from a point on, each as soon as it is sure where it ends.

    Raises what the speech breaks off with; what has not become a whole part by then is lost.
    """
    tape = _Tape(speech, begin)
    async for packet in speech:
        tape.add(packet)
        if (part := tape.take()) is not None:
            yield part
    clip = await speech.clip()
    while (part := tape.finish(clip)) is not None:
        yield part


class _Tape:
    """The packets so far, from which notes are cut off at the front."""

    def __init__(self, speech: Speech, begin: Point) -> None:
        self._speech = speech
        self._begin: Point | None = begin
        self._start = 0
        self._packets: list[bytes] = []
        self._sizes = [0]

    def add(self, packet: bytes) -> None:
        """There is more of it."""
        self._packets.append(packet)
        # A packet, how its size is written, and its share of the head of a page (27 bytes for at least 42 of them).
        self._sizes.append(self._sizes[-1] + len(packet) + len(packet) // 255 + 2)

    def take(self) -> Part | None:
        """The next note, if there is sound enough after it to be sure where it ends."""
        if not self._is_too_large(self._start) or not self._has_begun():
            return None
        stop = self._cut()
        return self._part(stop) if len(self._packets) - stop >= SHORT else None

    def finish(self, clip: Clip) -> Part | None:
        """The next note of a speech that is whole; None when there is none left."""
        if not self._has_begun() or self._start >= len(self._packets):
            return None
        if self._is_too_large(self._start):
            stop = self._cut()
            return self._part(stop if len(self._packets) - stop >= SHORT else self._balanced(stop))
        start, self._start = self._start, len(self._packets)
        seconds = clip.seconds - start * PACKET_SECONDS
        whole = clip if start == 0 else None
        return Part(start, self._start, None, seconds, self._heard(start, self._start), whole, self._packets)

    def _has_begun(self) -> bool:
        """Whether the point is reached from which on it is wanted."""
        begin = self._begin
        if begin is not None and begin.utterance < len(self._speech.spoken):
            self._start = self._beginnings()[begin.utterance] + begin.packets
            self._begin = None
        return self._begin is None

    def _is_too_large(self, start: int) -> bool:
        """Whether what comes from there on is more than one note holds."""
        return self._sizes[-1] > self._room(start)

    def _room(self, start: int) -> int:
        """What a note that begins there can hold, as the size of all up to its end."""
        return LIMIT - _HEAD + self._sizes[min(max(0, start - PREROLL), len(self._packets))]

    def _cut(self) -> int:
        """Where the next note ends: before the last utterance that does not fit, else as late as can be."""
        furthest = bisect_right(self._sizes, self._room(self._start)) - 2
        ends = (place for place in self._beginnings() if self._start < place <= furthest)
        return max(ends, default=furthest)

    def _balanced(self, stop: int) -> int:
        """Where the last but one ends, so that the last is not that short."""
        beginnings, whole = self._beginnings(), len(self._packets)
        ends = (at for at in beginnings if self._start + SHORT <= at <= whole - SHORT and not self._is_too_large(at))
        fairest = min(ends, key=lambda at: abs(2 * at - self._start - whole), default=None)
        if fairest is not None:
            return fairest
        return stop if stop in beginnings else whole - SHORT

    def _beginnings(self) -> list[int]:
        """The packet before each utterance: it is silence, in which nobody hears a cut."""
        later = self._speech.spoken[1:]
        return [0, *(max(0, round(each.start * SAMPLE_RATE) // PACKET_SAMPLES - 1) for each in later)]

    def _part(self, stop: int) -> Part:
        start, self._start = self._start, stop
        seconds = (stop - start) * PACKET_SECONDS
        return Part(start, stop, self._point(stop), seconds, self._heard(start, stop), None, self._packets)

    def _point(self, place: int) -> Point:
        beginnings = self._beginnings()
        utterance = bisect_right(beginnings, place) - 1
        return Point(utterance, place - beginnings[utterance])

    def _heard(self, start: int, stop: int) -> Sequence[Spoken]:
        beginnings = self._beginnings()
        first, last = bisect_right(beginnings, start) - 1, bisect_right(beginnings, stop - 1)
        return tuple(self._speech.spoken[first:last])
