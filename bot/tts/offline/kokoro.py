"""Kokoro-82M (int8), from the four wheels that hold a quarter of it each."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.errors import EngineBroken, UnknownVoice
from bot.speech import Samples
from bot.tts.offline.voices import MODEL_PARTS, vector_file

SAMPLE_RATE = 24_000
LIMIT = 400
"""Phonemes in one call: the model takes 508, and is at its best below that."""

SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
"""Of the four parts joined."""

_ROWS, _WIDTH = 510, 256


class Kokoro:
    """The model, loaded. The same phonemes, voice and rate make the same samples."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._session = _session(joined())
        self._vocabulary = vocabulary()
        self._styles: dict[str, npt.NDArray[np.float32]] = {}

    def speak(self, phonemes: str, voice: str, rate: float) -> Samples:
        """Sound of at most :data:`LIMIT` phonemes, mono float32 at 24 kHz; symbols it does not know are left out."""
        tokens = [self._vocabulary[symbol] for symbol in phonemes if symbol in self._vocabulary]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._style(voice)[min(len(tokens), _ROWS - 1)][None],
            "speed": np.array([rate], np.float32),
        }
        samples: Samples = self._session.run(None, feed)[0].reshape(-1)
        return samples

    def _style(self, voice: str) -> npt.NDArray[np.float32]:
        if voice not in self._styles:
            self._styles[voice] = style(self._folder, voice)
        return self._styles[voice]


def style(folder: Path, voice: str) -> npt.NDArray[np.float32]:
    """The style vectors of a voice, one row for each length of utterance."""
    try:
        vectors = np.fromfile(vector_file(folder, voice), dtype="<f2")
    except OSError as error:
        raise UnknownVoice("offline", f"the voice {voice!r} cannot be read: {error.strerror}") from error
    if vectors.size != _ROWS * _WIDTH:
        raise EngineBroken("offline", f"the file of the voice {voice!r} is damaged; install sayso again")
    return vectors.reshape(_ROWS, _WIDTH).astype(np.float32)


def joined() -> bytes:
    """The model file, put together in memory and checked."""
    try:
        parts = [importlib.resources.files(package).joinpath("part.bin").read_bytes() for package in MODEL_PARTS]
    except (ModuleNotFoundError, OSError) as error:
        raise EngineBroken("offline", f"a part of the Kokoro model is missing ({error}); {_REMEDY}") from error
    model = b"".join(parts)
    if hashlib.sha256(model).hexdigest() != SHA256:
        raise EngineBroken("offline", f"the Kokoro model is not the one Sayso was built for; {_REMEDY}")
    return model


@cache
def vocabulary() -> dict[str, int]:
    """The number of each phoneme symbol; hibari was distilled from Kokoro and kept them."""
    text = importlib.resources.files("hibari").joinpath("assets", "vocab.json").read_text("utf-8")
    numbers: dict[str, int] = json.loads(text)
    return numbers


_REMEDY = "install it again: pip install --force-reinstall 'sayso[kokoro]'"


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Measured: the int8 kernels are fastest with one thread (RTF 0.6; two threads 0.84).
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
