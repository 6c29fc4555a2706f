"""The little picture of a voice note: how loud it is, ten times a second."""

from __future__ import annotations

import numpy as np

from bot.speech import SAMPLE_RATE, Samples

POINTS = 256
"""Points at most, as Discord takes them."""
_POINT = SAMPLE_RATE // 10
_COMPANDING = 0.6
"""Below 1 it lifts what is quiet: a whisper 20 dB under the loudest still draws a quarter of the height."""


class Waveform:
    """The picture of sound at 48 kHz that comes in pieces."""

    def __init__(self) -> None:
        self._energies: list[float] = []
        self._energy = 0.0
        self._samples = 0

    def feed(self, samples: Samples) -> None:
        """Hear ``samples``."""
        for piece in np.split(samples, np.arange(_POINT - self._samples, samples.size + 1, _POINT)):
            self._energy += float(np.dot(piece, piece))
            self._samples += piece.size
            if self._samples == _POINT:
                self._energies.append(self._energy / _POINT)
                self._energy, self._samples = 0.0, 0

    def points(self) -> bytes:
        """At most 256 points, at most one per 100 ms but at least one: 0 is silent, 255 the loudest."""
        energies = np.array(self._energies or [self._energy / max(self._samples, 1)])
        edges = np.linspace(0, energies.size, min(energies.size, POINTS) + 1).astype(np.int64)
        means = np.add.reduceat(energies, edges[:-1]) / np.diff(edges)
        loudest = float(means.max())
        heights = (means / loudest) ** (_COMPANDING / 2) if loudest > 0 else means
        return np.round(heights * 255).astype(np.uint8).tobytes()


def waveform(samples: Samples) -> bytes:
    """The picture of a whole sound at 48 kHz: see :meth:`Waveform.points`."""
    whole = Waveform()
    whole.feed(samples)
    return whole.points()
