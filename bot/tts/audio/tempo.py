"""The same voice at the same pitch, faster or slower."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.filter
import numpy as np

from bot.speech import Samples

_AS_IT_IS = 0.005
"""A difference in speed that nobody hears."""


class Tempo:
    """Makes sound ``rate`` times as fast, half to double, as it comes; by FFmpeg's ``atempo``."""

    def __init__(self, rate: float, hertz: int) -> None:
        self._hertz = hertz
        self._graph = None if abs(rate - 1) < _AS_IT_IS else _graph(rate, hertz)

    def feed(self, samples: Samples) -> Samples:
        """What is ready of the sound."""
        if self._graph is None or not samples.size:
            return samples
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[np.newaxis]), format="flt", layout="mono")
        frame.sample_rate = self._hertz
        self._graph.push(frame)
        return _joined(_pulled(self._graph))

    def finish(self) -> Samples:
        """The rest of the sound."""
        if self._graph is None:
            return np.zeros(0, np.float32)
        self._graph.push(None)
        return _joined(_pulled(self._graph))


def _graph(rate: float, hertz: int) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=hertz, format="flt", layout="mono")
    tempo = graph.add("atempo", f"{rate:.3f}")
    sink = graph.add("abuffersink")
    source.link_to(tempo)
    tempo.link_to(sink)
    graph.configure()
    return graph


def _pulled(graph: av.filter.Graph) -> Iterator[Samples]:
    while True:
        try:
            yield np.asarray(graph.pull().to_ndarray(), np.float32).reshape(-1)
        except (av.EOFError, av.BlockingIOError):
            return


def _joined(pieces: Iterator[Samples]) -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *pieces])
