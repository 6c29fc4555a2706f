"""What is only looked at when Prometheus asks: queue, fairness, cache, breakers, memory."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector

from bot.speaker import Speaker


class Gauges(Collector):
    """A collector over one speaker."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    def collect(self) -> Iterator[Metric]:
        """The families, made anew each time."""
        yield from ()


async def exposition(speaker: Speaker) -> tuple[bytes, str]:
    """The whole of ``/metrics`` and its content type; what is slow is done beside the event loop."""
    raise NotImplementedError
