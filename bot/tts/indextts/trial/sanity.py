"""Whether a piece of sound can be speech at all: its pace and its level. Bounds are wide, and each has a reason.

They tell speech from what a damaged or untrained model makes (noise, hum, silence, a word in a minute), not good speech
from bad; that is for ears, or for a recogniser.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bot.speech import Samples

PACE = {"zh": (2.0, 9.0), "en": (1.2, 5.5)}
"""Characters (zh) or words (en) a second. Mandarin is read at 4 to 6 syllables a second and English at 2 to 3 words;
half of the slow one is dictation, and beyond the bounds above nobody articulates any more."""

LEVEL = (-40.0, -6.0)
"""dBFS of the whole (RMS). Speech that just reaches full scale has about -15; a whisper, a recording at a low level,
-35. A sine at full scale has -3: what is above -6 is hum or noise at its limit."""

CLIPPED = 0.001
"""Share of samples within 0.1 % of full scale. The vocoder ends in tanh: a healthy one hardly ever gets there."""

RANGE = 12.0
"""dB between loud and quiet moments (the 95th and the 10th of a hundred frames of 25 ms). In speech stops and pauses
lie 20 to 50 below vowels; steady noise and hum have less than 5."""

_FLOOR = 1e-5
"""-100 dBFS: below this, silence is silence."""
_FRAME = 600
"""Samples: 25 ms at 24 kHz."""
_FULL = 0.999


@dataclass(frozen=True, slots=True)
class Sanity:
    """Of one sentence: ``unit`` (characters or words) a second, RMS in dBFS, the highest sample, share of clipped ones,
    dB of range."""

    unit: str
    pace: float
    level: float
    peak: float
    clipped: float
    range: float

    @classmethod
    def of(cls, samples: Samples, rate: int, text: str, language: str) -> Sanity:
        """Of the sound (n,) for this text; n is at least 1. What is not a number in it makes level and range NaN."""
        loud = np.abs(samples)
        return cls(
            unit="characters" if language == "zh" else "words",
            pace=units(text, language) * rate / len(samples),
            level=_decibels(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))),
            peak=float(loud.max()),
            clipped=float(np.mean(loud >= _FULL)),
            range=_range(samples),
        )

    def odd(self, language: str) -> Iterator[str]:
        """What speech is not like, in words."""
        if not np.isfinite(self.level):
            yield "the sound holds values that are no numbers"
            return
        slowest, fastest = PACE[language]
        if not slowest <= self.pace <= fastest:
            yield f"{self.pace:.1f} {self.unit} a second; speech has {slowest:g} to {fastest:g}"
        lowest, highest = LEVEL
        if not lowest <= self.level <= highest:
            yield f"its level is {self.level:.0f} dBFS; speech has {lowest:g} to {highest:g}"
        if self.clipped > CLIPPED:
            yield f"{self.clipped:.1%} of it is at full scale; at most {CLIPPED:.1%} is well"
        if self.range < RANGE:
            yield f"only {self.range:.0f} dB lie between loud and quiet; speech has {RANGE:g} and more, noise has not"


def units(text: str, language: str) -> int:
    """How many characters (zh) or words (en) there are to say."""
    spoken = "".join(c if unicodedata.category(c)[0] in "LN" or c == "'" else " " for c in text)
    return len(spoken.replace(" ", "")) if language == "zh" else len(spoken.split())


def _range(samples: Samples) -> float:
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return 0.0
    loudness = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    quiet, loud = np.percentile(20 * np.log10(np.maximum(loudness, _FLOOR)), (10, 95))
    return float(loud - quiet)


def _decibels(amplitude: float) -> float:
    return float(20 * np.log10(np.maximum(amplitude, _FLOOR)))
