"""What is counted of a request on its way, through the whole speaker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot.config import SpeakSettings
from bot.errors import EngineRejected, EngineUnavailable, SaysoError, StoreError
from bot.queue import Limits
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Pcm, Refusal, Request
from tests.conftest import Opened
from tests.doubles.engine import RATE, FakeEngine, Script, tone


class Counted:
    """What was counted since it was made."""

    def __init__(self) -> None:
        self._before = dict(self._samples())

    def __call__(self, name: str, **labels: str) -> float:
        """How much more there is of a sample."""
        key = name, tuple(sorted(labels.items()))
        return dict(self._samples()).get(key, 0.0) - self._before.get(key, 0.0)

    @staticmethod
    def _samples() -> Iterator[tuple[tuple[str, tuple[tuple[str, str], ...]], float]]:
        for family in REGISTRY.collect():
            for sample in family.samples:
                yield (sample.name, tuple(sorted(sample.labels.items()))), sample.value


@pytest.fixture
def counted() -> Counted:
    return Counted()


def request(text: str | AsyncIterator[str] = "Hello from Sayso.", **how: object) -> Request:
    return replace(Request("discord:1", "discord:42", text), **how)  # type: ignore[arg-type]


async def hear(speaker: Speaker, asked: Request) -> Said:
    """Ask, listen to the end, and wait until it is cached."""
    answer = await speaker.say(asked)
    assert isinstance(answer, Said)
    with suppress(SaysoError):
        await answer.speech.clip()
    await speaker.settle()
    return answer


async def test_a_request_is_counted_where_it_comes_from(speaker: Speaker, counted: Counted) -> None:
    """By platform, and never by who or where on it."""
    await hear(speaker, request())
    await hear(speaker, request(guild="api:3", text="More."))
    await hear(speaker, request(guild="somewhere:3", text="Even more."))
    assert counted("tts_requests_total", source="discord") == 1
    assert counted("tts_requests_total", source="api") == 1
    assert counted("tts_requests_total", source="other") == 1


async def test_what_is_made_is_a_miss_that_took_its_time(speaker: Speaker, counted: Counted) -> None:
    """To its first packet and to its last."""
    await hear(speaker, request())
    assert counted("tts_cache_requests_total", result="miss") == 1
    assert counted("tts_cache_requests_total", result="hit") == 0
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="miss") == 1
    assert counted("tts_request_duration_seconds_count", source="discord", cache="miss") == 1
    assert counted("tts_request_duration_seconds_sum", source="discord", cache="miss") > 0


async def test_what_comes_from_the_cache_is_a_hit(speaker: Speaker, counted: Counted) -> None:
    """Of the engine that spoke it then, which makes no sound now."""
    await hear(speaker, request())
    made = counted("tts_audio_seconds_total", engine="offline")
    await hear(speaker, request(guild="api:1"))
    assert counted("tts_cache_requests_total", result="hit") == 1
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="hit") == 1
    assert counted("tts_request_duration_seconds_count", source="api", cache="hit") == 1
    assert counted("tts_audio_seconds_total", engine="offline") == made
    assert counted("tts_real_time_factor_count", engine="offline") == 1


async def test_what_is_replayed_is_a_hit_too(speaker: Speaker, counted: Counted) -> None:
    """It was found, by its key."""
    first = await hear(speaker, request())
    assert first.key is not None
    await speaker.replay(request(""), first.key)
    assert counted("tts_cache_requests_total", result="hit") == 1
    assert counted("tts_requests_total", source="discord") == 2


async def test_what_is_made_for_somebody_else_is_shared(opened: Opened, offline: FakeEngine, counted: Counted) -> None:
    """Each asker has waited, since each has asked; the engine has worked once."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        answers = [await speaker.say(request()), await speaker.say(request(guild="api:1"))]
        gate.set()
        for answer in answers:
            assert isinstance(answer, Said)
            await answer.speech.clip()
    assert counted("tts_cache_requests_total", result="miss") == 1
    assert counted("tts_cache_requests_total", result="shared") == 1
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="miss") == 1
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="shared") == 1
    assert counted("tts_request_duration_seconds_count", source="discord", cache="miss") == 1
    assert counted("tts_request_duration_seconds_count", source="api", cache="shared") == 1
    assert counted("tts_real_time_factor_count", engine="offline") == 1


async def test_who_joins_what_has_begun_without_a_packet_waits_for_it_once(
    opened: Opened, offline: FakeEngine, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known who speaks as soon as there is any sound, which need not be enough for a packet."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def pause(_: float) -> None:
        if begun.is_set():
            await gate.wait()
        begun.set()

    offline.scripts = (Script(pieces=40), Script())
    async with opened() as speaker:
        await hear(speaker, request("How loud this voice is."))  # else that is found out first
        monkeypatch.setattr(FakeEngine, "_piece", lambda _, utterance: Pcm(tone(0.01), RATE, utterance))
        offline.sleep = pause
        first = await speaker.say(request())
        assert isinstance(first, Said)
        async with asyncio.timeout(10):
            while not first.speech.spoken:  # noqa: ASYNC110 (what comes about is not an event of its own)
                await asyncio.sleep(0.001)
        assert first.figures.first_audio is None
        second = await speaker.say(request(guild="api:1"))
        assert isinstance(second, Said)
        gate.set()
        await second.speech.clip()
        await speaker.say(request(guild="api:2"))
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="miss") == 2
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="shared") == 1
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="hit") == 1


async def test_sound_is_counted_with_who_made_it(speaker: Speaker, counted: Counted) -> None:
    """In seconds, sentence by sentence; and how long the whole took for each of them."""
    clip = await (await hear(speaker, request("Hello. And more."))).speech.clip()
    assert counted("tts_audio_seconds_total", engine="offline") == pytest.approx(clip.seconds, abs=0.3)
    assert counted("tts_real_time_factor_count", engine="offline") == 1
    assert counted("tts_real_time_factor_sum", engine="offline") < 5


async def test_who_really_spoke_is_counted(opened: Opened, edge: FakeEngine, counted: Counted) -> None:
    """A fallback's sound is not its who should have spoken."""
    edge.scripts = (Script(pieces=0, error=EngineUnavailable("edge", "away")),)
    async with opened(speak=SpeakSettings(engine="edge")) as speaker:
        await hear(speaker, request())
    assert counted("tts_audio_seconds_total", engine="offline") > 0
    assert counted("tts_audio_seconds_total", engine="edge") == 0
    assert counted("tts_time_to_first_audio_seconds_count", engine="offline", cache="miss") == 1
    assert counted("tts_real_time_factor_count", engine="offline") == 1


async def test_two_engines_in_one_speech_have_no_pace(opened: Opened, edge: FakeEngine, counted: Counted) -> None:
    """Whose would it be?"""
    edge.scripts = (Script(), Script(pieces=0, error=EngineUnavailable("edge", "away")))
    async with opened(speak=SpeakSettings(engine="edge")) as speaker:
        await hear(speaker, request("Hello. And more."))
    assert {counted("tts_real_time_factor_count", engine=engine) for engine in ("edge", "offline")} == {0}
    assert counted("tts_audio_seconds_total", engine="edge") > 0
    assert counted("tts_audio_seconds_total", engine="offline") > 0


async def test_a_refusal_is_a_failure_with_its_reason(speaker: Speaker, counted: Counted) -> None:
    """It was asked for, looked at, and not given."""
    assert isinstance(await speaker.say(request("…")), Refusal)
    assert isinstance(await speaker.say(request(voice="nobody at all")), Refusal)
    assert counted("tts_requests_total", source="discord") == 2
    assert counted("tts_requests_failed_total", source="discord", reason="nothing_to_say") == 1
    assert counted("tts_requests_failed_total", source="discord", reason="unknown_voice") == 1
    assert counted("tts_cache_requests_total", result="miss") == 0


async def test_an_engines_failure_is_counted_for_each_who_waited(
    opened: Opened, offline: FakeEngine, counted: Counted
) -> None:
    """By its type; it is not whole, and has no pace."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    offline.scripts = (Script(pieces=1, error=EngineUnavailable("offline", "away")),)
    async with opened() as speaker:
        answers = [await speaker.say(request()), await speaker.say(request(guild="api:1"))]
        gate.set()
        for answer in answers:
            assert isinstance(answer, Said)
            with pytest.raises(EngineUnavailable):
                await answer.speech.clip()
    for source in ("discord", "api"):
        assert counted("tts_requests_failed_total", source=source, reason="engine_unavailable") == 1
    assert counted("tts_request_duration_seconds_count", source="discord", cache="miss") == 0
    assert counted("tts_real_time_factor_count", engine="offline") == 0


async def test_a_failure_of_an_engine_that_stands_alone_is_counted(
    opened: Opened, offline: FakeEngine, counted: Counted
) -> None:
    """The embedded engine has neither breaker nor fallback that would. What is the input's fault is no failure."""
    offline.scripts = (
        Script(pieces=1, error=EngineUnavailable("offline", "away")),
        Script(pieces=0, error=EngineRejected("offline", "what is that")),
    )
    async with opened() as speaker:
        await hear(speaker, request())
        await hear(speaker, request())
    assert counted("tts_engine_failures_total", engine="offline", error="engine_unavailable") == 1
    assert counted("tts_engine_failures_total", engine="offline", error="engine_rejected") == 0


async def test_a_failure_is_counted_once_and_of_who_failed(
    opened: Opened, edge: FakeEngine, offline: FakeEngine, counted: Counted
) -> None:
    """However many see it pass."""
    for engine in (edge, offline):
        engine.scripts = (Script(pieces=0, error=EngineUnavailable(engine.name, "away")),)
    async with opened(speak=SpeakSettings(engine="edge")) as speaker:
        await hear(speaker, request())
    for name in ("edge", "offline"):
        assert counted("tts_engine_failures_total", engine=name, error="engine_unavailable") == 1


async def test_a_surprise_is_a_crash(opened: Opened, offline: FakeEngine, counted: Counted) -> None:
    """Whatever type it has."""

    async def surprise(_: float) -> None:
        raise ZeroDivisionError

    offline.sleep = surprise
    async with opened() as speaker:
        await hear(speaker, request())
    assert counted("tts_requests_failed_total", source="discord", reason="crash") == 1


async def test_who_wants_it_no_more_has_not_failed(opened: Opened, offline: FakeEngine, counted: Counted) -> None:
    """They have decided so."""
    never = asyncio.Event()
    offline.sleep = lambda _: never.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        answer = await speaker.say(request())
        assert isinstance(answer, Said)
        answer.cancel()
    assert counted("tts_requests_failed_total", source="discord", reason="cancelled") == 0


async def test_who_waited_too_long_has_failed(opened: Opened, offline: FakeEngine, counted: Counted) -> None:
    """Once, and alone: the one who is being spoken for has not."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    now = [1_000.0]
    async with opened(slots=1, wall=lambda: now[0]) as speaker:
        first = await speaker.say(request())
        late = await speaker.say(request("Something else.", guild="api:1", deadline=now[0] + 0.02))
        assert isinstance(late, Said)
        with suppress(SaysoError):
            await late.speech.clip()
        gate.set()
        assert isinstance(first, Said)
        await first.speech.clip()
    assert counted("tts_requests_failed_total", source="api", reason="expired") == 1
    assert counted("tts_requests_failed_total", source="discord", reason="expired") == 0


async def test_a_full_queue_is_a_reason(opened: Opened, offline: FakeEngine, counted: Counted) -> None:
    """One of the queue's own."""
    never = asyncio.Event()
    offline.sleep = lambda _: never.wait()  # type: ignore[assignment,return-value]
    async with opened(limits=Limits(per_user=1)) as speaker:
        await speaker.say(request())
        assert isinstance(await speaker.say(request("Another.")), Refusal)
    assert counted("tts_requests_failed_total", source="discord", reason="user_queue_full") == 1
    assert counted("tts_cache_requests_total", result="miss") == 1


async def test_a_store_that_fails_is_counted(
    speaker: Speaker, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And raised all the same."""

    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(speaker.store.preferences, "get", fails)
    with pytest.raises(StoreError):
        await speaker.say(request())
    assert counted("tts_requests_failed_total", source="discord", reason="store_error") == 1


async def test_a_text_that_is_being_written_is_streamed(speaker: Speaker, counted: Counted) -> None:
    """It is not looked for in the cache: nobody knows yet what it says."""
    await hear(speaker, request(_written("Hello from an answer."), guild="telegram:1"))
    assert counted("tts_streamed_texts_total", source="telegram") == 1
    assert {counted("tts_cache_requests_total", result=result) for result in ("hit", "miss", "shared")} == {0}
    assert counted("tts_request_duration_seconds_count", source="telegram", cache="miss") == 1


async def test_the_log_has_one_line_for_what_was_made(opened: Opened, offline: FakeEngine) -> None:
    """However many wanted it: from where, by which engine, how long, how fast; never what, by whom or where on it."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with opened() as speaker:
        with capture_logs() as logs:
            answers = [await speaker.say(request(guild=guild)) for guild in ("discord:1", "api:1")]
            gate.set()
            for answer in answers:
                assert isinstance(answer, Said)
                clip = await answer.speech.clip()
            await speaker.settle()
    (line,) = logs
    took, first = line.pop("took"), line.pop("first_audio")
    assert 0 <= first <= took
    assert line == {
        "event": "spoken",
        "log_level": "info",
        "source": "discord",
        "engine": "offline",
        "seconds": pytest.approx(clip.seconds, abs=0.001),
        "cached": False,
    }


async def test_what_was_found_is_told_only_to_who_wants_to_know_all(speaker: Speaker) -> None:
    """A busy house finds thousands."""
    answer = await speaker.say(request())
    assert isinstance(answer, Said)
    await answer.speech.clip()
    with capture_logs() as logs:
        await speaker.say(request(guild="api:1"))  # not in the cache yet
        await speaker.settle()
        await hear(speaker, request(guild="api:2"))
    assert [(line["log_level"], line["event"], line["source"], line["engine"], line["cached"]) for line in logs] == [
        ("debug", "spoken", "api", "offline", True)
    ] * 2


class TestWriting:
    """How the writing of an answer ended that was spoken meanwhile."""

    @pytest.fixture
    def ended(self, counted: Counted) -> Callable[[], dict[str, float]]:
        """What was counted of that."""

        def ended() -> dict[str, float]:
            outcomes = ("completed", "cut", "failed", "cancelled")
            found = {outcome: counted("llm_requests_total", outcome=outcome) for outcome in outcomes}
            return {outcome: count for outcome, count in found.items() if count}

        return ended

    async def test_one_that_was_written_to_its_end(
        self, speaker: Speaker, ended: Callable[[], dict[str, float]]
    ) -> None:
        """Is complete."""
        await hear(speaker, request(_written("Hello there. ", "And more.")))
        assert ended() == {"completed": 1}

    async def test_one_that_is_longer_than_is_spoken(
        self, opened: Opened, ended: Callable[[], dict[str, float]]
    ) -> None:
        """Was cut."""
        async with opened(speak=SpeakSettings(max_chars=20)) as speaker:
            answer = await hear(speaker, request(_written("Hello there. ", "And many more words.", "Never.")))
        assert answer.truncated
        assert ended() == {"cut": 1}

    async def test_one_that_broke_off(self, speaker: Speaker, ended: Callable[[], dict[str, float]]) -> None:
        """Has failed, whatever the error."""

        async def broken() -> AsyncIterator[str]:
            yield "Hello there. "
            raise ConnectionError("the LLM hung up")

        await hear(speaker, request(broken()))
        assert ended() == {"failed": 1}

    @pytest.mark.parametrize("where", ["writing", "speaking"])
    async def test_one_that_nobody_wants_any_more(
        self, opened: Opened, offline: FakeEngine, ended: Callable[[], dict[str, float]], where: str
    ) -> None:
        """Was cancelled, and its writer is told before the speech is over: while it writes, and while it is spoken."""
        never, closed = asyncio.Event(), asyncio.Event()

        async def endless() -> AsyncIterator[str]:
            try:
                yield "Hello there. And more. "
                if where == "writing":
                    await never.wait()
                while True:
                    yield "And more. "
            finally:
                closed.set()

        if where == "speaking":
            offline.sleep = lambda _: never.wait()  # type: ignore[assignment,return-value]
        async with opened() as speaker:
            answer = await speaker.say(request(endless()))
            assert isinstance(answer, Said)
            async with asyncio.timeout(10):
                while not offline.asked:  # noqa: ASYNC110 (what comes about is not an event of its own)
                    await asyncio.sleep(0.001)
            (task,) = speaker._workshop._tasks
            answer.cancel()
            await asyncio.wait({task})
            assert closed.is_set()
            assert ended() == {"cancelled": 1}

    async def test_one_that_an_engine_failed_at(
        self, opened: Opened, offline: FakeEngine, ended: Callable[[], dict[str, float]]
    ) -> None:
        """Is heard no further, and so need not be written any further."""
        offline.scripts = (Script(pieces=0, error=EngineUnavailable("offline", "away")),)
        async with opened() as speaker:
            await hear(speaker, request(_written("Hello there. ", "And more. ", "And more.")))
        assert ended() == {"cancelled": 1}


async def _written(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece
