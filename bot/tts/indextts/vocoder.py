"""BigVGAN: latents of the language model and a speaker vector in, sound out; whole, or in windows as latents come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from bot.tts.indextts.config import Shapes, VocoderConfig


def shapes(config: VocoderConfig) -> Shapes:
    """Every tensor of it in ``bigvgan_generator.pth``, weight norm not folded; without the speaker encoder."""
    raise NotImplementedError


class Vocoder(nn.Module):
    """Latents (n, dim) and a speaker vector (speaker,) → samples (n · 1024,) within ±1 at 24 kHz, float32."""

    config: VocoderConfig

    @classmethod
    def of(cls, config: VocoderConfig, weights: Mapping[str, Tensor]) -> Self:
        """With weights from ``bigvgan_generator.pth`` (others are passed over), weight norm folded, float32."""
        raise NotImplementedError

    def forward(self, latents: Tensor, speaker: Tensor) -> Tensor:
        raise NotImplementedError
