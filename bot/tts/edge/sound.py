"""What the service sends, as an utterance wants it: samples, or the very frames."""

from __future__ import annotations

from collections.abc import Sequence

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
        self._frames = Mp3Frames() if utterance.codec is Codec.MP3 else None
        self._decoder = Mp3Decoder()

    @property
    def heard(self) -> bool:
        """Whether there was any sound in it."""
        return (self._frames or self._decoder).sample_rate is not None

    def feed(self, data: bytes) -> Pcm | None:
        """What is ready."""
        return self._samples(self._decoder.feed(data)) if self._frames is None else self._pass(self._frames.feed(data))

    def flush(self) -> Pcm | None:
        """The rest."""
        return self._samples(self._decoder.flush()) if self._frames is None else self._pass(self._frames.flush())

    def _pass(self, frames: Sequence[bytes]) -> Pcm | None:
        return Pcm(_NONE, SAMPLE_RATE, self._utterance, tuple(frames)) if frames else None

    def _samples(self, pieces: Sequence[Samples]) -> Pcm | None:
        if not pieces:
            return None
        return Pcm(np.concatenate(pieces), self._decoder.sample_rate or SAMPLE_RATE, self._utterance)
