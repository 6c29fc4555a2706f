"""What a voice is to the vocoder: ECAPA-TDNN, after SpeechBrain's, hears the mel spectrogram and gives one vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from bot.tts.indextts.config import Shapes, VocoderConfig


def shapes(config: VocoderConfig) -> Shapes:
    """Every tensor of it in ``bigvgan_generator.pth``: ``speaker_encoder.*``."""
    raise NotImplementedError


class SpeakerEncoder(nn.Module):
    """Mel (bands, frames) → (speaker,)."""

    @classmethod
    def of(cls, config: VocoderConfig, weights: Mapping[str, Tensor]) -> Self:
        """With weights from ``bigvgan_generator.pth`` (others in there are passed over), as float32."""
        raise NotImplementedError

    def forward(self, mel: Tensor) -> Tensor:
        raise NotImplementedError
