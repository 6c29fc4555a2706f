"""One utterance on its way through the model: its sentences in their order, and the silence between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from bot.errors import EngineBroken, EngineRejected
from bot.speech import Samples, Utterance
from bot.tts.audio import Tempo
from bot.tts.indextts.order import Order
from bot.tts.indextts.sentence import Sentence

RATE = 24_000
RATES = (0.5, 2.0)
"""The slowest and the fastest that is worth listening to."""

_AHEAD = 2
"""Sentences of one utterance that are decoded at once: the next is made while one is heard, and others get a turn."""
_PIECE = RATE // 2
"""Samples that are given at once at most: nobody downstream has to swallow half a minute."""
_NOTHING = "IndexTTS made no sound of this text; say it otherwise, or set indextts.precision to fp32."
_NOISE = "IndexTTS made nothing that can be heard of this text; set indextts.precision to fp32."


def seed(utterance: Utterance, number: int, attempt: int) -> int:
    """The chance of one try at one sentence: the same words of the same voice sound the same again, at any rate."""
    words = "\0".join((utterance.voice, utterance.text, str(number), str(attempt)))
    return int.from_bytes(hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1


class Reading:
    """Gives the order the sound of its sentences, one after another, ``pause`` seconds apart, at the rate asked for."""

    def __init__(self, order: Order, sentences: Sequence[Sentence], pause: float) -> None:
        self.order = order
        slowest, fastest = RATES
        self._tempo = Tempo(min(max(order.utterance.rate, slowest), fastest), RATE)
        self._silence = np.zeros(round(pause * RATE), np.float32)
        self._sentences = list(sentences)
        self._given = False
        self._pausing = False

    @property
    def whole(self) -> bool:
        """Whether all has been given."""
        return not self._sentences

    @property
    def near(self) -> Sequence[Sentence]:
        """The sentence that is heard, and those after it that may be decoded meanwhile."""
        return self._sentences[:_AHEAD]

    def advance(self) -> None:
        """Collect what has been decoded, and give what can be heard. Raises EngineError if there is nothing to hear."""
        for sentence in self.near:
            sentence.collect()
        while self._sentences:
            self._hear(self._sentences[0].sound())
            if not self._sentences[0].whole:
                return
            del self._sentences[0]
            self._pausing = self._given
        self._give(self._tempo.finish())
        if not self._given:
            raise EngineRejected(self.order.utterance.engine, _NOTHING)

    def _hear(self, sound: Tensor) -> None:
        if not len(sound):
            return
        samples = sound.float().cpu().numpy()
        if not np.isfinite(samples).all():
            raise EngineBroken(self.order.utterance.engine, _NOISE)
        if self._pausing:
            self._give(self._tempo.feed(self._silence))
        self._given, self._pausing = True, False
        self._give(self._tempo.feed(samples))

    def _give(self, samples: Samples) -> None:
        for piece in _pieces(samples):
            self.order.give(piece)


def _pieces(samples: Samples) -> Iterator[Samples]:
    for start in range(0, len(samples), _PIECE):
        yield samples[start : start + _PIECE]
