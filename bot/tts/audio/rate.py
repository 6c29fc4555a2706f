"""One sample rate for all: streaming conversion to any rate, and sound that is fit to be worked on."""

from __future__ import annotations

import av
import numpy as np

from bot.speech import Samples

_LOUDEST = 4.0
"""No engine means more than this (12 dB over full scale); beyond it only garbage is found."""


class Resampler:
    """Mono samples of one rate to another without a seam between the pieces, however they are cut."""

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._swr = None if source == target else av.AudioResampler(format="flt", layout="mono", rate=target)

    def feed(self, samples: Samples) -> Samples:
        """What is ready of the sound so far: all but the last half a millisecond or so."""
        if self._swr is None or not samples.size:
            return samples
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = self._source
        return _joined(self._swr.resample(frame))

    def finish(self) -> Samples:
        """The rest."""
        return np.zeros(0, np.float32) if self._swr is None else _joined(self._swr.resample(None))


def cleaned(samples: Samples) -> Samples:
    """The samples as a contiguous row of float32, with silence where an engine left NaN or infinity."""
    row = np.ascontiguousarray(samples, np.float32).reshape(-1)
    if not np.isfinite(row).all():
        row = np.nan_to_num(row, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(row, -_LOUDEST, _LOUDEST)


def _joined(frames: list[av.AudioFrame]) -> Samples:
    pieces = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate(pieces).astype(np.float32, copy=False) if pieces else np.zeros(0, np.float32)
