"""What a web UI sent back: samples, or why they cannot be what was asked for."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bot.errors import AudioError, EngineUnavailable
from bot.speech import Samples
from bot.tts.audio import Tempo, decode

_SHORTEST = 0.1
"""Seconds below which a result is none."""
_SILENT = 10 ** (-60 / 20)
"""The loudest sample of silence."""
_PIECE = 0.5
"""Seconds of one piece of what is yielded."""
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono samples, and the digest of the file that they came in."""

    samples: Samples
    rate: int
    digest: str

    def pieces(self) -> Iterator[Samples]:
        """The samples, half a second at a time."""
        step = round(self.rate * _PIECE)
        for start in range(0, self.samples.size, step):
            yield self.samples[start : start + step]


def heard(file: bytes, engine: str, rate: float = 1.0) -> Sound:
    """The sound in the file, ``rate`` times as fast. Raises EngineUnavailable if there is none."""
    try:
        samples, hertz = decode(file)
    except AudioError as error:
        raise EngineUnavailable(engine, "The web UI sent something that is no sound.") from error
    if samples.size < _SHORTEST * hertz or float(np.abs(samples).max()) < _SILENT:
        raise EngineUnavailable(engine, "The web UI sent silence.")
    tempo = Tempo(rate, hertz)
    hurried = np.concatenate((tempo.feed(samples), tempo.finish()))
    return Sound(hurried, hertz, hashlib.sha256(file).hexdigest())


class Memory:
    """What was answered lately, to tell an answer that belongs to another question.

    The web UI names its files by the second: where several write into one folder, one result may replace another.
    """

    def __init__(self) -> None:
        self._questions: OrderedDict[str, int] = OrderedDict()

    def knows(self, sound: Sound, voice: str, text: str) -> bool:
        """Whether this very file was the answer to another text, or for another voice. Remembers it otherwise."""
        # Not its words: they are not kept anywhere.
        question = hash((voice, "".join(c for c in text.casefold() if c.isalnum())))
        before = self._questions.setdefault(sound.digest, question)
        self._questions.move_to_end(sound.digest)
        while len(self._questions) > _REMEMBERED:
            self._questions.popitem(last=False)
        return before != question
