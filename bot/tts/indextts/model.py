"""The model: its parts side by side, each to be asked for alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bot.tts.indextts.conditioning import Conditioning
from bot.tts.indextts.config import Config
from bot.tts.indextts.devices import Place
from bot.tts.indextts.gpt import Gpt, Positions
from bot.tts.indextts.mel import Mel
from bot.tts.indextts.sampling import Sampling
from bot.tts.indextts.speaker import SpeakerEncoder
from bot.tts.indextts.text import Tokenizer
from bot.tts.indextts.vocoder import Vocoder

MOST_CODES = 600
"""Upstream's limit for one sentence: 25.6 seconds."""

Array = Tensor | npt.NDArray[np.float32]
"""Numbers, as torch or numpy have them; what comes back is always a tensor, float32, on the processor."""


@dataclass(frozen=True, slots=True)
class Found:
    """Codes of one sentence without the stop code; ``stopped`` says that it came; ``score`` is that of beams."""

    codes: list[int]
    stopped: bool
    score: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """IndexTTS-1.5, loaded. What its methods take may be numpy's or torch's, on any device; what they give is float32
    on the processor. Not for several threads at once."""

    config: Config
    place: Place
    fingerprint: str
    tokenizer: Tokenizer
    mel_of: Mel
    conditioning: Conditioning
    gpt: Gpt
    speaker_encoder: SpeakerEncoder
    vocoder: Vocoder

    @torch.inference_mode()
    def mel(self, samples: Array) -> Tensor:
        """Samples (n,), mono, 24 kHz, within ±1 → log-mel spectrogram (100, n // 256 + 1)."""
        return self._out(self.mel_of(self._in(samples)))

    @torch.inference_mode()
    def condition(self, mel: Array) -> Tensor:
        """Mel of a reference (100, frames) → what the language model hears of the voice (32, dim)."""
        return self._out(self.conditioning(self._in(mel)))

    @torch.inference_mode()
    def speaker(self, mel: Array) -> Tensor:
        """Mel of a reference (100, frames) → the vector by which the vocoder knows the voice (speaker,)."""
        return self._out(self.speaker_encoder(self._in(mel)))

    def generate(
        self,
        conditioning: Array,
        ids: Sequence[int],
        options: Sampling,
        *,
        limit: int = MOST_CODES,
        positions: Positions = Positions.CONTIGUOUS,
        seed: int = 0,
    ) -> Found:
        """The codes for one sentence: conditioning (32, dim), ids without start and stop; at most ``limit`` codes, the
        stop code among them. Raises ValueError for a sentence longer than the model's tables."""
        raise NotImplementedError

    def greedy(
        self,
        conditioning: Array,
        ids: Sequence[int],
        *,
        limit: int = MOST_CODES,
        positions: Positions = Positions.CONTIGUOUS,
        repetition_penalty: float = 10.0,
    ) -> list[int]:
        """The likeliest code at each step; the stop code is the last of them, if it came."""
        options = Sampling(sample=False, repetition_penalty=repetition_penalty)
        found = self.generate(conditioning, ids, options, limit=limit, positions=positions)
        return [*found.codes, self.config.gpt.stop_code] if found.stopped else found.codes

    def _in(self, numbers: Array) -> Tensor:
        return torch.as_tensor(numbers, dtype=torch.float32, device=self.place.device)

    def _out(self, numbers: Tensor) -> Tensor:
        return numbers.detach().to("cpu", torch.float32)


def load(folder: Path | str, *, device: str = "auto", precision: str = "auto") -> Model:
    """The model in the official folder (``config.yaml``, ``gpt.pth``, ``bigvgan_generator.pth``, ``bpe.model``).

    Raises :class:`~bot.tts.indextts.faults.CheckpointError` that says what is missing, misshapen or of another
    version, and where to get what is right; ConfigError for a device or precision that this machine does not have.
    """
    raise NotImplementedError
