"""Where an utterance really begins and ends: engines leave silence of any length before and after it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bot.speech import SAMPLE_RATE, Samples

FRAME = SAMPLE_RATE // 200
"""Samples of the 5 ms frames in which silence is looked for."""
LEAD = 4 * FRAME
"""Samples of quiet kept before the first sound: a soft onset may lie below every threshold."""
TAIL = 16 * FRAME
"""Samples of quiet kept after the last sound: a voice dies away slowly."""

_SURE = -60.0
"""dBFS in a frame that is sound without a doubt, in a voice not heard before."""
_DEPTH = 42.0
"""dB below the voice's own level at which silence begins; the softest consonants lie about 35 dB below."""
_FLOOR, _CEILING = -90.0, -50.0
_STOP_FRAMES = 12
"""Frames of quiet inside an onset: a plosive is silent for up to 60 ms before its burst."""
_HELD = SAMPLE_RATE // 2
"""Samples kept of what came before the first sure sound."""
_NONE: Samples = np.zeros(0, np.float32)


class Edges:
    """Lets through the sound of one utterance at 48 kHz, and not the silence around it; nothing inside is touched.

    ``lufs`` is how loud the voice usually is. Silence is passed on only once sound follows it, so what comes out may
    come a pause late, but never in pieces that end in silence.
    """

    def __init__(self, lufs: float | None) -> None:
        self._usual = lufs
        self._loudest = -np.inf if lufs is None else lufs
        self._held = _NONE
        self._begun = False
        self._quiet_frames = 0
        self.lead = 0
        """Samples of quiet that were kept before the first sound."""
        self.tail = 0
        """Samples of quiet that were kept after the last sound, once finished."""

    @property
    def begun(self) -> bool:
        """Whether there was any sound yet."""
        return self._begun

    def feed(self, samples: Samples) -> Samples:
        """The part of the sound so far that is certainly inside the utterance."""
        self._held = np.concatenate((self._held, samples)) if self._held.size else samples
        return self._inside() if self._begun else self._onset()

    def finish(self) -> Samples:
        """The quiet end of the utterance; of an utterance without any sound, a moment of silence."""
        rest, self._held = self._held, _NONE
        quiet = self._quiet_frames * FRAME
        # The last few samples that fill no frame were never looked at; they go with the frame before them.
        kept = rest[: TAIL + rest.size % FRAME]
        self.tail = min(quiet, TAIL)
        return kept

    def _onset(self) -> Samples:
        levels = _levels(self._held)
        sure = np.flatnonzero(levels > self._sure())
        if not sure.size:
            self._held = self._held[_whole_frames(self._held.size - _HELD) :]
            return _NONE
        self._hear(levels[sure[0] :])
        first = _walk_back(levels, int(sure[0]), self._threshold())
        start = max(0, first * FRAME - LEAD)
        self.lead = first * FRAME - start
        self._begun = True
        self._held = self._held[start:]
        return self._inside()

    def _inside(self) -> Samples:
        levels = _levels(self._held)
        self._hear(levels)
        loud = np.flatnonzero(levels > self._threshold())
        end = (int(loud[-1]) + 1) * FRAME if loud.size else 0
        inside, self._held = self._held[:end], self._held[end:]
        self._quiet_frames = self._held.size // FRAME
        return inside

    def _hear(self, levels: npt.NDArray[np.float32]) -> None:
        if levels.size:
            self._loudest = max(self._loudest, float(np.percentile(levels, 90)) - 3)

    def _sure(self) -> float:
        return _SURE if self._usual is None else min(_SURE, self._threshold())

    def _threshold(self) -> float:
        return float(np.clip(self._loudest - _DEPTH, _FLOOR, _CEILING))


def _levels(samples: Samples) -> npt.NDArray[np.float32]:
    """The level of each frame in dBFS, without its mean: an offset is no sound."""
    frames = samples[: _whole_frames(samples.size)].reshape(-1, FRAME)
    levels: npt.NDArray[np.float32] = 20 * np.log10(frames.std(axis=1) + np.float32(1e-9))
    return levels


def _walk_back(levels: npt.NDArray[np.float32], sure: int, threshold: float) -> int:
    """The first frame of the sound that frame ``sure`` belongs to, over the stops inside it."""
    loud = np.flatnonzero(levels[: sure + 1] > threshold)
    breaks = np.flatnonzero(np.diff(loud) > _STOP_FRAMES)
    if not loud.size:
        return sure
    return int(loud[breaks[-1] + 1] if breaks.size else loud[0])


def _whole_frames(samples: int) -> int:
    return max(0, samples - samples % FRAME)
