"""What the cache had, ready to be heard again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.errors import AudioError
from bot.found import Found, look
from bot.speaker import Speaker
from bot.speech import Clip, Codec, Pcm, Request, Spoken, Utterance
from bot.tts.audio import SpeechEncoder
from tests.doubles.engine import RATE, mp3, tone

HELLO = Utterance("Hello.", "offline", "heart", "en")


def opus() -> Clip:
    encoder = SpeechEncoder()
    encoder.feed(Pcm(tone(0.3), RATE, HELLO))
    return encoder.finish()[1]


def frames() -> Clip:
    return Clip(b"".join(mp3()), len(mp3()) * 0.024, b"", (Spoken(HELLO, 0.0),), Codec.MP3)


@pytest.mark.parametrize("clip", [opus(), frames()], ids=["opus", "mp3"])
async def test_it_is_heard_packet_by_packet(clip: Clip) -> None:
    """As it was made, and as long."""
    speech = Found.of("key", clip).speech
    heard = [packet async for packet in speech]
    assert (await speech.clip(), speech.codec) == (clip, clip.codec)
    assert len(heard) * clip.codec.seconds == pytest.approx(clip.seconds, abs=0.01)
    assert all(packet in clip.data for packet in heard)


@pytest.mark.parametrize(
    ("data", "codec"), [(b"OggS?", Codec.OPUS), (b"".join(mp3()), Codec.OPUS), (b"OggS?", Codec.MP3)]
)
def test_what_is_damaged_is_told_at_once(data: bytes, codec: Codec) -> None:
    """And not to somebody who listens to it."""
    with pytest.raises(AudioError):
        Found.of("key", Clip(data, 1.0, b"", (), codec))


def test_opus_is_for_everybody_and_mp3_for_who_likes_it() -> None:
    """Who sends packets cannot send frames."""
    assert [Found.of("key", opus()).serves(codec) for codec in Codec] == [True, True]
    assert [Found.of("key", frames()).serves(codec) for codec in (Codec.OPUS, Codec.MP3)] == [False, True]


def test_it_knows_in_whose_stead_it_is_spoken_now() -> None:
    """That belongs to the request: the same clip is its engine's own for somebody else."""
    found = Found.of("key", frames())
    planned = Utterance("Hello.", "offline", "heart", "en", instead_of="edge")
    assert [one.utterance.instead_of for one in found.as_planned([planned]).clip.spoken] == ["edge"]
    assert found.as_planned([HELLO]) is found
    assert found.as_planned([planned, planned]) is found


class TestLooking:
    """For what was said before."""

    async def test_what_is_kept_is_found_under_either_key(self, speaker: Speaker) -> None:
        """And it is known which; who hears it is noted."""
        cache, clip = speaker.store.cache, opus()
        assert await look(cache, "mp3", "opus") is None
        await cache.put("opus", clip)
        found = await look(cache, "mp3", "opus", Request("discord:1", "discord:42", "Hello."))
        assert found is not None
        assert (found.key, found.clip) == ("opus", clip)
        assert [heard.key for heard in await cache.recent("discord:42")] == ["opus"]

    async def test_what_is_damaged_is_dropped_and_costs_no_answer(self, speaker: Speaker) -> None:
        """It alone: the other is still good."""
        cache = speaker.store.cache
        await cache.put("opus", opus())
        await cache.put("mp3", replace(frames(), data=b"damaged"))
        with capture_logs() as logs:
            assert await look(cache, "mp3", "opus") is None
        assert [line["event"] for line in logs] == ["cache_read_failed"]
        found = await look(cache, "mp3", "opus")
        assert found is not None
        assert found.key == "opus"
