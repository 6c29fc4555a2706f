"""Silence at the edges of what a model made: it delays the first sound and tears clauses apart."""

from __future__ import annotations

import numpy as np

from bot.speech import Samples

_FRAME = 0.005
_LEAD = 0.05
_TRAIL = 0.15
_FLOOR = 0.01


def trimmed(samples: Samples, sample_rate: int) -> Samples:
    """The samples with at most 50 ms before the first sound and 150 ms after the last (-40 dB below the peak)."""
    size = int(sample_rate * _FRAME)
    whole = len(samples) // size
    if not whole:
        return samples
    loudness = np.abs(samples[: whole * size]).reshape(whole, size).max(axis=1)
    heard = np.flatnonzero(loudness > _FLOOR * loudness.max())
    if not heard.size:
        return samples
    start = int(heard[0]) * size - int(sample_rate * _LEAD)
    end = (int(heard[-1]) + 1) * size + int(sample_rate * _TRAIL)
    return samples[max(0, start) : end]
