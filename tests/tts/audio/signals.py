"""Sounds to test with: speech that numpy speaks, a sentence that hibari spoke, and the measures of what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from bot.speech import Clip, Pcm, Samples, Utterance
from bot.tts.audio import SpeechEncoder, decode
from bot.tts.audio.loudness import Meter
from bot.tts.audio.opus import PacketDecoder

REAL = Path(__file__).parents[2] / "data" / "sea-shells.flac"


def utterance(text: str = "hello", *, engine: str = "fake", voice: str = "heart") -> Utterance:
    """Something to have been spoken."""
    return Utterance(text, engine, voice, "en")


def real() -> tuple[Samples, int]:
    """A real sentence, "She sells sea shells by the sea shore ...", with the silence that its engine left around it."""
    return decode(REAL)


def sine(hertz: float, seconds: float, *, rate: int = 48_000, dbfs: float = -20.0) -> Samples:
    """A sine whose crest lies at ``dbfs``."""
    crest = 10 ** (dbfs / 20)
    return (crest * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds: float, rate: int = 24_000) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * rate), np.float32)


def speech(seconds: float = 3.0, *, rate: int = 24_000, peak: float = -6.0, seed: int = 0) -> Samples:
    """Something like speech: hissed consonants, vowels of a gliding pitch with formants, stops between the words."""
    return _speech(seconds, rate, seed) * np.float32(10 ** (peak / 20))


@lru_cache(maxsize=64)
def _speech(seconds: float, rate: int, seed: int) -> Samples:
    random = np.random.default_rng(seed)
    syllables = []
    length = 0
    while length < seconds * rate:
        syllables += [_syllable(random, rate) for _ in range(random.integers(1, 4))]
        syllables.append(silence(random.uniform(0.02, 0.08), rate))
        length = sum(map(len, syllables))
    sound = np.concatenate(syllables)[: round(seconds * rate)]
    scaled: Samples = sound / np.abs(sound).max()
    return scaled


def pieces(sound: Samples, samples: int) -> list[Samples]:
    """The sound cut into pieces of that many samples."""
    return np.split(sound, range(samples, sound.size, samples))


def spoken(
    sound: Samples | Iterable[Samples], rate: int = 24_000, *, encoder: SpeechEncoder | None = None
) -> tuple[list[bytes], Clip]:
    """One utterance through an encoder, in one piece or several."""
    encoder = encoder or SpeechEncoder()
    parts = [sound] if isinstance(sound, np.ndarray) else sound
    packets = [packet for part in parts for packet in encoder.feed(Pcm(part, rate, utterance()))]
    last, clip = encoder.finish()
    return packets + last, clip


def heard(packets: Sequence[bytes]) -> Samples:
    """What a listener gets."""
    return PacketDecoder().decode(packets)


def lufs(samples: Samples) -> float:
    """Integrated loudness at 48 kHz."""
    meter = Meter()
    meter.feed(samples)
    return meter.integrated()


def true_peak(samples: Samples) -> float:
    """The crest of the curve through the samples in dBFS, drawn four times as fine by Fourier's way."""
    spectrum = np.fft.rfft(samples.astype(np.float64))
    return float(20 * np.log10(np.abs(np.fft.irfft(spectrum, samples.size * 4) * 4).max()))


def onsets(samples: Samples, rate: int = 48_000, *, below: float = -45.0) -> list[tuple[float, float]]:
    """Where it sounds, in seconds, over gaps of a tenth of a second."""
    frame = rate // 200
    frames = samples[: samples.size // frame * frame].reshape(-1, frame)
    loud = np.flatnonzero(20 * np.log10(frames.std(axis=1) + 1e-9) > below)
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > 20) + 1)
    return [(float(run[0]) / 200, float(run[-1] + 1) / 200) for run in runs if run.size]


def _syllable(random: np.random.Generator, rate: int) -> Samples:
    hiss = np.diff(random.standard_normal(round(random.uniform(0.05, 0.1) * rate) + 1)) * 0.03
    time = np.arange(round(random.uniform(0.12, 0.22) * rate)) / rate
    pitch = random.uniform(100, 180) * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = random.uniform((300, 900, 2300), (800, 1900, 3000))
    vowel = np.zeros(time.size)
    for harmonic in range(1, 25):
        strength = sum(1 / (1 + ((harmonic * 140 - formant) / 150) ** 2) for formant in formants)
        vowel += (strength + 0.05) / harmonic**0.5 * np.cos(harmonic * phase + random.uniform(0, 6.28))
    swell = np.sin(np.pi * np.arange(time.size) / time.size) ** 0.5
    return np.concatenate((hiss * np.hanning(hiss.size) ** 0.2, vowel * swell * random.uniform(0.3, 0.7))).astype(
        np.float32
    )
