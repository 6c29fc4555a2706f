"""The page that Prometheus reads: what stands on it is what is so, and as Prometheus wants it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.errors import EngineUnavailable, SaysoError
from bot.gauges import TEXTS, Gauges, exposition
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Priority, Request, Utterance
from bot.tts.breaker import Breaker
from bot.tts.instances import InstanceState
from bot.tts.instances.instance import Figures
from bot.tts.pool import Member, Pool
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script

Series = tuple[str, tuple[tuple[str, str], ...]]

UNITS = ("milliseconds", "minutes", "hours", "kilobytes", "megabytes", "percent", "kilobits", "bits")
"""What is not counted in Prometheus' base units."""


@dataclass(slots=True)
class Child:
    """A local instance that costs what it is told to; ``asked_in`` is the thread in which it was asked."""

    label: str = "offline-1"
    name: str = "offline"
    state: InstanceState = InstanceState.UP
    figures_now: Figures | None = None
    asked_in: list[int] = field(default_factory=list)

    @property
    def figures(self) -> Figures | None:
        self.asked_in.append(threading.get_ident())
        return self.figures_now


@dataclass(slots=True)
class Housed:
    """An engine with processes."""

    pids: Sequence[int]


async def page(of: Speaker | Gauges) -> str:
    """What Prometheus reads."""
    text, kind = await exposition(of)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    return text.decode()


def series(text: str) -> dict[Series, float]:
    """Each sample by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def value(of: Speaker | Gauges, name: str, **labels: str) -> float | None:
    """One sample, if it is there."""
    return series(await page(of)).get((name, tuple(sorted(labels.items()))))


async def heard(speaker: Speaker, text: str, guild: str = "discord:42", engine: str | None = None) -> None:
    """Have it said, whatever comes of it."""
    said = await speaker.say(Request(guild, guild, text, engine=engine))
    if isinstance(said, Said):
        with suppress(SaysoError):
            await said.speech.clip()


async def kept(speaker: Speaker, entries: int) -> None:
    """Wait until the cache holds so many."""
    async with asyncio.timeout(5):
        while speaker.store.cache.stats().entries != entries:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def eventful(speaker: Speaker, edge: FakeEngine) -> None:
    """Let a speaker speak, from the engine and from the cache, fail and refuse."""
    await heard(speaker, "Hello there.")
    await kept(speaker, 1)
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "No route."))]
    for text in ("Hello there.", "", "Good evening."):
        await heard(speaker, text)
    await heard(speaker, "This will fail.", "api:1", "edge")
    assert edge.asked
    assert not edge.finished


@pytest.fixture
async def whole(speaker: Speaker, edge: FakeEngine, offline: FakeEngine) -> str:
    """The page of a server with all there can be, after much has happened."""
    alone = Breaker(edge)
    speaker.stage = replace(
        speaker.stage, engines={"offline": offline, "edge": alone}, fallbacks={}, breakers={"edge": alone}
    )
    await eventful(speaker, edge)
    gauges = Gauges(
        speaker,
        pools={"offline": Pool("offline", [Member(offline, "offline-1"), Member(offline, "offline-2")])},
        instances=[Child(figures_now=Figures(5_000_000, 1.5, 60.0, 1)), Child("offline-2", state=InstanceState.DOWN)],
        workers={"edge": Housed((os.getpid(),))},
        passed=lambda: True,
    )
    return await page(gauges)


class TestPage:
    """The form of it."""

    def test_promtool_has_nothing_to_say(self, whole: str) -> None:
        """The linter of Prometheus itself."""
        promtool = shutil.which("promtool")
        if promtool is None:
            pytest.skip("promtool is not installed (Debian: apt install prometheus)")
        found = subprocess.run(
            [promtool, "check", "metrics"], input=whole, capture_output=True, text=True, timeout=60, check=False
        )
        assert (found.returncode, found.stdout, found.stderr) == (0, "", "")

    def test_each_family_is_explained_once(self, whole: str) -> None:
        """Its help and its type stand before it, and nowhere else."""
        helps = re.findall(r"^# HELP (\S+) (.+)$", whole, re.M)
        types = re.findall(r"^# TYPE (\S+) (\S+)$", whole, re.M)
        assert [name for name, _ in helps] == [name for name, _ in types]
        assert max(Counter(name for name, _ in helps).values()) == 1
        assert all(text.strip() for _, text in helps)

    def test_no_series_is_there_twice(self, whole: str) -> None:
        """Prometheus would refuse the whole page."""
        lines = [line.rpartition(" ")[0] for line in whole.splitlines() if line and not line.startswith("#")]
        assert max(Counter(lines).values()) == 1
        assert len(series(whole)) == len(lines)

    def test_names_keep_the_rules(self, whole: str) -> None:
        """Counters and nobody else end in _total; no type, no colon and no other unit than the base one in a name."""
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", whole, re.M))
        for name, kind in types.items():
            assert name.endswith("_total") == (kind == "counter"), name
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
            assert not name.endswith(("_count", "_sum", "_bucket", "_created")), name
            words = set(name.split("_"))
            assert not words & {"gauge", "counter", "histogram", "summary", *UNITS}, name

    def test_no_label_is_anybodys(self, whole: str) -> None:
        """Neither guild nor user nor voice nor text, however much they said."""
        labels = {label for _, pairs in series(whole) for label, _ in pairs}
        assert not labels & {"guild", "user", "voice", "text", "persona", "key", "instance", "job"}
        assert not re.search(r"discord:|:42|api:1|Hello|heart|Ava", whole)

    def test_all_that_is_explained_is_there(self, whole: str) -> None:
        """No text without its family."""
        names = set(re.findall(r"^# TYPE (\S+)", whole, re.M))
        assert {name for name in TEXTS if name not in names and f"{name}_total" not in names} == set()

    def test_the_process_and_its_python_are_on_it(self, whole: str) -> None:
        """What the client library knows by itself, without the times at which each series began."""
        names = {name for name, _ in series(whole)}
        assert {"python_info", "python_gc_collections_total"} <= names
        assert "process_resident_memory_bytes" in names or not os.path.exists("/proc/self/stat")  # noqa: PTH110
        assert not any(name.endswith("_created") for name in names)

    async def test_there_is_one_page_for_each_look(self, speaker: Speaker) -> None:
        """It can be read again and again, and by several at once."""
        first, second = await asyncio.gather(page(speaker), page(speaker))
        assert set(series(first)) == set(series(second)) == set(series(await page(speaker)))


class TestEngines:
    """What the engines are doing."""

    async def test_who_can_speak_is_up(self, speaker: Speaker, offline: FakeEngine) -> None:
        """Who has voices is, and who has lost them is not."""
        assert await value(speaker, "tts_engine_up", engine="offline") == 1.0
        offline.installed = ()
        assert await value(speaker, "tts_engine_up", engine="offline") == 0.0
        assert await value(speaker, "tts_engine_up", engine="edge") == 1.0

    async def test_a_breaker_is_in_one_state(self, speaker: Speaker, edge: FakeEngine) -> None:
        """One of three is 1, and while it is open the engine is not up."""
        now = 1000.0
        breaker = Breaker(edge, failures=1, open_seconds=60.0, clock=lambda: now, chance=lambda: 0.0)
        speaker.stage = replace(speaker.stage, engines={"edge": breaker}, fallbacks={}, breakers={"edge": breaker})

        async def states() -> str:
            found = series(await page(speaker))
            return "".join(
                str(int(found["tts_breaker_state", (("engine", "edge"), ("state", state))]))
                for state in ("closed", "open", "half_open")
            )

        assert await states() == "100"
        edge.scripts = [Script(0, error=EngineUnavailable("edge", "No route."))]
        await heard(speaker, "Hello there.", engine="edge")
        assert await states() == "010"
        assert await value(speaker, "tts_engine_up", engine="edge") == 0.0
        now += 61.0
        assert await states() == "001"
        assert await value(speaker, "tts_engine_up", engine="edge") == 1.0

    async def test_who_has_no_breaker_has_no_state_of_it(self, speaker: Speaker) -> None:
        """Rather than one that is made up."""
        assert not any(name == "tts_breaker_state" for name, _ in series(await page(speaker)))

    async def test_a_pool_tells_of_its_members(self, speaker: Speaker) -> None:
        """Who is left out is down, and its failures are counted."""
        broken = FakeEngine("remote", scripts=[Script(0, error=EngineUnavailable("remote", "No.", retry_after=60.0))])
        pool = Pool("remote", [Member(broken, "10.0.0.5:8888"), Member(FakeEngine("remote"), "10.0.0.6:8888")])
        gauges = Gauges(speaker, pools={"remote": pool})
        async for _ in pool.synthesize(Utterance("Hello.", "remote", "v", "en")):
            pass
        first, second = ({"engine": "remote", "member": f"10.0.0.{n}:8888"} for n in (5, 6))
        assert await value(gauges, "tts_pool_member_up", **first) == 0.0
        assert await value(gauges, "tts_pool_member_failed_total", **first) == 1.0
        assert await value(gauges, "tts_pool_member_up", **second) == 1.0
        assert await value(gauges, "tts_pool_member_spoken_total", **second) == 1.0
        assert await value(gauges, "tts_pool_member_outstanding", **second) == 0.0


class TestMemory:
    """What the processes of engines take."""

    async def test_workers_and_instances_of_an_engine_add_up(self, speaker: Speaker) -> None:
        """A real process and one that says what it takes."""
        child = Child(figures_now=Figures(7_000_000, 2.5, 60.0, 1))
        both = Gauges(speaker, instances=[child], workers={"offline": Housed((os.getpid(),))})
        own = await value(Gauges(speaker, workers={"offline": Housed((os.getpid(),))}), *MEMORY, **OFFLINE)
        assert own is not None
        assert own > 1_000_000
        together = await value(both, *MEMORY, **OFFLINE)
        assert together is not None
        assert together >= 7_000_000 + own / 2
        who = {"engine": "offline", "member": "offline-1"}
        assert await value(both, "tts_instance_memory_bytes", **who) == 7_000_000
        assert await value(both, "tts_instance_cpu_seconds_total", **who) == 2.5
        assert await value(both, "tts_instance_alive_seconds", **who) == 60.0

    async def test_a_process_that_has_ended_takes_nothing(self, speaker: Speaker) -> None:
        """It may end between the look and the count."""
        ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await ended.wait()
        assert await value(Gauges(speaker, workers={"offline": Housed((ended.pid,))}), *MEMORY, **OFFLINE) == 0.0

    async def test_an_instance_that_sleeps_has_a_state_and_no_costs(self, speaker: Speaker) -> None:
        """It is down, which is no fault."""
        gauges = Gauges(speaker, instances=[Child(state=InstanceState.DOWN)])
        who = {"engine": "offline", "member": "offline-1"}
        assert await value(gauges, "tts_instance_memory_bytes", **who) is None
        assert await value(gauges, "tts_instance_state", state="down", **who) == 1.0
        assert await value(gauges, "tts_instance_state", state="up", **who) == 0.0

    async def test_what_is_slow_is_looked_at_beside_the_loop(self, speaker: Speaker) -> None:
        """Nobody's speech waits for a walk through the processes."""
        child = Child()
        await page(Gauges(speaker, instances=[child]))
        assert child.asked_in
        assert threading.get_ident() not in child.asked_in


MEMORY = ("tts_engine_memory_bytes",)
OFFLINE = {"engine": "offline"}


class TestQueue:
    """Who waits."""

    async def test_depth_and_turns_are_those_of_the_dispatcher(self, opened: Opened, offline: FakeEngine) -> None:
        """By engine, and by priority while they wait."""
        gate = asyncio.Event()
        offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
        async with opened(slots=1) as speaker:
            for number, priority in enumerate((Priority.HIGH, Priority.LOW, Priority.LOW)):
                said = await speaker.say(Request(f"g{number}", "u", f"Number {number}.", priority=priority))
                assert isinstance(said, Said)
            async with asyncio.timeout(10):
                while speaker.dispatcher.waiting() != 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            found = series(await page(speaker))
            engine = ("engine", "offline")
            assert found["tts_queue_depth", (engine, ("priority", "low"))] == 2.0
            assert found["tts_queue_depth", (engine, ("priority", "high"))] == 0.0
            assert found["tts_engine_running", (engine,)] == found["tts_engine_slots", (engine,)] == 1.0
            assert found["tts_queue_guilds", (engine,)] == 2.0
            assert found["tts_queue_audio_seconds", (engine,)] > 0.0
            assert found["tts_queue_eta_seconds", (engine,)] > 0.0

    async def test_fairness_is_told_by_engine(self, speaker: Speaker) -> None:
        """Of two guilds that had what they wanted, one engine is fair, and of the other there is nothing to say."""
        for guild in ("a", "b"):
            await heard(speaker, f"Hello from {guild}.", guild)
        assert await value(speaker, "tts_fairness_guilds", engine="offline") == 2.0
        assert await value(speaker, "tts_fairness_index", engine="offline") == pytest.approx(1.0)
        assert await value(speaker, "tts_fairness_guilds", engine="edge") == 0.0


class TestCache:
    """Recent sound."""

    async def test_what_was_said_is_in_it(self, speaker: Speaker) -> None:
        """On disk and in memory, within what it may take."""
        await heard(speaker, "Hello there.")
        await kept(speaker, 1)
        stats = speaker.store.cache.stats()
        assert await value(speaker, "tts_cache_entries", place="disk") == stats.entries == 1
        assert await value(speaker, "tts_cache_bytes", place="memory") == stats.memory_bytes > 0
        assert await value(speaker, "tts_cache_limit_bytes", place="disk") == stats.max_bytes
        assert await value(speaker, "tts_cache_max_age_seconds") == stats.max_age


class TestSelfTest:
    """Whether it can speak at all."""

    @pytest.mark.parametrize(("verdict", "shown"), [(True, 1.0), (False, 0.0), (None, None)])
    async def test_the_verdict_is_shown_when_there_is_one(
        self, speaker: Speaker, verdict: bool | None, shown: float | None
    ) -> None:
        """What is not known yet is neither passed nor failed."""
        assert await value(Gauges(speaker, passed=lambda: verdict), "tts_self_test_passed") == shown

    async def test_without_one_nothing_is_claimed(self, speaker: Speaker) -> None:
        """A speaker alone is enough for all the rest."""
        assert await value(speaker, "tts_self_test_passed") is None
