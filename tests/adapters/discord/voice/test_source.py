"""What discord.py's player reads, packet by packet, without a player."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from bot.adapters.discord.voice.feed import Feed
from bot.adapters.discord.voice.source import ENOUGH, LEAD, REWIND, SILENCE, Source
from bot.errors import EngineTimeout
from bot.speech import Speech, Spoken
from tests.adapters.discord.voice.scene import UTTERANCE, clip, speech

NOBODY = 10_000


@dataclass
class Wire:
    """A connection that is as a test says."""

    up: bool = True
    safe: bool = True

    def alive(self) -> bool:
        return self.up

    def audible(self) -> bool:
        return self.safe


@dataclass
class Told:
    """Counts how often there was news."""

    times: int = 0

    def __call__(self) -> None:
        self.times += 1


def numbered(count: int) -> list[bytes]:
    """Packets that can be told from each other."""
    return [b"p%d" % at for at in range(count)]


async def fed(packets: Speech, changed: Told | None = None) -> Feed:
    """A feed that has gathered what there is."""
    feed = Feed(packets, changed or Told())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return feed


async def source(count: int, wire: Wire | None = None, tell: Told | None = None, at: int = 0) -> Source:
    """A source of a finished speech, past its lead."""
    made = Source(await fed(speech(numbered(count))), wire or Wire(), at, tell or Told(), patience=NOBODY)
    assert [made.read() for _ in range(LEAD)] == [SILENCE] * LEAD
    return made


async def test_it_is_opus_and_begins_with_silence() -> None:
    """The player does not encode, and clients have 200 ms to make ready."""
    made = Source(await fed(speech(numbered(1))), Wire(), 0, Told(), patience=NOBODY)
    assert made.is_opus()
    assert [made.read() for _ in range(LEAD + 2)] == [*[SILENCE] * LEAD, b"p0", b""]


async def test_it_ends_after_the_last_packet() -> None:
    """Nothing ends the player, and that it was the end is known."""
    made = await source(3)
    assert [made.read() for _ in range(4)] == [b"p0", b"p1", b"p2", b""]
    assert (made.finished, made.stalls, made.late) == (True, 0, 0)


async def test_it_starts_where_it_is_told_to() -> None:
    """After a restart the beginning is not heard again."""
    made = await source(5, at=3)
    assert [made.read() for _ in range(3)] == [b"p3", b"p4", b""]


async def test_a_start_beyond_the_end_is_the_end() -> None:
    """A speech that became shorter than it was ends at once."""
    made = await source(2, at=7)
    assert made.read() == b""
    assert made.finished


async def test_a_closed_one_ends_at_once() -> None:
    """So a skip needs no word to the player, and is no end of the speech."""
    made = await source(5)
    made.read()
    made.close()
    assert made.read() == b""
    assert not made.finished


async def test_what_is_late_is_silence_and_goes_on_in_one_piece() -> None:
    """While synthesis is behind nothing is sent but silence, and not every packet by itself as it comes."""
    growing = Speech()
    growing.append(numbered(ENOUGH))
    made = Source(await fed(growing), Wire(), 0, Told(), patience=NOBODY)
    played = [made.read() for _ in range(LEAD + ENOUGH + 3)]
    assert played[-3:] == [SILENCE] * 3
    growing.append(numbered(ENOUGH - 1))
    await asyncio.sleep(0)
    assert made.read() == SILENCE
    growing.append([b"last"])
    await asyncio.sleep(0)
    assert [made.read() for _ in range(ENOUGH)] == [*numbered(ENOUGH - 1), b"last"]
    assert (made.stalls, made.late) == (1, 4)


async def test_a_slow_beginning_is_no_stall() -> None:
    """Nothing was heard yet that could stutter."""
    growing = Speech()
    growing.append(numbered(1))
    made = Source(await fed(growing), Wire(), 0, Told(), patience=NOBODY)
    assert [made.read() for _ in range(LEAD + 5)] == [SILENCE] * (LEAD + 5)
    assert (made.stalls, made.late, made.begun) == (0, 0, False)
    growing.finish(clip(1))
    await asyncio.sleep(0)
    assert made.read() == b"p0"


async def test_how_long_nothing_came_is_counted_anew_with_each_packet() -> None:
    """Who waits for the rest of a speech for long knows that there may be none."""
    growing = Speech()
    growing.append(numbered(ENOUGH))
    made = Source(await fed(growing), Wire(), 0, Told(), patience=NOBODY)
    for _ in range(LEAD + ENOUGH + 3):
        made.read()
    assert made.dry == 3
    growing.append(numbered(ENOUGH))
    await asyncio.sleep(0)
    made.read()
    assert made.dry == 0


async def test_a_dead_connection_holds_the_place() -> None:
    """What nobody can hear is not used up; over the new one it goes on a little before, after a lead."""
    wire = Wire()
    made = await source(40, wire)
    for _ in range(20):
        made.read()
    wire.up = False
    assert [made.read() for _ in range(50)] == [SILENCE] * 50
    assert (made.at, made.held) == (20, 50)
    wire.up = True
    assert [made.read() for _ in range(LEAD + 1)] == [*[SILENCE] * LEAD, b"p%d" % (20 - REWIND)]
    assert made.held == 0


async def test_going_back_stops_at_the_start() -> None:
    """What was not to be played is not played because of a drop."""
    wire = Wire()
    made = await source(40, wire, at=10)
    made.read()
    wire.up = False
    made.read()
    wire.up = True
    assert [made.read() for _ in range(LEAD + 1)][-1] == b"p10"


async def test_nothing_leaves_without_the_encryption_it_should_have() -> None:
    """Silence, which is never encrypted, is sent until the keys are there, and no word is lost."""
    wire = Wire(safe=False)
    made = await source(3, wire)
    assert [made.read() for _ in range(7)] == [SILENCE] * 7
    wire.safe = True
    assert [made.read() for _ in range(3)] == numbered(3)


async def test_somebody_is_told_when_it_has_waited_too_long() -> None:
    """Once, when its patience is at an end."""
    told = Told()
    made = Source(await fed(speech(numbered(3))), Wire(up=False), 0, told, patience=4)
    for _ in range(3):
        made.read()
    assert told.times == 0
    for _ in range(3):
        made.read()
    assert told.times == 1


@pytest.mark.parametrize(("at", "counts"), [(0, [1, 1, 2, 2, 3]), (2, [2, 2, 3])])
async def test_it_counts_the_sentences_it_has_begun(at: int, counts: list[int]) -> None:
    """Each is told with its first packet; those before the start are not told again one by one."""
    told = Told()
    feed = await fed(speech(numbered(5), starts=(0.0, 0.04, 0.08)))
    made = Source(feed, Wire(), at, told, patience=NOBODY)
    for _ in range(LEAD):
        made.read()
    passed = [(made.read(), made.passed)[1] for _ in range(5 - at)]
    assert passed == counts
    assert told.times == len(set(counts))


async def test_a_feed_marks_each_utterance_at_its_first_packet() -> None:
    """Also while the speech is being made."""
    growing = Speech()
    feed = Feed(growing, Told())
    for at, start in enumerate((0.0, 0.06)):
        growing.begin(Spoken(UTTERANCE, start))
        growing.append(numbered(3))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert feed.marks == [0, 3][: at + 1]
    feed.close()


async def test_a_feed_tells_of_its_first_packet_and_of_its_end() -> None:
    """Who waits for something to play need not look by themselves."""
    told, growing = Told(), Speech()
    feed = await fed(growing, told)
    assert (told.times, feed.ready) == (0, False)
    growing.append(numbered(2))
    await asyncio.sleep(0)
    assert (told.times, feed.ready, feed.whole) == (1, True, False)
    growing.fail(EngineTimeout("offline", "It fell silent."))
    await asyncio.sleep(0)
    assert (told.times, feed.whole) == (2, True)
    assert isinstance(feed.error, EngineTimeout)
    assert feed.packets == numbered(2)
