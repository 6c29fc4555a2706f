"""``config.yaml`` of a model folder: the sizes of every part, and what stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

Shapes = Mapping[str, tuple[int, ...]]
"""The name and the shape of every tensor that a part has in its file."""


@dataclass(frozen=True, slots=True)
class MelConfig:
    """The mel spectrogram: ``rate`` in Hz, ``fft`` and ``hop`` in samples (the Hann window is as long as the FFT),
    ``bands`` between ``lowest`` and ``highest`` Hz."""

    rate: int = 24_000
    fft: int = 1024
    hop: int = 256
    bands: int = 100
    lowest: float = 0.0
    highest: float = 12_000.0


@dataclass(frozen=True, slots=True)
class ConditioningConfig:
    """The encoder of a reference: ``width``, ``heads`` and ``blocks`` of the conformer, ``inner`` of its feed-forward;
    ``latents`` of ``dim`` come out of the perceiver, whose feed-forward is ``perceiver_mult`` times as wide."""

    bands: int
    width: int
    inner: int
    heads: int
    blocks: int
    perceiver_mult: int
    dim: int
    latents: int = 32


@dataclass(frozen=True, slots=True)
class GptConfig:
    """The language model over text tokens and mel codes. ``text_positions`` and ``mel_positions`` are the rows of the
    two learned tables of positions; a code beyond ``most_codes`` is beyond what it was trained on."""

    dim: int
    layers: int
    heads: int
    text_tokens: int
    codes: int
    most_text: int
    most_codes: int
    start_text: int
    stop_text: int
    start_code: int
    stop_code: int

    @property
    def text_positions(self) -> int:
        return self.most_text + 2

    @property
    def mel_positions(self) -> int:
        return self.most_codes + 3


@dataclass(frozen=True, slots=True)
class VocoderConfig:
    """BigVGAN: ``channels`` before the first of the upsampling levels, each with its ``rates`` and ``kernels``; on each
    level a block for each of ``block_kernels`` with its ``block_dilations``. ``speaker`` is the size of the vector."""

    dim: int
    bands: int
    channels: int
    rates: tuple[int, ...]
    kernels: tuple[int, ...]
    block_kernels: tuple[int, ...]
    block_dilations: tuple[tuple[int, ...], ...]
    speaker: int
    conditioned_levels: bool
    log_scale: bool

    @property
    def samples_per_latent(self) -> int:
        """Samples of sound for each latent, that is for each code: 1024."""
        return prod(self.rates)


@dataclass(frozen=True, slots=True)
class Config:
    """A model folder's ``config.yaml``, as far as inference goes; ``gpt_file`` and so on are names in it."""

    version: str
    mel: MelConfig
    conditioning: ConditioningConfig
    gpt: GptConfig
    vocoder: VocoderConfig
    gpt_file: str
    vocoder_file: str
    bpe_file: str


def read(folder: Path) -> Config:
    """The configuration in the folder.

    Raises :class:`~bot.tts.indextts.faults.CheckpointError` that says what is missing, wrong, or of another version
    of the model, and where to get the right one.
    """
    raise NotImplementedError
