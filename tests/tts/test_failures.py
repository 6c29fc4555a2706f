"""Failures: each is counted once."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from bot.errors import EngineBroken, EngineError, EngineTimeout, EngineUnavailable, NothingToSay, UnknownVoice
from bot.speech import EngineVoice, Utterance
from bot.tts import failures
from bot.tts.breaker import Breaker
from bot.tts.engine import Engine
from bot.tts.fallback import Fallback
from tests.doubles.engine import FakeEngine, Script

Counted = Callable[..., float]


@pytest.fixture
def counted() -> Counted:
    """How often something was counted in this test."""
    before: dict[tuple[str, ...], float] = {}

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"{name}_total", labels) or 0.0

    def since(name: str, **labels: str) -> float:
        return value(name, **labels) - before.setdefault((name, *labels.values()), value(name, **labels))

    return since


def failing(name: str, kind: type[EngineError] = EngineTimeout, pieces: int = 0) -> FakeEngine:
    return FakeEngine(name, [Script(pieces, error=kind(name, "No."))])


async def say(engine: Engine, first: str = "edge") -> None:
    """One utterance, whatever comes of it."""
    hello = Utterance("Hello.", first, "v", "en", alternatives=(EngineVoice("offline", "heart"),))

    async def whole() -> None:
        _ = [pcm async for pcm in engine.synthesize(hello)]

    await asyncio.gather(whole(), return_exceptions=True)


async def test_a_failure_is_counted_once_however_many_see_it(counted: Counted) -> None:
    """The breaker and the fallback around it see the same one."""
    counted("tts_engine_failures", engine="edge", error="engine_timeout")
    await say(Fallback([Breaker(failing("edge")), FakeEngine("offline")]))
    assert counted("tts_engine_failures", engine="edge", error="engine_timeout") == 1


async def test_who_has_no_breaker_is_counted_too(counted: Counted) -> None:
    """Each by its own name and kind; also when it broke off."""
    counted("tts_engine_failures", engine="edge", error="engine_timeout")
    counted("tts_engine_failures", engine="offline", error="engine_broken")
    await say(Fallback([failing("edge"), failing("offline", EngineBroken, pieces=1)]))
    assert counted("tts_engine_failures", engine="edge", error="engine_timeout") == 1
    assert counted("tts_engine_failures", engine="offline", error="engine_broken") == 1


@pytest.mark.parametrize("kind", [NothingToSay, UnknownVoice])
async def test_the_inputs_fault_is_nobodys_failure(kind: type[EngineError], counted: Counted) -> None:
    """A blank text says nothing of an engine."""
    labels = {"engine": "edge", "error": "nothing_to_say" if kind is NothingToSay else "unknown_voice"}
    counted("tts_engine_failures", **labels)
    await say(Fallback([Breaker(failing("edge", kind)), FakeEngine("offline")]))
    assert counted("tts_engine_failures", **labels) == 0


async def test_what_a_breaker_refuses_the_engine_did_not_fail_at(counted: Counted) -> None:
    """It was not asked."""
    down = Breaker(failing("edge", EngineUnavailable), failures=1)
    await say(down)
    counted("tts_engine_failures", engine="edge", error="engine_unavailable")
    counted("tts_fallbacks", engine="edge", instead="offline")
    await say(Fallback([down, FakeEngine("offline")]))
    assert counted("tts_engine_failures", engine="edge", error="engine_unavailable") == 0
    assert counted("tts_fallbacks", engine="edge", instead="offline") == 1


async def test_who_spoke_instead_is_counted_when_it_is_heard(counted: Counted) -> None:
    """Not for the engine that should speak, nor for one that failed as well."""
    counted("tts_fallbacks", engine="edge", instead="offline")
    await say(Fallback([FakeEngine("edge"), FakeEngine("offline")]))
    await say(Fallback([failing("edge"), failing("offline")]))
    assert counted("tts_fallbacks", engine="edge", instead="offline") == 0
    await say(Fallback([failing("edge"), failing("offline", pieces=2)]))
    assert counted("tts_fallbacks", engine="edge", instead="offline") == 1


async def test_every_change_of_a_breaker_is_counted(counted: Counted) -> None:
    """From closed to open, half-open and closed again."""
    engine, now = FakeEngine("fickle", [Script(0, error=EngineTimeout("fickle", "No.")), Script()]), 0.0
    breaker = Breaker(engine, failures=1, open_seconds=10.0, clock=lambda: now)
    for state in ("open", "half_open", "closed"):
        assert REGISTRY.get_sample_value("tts_breaker_changes_total", {"engine": "fickle", "state": state}) == 0
    await say(breaker)
    now = 20.0
    await say(breaker)
    for state in ("open", "half_open", "closed"):
        assert REGISTRY.get_sample_value("tts_breaker_changes_total", {"engine": "fickle", "state": state}) == 1


def test_a_counted_failure_is_not_kept() -> None:
    """An error holds the frames that it passed through."""
    failures.count("edge", error := EngineTimeout("edge", "No."))
    kept = weakref.ref(error)
    del error
    gc.collect()
    assert kept() is None
