"""What the worker process holds: the models, loaded when first needed, and the readers of each language."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np

from bot.errors import EngineBroken, NothingToSay
from bot.speech import Samples
from bot.tts.offline import clauses, kokoro, lark
from bot.tts.offline.phonemes import chinese, english, french, italian, japanese, portuguese, spanish
from bot.tts.offline.trim import trimmed
from bot.tts.offline.voices import BY_NAME, Model, OfflineVoice

SAMPLE_RATE = kokoro.SAMPLE_RATE

_READERS: dict[str, Callable[[str], str]] = {
    "es": spanish.spanish,
    "fr": french.french,
    "it": italian.italian,
    "ja": japanese.standard,
    "pt": portuguese.portuguese,
    "zh": chinese.mandarin,
}
_SILENT = frozenset(' ,;:.!?—…"()“”ˈˌː')


class Studio:
    """Reads text to phonemes and speaks phonemes. Not for use by two threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def plan(self, voice: str, language: str, text: str) -> list[str]:
        """Phonemes of the text, cut where its beginning can be spoken first. Raises NothingToSay."""
        who = BY_NAME[voice]
        phonemes = reader(who, language)(" ".join(text.split()))
        if not any(symbol in kokoro.vocabulary() and symbol not in _SILENT for symbol in phonemes):
            raise NothingToSay("offline", "there is nothing in it that can be pronounced")
        if who.model is Model.HIBARI:
            return clauses.clauses(phonemes, limit=lark.LIMIT, least=80, growth=20.0)
        return clauses.clauses(phonemes, limit=kokoro.LIMIT, least=12, growth=1.6)

    def speak(self, voice: str, phonemes: str, rate: float) -> Samples:
        """Sound of one chunk of a plan: float32 mono at 24 kHz, finite, without long silence at its edges."""
        if BY_NAME[voice].model is Model.HIBARI:
            samples = self._lark.speak(phonemes, rate)
        else:
            samples = self._kokoro.speak(phonemes, voice, rate)
        if not samples.size or not np.isfinite(samples).all():
            raise EngineBroken("offline", "the model made no sound; install sayso again")
        return trimmed(np.ascontiguousarray(samples, np.float32), SAMPLE_RATE)

    @cached_property
    def _lark(self) -> lark.Lark:
        return lark.Lark()

    @cached_property
    def _kokoro(self) -> kokoro.Kokoro:
        return kokoro.Kokoro(self._folder)


def reader(voice: OfflineVoice, language: str) -> Callable[[str], str]:
    """The function that reads a language to phonemes for a voice."""
    if language == "en":
        return english.british if voice.language == "en-GB" else english.american
    return _READERS[language]
