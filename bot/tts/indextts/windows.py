"""A stream of latents made into sound in windows that overlap, so that no seam is heard."""

from __future__ import annotations

from torch import Tensor

from bot.tts.indextts.vocoder import Vocoder

EXACT = 34
"""Latents on each side of a window with which its sound is that of the whole, to the bit: beyond the field of view."""
LOOK = 20
"""Latents on each side that are enough: 2e-5 off, on random weights."""


class Windows:
    """One sentence's latents in, its sound out as soon as ``look`` latents more are known."""

    def __init__(
        self, vocoder: Vocoder, speaker: Tensor, *, first: int = 16, later: int = 48, look: int = LOOK
    ) -> None:
        raise NotImplementedError

    def feed(self, latents: Tensor) -> Tensor:
        """Latents (n, dim), n ≥ 0 → samples that are ready, maybe none."""
        raise NotImplementedError

    def finish(self) -> Tensor:
        """The rest of the sound."""
        raise NotImplementedError
