"""The self-test: the real speaker over scripted engines, as after a start."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.config import SpeakSettings
from bot.errors import EngineUnavailable, StoreError
from bot.selftest import LANE, SENTENCES, Outcome, SelfTest
from bot.speaker import Speaker
from bot.speech import Request
from bot.tts.engine import Voice
from tests.conftest import HEART, Opened
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.store import Clock


async def test_it_speaks_and_then_hears_itself_from_the_cache(speaker: Speaker, offline: FakeEngine) -> None:
    """One synthesis, two turns, and who spoke."""
    test = SelfTest(speaker)
    assert (test.result.outcome, test.passed) == (Outcome.RUNNING, None)
    result = await test.run()
    assert result is test.result
    assert (result.outcome, test.passed, result.wrong) == (Outcome.PASSED, True, "")
    assert [(turn.engine, turn.voice, turn.cached) for turn in result.turns] == [
        ("offline", "zf_xiaoxiao", False),
        ("offline", "zf_xiaoxiao", True),
    ]
    assert result.turns[0].seconds == result.turns[1].seconds > 0
    assert len(offline.asked) == 1


async def test_each_run_speaks_anew(speaker: Speaker, offline: FakeEngine) -> None:
    """What was spoken yesterday proves nothing of today's engine."""
    test = SelfTest(speaker, "Hello.")
    for _ in range(2):
        assert not (await test.run()).turns[0].cached
    assert [utterance.text for utterance in offline.asked] == ["Hello.", "Hello."]


async def test_what_a_run_that_was_cut_off_left_is_not_taken_for_sound(speaker: Speaker, offline: FakeEngine) -> None:
    """It is dropped, and spoken anew."""
    test = SelfTest(speaker, "Hello.")
    said = await speaker.say(test._request("Hello."))
    await said.speech.clip()  # type: ignore[union-attr]
    await speaker.settle()
    assert not (await test.run()).turns[0].cached
    assert len(offline.asked) == 2


async def test_nothing_is_left_behind(speaker: Speaker) -> None:
    """No history, no favourites and no clip of somebody who is nobody."""
    await SelfTest(speaker).run()
    assert await speaker.latest(LANE) is None
    assert await speaker.latest(user=LANE) is None
    assert await speaker.store.preferences.favourites(LANE, LANE) == []
    assert speaker.store.cache.stats().entries == 0


async def test_somebody_who_said_the_same_keeps_what_they_said(speaker: Speaker, offline: FakeEngine) -> None:
    """Their clip is not the test's, however common the words are."""
    said = await speaker.say(Request("discord:1", "discord:42", SENTENCES[0]))
    await said.speech.clip()  # type: ignore[union-attr]
    await speaker.settle()
    assert (await SelfTest(speaker).run()).outcome is Outcome.PASSED
    assert await speaker.latest("discord:1") is not None
    assert speaker.store.cache.stats().entries == 1
    assert len(offline.asked) == 2


async def test_the_first_language_that_is_spoken_here_is_taken(speaker: Speaker, offline: FakeEngine) -> None:
    """Chinese before others, and where nobody speaks it the next."""
    offline.installed = (HEART,)
    assert (await SelfTest(speaker).run()).outcome is Outcome.PASSED
    assert offline.asked[0].text == SENTENCES[1]


async def test_where_none_of_the_languages_is_spoken_it_fails(opened: Opened, offline: FakeEngine) -> None:
    """And says so."""
    offline.installed = (Voice("offline", "hibernica", "ga", "female"),)
    async with opened(speak=SpeakSettings(voice="hibernica")) as speaker:
        result = await SelfTest(speaker).run()
    assert (result.outcome, result.turns) == (Outcome.FAILED, ())
    assert "any of the languages" in result.wrong


async def test_an_engine_that_does_not_speak_fails_it(speaker: Speaker, offline: FakeEngine) -> None:
    """With the engine's own words, fit for who reads them."""
    offline.scripts = (Script(pieces=0, error=EngineUnavailable("offline", "The voices are out; come back.")),)
    test = SelfTest(speaker)
    result = await test.run()
    assert (result.outcome, result.turns, test.passed) == (Outcome.FAILED, (), False)
    assert result.wrong == "The voices are out; come back."


async def test_a_refusal_fails_it(opened: Opened) -> None:
    """A text of one's own may be anything."""
    async with opened() as speaker:
        result = await SelfTest(speaker, "…").run()
    assert result.outcome is Outcome.FAILED
    assert "write some words" in result.wrong


async def test_a_fallback_that_spoke_is_named(opened: Opened, edge: FakeEngine, offline: FakeEngine) -> None:
    """The engine that should have spoken did not: that is not what was asked for, though something was heard."""
    edge.scripts = (Script(pieces=0, error=EngineUnavailable("edge", "away")),)
    async with opened(speak=SpeakSettings(engine="edge")) as speaker:
        result = await SelfTest(speaker, "Hello.").run()
    assert result.outcome is Outcome.FAILED
    assert [turn.engine for turn in result.turns] == ["offline", "offline"]
    assert "edge could not be reached, offline spoke instead" in result.wrong


async def test_without_a_cache_it_is_enough_to_speak(
    speaker: Speaker, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever turned the cache off wants to hear nothing from it."""
    cache = speaker.store.cache
    monkeypatch.setattr(cache, "_limits", replace(cache._limits, entries=0))
    result = await SelfTest(speaker).run()
    assert (result.outcome, [turn.cached for turn in result.turns]) == (Outcome.PASSED, [False, False])
    assert len(offline.asked) == 2


async def test_a_cache_that_forgets_at_once_fails_it(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what the second turn is for."""

    async def nowhere(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(speaker.store.cache, "put", nowhere)
    result = await SelfTest(speaker).run()
    assert result.outcome is Outcome.FAILED
    assert result.wrong == "What was spoken did not come from the cache the second time."


async def test_a_store_that_forgets_nothing_does_not_undo_the_verdict(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It spoke; that its trace stays for a while is no failure of speaking."""

    async def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(speaker.store.preferences, "forget", fails)
    assert (await SelfTest(speaker).run()).outcome is Outcome.PASSED


async def test_each_turn_is_timed(opened: Opened, offline: FakeEngine) -> None:
    """By the clock it was given: from the asking to the last packet."""
    clock = Clock()

    async def work(_: float) -> None:
        clock.advance(2.0)

    offline.sleep = work
    offline.scripts = (Script(pieces=1),)
    async with opened() as speaker:
        test = SelfTest(speaker, "Hello.", clock=clock)
        result = await test.run()
    assert [round(turn.took, 1) for turn in result.turns] == [2.0, 0.0]


async def test_the_log_has_the_verdict_and_not_the_words(speaker: Speaker, offline: FakeEngine) -> None:
    """One line, louder where it failed."""
    with capture_logs() as logs:
        await SelfTest(speaker, "Some secret.").run()
        offline.scripts = (Script(pieces=0, error=EngineUnavailable("offline", "away")),)
        await SelfTest(speaker, "Some secret.").run()
    lines = [line for line in logs if line["event"] == "self_test"]
    assert [(line["outcome"], line["log_level"]) for line in lines] == [("passed", "info"), ("failed", "warning")]
    assert "secret" not in str(logs)
