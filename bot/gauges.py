"""What is only looked at when Prometheus asks: queue, fairness, engines, cache, memory; and the whole page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import psutil
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, REGISTRY, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import bot
from bot.health import EngineHealth
from bot.queue import Dispatcher
from bot.speaker import Speaker
from bot.store import Stats
from bot.tts.breaker import State
from bot.tts.instances import InstanceState
from bot.tts.instances.instance import Figures
from bot.tts.pool import MemberHealth

Row = tuple[tuple[str, ...], float]

TEXTS = {
    "sayso_build_info": "Which Sayso this is.",
    "tts_self_test_passed": "Whether the self-test was spoken, and came from the cache the second time.",
    "tts_engine_up": "Whether the engine has voices here and now, and no breaker keeps it from speaking.",
    "tts_engine_slots": "Turns that the engine takes at once.",
    "tts_engine_running": "Turns that the engine is at now.",
    "tts_engine_memory_bytes": "Memory of the engine's own processes; what lives in this one is in the process's own.",
    "tts_breaker_state": "Whether the engine's breaker is in this state.",
    "tts_queue_depth": "Turns that wait.",
    "tts_queue_guilds": "Guilds that wait.",
    "tts_queue_audio_seconds": "Sound that waits or was announced, by estimate.",
    "tts_queue_eta_seconds": "How long who comes now will wait behind all of that, by estimate.",
    "tts_fairness_index": "Jain's index of what guilds had of the engine of late over what they were due: 1 is fair.",
    "tts_fairness_guilds": "Guilds that the index of fairness is over.",
    "tts_cache_entries": "Speeches in the cache of recent sound: on disk, and which of these are in memory too.",
    "tts_cache_bytes": "Size of the cache of recent sound.",
    "tts_cache_limit_bytes": "Size that the cache of recent sound may have.",
    "tts_cache_max_age_seconds": "How long a speech that nobody asks for stays in the cache of recent sound.",
    "tts_pool_member_up": "Whether the member of the pool is asked to speak, and not left out.",
    "tts_pool_member_outstanding": "Utterances that the member of the pool is at now.",
    "tts_pool_member_spoken": "Utterances that the member of the pool spoke.",
    "tts_pool_member_failed": "Utterances that the member of the pool failed at.",
    "tts_instance_state": "Whether the local instance is in this state.",
    "tts_instance_memory_bytes": "Memory of the local instance and of what it has started.",
    "tts_instance_cpu_seconds": "Processor time that the local instance has used since it was started.",
    "tts_instance_alive_seconds": "Time since the local instance was started.",
}
"""What each family that is made here is."""


class Pooled(Protocol):
    """A pool, as far as it is looked at here."""

    @property
    def health(self) -> Sequence[MemberHealth]: ...


class Child(Protocol):
    """A local instance, as far as it is looked at here; ``figures`` are asked for beside the event loop."""

    label: str

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> InstanceState: ...

    @property
    def figures(self) -> Figures | None: ...


class Housed(Protocol):
    """An engine with processes of its own."""

    @property
    def pids(self) -> Sequence[int]: ...


Verdict = Callable[[], bool | None]


def unknown() -> bool | None:
    """The verdict of no self-test, or of one that is not over."""
    return None


class Gauges:
    """What is there to be looked at: a speaker, and what it cannot tell of itself.

    ``pools`` and ``workers`` by the name of their engine; ``instances`` with theirs.
    """

    def __init__(
        self,
        speaker: Speaker,
        *,
        pools: Mapping[str, Pooled] | None = None,
        instances: Sequence[Child] = (),
        workers: Mapping[str, Housed] | None = None,
        passed: Verdict = unknown,
    ) -> None:
        self._speaker = speaker
        self._pools = dict(pools or {})
        self._instances = tuple(instances)
        self._workers = dict(workers or {})
        self._passed = passed

    async def look(self) -> Look:
        """Look at all that only the event loop may look at."""
        engines = await self._speaker.engines()
        families = [
            *_about(self._passed()),
            *_engines(engines),
            *_queue(self._speaker.dispatcher),
            *_cache(self._speaker.store.cache.stats()),
            *_pool(self._pools),
            _states(self._instances),
        ]
        return Look(families, {name: tuple(engine.pids) for name, engine in self._workers.items()}, self._instances)


class Look(Collector):
    """The families as they were found, and what it takes milliseconds to find: that is done by :meth:`collect`."""

    def __init__(
        self, families: Sequence[Metric], pids: Mapping[str, Sequence[int]], instances: Sequence[Child]
    ) -> None:
        self._families = families
        self._pids = pids
        self._instances = instances

    def collect(self) -> Iterator[Metric]:
        """All of the process's families, then these; without the times at which each series was begun."""
        for family in REGISTRY.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
        yield from self._families
        yield from _costs(self._pids, self._instances)


async def exposition(of: Speaker | Gauges) -> tuple[bytes, str]:
    """The whole of ``/metrics`` and its content type; what is slow is done beside the event loop."""
    look = await (of if isinstance(of, Gauges) else Gauges(of)).look()
    return await asyncio.to_thread(generate_latest, look), CONTENT_TYPE_PLAIN_0_0_4


def _about(passed: bool | None) -> Iterator[Metric]:
    yield _gauge("sayso_build_info", ("version",), [((bot.__version__,), 1)])
    if passed is not None:
        yield _gauge("tts_self_test_passed", (), [((), passed)])


def _engines(engines: Sequence[EngineHealth]) -> Iterator[Metric]:
    label = ("engine",)
    yield _gauge("tts_engine_up", label, [((one.name,), one.speaks and one.breaker != "open") for one in engines])
    yield _gauge("tts_engine_slots", label, [((one.name,), one.slots) for one in engines])
    yield _gauge("tts_engine_running", label, [((one.name,), one.running) for one in engines])
    states = [((one.name, state.value), one.breaker == state) for one in engines if one.breaker for state in State]
    yield _gauge("tts_breaker_state", ("engine", "state"), states)


def _queue(dispatcher: Dispatcher) -> Iterator[Metric]:
    desks, label = dispatcher.snapshot(), ("engine",)
    yield _gauge("tts_queue_depth", ("engine", "priority"), _depth(dispatcher))
    yield _gauge("tts_queue_guilds", label, [((desk.engine,), desk.guilds) for desk in desks])
    yield _gauge("tts_queue_audio_seconds", label, [((desk.engine,), desk.seconds) for desk in desks])
    yield _gauge("tts_queue_eta_seconds", label, [((desk.engine,), desk.eta) for desk in desks])
    fair = dispatcher.fairness().items()
    yield _gauge("tts_fairness_index", label, [((engine,), found.index) for engine, found in fair])
    yield _gauge("tts_fairness_guilds", label, [((engine,), found.guilds) for engine, found in fair])


def _depth(dispatcher: Dispatcher) -> Iterator[Row]:
    for engine, waiting in dispatcher.depth().items():
        for priority, turns in waiting.items():
            yield (engine, priority.name.lower()), turns


def _cache(stats: Stats) -> Iterator[Metric]:
    yield _gauge("tts_cache_entries", *_places(stats.entries, stats.memory_entries))
    yield _gauge("tts_cache_bytes", *_places(stats.bytes, stats.memory_bytes))
    yield _gauge("tts_cache_limit_bytes", *_places(stats.max_bytes, stats.max_memory_bytes))
    yield _gauge("tts_cache_max_age_seconds", (), [((), stats.max_age)])


def _places(disk: int, memory: int) -> tuple[tuple[str], Sequence[Row]]:
    return ("place",), [(("disk",), disk), (("memory",), memory)]


def _pool(pools: Mapping[str, Pooled]) -> Iterator[Metric]:
    members = [((engine, one.label), one) for engine, pool in pools.items() for one in pool.health]
    labels = ("engine", "member")
    yield _gauge("tts_pool_member_up", labels, [(who, not one.out) for who, one in members])
    yield _gauge("tts_pool_member_outstanding", labels, [(who, one.outstanding) for who, one in members])
    yield _counter("tts_pool_member_spoken", labels, [(who, one.spoken) for who, one in members])
    yield _counter("tts_pool_member_failed", labels, [(who, one.failed) for who, one in members])


def _states(instances: Sequence[Child]) -> Metric:
    rows = [((one.name, one.label, state.value), one.state is state) for one in instances for state in InstanceState]
    return _gauge("tts_instance_state", ("engine", "member", "state"), rows)


def _costs(pids: Mapping[str, Sequence[int]], instances: Sequence[Child]) -> Iterator[Metric]:
    """What the processes of the engines have taken: up to a millisecond for each of them."""
    figures = [((one.name, one.label), found) for one in instances if (found := one.figures) is not None]
    memory = {engine: float(sum(map(_resident, own))) for engine, own in pids.items()}
    for (engine, _), found in figures:
        memory[engine] = memory.get(engine, 0.0) + found.memory
    labels = ("engine", "member")
    yield _gauge("tts_engine_memory_bytes", ("engine",), [((engine,), size) for engine, size in memory.items()])
    yield _gauge("tts_instance_memory_bytes", labels, [(who, one.memory) for who, one in figures])
    yield _counter("tts_instance_cpu_seconds", labels, [(who, one.processor) for who, one in figures])
    yield _gauge("tts_instance_alive_seconds", labels, [(who, one.alive) for who, one in figures])


def _resident(pid: int) -> int:
    """Bytes; none of a process that has ended since."""
    with suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _gauge(name: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    return _filled(GaugeMetricFamily(name, TEXTS[name], labels=labels), rows)


def _counter(name: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
    return _filled(CounterMetricFamily(name, TEXTS[name], labels=labels), rows)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, rows: Iterable[Row]) -> Metric:
    for labels, value in rows:
        family.add_metric(labels, value)
    return family
