"""Phonemes from the program ``espeak-ng``, where one is on the path. It is run, never linked: it is GPL, we are not."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

VOICES = {"es": "es", "fr": "fr-fr", "it": "it", "pt": "pt-br"}
"""The program's name for each language that we let it read."""

_SECONDS = 10.0
_PAUSE = re.compile(r"([,.;:!?—…«»“”()]+)")
_SWITCH = re.compile(r"\([a-z-]+\)")
_JOINED = {
    "a^ɪ": "I",
    "a^ʊ": "W",
    "d^z": "ʣ",
    "d^ʒ": "ʤ",
    "e^ɪ": "A",
    "o^ʊ": "O",
    "s^s": "S",
    "t^s": "ʦ",
    "t^ʃ": "ʧ",
    "ɔ^ɪ": "Y",
    "ə^ʊ": "Q",
}
"""Two sounds that Kokoro was taught as one symbol."""


@cache
def program() -> str | None:
    """Where the program lies, if it is installed."""
    return shutil.which("espeak-ng")


def phonemes(text: str, language: str) -> str:
    """Phonemes of text in one of :data:`VOICES`; pauses keep their marks."""
    return "".join(_read(part, language) for part in _PAUSE.split(text)).strip()


def _read(part: str, language: str) -> str:
    if not any(symbol.isalnum() for symbol in part):
        return f"{part.strip()} " if part.strip() else ""
    done = subprocess.run(
        [program() or "espeak-ng", "-q", "--ipa", "--tie=^", "-v", VOICES[language]],
        input=part,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_SECONDS,
        check=True,
    )
    sounds = " ".join(_SWITCH.sub("", done.stdout).split())
    for joined, symbol in _JOINED.items():
        sounds = sounds.replace(joined, symbol)
    return sounds.replace("^", "").replace("-", "")
