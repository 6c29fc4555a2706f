"""What the service sends, as an utterance wants it: samples, or the very frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from bot.speech import Codec, Pcm, Samples, Utterance
from bot.tts.audio import Mp3Decoder, Mp3Frames

SAMPLE_RATE = 24_000
"""Hz of what the service sends."""

_NONE = np.zeros(0, np.float32)


class Sound:
    """The MP3 of one piece, in pieces of any size in; what is ready of it out, or None while nothing is."""

    def __init__(self, utterance: Utterance) -> None:
        self._utterance = utterance
        self._mp3 = Mp3Frames() if utterance.codec is Codec.MP3 else Mp3Decoder()

    @property
    def heard(self) -> bool:
        """Whether there was any sound in it."""
        return self._mp3.sample_rate is not None

    def feed(self, data: bytes) -> Pcm | None:
        """What is ready."""
        return self._piece(self._mp3.feed(data))

    def flush(self) -> Pcm | None:
        """The rest."""
        return self._piece(self._mp3.flush())

    def _piece(self, ready: Sequence[bytes] | Sequence[Samples]) -> Pcm | None:
        if not ready:
            return None
        rate = self._mp3.sample_rate or SAMPLE_RATE
        if isinstance(self._mp3, Mp3Frames):
            return Pcm(_NONE, rate, self._utterance, tuple(cast(Sequence[bytes], ready)))
        return Pcm(np.concatenate(cast(Sequence[Samples], ready)), rate, self._utterance)
