"""What a voice is to the language model: a conformer hears the mel, a perceiver sums it up in 32 latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from bot.tts.indextts.config import ConditioningConfig, Shapes


def shapes(config: ConditioningConfig) -> Shapes:
    """Every tensor of it in ``gpt.pth``: ``conditioning_encoder.*`` and ``perceiver_encoder.*``."""
    raise NotImplementedError


class Conditioning(nn.Module):
    """Mel (bands, frames) → (32, dim)."""

    @classmethod
    def of(cls, config: ConditioningConfig, weights: Mapping[str, Tensor]) -> Self:
        """With weights from ``gpt.pth`` (others in there are passed over), as float32. Nothing is shared with them."""
        raise NotImplementedError

    def conformer(self, mel: Tensor) -> Tensor:
        """Mel (bands, frames) → (T', width), T' = (frames - 1) // 2."""
        raise NotImplementedError

    def forward(self, mel: Tensor) -> Tensor:
        """The 32 latents. Raises ValueError for a mel that is too short for one frame, or longer than the table of
        positions (the stored one counts: it may be 16-bit)."""
        raise NotImplementedError
