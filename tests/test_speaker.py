"""The one way in, over the real text, voices, queue, audio and store rooms, and engines that do as they are told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from bot.config import SpeakSettings
from bot.errors import (
    Cancelled,
    EngineTruncated,
    EngineUnavailable,
    Expired,
    LanguageNotSpoken,
    SaysoError,
    StoreError,
)
from bot.queue import Entry, Limits, Position, State, Unfinished
from bot.queue.journal import ATTEMPTS
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Priority, Reason, Refusal, Request
from bot.tts.audio import decode, packets
from bot.tts.engine import Voice
from bot.wishes import EVERY_GUILD
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script

TEXT = "Hello from Sayso. This is the second sentence."


def request(text: str | AsyncIterator[str] = TEXT, **how: object) -> Request:
    return replace(Request("discord:1", "discord:42", text), **how)  # type: ignore[arg-type]


async def said(speaker: Speaker, asked: Request) -> Said:
    answer = await speaker.say(asked)
    assert isinstance(answer, Said), answer
    return answer


async def refused(speaker: Speaker, asked: Request) -> Refusal:
    answer = await speaker.say(asked)
    assert isinstance(answer, Refusal)
    return answer


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something has come about; threads of the encoder make the number of turns vary."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 (what comes about is not an event of its own)
            await asyncio.sleep(0.001)


async def kept(speaker: Speaker, clips: int) -> None:
    """Wait for so many clips in the cache: they are written after their listeners have heard the end."""
    await until(lambda: speaker.store.cache.stats().entries == clips)


async def test_a_text_becomes_a_speech_sentence_by_sentence(speaker: Speaker, offline: FakeEngine) -> None:
    """Each sentence is an utterance of the default persona, and the clip is what the packets are."""
    answer = await said(speaker, request())
    heard = [packet async for packet in answer.speech]
    clip = await answer.speech.clip()
    assert [u.text for u in offline.asked] == ["Hello from Sayso.", "This is the second sentence."]
    assert {(u.engine, u.voice, u.language) for u in offline.asked} == {("offline", "heart", "en")}
    assert tuple(heard) == packets(clip.ogg)
    assert [s.utterance.text for s in clip.spoken] == [u.text for u in offline.asked]
    assert 0 == clip.spoken[0].start < clip.spoken[1].start < clip.seconds
    samples, rate = decode(clip.ogg)
    assert len(samples) / rate == pytest.approx(clip.seconds, abs=0.001)
    assert not answer.cached
    assert answer.figures.first_audio is not None
    assert answer.caption == ""


async def test_the_same_again_comes_from_the_cache(speaker: Speaker, offline: FakeEngine) -> None:
    """Word for word the same sound, and no engine is asked."""
    first = await (await said(speaker, request())).speech.clip()
    again = await said(speaker, request(user="discord:7"))
    assert again.cached
    assert [packet async for packet in again.speech] == list(packets(first.ogg))
    assert again.position is None
    assert len(offline.asked) == 2


async def test_what_was_said_is_said_again_by_its_key(speaker: Speaker, offline: FakeEngine) -> None:
    """For whoever asks, without synthesis, from the moment at which it is whole and for as long as it is kept."""
    first = await said(speaker, request())
    assert first.key is None
    clip = await first.speech.clip()
    assert first.key is not None
    for again in (
        await speaker.replay(request("", user="discord:7"), first.key),  # not in the cache yet
        await speaker.say(request("Some other text.", replay=first.key)),
    ):
        assert isinstance(again, Said)
        assert (again.cached, again.key) == (True, first.key)
        assert [packet async for packet in again.speech] == list(packets(clip.ogg))
        await kept(speaker, 1)
    assert len(offline.asked) == 2
    assert (await said(speaker, request())).key == first.key


async def test_what_is_no_longer_kept_must_be_asked_for_anew(speaker: Speaker) -> None:
    """And the answer says how."""
    gone = await speaker.replay(request(""), "no such key")
    assert isinstance(gone, Refusal)
    assert gone.reason is Reason.NOT_KEPT
    assert "ask for the text to be spoken anew" in gone.message


async def test_who_may_not_be_spoken_may_not_replay(speaker: Speaker) -> None:
    """Neither who is blocked nor who opted out."""
    first = await said(speaker, request())
    await first.speech.clip()
    assert first.key is not None
    await speaker.store.settings.set_guild("discord:1", blocked_users=["discord:7"])
    await speaker.store.preferences.set("discord:8", opted_out=True)
    for user, reason in (("discord:7", Reason.NOT_ALLOWED), ("discord:8", Reason.OPTED_OUT)):
        assert (await refused(speaker, request("", user=user, replay=first.key))).reason is reason


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"banned_voices": ["heart"]}, Reason.NOT_ALLOWED),
        ({"banned_voices": ["offline heart"]}, Reason.NOT_ALLOWED),
        ({"allowed_engines": ["edge"], "banned_voices": ["heart"]}, Reason.NOT_ALLOWED),
        ({"max_chars": len(TEXT) - 2}, Reason.TOO_LONG),
        ({"blocked_users": ["discord:42"]}, Reason.NOT_ALLOWED),
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
async def test_what_may_not_be_said_any_more_may_not_be_repeated(
    speaker: Speaker, rules: dict[str, Any], reason: Reason, everywhere: bool
) -> None:
    """Whatever was decided since, here or everywhere: of the voice, of the length, or of whose words they are."""
    first = await said(speaker, request())
    await first.speech.clip()
    assert first.key is not None
    await speaker.store.settings.set_guild(EVERY_GUILD if everywhere else "discord:1", **rules)
    again = request("", user="discord:7", replay=first.key)
    assert (await refused(speaker, again)).reason is reason  # whole, and not in the cache yet
    await kept(speaker, 1)
    assert (await refused(speaker, again)).reason is reason
    assert await speaker.latest("discord:1", "discord:7") is None


async def test_what_another_engine_spoke_is_repeated_where_it_may_stand_in(
    speaker: Speaker, offline: FakeEngine, edge: FakeEngine
) -> None:
    """An engine that a guild does not offer speaks for one that it does, then as now; else it is not heard there."""
    first = await said(speaker, request())
    await first.speech.clip()
    assert first.key is not None
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["edge"])
    assert isinstance(await speaker.replay(request(""), first.key), Said)
    other = await said(speaker, request(guild="discord:2", engine="edge"))
    await other.speech.clip()
    assert other.key is not None
    await speaker.store.settings.set_guild("discord:2", allowed_engines=["offline"])
    refusal = await refused(speaker, request("", guild="discord:2", replay=other.key))
    assert (refusal.reason, refusal.details["engine"]) == (Reason.NOT_ALLOWED, "edge")


async def test_words_are_not_repeated_for_others_once_their_author_opted_out(speaker: Speaker) -> None:
    """Neither the asker's own, nor those of another that they had spoken."""
    own = await said(speaker, request("My own words."))
    quoted = await said(speaker, request("His words.", author="discord:9"))
    await asyncio.gather(own.speech.clip(), quoted.speech.clip())
    await kept(speaker, 2)
    assert own.key is not None
    assert quoted.key is not None
    assert isinstance(await speaker.replay(request("", user="discord:7"), own.key), Said)
    for user in ("discord:42", "discord:9"):
        await speaker.store.preferences.set(user, opted_out=True)
    for key in (own.key, quoted.key):
        refusal = await refused(speaker, request("", user="discord:7", replay=key))
        assert (refusal.reason, refusal.details) == (Reason.OPTED_OUT, {"cause": "author_opted_out"})


async def test_nothing_is_kept_for_who_is_forgotten_meanwhile(opened: Opened, offline: FakeEngine) -> None:
    """What is being made is made on for the others who want it, and is theirs alone."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        alone = await said(speaker, request("Only for me."))
        quoted = await said(speaker, request("My words for another.", user="discord:8", author="discord:42"))
        first, second = await said(speaker, request()), await said(speaker, request(user="discord:7"))
        assert second.shared
        await speaker.forget("discord:42")
        for mine in (alone, quoted, first):
            with pytest.raises(Cancelled):
                await mine.speech.clip()
        gate.set()
        await second.speech.clip()
        await until(lambda: not speaker._workshop._tasks)
        export = await speaker.store.preferences.export("discord:42")
        assert (export["voices"], export["clips"], export["journal"]) == ({}, [], [])
        theirs = await speaker.store.preferences.export("discord:7")
        assert theirs["voices"]
        assert theirs["clips"]
        assert second.key is not None
        assert await speaker.store.cache.owner(second.key) == "discord:7"


async def test_nothing_is_kept_for_who_is_forgotten_at_the_last_step(speaker: Speaker) -> None:
    """When their speech is whole and on its way into the cache."""
    first = await said(speaker, request())
    await first.speech.clip()
    assert speaker._workshop._tasks
    await speaker.forget("discord:42")
    await until(lambda: not speaker._workshop._tasks)
    export = await speaker.store.preferences.export("discord:42")
    assert (export["voices"], export["clips"]) == ({}, [])


async def test_a_replay_survives_a_crash(opened: Opened, offline: FakeEngine) -> None:
    """It is journalled with its key, and says the same after the next start."""
    async with opened() as speaker:
        first = await said(speaker, request())
        clip = await first.speech.clip()
        await kept(speaker, 1)
        assert first.key is not None
        await speaker.replay(request("", target={"platform": "discord"}), first.key)
    async with opened() as speaker:
        (left,) = await speaker.unfinished()
        assert await (await said(speaker, left.request)).speech.clip() == clip
    assert len(offline.asked) == 2


async def test_the_latest_is_known_by_guild_and_by_user(speaker: Speaker) -> None:
    """Whoever asks for a replay without saying of what."""
    assert await speaker.latest("discord:1") is await speaker.latest() is None
    keys = []
    for user, guild in (("discord:42", "discord:1"), ("discord:7", "discord:1"), ("discord:42", "discord:2")):
        answer = await said(speaker, request(f"{user} speaks in {guild}.", user=user, guild=guild))
        await answer.speech.clip()
        keys.append(answer.key)
        await kept(speaker, len(keys))
    assert await speaker.latest("discord:1") == keys[1]
    assert await speaker.latest(user="discord:42") == keys[2]
    assert await speaker.latest("discord:1", "discord:42") == keys[0]
    assert await speaker.latest("discord:3") is await speaker.latest("discord:2", "discord:7") is None


async def test_a_speech_that_failed_has_no_key(speaker: Speaker, offline: FakeEngine) -> None:
    """Nothing of it is kept."""
    offline.scripts = [Script(2, error=EngineTruncated("offline", "It broke off."))]
    answer = await said(speaker, request("Hello there."))
    with pytest.raises(EngineTruncated):
        await answer.speech.clip()
    assert answer.key is None


async def test_another_rate_or_voice_is_another_sound(speaker: Speaker, offline: FakeEngine) -> None:
    """The cache never answers with what was not asked for."""
    for how in ({}, {"rate": 1.5}, {"engine": "edge"}):
        answer = await said(speaker, request(**how))
        await answer.speech.clip()
        assert not answer.cached


async def test_the_same_asked_twice_at_once_is_made_once(opened: Opened, offline: FakeEngine) -> None:
    """Both hear all of it."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        first, second = await said(speaker, request()), await said(speaker, request(user="discord:7"))
        assert second.shared
        gate.set()
        await asyncio.gather(first.speech.clip(), second.speech.clip())
        assert len(offline.asked) == 2


async def test_who_cancels_a_shared_speech_leaves_it_to_the_other(opened: Opened, offline: FakeEngine) -> None:
    """It is made while anybody wants it; when nobody does the engine stops."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        first, second = await said(speaker, request()), await said(speaker, request(user="discord:7"))
        await until(lambda: offline.active)
        first.cancel()
        first.cancel()
        await asyncio.sleep(0)
        assert not second.speech.done
        second.cancel()
        with pytest.raises(Cancelled):
            await second.speech.clip()
        await until(lambda: not offline.active and not speaker.dispatcher.running())
        assert len(offline.finished) == 0
        assert isinstance(await speaker.say(request()), Said)


async def test_who_cancels_a_shared_speech_hears_no_more_of_it(opened: Opened, offline: FakeEngine) -> None:
    """While the other does; what they had heard of each is the same."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        first, second = await said(speaker, request()), await said(speaker, request(user="discord:7"))
        second.cancel()
        with pytest.raises(Cancelled):
            await second.speech.clip()
        assert second.key is None
        gate.set()
        assert (await first.speech.clip()).seconds > 0
        assert second.key is None


async def test_what_is_shared_was_heard_by_all_who_asked(opened: Opened, offline: FakeEngine) -> None:
    """Each of them may replay it, where they are."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        first = await said(speaker, request())
        await said(speaker, request(user="discord:7", guild="discord:2"))
        gate.set()
        await first.speech.clip()
        await said(speaker, request(user="discord:8", guild="discord:3"))  # whole, and not in the cache yet
        await kept(speaker, 1)
        await until(lambda: not speaker._workshop._tasks)
        assert first.key is not None
        for guild in ("discord:1", "discord:2", "discord:3"):
            assert await speaker.latest(guild) == first.key


async def test_who_is_in_a_hurry_does_not_wait_with_who_is_not(opened: Opened, offline: FakeEngine) -> None:
    """A shared speech goes when the most urgent of its askers would have gone alone."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        await said(speaker, request("Something long that is being read."))
        await until(lambda: offline.active)
        shared = request("Both want this.", user="discord:2", priority=Priority.LOW)
        low = await said(speaker, shared)
        reply = await said(speaker, request("A reply.", user="discord:3"))
        await until(lambda: speaker.dispatcher.waiting() == 2)
        assert [answer.position.ahead for answer in (low, reply) if answer.position] == [1, 0]
        high = await said(speaker, replace(shared, user="discord:4", priority=Priority.HIGH, id="high"))
        assert high.shared
        assert [answer.position.ahead for answer in (low, high, reply) if answer.position] == [0, 0, 1]
        gate.set()
        await asyncio.gather(low.speech.clip(), high.speech.clip(), reply.speech.clip())
        assert [u.text for u in offline.asked][1:] == ["Both want this.", "A reply."]


async def test_a_joiners_deadline_is_the_joiners_alone(opened: Opened, offline: FakeEngine) -> None:
    """They are told that it is too late, and whoever has more time hears it."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        await said(speaker, request("Something else."))
        await until(lambda: offline.active)
        patient = await said(speaker, request())
        hasty = await said(speaker, request(user="discord:7", deadline=time.time() + 0.02))
        assert hasty.shared
        with pytest.raises(Expired):
            await hasty.speech.clip()
        assert not patient.speech.done
        gate.set()
        assert (await patient.speech.clip()).seconds > 0


async def test_a_joiner_with_more_time_outlasts_the_first(opened: Opened, offline: FakeEngine) -> None:
    """The first asker's deadline is not that of the others."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        await said(speaker, request("Something else."))
        await until(lambda: offline.active)
        hasty = await said(speaker, request(deadline=time.time() + 0.5))
        await until(lambda: speaker.dispatcher.waiting() == 1)
        patient = await said(speaker, request(user="discord:7", deadline=time.time() + 60))
        eternal = await said(speaker, request(user="discord:8"))
        assert patient.shared
        assert eternal.shared
        with pytest.raises(Expired):
            await hasty.speech.clip()
        gate.set()
        assert await patient.speech.clip() is await eternal.speech.clip()
        assert len(offline.asked) == 3


async def test_a_deadline_that_passes_once_it_has_begun_ends_nothing(opened: Opened, offline: FakeEngine) -> None:
    """Half a sentence helps nobody."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        first = await said(speaker, request("One sentence."))
        await until(lambda: offline.active)
        joined = await said(speaker, request("One sentence.", user="discord:7", deadline=time.time() - 1))
        await asyncio.sleep(0.01)
        gate.set()
        assert await joined.speech.clip() is await first.speech.clip()


async def test_when_all_who_share_it_are_too_late_nothing_is_made(opened: Opened, offline: FakeEngine) -> None:
    """And their place is free again."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        await said(speaker, request("Something else."))
        await until(lambda: offline.active)
        late = [
            await said(speaker, request(user=f"discord:{n}", deadline=time.time() + 0.2 + 0.05 * n)) for n in range(3)
        ]
        for answer in late:
            with pytest.raises(Expired):
                await answer.speech.clip()
        await until(lambda: speaker.dispatcher.waiting() == 0)
        assert len(offline.asked) == 1


async def test_cancelling_what_waits_frees_its_place(opened: Opened, offline: FakeEngine) -> None:
    """A place in the queue is known while one waits, and gone when one leaves."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1, limits=Limits(per_user=2)) as speaker:
        await said(speaker, request("One."))
        await until(lambda: offline.active)
        waiting = await said(speaker, request("Two."))
        await asyncio.sleep(0)
        assert waiting.position is not None
        assert (await refused(speaker, request("Three."))).reason is Reason.USER_QUEUE_FULL
        waiting.cancel()
        await until(lambda: speaker.dispatcher.waiting() == 0)
        assert isinstance(await speaker.say(request("Three.")), Said)


async def test_who_waits_behind_a_long_text_is_told_the_whole_of_it(opened: Opened, offline: FakeEngine) -> None:
    """All of its sentences count from the beginning, not only the one that is being spoken."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        long = await said(speaker, request("".join(f"This is the sentence of number {n}. " for n in range(40))))
        await until(lambda: offline.active)
        assert long.position == Position(0, 0.0)
        waiting = await said(speaker, request("And then this."))
        assert waiting.position is not None
        assert waiting.position.ahead == 1
        assert waiting.position.eta > 20.0


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u200d", "!!! ... ---", "||"])
async def test_nothing_pronounceable_is_refused(speaker: Speaker, text: str) -> None:
    """With a sentence that says so."""
    answer = await refused(speaker, request(text))
    assert answer.reason is Reason.NOTHING_TO_SAY
    assert "write some words" in answer.message


async def test_refusals_say_what_to_do_instead(opened: Opened) -> None:
    """Too long, an unknown voice with the three nearest, an unknown engine, a language nobody speaks."""
    async with opened(speak=SpeakSettings(max_chars=50)) as speaker:
        long = await refused(speaker, request("word " * 20))
        assert (long.reason, long.details) == (Reason.TOO_LONG, {"length": 100, "limit": 50})
        voice = await refused(speaker, request("Hi.", voice="hearth"))
        assert voice.reason is Reason.UNKNOWN_VOICE
        nearest = voice.details["nearest"]
        assert isinstance(nearest, list)
        assert len(nearest) == 3
        assert "heart" in nearest
        engine = await refused(speaker, request("Hi.", engine="festival"))
        assert engine.reason is Reason.UNKNOWN_ENGINE
        assert "offline, edge" in engine.message
        russian = await refused(speaker, request("Привет, как дела сегодня?"))
        assert russian.reason is Reason.LANGUAGE_NOT_SPOKEN
        assert "Russian (ru)" in russian.message


async def test_a_chinese_sentence_is_read_by_the_chinese_voice_of_the_persona(
    speaker: Speaker, offline: FakeEngine
) -> None:
    """Within one text each sentence gets the voice of its language."""
    await (await said(speaker, request("你好，欢迎来到这里。 This is the second sentence."))).speech.clip()
    assert [(u.language, u.voice) for u in offline.asked] == [("zh", "zf_xiaoxiao"), ("en", "heart")]


async def test_a_foreign_word_within_a_sentence_gets_a_voice_that_can_read_it(
    speaker: Speaker, offline: FakeEngine
) -> None:
    """And where there is none, the answer names its language, before anything is spoken."""
    await (await said(speaker, request("I love 寿司 very much."))).speech.clip()
    assert [(u.text, u.voice) for u in offline.asked] == [
        ("I love", "heart"),
        ("寿司", "zf_xiaoxiao"),
        ("very much.", "heart"),
    ]
    assert (await refused(speaker, request("The word спасибо means thanks."))).details["language"] == "ru"


RUSSIAN = "Привет, как дела сегодня?"


async def test_a_lenient_request_passes_over_what_nobody_speaks(speaker: Speaker, offline: FakeEngine) -> None:
    """And says so; the rest is spoken, from the cache too."""
    asked = request(f"The word спасибо means thanks. {RUSSIAN}", lenient=True)
    for cached in (False, True):
        answer = await said(speaker, replace(asked, id=f"cached: {cached}"))
        await answer.speech.clip()
        await kept(speaker, 1)
        assert (answer.cached, answer.skipped) == (cached, ("ru",))
    assert [u.text for u in offline.asked] == ["The word", "means thanks."]
    assert (await said(speaker, request("Plain English.", lenient=True))).skipped == ()


async def test_a_lenient_request_of_which_nothing_is_left_is_refused(speaker: Speaker) -> None:
    """With the language, not with silence."""
    assert (await refused(speaker, request(RUSSIAN, lenient=True))).reason is Reason.LANGUAGE_NOT_SPOKEN
    assert (await refused(speaker, request("!!!", lenient=True))).reason is Reason.NOTHING_TO_SAY


async def test_a_lenient_stream_passes_over_what_nobody_speaks(speaker: Speaker, offline: FakeEngine) -> None:
    """As it comes; one of which nothing is left fails with the language."""
    answer = await said(speaker, request(_pieces("Hello there. ", f"{RUSSIAN} ", "And good bye."), lenient=True))
    await answer.speech.clip()
    assert [u.text for u in offline.asked] == ["Hello there.", "And good bye."]
    assert answer.skipped == ("ru",)
    empty = await said(speaker, request(_pieces(RUSSIAN), lenient=True))
    with pytest.raises(LanguageNotSpoken, match="Russian"):
        await empty.speech.clip()


async def test_an_engines_own_voice_brings_its_engine_along(speaker: Speaker, edge: FakeEngine) -> None:
    """Who asks for an edge voice by name means edge."""
    await (await said(speaker, request("Hello there.", voice="en-US-AvaMultilingualNeural"))).speech.clip()
    assert [u.voice for u in edge.asked] == ["en-US-AvaMultilingualNeural"]


async def test_a_voice_that_was_used_is_remembered(speaker: Speaker) -> None:
    """For whoever lists voices to this user or guild next time."""
    await (await said(speaker, request("Hello there.", voice="heart"))).speech.clip()
    async with asyncio.timeout(10):
        while await speaker.store.preferences.favourites("discord:42") != ["heart"]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_preferences_and_settings_decide_and_block(speaker: Speaker, offline: FakeEngine) -> None:
    """A user's rate is used, an opted-out user is not spoken, a blocked user neither, a guild's length limit holds."""
    await speaker.store.preferences.set("discord:42", rate=1.25)
    await (await said(speaker, request("Hello there."))).speech.clip()
    assert offline.asked[-1].rate == 1.25
    await speaker.store.preferences.set("discord:42", opted_out=True)
    assert (await refused(speaker, request())).reason is Reason.OPTED_OUT
    await speaker.store.settings.set_guild("discord:1", blocked_users=frozenset({"discord:7"}), max_chars=10)
    assert (await refused(speaker, request(user="discord:7"))).reason is Reason.NOT_ALLOWED
    assert (await refused(speaker, request(user="discord:8"))).reason is Reason.TOO_LONG


async def test_whose_words_they_are_counts_as_much_as_who_asks(speaker: Speaker) -> None:
    """The words of somebody who opted out, or is blocked here or everywhere, are spoken for nobody."""
    quoted = request(author="discord:7")
    assert (await said(speaker, quoted)).request.author == "discord:7"
    await speaker.store.settings.set_guild(EVERY_GUILD, blocked_users=["discord:8"])
    await speaker.store.settings.set_guild("discord:1", blocked_users=["discord:7"])
    for author in ("discord:7", "discord:8"):
        refusal = await refused(speaker, request(author=author))
        assert (refusal.reason, refusal.details) == (Reason.NOT_ALLOWED, {"cause": "author_blocked"})
    await speaker.store.preferences.set("discord:7", opted_out=True)
    refusal = await refused(speaker, request(author="discord:7"))
    assert (refusal.reason, refusal.details) == (Reason.OPTED_OUT, {"cause": "author_opted_out"})


async def test_a_guilds_own_bounds_hold_and_are_remembered_nowhere_else(opened: Opened, offline: FakeEngine) -> None:
    """From the next request on, for this guild alone."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(limits=Limits(per_user=2)) as speaker:
        settings = speaker.store.settings
        await settings.set_guild("discord:1", per_user=3, per_guild=4)
        for number in range(3):
            await said(speaker, request(f"Number {number}."))
        full = await refused(speaker, request("One too many."))
        assert (full.reason, full.details["limit"]) == (Reason.USER_QUEUE_FULL, 3)
        await said(speaker, request("Somebody else.", user="discord:7"))
        full = await refused(speaker, request("And more.", user="discord:8"))
        assert (full.reason, full.details["limit"]) == (Reason.GUILD_QUEUE_FULL, 4)
        for number in range(2):
            await said(speaker, request(f"Number {number} elsewhere.", guild="discord:2"))
        elsewhere = await refused(speaker, request("Elsewhere.", guild="discord:2"))
        assert elsewhere.details["limit"] == 2
        await settings.set_guild("discord:1", per_guild=None)
        assert isinstance(await speaker.say(request("There is room.", user="discord:8")), Said)
        assert not speaker.dispatcher._bounds.overrides


async def test_an_engine_that_is_not_allowed_is_refused_to_who_asks_for_it(speaker: Speaker, edge: FakeEngine) -> None:
    """By its name or by that of its voice, and the answer names those that are allowed."""
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["offline"])
    for how in ({"engine": "edge"}, {"voice": "en-US-AvaMultilingualNeural"}):
        no = await refused(speaker, request(**how))
        assert (no.reason, no.details["allowed"]) == (Reason.NOT_ALLOWED, ["offline"])
        assert no.message.endswith("choose offline.")
    assert (await refused(speaker, request(engine="festival"))).reason is Reason.UNKNOWN_ENGINE
    assert edge.asked == []


async def test_an_engine_that_is_not_allowed_gives_way_where_it_was_preferred(
    speaker: Speaker, offline: FakeEngine, edge: FakeEngine
) -> None:
    """A preference was made elsewhere: the likest voice of an allowed engine speaks, and nobody is refused."""
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["offline"], engine="edge")
    await speaker.store.preferences.set("discord:42", engine="edge")
    await (await said(speaker, request("Hello there."))).speech.clip()
    await speaker.store.preferences.set("discord:42", engine=None, voice="en-US-AvaMultilingualNeural")
    await (await said(speaker, request("Hello again."))).speech.clip()
    assert [u.voice for u in offline.asked] == ["heart", "heart"]
    assert edge.asked == []


async def test_where_the_configured_engine_is_not_allowed_the_first_that_is_speaks(
    speaker: Speaker, edge: FakeEngine
) -> None:
    """And where none is there, the answer says whom to ask."""
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["edge"])
    await (await said(speaker, request("Hello there."))).speech.clip()
    assert [u.engine for u in edge.asked] == ["edge"]
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["gone"])
    no = await refused(speaker, request("Hello there."))
    assert no.reason is Reason.NOT_ALLOWED
    assert "ask an administrator to allow another" in no.message


async def test_the_owner_decides_for_all_on_the_running_bot(speaker: Speaker, edge: FakeEngine) -> None:
    """Below every guild's own choice, and above every guild's rules."""
    settings = speaker.store.settings
    await settings.set_guild(EVERY_GUILD, engine="edge", blocked_users=["discord:7"], max_chars=20)
    await (await said(speaker, request("Hello there."))).speech.clip()
    assert [u.engine for u in edge.asked] == ["edge"]
    assert (await refused(speaker, request(user="discord:7"))).message.endswith("ask whoever runs this bot.")
    await settings.set_guild("discord:1", engine="offline", max_chars=100)
    explained = await speaker.explain(request("Hello again."))
    assert not isinstance(explained, Refusal)
    assert (explained.script.engine, explained.script.wishes.engine.why) == ("offline", "the guild's setting")
    assert (await refused(speaker, request("word " * 5))).details["limit"] == 20
    await settings.set_guild(EVERY_GUILD, allowed_engines=["edge"], banned_voices=["ava"])
    assert (await refused(speaker, request("Hi.", engine="offline"))).details["allowed"] == ["edge"]
    assert "ava" not in [choice.value for choice in await speaker.choices("discord:42", "discord:1")]
    await settings.reset(EVERY_GUILD)
    assert (await said(speaker, request(user="discord:7"))).speech


async def test_a_short_name_means_a_voice_that_is_allowed(speaker: Speaker, edge: FakeEngine) -> None:
    """Where two engines have a voice of that name, the one that may not speak hides nobody."""
    edge.installed = (*edge.installed, Voice("edge", "heart", "en-US", "female"))
    await speaker.store.settings.set_guild("discord:1", allowed_engines=["edge"])
    await (await said(speaker, request("Hello there.", voice="heart"))).speech.clip()
    assert [u.voice for u in edge.asked] == ["heart"]


async def test_a_fallback_speaks_says_so_and_is_not_kept_for_the_other(
    speaker: Speaker, edge: FakeEngine, offline: FakeEngine
) -> None:
    """When edge is back, so is its voice: what offline said in its stead is cached as offline's."""
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "No route."))]
    answer = await said(speaker, request("Hello there.", engine="edge"))
    await answer.speech.clip()
    assert answer.caption == "edge could not be reached, offline spoke instead"
    edge.scripts = [Script()]
    again = await said(speaker, request("Hello there.", engine="edge"))
    await again.speech.clip()
    assert (again.cached, again.caption) == (False, "")
    await kept(speaker, 2)
    by_name = await said(speaker, request("Hello there.", engine="offline"))
    assert (by_name.cached, by_name.caption) == (True, "")


async def test_an_engine_that_breaks_off_fails_the_speech_and_caches_nothing(
    speaker: Speaker, offline: FakeEngine
) -> None:
    """Half an answer is not an answer; the place in the queue is free again."""
    offline.scripts = [Script(2, error=EngineTruncated("offline", "It broke off."))]
    answer = await said(speaker, request("Hello there."))
    with pytest.raises(EngineTruncated):
        await answer.speech.clip()
    await until(lambda: speaker.dispatcher.running() == 0)
    offline.scripts = [Script()]
    again = await said(speaker, request("Hello there."))
    assert not again.cached
    await again.speech.clip()


async def test_an_engines_surprise_is_an_answer_and_no_secret(
    speaker: Speaker, offline: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even a bug reaches the listener as an error, and the text of a user never reaches the log."""
    offline.scripts = [Script(1, error=RuntimeError("kaboom"))]  # type: ignore[arg-type]
    answer = await said(speaker, request("A very private sentence."))
    with pytest.raises(SaysoError, match="Something went wrong"):
        await answer.speech.clip()
    out, err = capsys.readouterr()
    assert "speech_crashed" in out + err
    assert "private" not in out + err


async def test_what_is_to_be_delivered_is_journalled_before_it_is_acknowledged(opened: Opened) -> None:
    """After a crash it is there to be said again, once, until it is marked done."""
    wanted = request(target={"platform": "discord", "channel": 5}, priority=Priority.HIGH, voice="sayso")
    async with opened() as speaker:
        await said(speaker, wanted)
        await said(speaker, request("No target, no journal."))
    async with opened() as speaker:
        (unfinished,) = await speaker.unfinished()
        assert unfinished == Unfinished(wanted, State.ACCEPTED, None, 0)
        answer = await said(speaker, unfinished.request)
        await answer.speech.clip()
        await answer.mark(State.SENDING, mark="nonce")
        await answer.mark(State.DONE)
    async with opened() as speaker:
        assert list(await speaker.unfinished()) == []


async def test_what_came_too_late_is_not_said_again(opened: Opened) -> None:
    """A voice reply to a question of yesterday is noise."""
    async with opened() as speaker:
        await said(speaker, request(target={"platform": "discord"}, deadline=time.time() + 60))
    async with opened(wall=lambda: time.time() + 61) as speaker:
        (late,) = await speaker.unfinished()
        assert (late.request.text, late.state) == (TEXT, State.EXPIRED)
        assert list(await speaker.unfinished()) == []


async def test_a_deadline_that_passes_while_waiting_is_an_answer(opened: Opened, offline: FakeEngine) -> None:
    """Nobody waits for what nobody wants any more."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened(slots=1) as speaker:
        await said(speaker, request("One."))
        await until(lambda: offline.active)
        late = await said(speaker, request("Two.", deadline=time.time() + 0.02))
        with pytest.raises(Expired):
            await late.speech.clip()


async def test_what_is_cancelled_before_it_began_leaves_nothing_behind(opened: Opened) -> None:
    """Not even a place in the bounds, when the asker changes his mind in the same breath."""
    async with opened(limits=Limits(per_user=1)) as speaker:
        for _ in range(3):
            answer = await said(speaker, request())
            answer.cancel()
            with pytest.raises(Cancelled):
                await answer.speech.clip()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def test_an_event_that_comes_twice_is_said_once(opened: Opened, offline: FakeEngine) -> None:
    """A platform may deliver the same event again while it is being said."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        wanted = request(_pieces("Hello ", "there."))
        first = await said(speaker, wanted)
        second = await refused(speaker, wanted)
        assert second.reason is Reason.INVALID
        gate.set()
        await first.speech.clip()


async def _pieces(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def test_a_text_that_is_still_being_written_is_spoken_as_it_grows(speaker: Speaker, offline: FakeEngine) -> None:
    """The first sentence is heard before the second is written, and holds no slot while it waits for it."""
    more = asyncio.Event()

    async def writing() -> AsyncIterator[str]:
        yield "The first sen"
        yield "tence is here. And the sec"
        await more.wait()
        yield "ond one follows."

    answer = await said(speaker, request(writing()))
    listening = aiter(answer.speech)
    assert await anext(listening)
    await until(lambda: speaker.dispatcher.running() == 0)
    assert [u.text for u in offline.asked] == ["The first sentence is here."]
    more.set()
    clip = await answer.speech.clip()
    assert [s.utterance.text for s in clip.spoken] == ["The first sentence is here.", "And the second one follows."]
    await kept(speaker, 1)
    cached = await said(speaker, request("The first sentence is here. And the second one follows."))
    assert cached.cached


async def test_a_stream_that_says_nothing_or_breaks_is_an_error(speaker: Speaker) -> None:
    """An empty LLM turn is no reason to trip anything, and a writer's exception does not hang its listeners."""
    empty = await said(speaker, request(_pieces(" ", "\n")))
    with pytest.raises(SaysoError, match="Nothing pronounceable"):
        await empty.speech.clip()

    async def broken() -> AsyncIterator[str]:
        yield "One sentence. "
        raise ConnectionError("the LLM hung up")

    cut = await said(speaker, request(broken()))
    with pytest.raises(SaysoError, match="went wrong"):
        await cut.speech.clip()


async def test_a_stream_longer_than_allowed_is_spoken_so_far(opened: Opened) -> None:
    """And says that it was cut."""
    async with opened(speak=SpeakSettings(max_chars=20)) as speaker:
        answer = await said(speaker, request(_pieces("Twelve chars. ", "And then many more of them.")))
        await answer.speech.clip()
        assert answer.truncated


async def test_closing_lets_what_was_accepted_finish_and_refuses_the_new(opened: Opened, offline: FakeEngine) -> None:
    """Drain, then no more."""
    async with opened() as speaker:
        answer = await said(speaker, request())
        closing = asyncio.create_task(speaker.close(10.0))
        await asyncio.sleep(0)
        assert (await refused(speaker, request("Something new."))).reason is Reason.CLOSING
        await answer.speech.clip()
        await closing
        assert len(offline.finished) == 2


async def test_what_is_whole_holds_no_place_while_it_is_put_away(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk must not make the queue full for who has heard all that they asked for."""
    put, gate = speaker.store.cache.put, asyncio.Event()

    async def slow(*what: Any, **whose: Any) -> None:
        await gate.wait()
        await put(*what, **whose)

    monkeypatch.setattr(speaker.store.cache, "put", slow)
    speaker.dispatcher.limits = Limits(per_user=1)
    for text in ("One.", "Two.", "Three."):
        await (await said(speaker, request(text))).speech.clip()
    settling = asyncio.create_task(speaker.settle())
    await asyncio.sleep(0)
    assert not settling.done()
    assert speaker.store.cache.stats().entries == 0
    assert (await said(speaker, request("One."))).cached  # and it is found there
    gate.set()
    await settling
    assert speaker.store.cache.stats().entries == 3


async def test_closing_puts_away_what_is_whole(opened: Opened) -> None:
    """It was made, and will be asked for again."""
    async with opened() as speaker:
        await (await said(speaker, request())).speech.clip()
        await speaker.close(0.0)
        assert speaker.store.cache.stats().entries == 1


async def test_there_is_nothing_to_settle_where_nothing_was_made(speaker: Speaker, offline: FakeEngine) -> None:
    """Nor is what is still being made waited for."""
    never = asyncio.Event()
    offline.sleep = lambda _: never.wait()  # type: ignore[assignment,return-value]
    await speaker.settle()
    await said(speaker, request())
    await speaker.settle()


async def test_of_a_long_text_nothing_is_remembered(opened: Opened) -> None:
    """What is remembered of texts is bounded by their number: they must not be of any length."""
    async with opened(speak=SpeakSettings(max_chars=100_000)) as speaker:
        await (await said(speaker, request("One short sentence."))).speech.clip()
        assert len(speaker.stage._read) == len(speaker._workshop._keys) == 1
        explained = await speaker.explain(
            request(" ".join(f"This is the sentence with the number {n}." for n in range(40)))
        )
        assert not isinstance(explained, Refusal)
        assert len(speaker.stage._read) == len(speaker._workshop._keys) == 1
        assert explained.key == speaker.key([line.utterance for line in explained.lines])


async def test_who_is_forgotten_leaves_no_text_in_memory(speaker: Speaker) -> None:
    """Neither as it was read nor under its key."""
    await (await said(speaker, request())).speech.clip()
    await speaker.settle()
    await speaker.forget("discord:42")
    assert len(speaker.stage._read) == len(speaker._workshop._keys) == 0


async def test_closing_gives_up_what_does_not_finish(opened: Opened, offline: FakeEngine) -> None:
    """An engine that hangs does not hold the shutdown up; its listener is told."""
    never = asyncio.Event()
    offline.sleep = lambda _: never.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        answer = await said(speaker, request())
        await until(lambda: offline.active)
        await speaker.close(0.0)
        with pytest.raises(Cancelled):
            await answer.speech.clip()
        assert offline.active == 0


async def test_an_explanation_says_all_and_speaks_nothing(speaker: Speaker, offline: FakeEngine) -> None:
    """Sentences, rules, voices and why, cache and cost."""
    explained = await speaker.explain(request("It costs **$5**, see https://example.com/x?y=1 now. 你好，世界。"))
    assert not isinstance(explained, Refusal)
    assert [line.sentence.language for line in explained.lines] == ["en", "zh"]
    assert [line.utterance.voice for line in explained.lines if line.utterance] == ["heart", "zf_xiaoxiao"]
    assert explained.lines[0].sentence.rules
    assert explained.seconds > 1
    assert not explained.cached
    assert explained.script.wishes.voice.why == "the configuration's default"
    assert offline.asked == []


async def test_a_damaged_clip_in_the_cache_costs_time_not_the_answer(opened: Opened, offline: FakeEngine) -> None:
    """It is thrown away and made anew, once."""
    async with opened() as speaker:
        answer = await said(speaker, request("Hello there."))
        clip = await answer.speech.clip()
        await kept(speaker, 1)
        key = speaker.key(list(offline.asked))
        await speaker.store.cache.drop(key)
        await speaker.store.cache.put(key, replace(clip, data=clip.ogg[:-3] + b"???"))
        again = await said(speaker, request("Hello there."))
        assert not again.cached
        await again.speech.clip()
        await kept(speaker, 1)
        assert (await said(speaker, request("Hello there."))).cached
        assert len(offline.asked) == 2


class FullDisk:
    """A journal that cannot be written while `full`, and lets others in before it says so."""

    def __init__(self, speaker: Speaker, *users: str) -> None:
        self._accept = speaker.store.journal.accept
        self.users = users
        self.waiting, self.go = asyncio.Event(), asyncio.Event()
        speaker.store.journal.accept = self.accept  # type: ignore[method-assign]

    async def accept(self, entry: Entry) -> None:
        if entry.request["user"] in self.users:
            self.waiting.set()
            await self.go.wait()
            raise StoreError("the database has no room left")
        await self._accept(entry)


async def test_one_whose_request_cannot_be_written_down_takes_nobody_with_him(speaker: Speaker) -> None:
    """Who asked for the same meanwhile, and was written down, hears it."""
    disk = FullDisk(speaker, "discord:42")
    target = {"platform": "discord"}
    first = asyncio.create_task(speaker.say(request(target=target)))
    await disk.waiting.wait()
    second = await said(speaker, request(user="discord:7", target=target, id="second"))
    assert second.shared
    disk.go.set()
    with pytest.raises(StoreError):
        await first
    assert (await second.speech.clip()).seconds > 0


async def test_a_joiner_who_cannot_be_written_down_does_not_keep_it_going(opened: Opened, offline: FakeEngine) -> None:
    """When the first leaves nobody is left."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        disk = FullDisk(speaker, "discord:7")
        disk.go.set()
        first = await said(speaker, request())
        with pytest.raises(StoreError):
            await speaker.say(request(user="discord:7", target={"platform": "discord"}))
        first.cancel()
        await until(lambda: not speaker.dispatcher.running() and not offline.active)


async def test_a_journal_entry_of_another_version_keeps_nobody_back(opened: Opened) -> None:
    """It is left to that version, which may be the newer one and running still, and the others are said."""
    async with opened() as speaker:
        await speaker.store.journal.accept(Entry("odd", {"user": "discord:9", "novel": 1}, at=1.0))
        await said(speaker, request(target={"platform": "discord"}))
        assert [left.request.text for left in await speaker.unfinished()] == [TEXT]
        assert [left.request.text for left in await speaker.unfinished()] == [TEXT]
        assert [entry["state"] for entry in await speaker.store.journal.export("discord:9")] == ["accepted"]


async def test_each_adapter_takes_up_its_own(opened: Opened) -> None:
    """What is for another is not handed out, and a mark comes back with its request."""
    async with opened() as speaker:
        on_discord = await said(speaker, request(target={"platform": "discord"}))
        await on_discord.mark(State.SENDING, mark="nonce")
        await said(speaker, request(user="telegram:7", target={"platform": "telegram"}))
    async with opened() as speaker:
        for _ in range(2):
            (found,) = await speaker.unfinished(lambda request: request.target["platform"] == "discord")
            assert (found.request.user, found.state, found.mark) == ("discord:42", State.SENDING, "nonce")
        (other,) = await speaker.unfinished(lambda request: request.target["platform"] == "telegram")
        assert other.request.user == "telegram:7"


def killed(speaker: Speaker) -> None:
    """From here on nothing is counted or forgiven: the process is dead."""

    async def nothing(*_: object, **__: object) -> None: ...

    speaker.store.journal.count = nothing  # type: ignore[method-assign]


@pytest.fixture
def gate(offline: FakeEngine) -> asyncio.Event:
    """Until it is set, whatever the engine has begun goes on."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    return gate


async def taken_up(speaker: Speaker) -> list[Said]:
    return [await said(speaker, left.request) for left in await speaker.unfinished()]


async def test_what_waits_survives_any_number_of_starts(
    opened: Opened, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Ten processes that end by themselves, and ten that are killed, while it stands behind another."""
    for number in range(21):
        async with opened(slots=1) as speaker:
            await said(speaker, request("Something long of somebody else's.", user="discord:9"))
            await until(lambda: offline.active)
            answers = await taken_up(speaker) if number else []
            if not number:
                for text in "abc":
                    await said(speaker, request(f"Good morning, {text}.", target={"platform": "discord"}))
            assert len(answers) == (3 if number else 0)
            if number % 2:
                killed(speaker)
    async with opened() as speaker:
        assert [left.attempts for left in await speaker.unfinished()] == [0, 0, 0]


async def test_what_was_begun_survives_any_number_of_ends_in_order(
    opened: Opened, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """A process that was told to end was not ended by what it did."""
    async with opened() as speaker:
        await said(speaker, request(target={"platform": "discord"}))
    for _ in range(10):
        async with opened() as speaker:
            (answer,) = await taken_up(speaker)
            await until(lambda: offline.active)
            await answer.mark(State.SENDING, mark="nonce")
    gate.set()
    async with opened() as speaker:
        (answer,) = await taken_up(speaker)
        await answer.speech.clip()


async def test_a_request_that_no_process_survives_is_given_up(
    opened: Opened, offline: FakeEngine, gate: asyncio.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is handed out once more as that, for people to be told; what was asked for beside it is not."""
    async with opened() as speaker:
        await said(speaker, request(target={"platform": "discord"}))
    for attempts in range(ATTEMPTS):
        async with opened(slots=1) as speaker:
            (left,) = await speaker.unfinished()
            assert (left.state, left.attempts) == (State.ACCEPTED, attempts)
            await said(speaker, left.request)
            await until(lambda: offline.active)
            killed(speaker)
    async with opened() as speaker:
        (left,) = await speaker.unfinished()
        assert (left.state, left.request.text) == (State.FAILED, TEXT)
        assert list(await speaker.unfinished()) == []
        assert [job["state"] for job in await speaker.store.journal.export("discord:42")] == ["failed"]
    assert "journal_entries_given_up" in "".join(capsys.readouterr())


async def test_sound_that_is_kept_counts_when_it_is_sent(opened: Opened) -> None:
    """Once, however often it is marked."""
    async with opened() as speaker:
        await (await said(speaker, request())).speech.clip()
        await kept(speaker, 1)
        await said(speaker, request(target={"platform": "discord"}))
    for attempts in (0, 1):
        async with opened() as speaker:
            (left,) = await speaker.unfinished()
            assert left.attempts == attempts
            answer = await said(speaker, left.request)
            assert answer.cached
            for mark in "ab":
                await answer.mark(State.SENDING, mark=mark)
            killed(speaker)


async def test_what_was_made_and_waits_to_be_sent_is_not_counted(opened: Opened) -> None:
    """Even where nothing of it is kept: it did not end the process."""
    async with opened() as speaker:
        await said(speaker, request(target={"platform": "discord"}))
    for number in range(ATTEMPTS + 2):
        async with opened() as speaker:
            (left,) = await speaker.unfinished()
            assert (left.state, left.attempts) == (State.ACCEPTED, 0)
            answer = await said(speaker, replace(left.request, text=f"{TEXT} {number}"))
            await answer.speech.clip()
            await kept(speaker, number + 1)
            killed(speaker)


async def test_what_is_made_for_several_counts_for_each(
    opened: Opened, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Any of them begins the same again."""
    async with opened() as speaker:
        for user in ("discord:1", "discord:2"):
            await said(speaker, request(user=user, target={"platform": "discord"}))
    async with opened() as speaker:
        one, other = await taken_up(speaker)
        assert (one.shared, other.shared) == (False, True)
        await until(lambda: offline.active)
        killed(speaker)
    async with opened() as speaker:
        assert [left.attempts for left in await speaker.unfinished()] == [1, 1]


async def test_what_cannot_be_counted_is_said_all_the_same(opened: Opened) -> None:
    """The store is away, and the sound can be made without it."""
    async with opened() as speaker:
        await said(speaker, request(target={"platform": "discord"}))
    async with opened() as speaker:

        async def away(*_: object, **__: object) -> None:
            raise StoreError("away")

        speaker.store.journal.count = away  # type: ignore[method-assign]
        (answer,) = await taken_up(speaker)
        assert (await answer.speech.clip()).spoken


async def test_a_stream_that_was_cut_is_closed(opened: Opened) -> None:
    """The LLM need not write on for nobody."""
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "One more sentence. "
        finally:
            closed.set()

    async with opened(speak=SpeakSettings(max_chars=50)) as speaker:
        answer = await said(speaker, request(endless()))
        await answer.speech.clip()
        assert answer.truncated
        assert closed.is_set()


async def test_closing_does_not_wait_for_an_engine_that_will_not_end(
    opened: Opened, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that swallows its cancellation is left behind."""
    monkeypatch.setattr("bot.workshop.GRACE", 0.01)
    release = asyncio.Event()

    async def deaf(_: float) -> None:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()

    offline.sleep = deaf
    async with opened() as speaker:
        monkeypatch.setattr(speaker.dispatcher, "drain", lambda _: asyncio.sleep(0))
        answer = await said(speaker, request("Hello there."))
        await until(lambda: offline.active)
        await speaker.close()
        release.set()
        with suppress(Cancelled):
            await answer.speech.clip()
        await until(lambda: not speaker._workshop._tasks)


async def test_a_ban_holds_for_every_name_of_a_voice(speaker: Speaker, offline: FakeEngine) -> None:
    """By its alias, as a preference, and as the voice of a persona."""
    await speaker.store.settings.set_guild("discord:1", banned_voices=frozenset({"xiaoxiao", "zf_xiaoxiao"}))
    by_alias = next(p for p in speaker.stage.voices.personas() if p.name == "xiaoxiao").aliases[0]
    assert (await refused(speaker, request(voice=by_alias))).reason is Reason.NOT_ALLOWED
    await speaker.store.preferences.set("discord:42", voice=by_alias)
    await (await said(speaker, request("Hello there."))).speech.clip()
    assert offline.asked[-1].voice == "heart"
    assert (await refused(speaker, request("你好，世界。"))).reason is Reason.LANGUAGE_NOT_SPOKEN


async def test_an_explanation_names_the_voice_as_the_reason_for_its_engine(speaker: Speaker) -> None:
    """Who asks for an edge voice sends his text away, and ought to see why."""
    explained = await speaker.explain(request("Hello there.", voice="en-US-AvaMultilingualNeural"))
    assert not isinstance(explained, Refusal)
    assert (explained.script.engine, explained.script.wishes.engine.value) == ("edge", "edge")
    assert explained.script.wishes.engine.why == "the command asked for it"
