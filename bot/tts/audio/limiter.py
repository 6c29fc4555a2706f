"""A look-ahead limiter: what is too loud is turned down before it comes, and let up slowly after it has gone."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from bot.speech import SAMPLE_RATE, Samples

_BLOCK = SAMPLE_RATE // 1000
_AHEAD = 5
"""Blocks (1 ms) over which it turns down."""
_RELEASE = 0.12
"""dB per block by which it lets up: 6 dB in a twentieth of a second."""
_REACH = 8
"""Samples on both sides that a peak between two samples depends on."""
_PHASES = (0.25, 0.5, 0.75)
_NEAR = 0.7
"""Of the ceiling: a sample below it has no curve above the ceiling beside it, at the frequencies that speech has."""

_LOT = 16
"""Blocks whose curves are drawn together."""
_LOST = 4.0
"""dB of loudness that are made up for at most; a sound so peaked that more is lost is no speech."""

_Blocks = npt.NDArray[np.float64]


class Crests:
    """The peaks of a sound at 48 kHz, and how much of its loudness a :class:`Limiter` will take for their sake."""

    def __init__(self, ceiling: float, seconds: float) -> None:
        self._ceiling = ceiling
        self._blocks = round(seconds * SAMPLE_RATE / _BLOCK)
        self._peaks: _Blocks = np.zeros(0)
        self._energies: _Blocks = np.zeros(0)
        self._made = 0.0

    def feed(self, samples: Samples) -> None:
        """Hear ``samples``; of pieces, only about the last ``seconds`` are kept when the next comes."""
        blocks = samples[: samples.size - samples.size % _BLOCK].reshape(-1, _BLOCK)
        peaks = 20 * np.log10(np.abs(blocks).max(axis=1, initial=1e-9), dtype=np.float64)
        self._peaks = np.concatenate((self._peaks[-self._blocks :], peaks))
        self._energies = np.concatenate((self._energies[-self._blocks :], np.square(blocks).sum(axis=1)))

    def makeup(self, gain: float) -> float:
        """The dB to put on top of ``gain`` dB, so that after limiting there is as much sound as without a limit."""
        over = self._peaks + (gain - self._ceiling)
        if not over.size or over.max() <= 0 or not self._energies.any():
            return 0.0
        # More gain costs more, so the answer is walked up to; from the last answer one step is enough.
        for _ in range(1 if self._made else 4):
            self._made = min(self._taken(over + self._made), _LOST)
        return self._made

    def _taken(self, over: _Blocks) -> float:
        needs = np.pad(np.minimum(-over, 0), (0, _AHEAD))
        lowest = _lowest(needs)
        left = float((self._energies * 10 ** (_recovered(lowest) / 10)).sum())
        return float(10 * np.log10(self._energies.sum() / left))


class Limiter:
    """Keeps mono sound at 48 kHz, and the curve between its samples, at or below ``ceiling`` dBFS.

    What it returns lies 6 ms behind what it was fed, but on the same time line.
    """

    def __init__(self, ceiling: float) -> None:
        self._ceiling = float(10 ** (ceiling / 20))
        self._sound: Samples = np.zeros(_REACH, np.float32)
        self._needs: _Blocks = np.zeros(0)
        self._allowed: _Blocks = np.zeros(_AHEAD)
        self._gain = 1.0

    def feed(self, samples: Samples) -> Samples:
        """The sound that is sure to be followed by nothing that it must be turned down for."""
        self._sound = np.concatenate((self._sound, samples))
        known = self._needs.size
        blocks = max(0, self._sound.size - 2 * _REACH) // _BLOCK
        if blocks > known:
            self._needs = np.concatenate((self._needs, self._need(known, blocks)))
        return self._release(max(0, self._needs.size - _AHEAD))

    def finish(self) -> Samples:
        """The rest."""
        left = self._sound.size - _REACH
        return self.feed(np.zeros((_AHEAD + 2) * _BLOCK + 2 * _REACH, np.float32))[:left]

    def _need(self, first: int, last: int) -> _Blocks:
        """The gain in dB, at most 0, that each of these blocks needs."""
        sound = self._sound[first * _BLOCK : last * _BLOCK + 2 * _REACH]
        peaks = np.abs(_windows(sound)).max(axis=1)
        near = np.flatnonzero(peaks > self._ceiling * _NEAR)
        if near.size:
            peaks[near] = np.maximum(peaks[near], _drawn(_windows(sound)[near]))
        needs: _Blocks = -20 * np.log10(np.maximum(peaks / self._ceiling, 1), dtype=np.float64)
        return needs

    def _release(self, blocks: int) -> Samples:
        if not blocks:
            return np.zeros(0, np.float32)
        lowest = _lowest(self._needs)
        self._needs = self._needs[blocks:]
        sound = self._sound[_REACH : _REACH + blocks * _BLOCK]
        self._sound = self._sound[blocks * _BLOCK :]
        return sound * gains if (gains := self._gains(lowest)) is not None else sound

    def _gains(self, lowest: _Blocks) -> Samples | None:
        """The gain of each sample; None if all are 1.

        A mean over as many blocks as are known ahead makes corners into ramps, which reach the lowest point before the
        block that needs it.
        """
        if not lowest.any() and not self._allowed.any():
            return None
        allowed = _recovered(np.concatenate((self._allowed[-1:], lowest)))[1:]
        history = np.concatenate((self._allowed, allowed))
        self._allowed = history[-_AHEAD:]
        smooth = np.convolve(history, np.full(_AHEAD, 1 / _AHEAD), "valid")[1:]
        points = np.concatenate(([self._gain], 10 ** (smooth / 20)))
        self._gain = float(points[-1])
        return _lines(points)


def _lowest(needs: _Blocks) -> _Blocks:
    """The least of each block and the few that follow it, as far as those are known."""
    count = needs.size - _AHEAD
    lowest = needs[:count].copy()
    for ahead in range(1, _AHEAD + 1):
        np.minimum(lowest, needs[ahead : ahead + count], out=lowest)
    return lowest


def _recovered(lowest: _Blocks) -> _Blocks:
    """Up again from each low point by a constant slope in dB: a running minimum over lines, and so without a loop."""
    slope = _RELEASE * np.arange(lowest.size)
    recovered: _Blocks = np.minimum(slope + np.minimum.accumulate(lowest - slope), 0.0)
    return recovered


def _windows(sound: Samples) -> Samples:
    """Each block with its surroundings."""
    return np.lib.stride_tricks.sliding_window_view(sound, _BLOCK + 2 * _REACH)[::_BLOCK]


def _drawn(windows: Samples) -> Samples:
    """The crest of the curve through each of these blocks."""
    # In lots so small that BLAS does not wake its other threads: their waiting took twice what the whole encoder takes.
    lots = -(-len(windows) // _LOT)
    padded = np.zeros((lots * _LOT, windows.shape[1]), np.float32)
    padded[: len(windows)] = windows
    curves = padded.reshape(lots, _LOT, -1) @ _between()
    crests: Samples = np.maximum(curves.max(axis=2), -curves.min(axis=2)).reshape(-1)[: len(windows)]
    return crests


def _lines(points: _Blocks) -> Samples:
    """Straight lines between the points, one block each."""
    along = np.arange(1, _BLOCK + 1) / _BLOCK
    lines = points[:-1, np.newaxis] + np.diff(points)[:, np.newaxis] * along
    return lines.reshape(-1).astype(np.float32)


@cache
def _between() -> npt.NDArray[np.float32]:
    """The matrix that takes a block with its surroundings to three points between each two samples (4 times 48 kHz)."""
    columns = []
    for phase in _PHASES:
        taps = np.arange(1 - _REACH, _REACH + 1) - phase
        kernel = np.sinc(taps) * np.cos(np.pi * taps / (2 * _REACH + 1)) ** 2
        for at in range(_BLOCK):
            column = np.zeros(_BLOCK + 2 * _REACH)
            column[at + 1 : at + 1 + 2 * _REACH] = kernel / kernel.sum()
            columns.append(column)
    return np.stack(columns, axis=1).astype(np.float32)
