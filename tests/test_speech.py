"""The stream that many may listen to while one makes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.errors import Cancelled, EngineTruncated
from bot.speech import Clip, Codec, Speech, Spoken, Utterance

UTTERANCE = Utterance("Hello.", "offline", "heart", "en")


def clip(*starts: float) -> Clip:
    return Clip(b"OggS", 0.06, b"\x01", tuple(Spoken(UTTERANCE, start) for start in starts))


async def heard(speech: Speech) -> list[bytes]:
    return [packet async for packet in speech]


async def test_each_listener_hears_all_from_the_beginning() -> None:
    """One that comes early, one that comes in the middle and one that comes late hear the same."""
    speech = Speech()
    early = asyncio.create_task(heard(speech))
    await asyncio.sleep(0)
    speech.append([b"1"])
    middle = asyncio.create_task(heard(speech))
    await asyncio.sleep(0)
    speech.append([b"2", b"3"])
    speech.finish(clip(0.0))
    assert await early == await middle == await heard(speech) == [b"1", b"2", b"3"]


async def test_what_is_there_is_had_in_one_piece() -> None:
    """Up to so many packets at a time; what comes later comes by itself, and what failed is heard to there."""
    speech = Speech()
    speech.append([b"1", b"2", b"3"])
    batches = speech.batches(2)
    assert [await anext(batches), await anext(batches)] == [[b"1", b"2"], [b"3"]]
    waiting = asyncio.create_task(anext(batches))
    await asyncio.sleep(0)
    assert not waiting.done()
    speech.append([b"4"])
    speech.fail(EngineTruncated("edge", "It broke off."))
    assert await waiting == [b"4"]
    with pytest.raises(EngineTruncated):
        await anext(batches)


async def test_a_slow_listener_holds_nobody_up() -> None:
    """Nobody waits for anybody: packets are kept."""
    speech = Speech()
    slow = aiter(speech)
    speech.append([b"1"])
    assert await anext(slow) == b"1"
    speech.append([b"2"])
    speech.finish(clip(0.0))
    assert await heard(speech) == [b"1", b"2"]
    assert [packet async for packet in slow] == [b"2"]


async def test_a_failure_reaches_every_listener_after_what_was_made() -> None:
    """What was made is heard, then the reason why there is no more."""
    speech = Speech()
    speech.append([b"1"])
    waiting = asyncio.create_task(speech.clip())
    await asyncio.sleep(0)
    speech.fail(EngineTruncated("edge", "It broke off."))
    listening = aiter(speech)
    assert await anext(listening) == b"1"
    with pytest.raises(EngineTruncated):
        await anext(listening)
    with pytest.raises(EngineTruncated):
        await waiting
    assert speech.done


async def test_the_clip_is_there_when_the_speech_is_finished() -> None:
    """And its length is the clip's own, not a multiple of 20 ms."""
    speech = Speech()
    waiting = asyncio.create_task(speech.clip())
    speech.append([b"1", b"2"])
    assert speech.seconds == pytest.approx(0.04)
    assert not speech.done
    whole = clip(0.0, 0.03)
    speech.begin(whole.spoken[0])
    speech.finish(whole)
    assert await waiting is whole
    assert speech.seconds == 0.06
    assert list(speech.spoken) == list(whole.spoken)


async def test_a_finished_speech_is_heard_as_if_it_were_being_made() -> None:
    """A listener cannot tell the cache from an engine."""
    speech = Speech.finished(clip(0.0), [b"1", b"2"])
    assert speech.done
    assert await heard(speech) == [b"1", b"2"]
    assert (await speech.clip()).ogg == b"OggS"


async def test_a_share_is_the_same_sound() -> None:
    """Whenever it is taken: early, late, or when all is over."""
    speech = Speech()
    early = speech.share()
    listening = asyncio.create_task(heard(early))
    speech.append([b"1"])
    await asyncio.sleep(0)
    late = speech.share()
    speech.append([b"2"])
    speech.begin(Spoken(UTTERANCE, 0.0))
    assert list(early.spoken) == list(speech.spoken)
    assert early.seconds == speech.seconds
    whole = clip(0.0)
    speech.finish(whole)
    after = speech.share()
    assert await listening == await heard(late) == await heard(after) == [b"1", b"2"]
    assert await early.clip() is await late.clip() is await after.clip() is whole
    assert list(late.spoken) == list(whole.spoken)


async def test_a_share_that_fails_fails_alone() -> None:
    """Its listeners get what there is and then why; all others hear on."""
    speech = Speech()
    speech.append([b"1"])
    leaving, staying = speech.share(), speech.share()
    slow, waiting = aiter(leaving), asyncio.create_task(heard(leaving))
    await asyncio.sleep(0)
    leaving.fail(Cancelled("Enough."))
    speech.append([b"2"])
    with pytest.raises(Cancelled):
        await waiting
    assert await anext(slow) == b"1"
    with pytest.raises(Cancelled):
        await anext(slow)
    speech.finish(clip(0.0))
    with pytest.raises(Cancelled):
        await leaving.clip()
    assert (leaving.failed, staying.failed, speech.failed) == (True, False, False)
    assert await heard(staying) == await heard(speech) == [b"1", b"2"]


async def test_a_failure_reaches_every_share() -> None:
    """But for one that had its own end before."""
    speech = Speech()
    one, other = speech.share(), speech.share()
    waiting = asyncio.create_task(one.clip())
    await asyncio.sleep(0)
    other.fail(Cancelled("Enough."))
    speech.fail(EngineTruncated("edge", "It broke off."))
    for share, error in ((one, EngineTruncated), (other, Cancelled), (speech.share(), EngineTruncated)):
        with pytest.raises(error):
            await heard(share)
    with pytest.raises(EngineTruncated):
        await waiting


async def test_a_listener_that_stops_leaves_the_others_alone() -> None:
    """A client that hangs up does not end the speech."""
    speech = Speech()
    leaving = asyncio.create_task(heard(speech))
    staying = asyncio.create_task(heard(speech))
    await asyncio.sleep(0)
    leaving.cancel()
    speech.append([b"1"])
    speech.finish(clip(0.0))
    assert await staying == [b"1"]
    with pytest.raises(asyncio.CancelledError):
        await leaving


def test_a_clip_of_frames_is_no_ogg_file() -> None:
    """Whoever takes it for one hears of it here, and not from a player."""
    frames = Clip(b"frames", 0.024, b"", (), Codec.MP3)
    assert frames.data == b"frames"
    with pytest.raises(ValueError, match="mp3, not Ogg/Opus"):
        _ = frames.ogg
    assert clip().ogg == clip().data == b"OggS"


@pytest.mark.parametrize(("codec", "seconds"), [(Codec.OPUS, 0.060), (Codec.MP3, 0.072)])
def test_packets_last_as_long_as_their_codec_has_it(codec: Codec, seconds: float) -> None:
    """A speech that grows knows how long it is, whatever it is encoded in; so do its shares."""
    speech = Speech(codec)
    share = speech.share()
    speech.append([b"1", b"2", b"3"])
    assert speech.seconds == share.seconds == pytest.approx(seconds)
    assert share.codec is codec


async def test_a_finished_speech_takes_no_packet_before_it_is_wanted() -> None:
    """Of what is only handed on as a whole, nobody needs to cut the packets off."""

    class Late(Sequence[bytes]):
        cut = 0

        def __len__(self) -> int:
            return 2

        def __getitem__(self, at: Any) -> Any:
            self.cut += 1
            return (b"1", b"2")[at]

    packets = Late()
    speech = Speech.finished(Clip(b"12", 0.048, b"", (), Codec.MP3), packets)
    assert speech.codec is Codec.MP3
    assert (await speech.clip()).data == b"12"
    assert packets.cut == 0
    assert await heard(speech.share()) == await heard(speech) == [b"1", b"2"]


async def test_who_stops_listening_leaves_the_others_alone() -> None:
    """While all of them wait for more."""
    speech = Speech()
    tasks = [asyncio.create_task(speech.clip()) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    made = Clip(b"", 0.0, b"", ())
    speech.append([b"packet"])
    speech.finish(made)
    assert await asyncio.gather(*tasks[1:]) == [made, made]
    assert tasks[0].cancelled()
