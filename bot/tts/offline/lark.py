"""hibari (the skylark): a small English voice distilled from Kokoro, a hundred times faster than speech."""

from __future__ import annotations

from typing import Any

from bot.speech import Samples

LIMIT = 400
"""Phonemes in one call, as hibari itself limits them."""


class Lark:
    """The model, loaded. The same phonemes and rate make the same samples."""

    def __init__(self) -> None:
        from hibari import Hibari

        self._hibari: Any = Hibari(voice="heart")

    def speak(self, phonemes: str, rate: float) -> Samples:
        """Sound of at most :data:`LIMIT` phonemes, mono float32 at 24 kHz."""
        # The noise in the voice is drawn at random: a fixed seed makes the cache honest.
        samples: Samples = self._hibari.from_phonemes(phonemes, speed=rate, seed=0)
        return samples
