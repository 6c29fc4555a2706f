"""Recordings that a voice is cloned from: whatever people send, made into what a model wants to hear."""

from __future__ import annotations

import hashlib
import io
import math
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.errors import AudioError
from bot.speech import SAMPLE_RATE, Samples
from bot.tts.audio.formats import decode
from bot.tts.audio.loudness import Meter
from bot.tts.audio.rate import Resampler, cleaned

RATE = 24_000
SHORTEST, LONGEST = 3.0, 15.0
"""Seconds of a reference."""
_HEARD = 120.0
"""Seconds of a recording that are looked at."""
_LUFS, _PEAK = -20.0, -1.0
_SILENT = -55.0
"""dBFS; a recording whose loudest moment lies below holds no voice."""
_DEPTH = 22.0
"""dB below the mean of the recording at which silence begins."""
_STOP_MS = 300
"""Milliseconds of silence that are a pause and not a part of a word."""
_STEP_MS = 10
_MARGIN_MS = 60
_EARLIEST_CUT = 0.6
"""Of the longest: a pause before that is too early to cut at."""
_FADE_MS = 30

_importing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference recording: 24 kHz, 16 bit, mono WAV; ``digest`` is the SHA-256 of ``wav`` in hexadecimal."""

    wav: bytes
    seconds: float
    digest: str


def prepare(data: bytes | Path) -> Reference:
    """A recording of any kind, without the silence around it, at one level, 3 to 15 seconds long.

    A longer one is cut, at a pause if there is one. AudioError, in words for the one who sent it, if it is too short or
    silent.
    """
    samples, rate = decode(data, seconds=_HEARD)
    segment = _segment(samples, rate)
    if segment.max_dBFS < _SILENT:
        raise AudioError("There is only silence in this recording. Send one in which the voice can be heard.")
    spoken = _trimmed(segment)
    if spoken.duration_seconds < SHORTEST:
        raise AudioError(
            f"This recording holds {spoken.duration_seconds:.1f} seconds of speech; a voice needs at least "
            f"{SHORTEST:g}. Send a longer one, up to {LONGEST:g} seconds."
        )
    return _reference(_levelled(spoken))


def _trimmed(segment: Any) -> Any:
    """The part from the first to the last sound, or to the last pause that makes it short enough."""
    spans = _sounds(segment)
    if not spans:
        raise AudioError("There is only silence in this recording. Send one in which the voice can be heard.")
    start = max(0, spans[0][0] - _MARGIN_MS)
    longest = start + round(LONGEST * 1000)
    whole = spans[-1][1] + _MARGIN_MS
    if whole <= longest:
        return segment[start:whole]
    pauses = [end + _MARGIN_MS for _, end in spans if end + _MARGIN_MS <= longest]
    if pauses and pauses[-1] - start >= LONGEST * 1000 * _EARLIEST_CUT:
        return segment[start : pauses[-1]]
    return segment[start:longest].fade_out(_FADE_MS)


def _sounds(segment: Any) -> list[tuple[int, int]]:
    """Where there is sound between pauses, in milliseconds."""
    threshold = max(segment.dBFS - _DEPTH, _SILENT - _DEPTH)
    found = _pydub().silence.detect_nonsilent(segment, _STOP_MS, threshold, _STEP_MS)
    return [(int(start), int(end)) for start, end in found]


def _segment(samples: Samples, rate: int) -> Any:
    resampler = Resampler(rate, RATE)
    sound = np.concatenate((resampler.feed(cleaned(samples)), resampler.finish()))
    # A recording so loud that it would be cut off here is brought below full scale first.
    integers = np.round(sound / max(1.0, float(np.abs(sound).max(initial=0))) * 32_767).astype("<i2")
    return _pydub().AudioSegment(data=integers.tobytes(), sample_width=2, frame_rate=RATE, channels=1)


def _levelled(segment: Any) -> Any:
    sound = np.frombuffer(segment.raw_data, "<i2").astype(np.float32) / np.float32(32_768)
    resampler = Resampler(RATE, SAMPLE_RATE)
    meter = Meter()
    meter.feed(np.concatenate((resampler.feed(sound), resampler.finish())))
    lufs = meter.integrated()
    gain = _LUFS - lufs if math.isfinite(lufs) else 0.0
    return segment.apply_gain(min(gain, _PEAK - segment.max_dBFS))


def _reference(segment: Any) -> Reference:
    file = io.BytesIO()
    segment.export(file, format="wav")
    wav = file.getvalue()
    return Reference(wav, segment.duration_seconds, hashlib.sha256(wav).hexdigest())


def _pydub() -> Any:
    """pydub, imported when first needed and without its complaints: of audioop, and of ffmpeg, which it never runs."""
    with _importing, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydub
        import pydub.silence

    return pydub
