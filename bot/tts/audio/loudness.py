"""Loudness as people hear it (ITU-R BS.1770-4: K-weighted and gated), and what is remembered of each voice."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from bot.speech import SAMPLE_RATE, Samples

HOP = SAMPLE_RATE // 10
"""Samples between the beginnings of two gating blocks; a block is four hops."""
BLOCK_HOPS = 4
ABSOLUTE_GATE = -70.0
"""LUFS below which nothing counts."""
RELATIVE_GATE = -10.0

_HISTORY = 2400
"""Samples of the past that the weighting filter still feels: after 50 ms its ringing is 104 dB down."""
_WINDOW = _HISTORY + HOP


class Meter:
    """Integrated loudness in LUFS of mono sound at 48 kHz that comes in pieces."""

    def __init__(self, gate: float = ABSOLUTE_GATE) -> None:
        self._gate = gate
        self._past: Samples = np.zeros(_HISTORY, np.float32)
        self._hops: list[float] = []
        self._energy = 0.0
        self._samples = 0

    def feed(self, samples: Samples) -> None:
        """Hear ``samples``."""
        squares = np.square(self._weigh(samples), dtype=np.float64)
        edges = np.arange(HOP - self._samples, squares.size + 1, HOP)
        for piece in np.split(squares, edges):
            self._energy += float(piece.sum())
            self._samples += piece.size
            if self._samples == HOP:
                self._close_hop()

    @property
    def seconds(self) -> float:
        """Seconds heard."""
        return (len(self._hops) * HOP + self._samples) / SAMPLE_RATE

    def integrated(self) -> float:
        """LUFS of what was heard so far; minus infinity if all of it was silence.

        Before the first block of 400 ms is full, it is the loudness of what there is.
        """
        blocks = self._blocks()
        loud = blocks[blocks > _power(self._gate)]
        if not loud.size:
            return -math.inf
        return _lufs(float(loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)].mean()))

    def _blocks(self) -> npt.NDArray[np.float64]:
        hops = np.array(self._hops)
        if hops.size >= BLOCK_HOPS:
            return np.convolve(hops, np.full(BLOCK_HOPS, 1 / BLOCK_HOPS / HOP), "valid")
        heard = hops.size * HOP + self._samples
        return np.array([(hops.sum() + self._energy) / heard if heard else 0.0])

    def _close_hop(self) -> None:
        self._hops.append(self._energy)
        self._energy, self._samples = 0.0, 0

    def _weigh(self, samples: Samples) -> Samples:
        count = -(-samples.size // HOP)
        padded = np.zeros(_HISTORY + count * HOP, np.float32)
        padded[:_HISTORY] = self._past
        padded[_HISTORY : _HISTORY + samples.size] = samples
        self._past = padded[samples.size : samples.size + _HISTORY].copy()
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP] if count else padded[:0, np.newaxis]
        weighed = np.fft.irfft(np.fft.rfft(windows) * _response(), _WINDOW)[:, _HISTORY:] if count else windows
        return weighed.reshape(-1)[: samples.size].astype(np.float32, copy=False)


@dataclass(slots=True)
class _Memory:
    lufs: float
    seconds: float


class Loudness:
    """How loud each voice speaks, so that the first syllable of its next speech already has the right gain.

    Shared by all encoders, from any thread. Remembers the last ``voices`` voices, and of each about the last minute.
    """

    def __init__(self, voices: int = 1024, memory_seconds: float = 60.0) -> None:
        self._voices = voices
        self._memory_seconds = memory_seconds
        self._known: OrderedDict[tuple[str, str], _Memory] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, engine: str, voice: str) -> float | None:
        """The integrated loudness of that voice before any gain, in LUFS; None if it was never heard."""
        with self._lock:
            known = self._known.get((engine, voice))
            return known.lufs if known else None

    def learn(self, engine: str, voice: str, lufs: float, seconds: float) -> None:
        """It was just heard for ``seconds`` at ``lufs``."""
        if not math.isfinite(lufs) or seconds <= 0:
            return
        with self._lock:
            known = self._known.setdefault((engine, voice), _Memory(lufs, 0.0))
            known.seconds = min(known.seconds + seconds, self._memory_seconds)
            known.lufs += (lufs - known.lufs) * min(1.0, seconds / known.seconds)
            self._known.move_to_end((engine, voice))
            while len(self._known) > self._voices:
                self._known.popitem(last=False)


def _lufs(power: float) -> float:
    return 10 * math.log10(power) - 0.691


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@cache
def _response() -> npt.NDArray[np.complex64]:
    """The spectrum of the K-weighting's impulse response, cut to what :data:`_HISTORY` holds.

    Filtering by spectrum instead of sample by sample is what keeps numpy in its loops. The coefficients are the tables
    1 and 2 of BS.1770 for 48 kHz: the head's shelf, then the high-pass.
    """
    shelf = _biquad((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585))
    high_pass = _biquad((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621))
    impulse = np.fft.irfft(shelf * high_pass)[: _HISTORY + 1]
    return np.fft.rfft(impulse, _WINDOW).astype(np.complex64)


def _biquad(b: tuple[float, float, float], a: tuple[float, float]) -> npt.NDArray[np.complex128]:
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(1 << 16))
    response: npt.NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z**2) / (1 + a[0] * z + a[1] * z**2)
    return response
