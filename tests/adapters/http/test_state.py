"""Whether it is alive, whether it can speak, and what it counts."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from shutil import which

import httpx
import pytest

import bot
from bot.adapters.http.state import AGAIN
from bot.config import SpeakSettings
from bot.errors import EngineUnavailable
from bot.gauges import Gauges
from bot.health import EngineHealth
from bot.selftest import Outcome, Result, SelfTest, Turn
from bot.speaker import Speaker
from bot.tts.engine import Voice
from tests.adapters.http.served import SPEECH, client, held, until
from tests.conftest import HEART, Opened
from tests.doubles.engine import FakeEngine, Script


@dataclass(slots=True)
class Clock:
    """Time that stands still until it is set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


async def readiness(http: httpx.AsyncClient) -> tuple[int, str]:
    """The status, and why it is not ready."""
    answer = await http.get("/ready")
    assert answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code, answer.json()["because"]


async def test_health_tells_how_everything_is(opened: Opened, offline: FakeEngine) -> None:
    """Engines, queue, cache with its limits, what is kept encoded, the self-test, and for how long it has run."""
    gate, clock = held(offline, 1), Clock(100.0)
    async with opened(slots=1) as speaker, client(speaker, clock=clock, test=SelfTest(speaker)) as http:
        await http.post(SPEECH, json={"input": "One."})
        await until(lambda: speaker.store.cache.stats().entries == 1)
        await http.post(SPEECH, json={"input": "One."})
        waiting = [asyncio.create_task(http.post(SPEECH, json={"input": text})) for text in ("Two.", "Three.")]
        await until(lambda: speaker.dispatcher.waiting() == 1)
        clock.now = 160.0
        health = (await http.get("/health")).json()
        gate.set()
        await asyncio.gather(*waiting)
    assert (health["status"], health["version"], health["uptime"]) == ("ok", bot.__version__, 60.0)
    assert health["engines"]["offline"] == {
        "name": "offline",
        "breaker": "",
        "opens_in": None,
        "slots": 1,
        "running": 1,
        "waiting": 1,
        "speaks": True,
    }
    assert health["queue"] == {"waiting": 1, "running": 1}
    assert (health["cache"]["entries"], health["cache"]["hits"]) == (1, 1)
    assert health["cache"]["max_bytes"] >= health["cache"]["bytes"] > 0
    assert (health["answers"]["entries"], health["answers"]["hits"]) == (1, 1)
    assert health["self_test"]["outcome"] == "running"


async def test_health_tells_what_the_self_test_found(speaker: Speaker) -> None:
    """Who spoke, how long it took, and that the second came from the cache."""
    test = SelfTest(speaker, "Hello.")
    await test.run()
    async with client(speaker, test=test) as http:
        found = (await http.get("/health")).json()["self_test"]
    assert (found["outcome"], found["wrong"]) == ("passed", "")
    assert [(turn["engine"], turn["cached"]) for turn in found["turns"]] == [("offline", False), ("offline", True)]


async def test_a_server_without_a_self_test_is_ready_if_an_engine_has_voices(
    opened: Opened, offline: FakeEngine, edge: FakeEngine
) -> None:
    """And not while none has, which it says engine by engine."""
    async with opened() as speaker, client(speaker) as http:
        assert await readiness(http) == (200, "")
        offline.installed = edge.installed = ()
        status, because = await readiness(http)
    assert status == 503
    assert "offline has no voices; edge has no voices" in because


async def test_a_server_is_not_ready_before_the_self_test_has_spoken(speaker: Speaker) -> None:
    """A model may take a minute to load."""
    test = SelfTest(speaker, "Hello.")
    async with client(speaker, test=test) as http:
        status, because = await readiness(http)
        assert (status, because) == (503, "The self-test is still going on.")
        await test.run()
        assert await readiness(http) == (200, "")


async def test_a_self_test_that_failed_is_told_until_an_engine_has_spoken(opened: Opened, offline: FakeEngine) -> None:
    """What speaks needs no test."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "It is away.")), Script()]
    async with opened() as speaker:
        test = SelfTest(speaker, "Hello.")
        assert (await test.run()).outcome is Outcome.FAILED
        async with client(speaker, test=test) as http:
            assert await readiness(http) == (503, "The self-test failed: It is away.")
            await http.post(SPEECH, json={"input": "Hello there."})
            assert await readiness(http) == (200, "")


async def test_a_self_test_that_failed_is_done_again_if_somebody_asks(opened: Opened, offline: FakeEngine) -> None:
    """Not too often. Who is not ready is sent nothing by which it could find out that it is."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "It is away.")), Script()]
    clock = Clock()
    async with opened() as speaker:
        test = SelfTest(speaker, "Hello.")
        await test.run()
        async with client(speaker, test=test, clock=clock) as http:
            for _ in range(3):
                await readiness(http)
            assert len(offline.asked) == 1
            clock.now = AGAIN
            assert (await readiness(http))[0] == 503
            await until(lambda: test.result.outcome is Outcome.PASSED)
            assert await readiness(http) == (200, "")


@pytest.mark.parametrize("path", ["/ready", "/health", "/metrics"])
async def test_a_self_test_that_failed_is_done_again_although_an_engine_has_spoken(
    opened: Opened, offline: FakeEngine, path: str
) -> None:
    """It is ready meanwhile; but its alarm would never end. Whoever asks how it is will do."""
    offline.scripts = [Script(0, error=EngineUnavailable("offline", "It is away.")), Script()]
    clock = Clock()
    async with opened() as speaker:
        test = SelfTest(speaker, "Hello.")
        await test.run()
        async with client(speaker, test=test, clock=clock) as http:
            await http.post(SPEECH, json={"input": "Hello there."})
            clock.now = AGAIN - 1
            await http.get(path)
            assert len(offline.asked) == 2
            clock.now = AGAIN
            assert (await http.get(path)).status_code == 200
            await until(lambda: test.result.outcome is Outcome.PASSED)


async def test_a_server_that_closes_tests_nothing_more(speaker: Speaker) -> None:
    """It could only fail."""
    test, clock = SelfTest(speaker), Clock()
    test.result = failed = Result(Outcome.FAILED, wrong="It was away.")
    async with client(speaker, test=test, clock=clock) as http:
        clock.now = AGAIN
        await speaker.dispatcher.drain(0.0)
        await readiness(http)
        await readiness(http)
    assert test.result is failed


async def test_a_self_test_whose_sound_is_not_cached_has_spoken_all_the_same(speaker: Speaker) -> None:
    """It failed, and health says so; but who listens hears something."""
    test = SelfTest(speaker, "Hello.")
    test.result = Result(Outcome.FAILED, (Turn("offline", "heart", 0.1, 0.3, False),), "It was not in the cache.")
    async with client(speaker, test=test) as http:
        assert (await http.get("/health")).json()["self_test"]["outcome"] == "failed"
        assert await readiness(http) == (200, "")


async def test_a_server_that_closes_is_not_ready(speaker: Speaker) -> None:
    """Nobody new is sent here."""
    async with client(speaker) as http:
        await speaker.dispatcher.drain(0.0)
        assert await readiness(http) == (503, "Sayso is closing.")


async def test_engines_that_are_left_alone_are_not_ready(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says for how long."""
    alone = EngineHealth("edge", "open", 12.0, 4, 0, 0, True)
    monkeypatch.setattr(speaker, "engines", told([alone]))
    async with client(speaker) as http:
        answer = await http.get("/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "edge failed several times and is left alone for 12 s" in answer.json()["because"]


async def test_an_engine_that_is_being_probed_is_ready(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe must come from somewhere."""
    monkeypatch.setattr(speaker, "engines", told([EngineHealth("edge", "half_open", None, 4, 0, 0, True)]))
    async with client(speaker) as http:
        assert await readiness(http) == (200, "")


def told(engines: Sequence[EngineHealth]) -> Callable[[], object]:
    """A speaker's word on its engines."""

    async def engines_() -> Sequence[EngineHealth]:
        return engines

    return engines_


async def test_metrics_are_what_prometheus_reads(opened: Opened) -> None:
    """Behind the key, counted by address and status; an address that does not exist is as good as any other."""
    headers = {"authorization": "Bearer key"}
    async with opened() as speaker, client(speaker, "key") as http:
        assert (await http.get("/metrics")).status_code == 401
        for path in ("/v1/models/edge", "/v1/models/nobody", "/secret", "/other"):
            await http.get(path, headers=headers)
        answer = await http.get("/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'http_requests_total{path="/v1/models/{model}",status="200"}' in answer.text
    assert 'http_requests_total{path="/v1/models/{model}",status="404"}' in answer.text
    assert 'http_requests_total{path="other",status="404"}' in answer.text
    assert 'http_requests_total{path="/metrics",status="401"}' in answer.text
    assert "secret" not in answer.text
    assert "tts_self_test_passed" not in answer.text


@pytest.mark.skipif(which("promtool") is None, reason="promtool comes with Prometheus")
async def test_promtool_finds_nothing_to_say(opened: Opened) -> None:
    """The words of the format, and its habits."""
    async with opened() as speaker, client(speaker) as http:
        await http.post(SPEECH, json={"input": "Hello there."})
        text = (await http.get("/metrics")).text
    command = ["promtool", "check", "metrics"]
    checked = await asyncio.to_thread(subprocess.run, command, input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(("text", "passed"), [("Hello.", "1.0"), ("Привет, как дела сегодня?", "0.0")])
async def test_metrics_tell_of_the_self_test(opened: Opened, text: str, passed: str) -> None:
    """Where there is one."""
    async with opened() as speaker:
        test = SelfTest(speaker, text)
        await test.run()
        async with client(speaker, test=test) as http:
            assert f"tts_self_test_passed {passed}" in (await http.get("/metrics")).text


async def test_metrics_look_at_what_they_are_given(opened: Opened) -> None:
    """The house has more than a speaker: pools, processes."""
    async with opened() as speaker, client(speaker, gauges=Gauges(speaker, passed=lambda: True)) as http:
        assert "tts_self_test_passed 1.0" in (await http.get("/metrics")).text


async def test_nobody_needs_a_key_to_see_that_it_is_alive(opened: Opened, offline: FakeEngine) -> None:
    """A watchman has none; and there is nothing of anybody's in it."""
    offline.installed = (*offline.installed, Voice("offline", "somebody", "en-US"), HEART)
    async with opened(speak=SpeakSettings()) as speaker, client(speaker, "key") as http:
        for path in ("/health", "/ready"):
            answer = await http.get(path)
            assert answer.status_code == 200
            assert "somebody" not in answer.text
