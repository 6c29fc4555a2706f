"""The sound of one utterance on its way into a speech: one rate, no silence around it, the right level."""

from __future__ import annotations

import numpy as np

from bot.speech import SAMPLE_RATE, Pcm, Samples, Utterance
from bot.tts.audio.edges import Edges
from bot.tts.audio.level import Level
from bot.tts.audio.loudness import Loudness
from bot.tts.audio.rate import Resampler, cleaned

_LEARN_SECONDS = 0.4


class Line:
    """One utterance: its pieces at any rate in, its sound at 48 kHz and at the wanted level out."""

    def __init__(self, utterance: Utterance, target: float, ceiling: float, loudness: Loudness) -> None:
        usual = loudness.of(utterance.engine, utterance.voice)
        self.utterance = utterance
        self._loudness = loudness
        self._edges = Edges(usual)
        self._level = Level(target, ceiling, usual)
        self._rate = SAMPLE_RATE
        self._resampler = Resampler(SAMPLE_RATE, SAMPLE_RATE)

    @property
    def lead(self) -> int:
        """Samples of quiet before its first sound."""
        return self._edges.lead

    @property
    def tail(self) -> int:
        """Samples of quiet after its last sound, once finished."""
        return self._edges.tail

    def feed(self, pcm: Pcm) -> Samples:
        """What is ready of the sound."""
        samples = cleaned(pcm.samples)
        before = self._change_rate(pcm.sample_rate) if pcm.sample_rate != self._rate else samples[:0]
        return self._level.feed(self._edges.feed(np.concatenate((before, self._resampler.feed(samples)))))

    def finish(self) -> Samples:
        """The rest of the sound. What was learnt of the voice is remembered."""
        inside = self._edges.feed(self._resampler.finish())
        sound = self._level.feed(np.concatenate((inside, self._edges.finish())))
        if self._edges.begun and self._level.seconds >= _LEARN_SECONDS:
            voice = self.utterance
            self._loudness.learn(voice.engine, voice.voice, self._level.lufs, self._level.seconds)
        return np.concatenate((sound, self._level.finish()))

    def _change_rate(self, rate: int) -> Samples:
        rest = self._resampler.finish()
        self._rate = rate
        self._resampler = Resampler(rate, SAMPLE_RATE)
        return rest
