"""How much louder a voice must be made, decided while it speaks."""

from __future__ import annotations

import math

import numpy as np

from bot.speech import SAMPLE_RATE, Samples
from bot.tts.audio.limiter import Crests
from bot.tts.audio.loudness import Meter

_GATE = -100.0
"""LUFS below which an engine's sound is silence; far lower than for a listener, because the gain is yet to come."""
_USUAL = -23.0
"""LUFS at which engines speak that nothing is known of."""
_BELIEVED_KNOWN = 1.5
"""Seconds after which what is heard outweighs what is remembered of the voice."""
_BELIEVED_NEW = 0.5
"""The same for a voice that was never heard."""
_HOLD = SAMPLE_RATE // 10
"""Samples of a new voice that are heard before the first is passed on."""
_SLEW = 6.0
"""dB per second by which the gain moves: slower than speech swings, so that it is not heard to pump."""
_SLEW_NEW = 30.0
"""The same in the first moments of a voice that was never heard, where the first guess may be far off."""
_NEW_SECONDS = 2.0
_LOWEST, _HIGHEST = -30.0, 45.0
_CRESTS_SECONDS = 2.0
"""Seconds of a stream whose peaks say what limiting will cost."""


class Level:
    """Brings one utterance at 48 kHz to ``target`` LUFS, as it will be once limited to ``ceiling`` dBFS.

    ``usual`` is how loud the voice is known to be. An utterance that comes whole gets one gain. One that comes in
    pieces begins with the voice's usual gain and glides from there to its own.
    """

    def __init__(self, target: float, ceiling: float, usual: float | None) -> None:
        self._target = target
        self._usual = usual
        self._meter = Meter(_GATE)
        self._crests = Crests(ceiling, _CRESTS_SECONDS)
        self._held: Samples = np.zeros(0, np.float32)
        self._gain: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds heard."""
        return self._meter.seconds

    @property
    def lufs(self) -> float:
        """How loud it was before any gain."""
        return self._meter.integrated()

    def feed(self, samples: Samples) -> Samples:
        """The sound so far at its new level."""
        self._meter.feed(samples)
        self._crests.feed(samples)
        if self._gain is not None:
            return self._glide(samples)
        self._held = np.concatenate((self._held, samples))
        if self._usual is None and self._held.size < _HOLD:
            return np.zeros(0, np.float32)
        return self.finish()

    def finish(self) -> Samples:
        """What was held back."""
        held, self._held = self._held, np.zeros(0, np.float32)
        if held.size and self._gain is None:
            self._gain = self._wanted()
            held = held * np.float32(10 ** (self._gain / 20))
        return held

    def _wanted(self) -> float:
        heard = self._meter.integrated()
        known = _USUAL if self._usual is None else self._usual
        belief = min(1.0, self.seconds / (_BELIEVED_NEW if self._usual is None else _BELIEVED_KNOWN))
        lufs = known + belief * (heard - known) if math.isfinite(heard) else known
        gain = self._target - lufs
        return min(max(gain + self._crests.makeup(gain), _LOWEST), _HIGHEST)

    def _glide(self, samples: Samples) -> Samples:
        if not samples.size or self._gain is None:
            return samples
        slew = _SLEW_NEW if self._usual is None and self.seconds < _NEW_SECONDS else _SLEW
        change = self._wanted() - self._gain
        steps = np.arange(1, samples.size + 1, dtype=np.float32) * np.float32(slew / SAMPLE_RATE)
        path = self._gain + math.copysign(1, change) * np.minimum(steps, np.float32(abs(change)))
        self._gain = float(path[-1])
        gains: Samples = np.exp(path * np.float32(math.log(10) / 20))
        return samples * gains
