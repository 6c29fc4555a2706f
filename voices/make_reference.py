"""Makes ``sayso.wav``, the recording from which cloning engines learn Sayso's own voice.

Run it as ``python voices/make_reference.py``. Spoken by hibari-tts (Apache-2.0, the default install's English),
so that no person's voice is in it.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from hibari import Hibari

TEXT = (
    "The morning light came over the harbour, and the first boats were already on their way. "
    "A quiet wind moved the flags while somebody on the pier counted boxes."
)
PEAK = 0.7
EDGE = 0.15
"""Seconds of silence before and after."""


def main() -> None:
    """Write the recording beside this file: 24 kHz, mono, 16 bit."""
    voice = Hibari("heart")
    rate = voice.sample_rate
    spoken = np.concatenate([np.asarray(piece, dtype=np.float32) for piece in voice.stream(TEXT, seed=1)])
    silence = np.zeros(int(EDGE * rate), dtype=np.float32)
    samples = np.concatenate([silence, spoken * (PEAK / np.abs(spoken).max()), silence])
    with wave.open(str(Path(__file__).with_name("sayso.wav")), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())


if __name__ == "__main__":
    main()
