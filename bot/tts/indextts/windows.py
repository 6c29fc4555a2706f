"""A stream of latents made into sound in windows that overlap, so that no seam is heard."""

from __future__ import annotations

import torch
from torch import Tensor

from bot.tts.indextts.vocoder import Vocoder

LOOK = 20
"""Latents to either side that are enough: 2e-5 off, on random weights. ``vocoder.field`` are those that are exact."""


class Windows:
    """One sentence's latents in, its sound out as soon as ``look`` latents more are known.

    Where the windows begin and end depends on how many latents there are, and not on how they came, so the sound does
    neither: the first has ``first`` latents, all others ``later``, the last what is left. Of the latents that are done
    with, ``look`` are remembered.
    """

    def __init__(
        self, vocoder: Vocoder, speaker: Tensor, *, first: int = 16, later: int = 48, look: int = LOOK
    ) -> None:
        """Raises ValueError for windows of nothing, or a negative ``look``."""
        if min(first, later) < 1 or look < 0:
            raise ValueError(f"windows of {first} and {later} latents that look {look} further")
        self._vocoder = vocoder
        self._speaker = speaker
        self._next = first
        self._later = later
        self._look = look
        self._known = torch.empty(0, vocoder.config.dim, device=speaker.device)
        self._done = 0
        """How many of the known latents have been made into sound."""

    def feed(self, latents: Tensor) -> Tensor:
        """Latents (n, dim), n ≥ 0 → samples that are ready, maybe none."""
        self._known = torch.cat([self._known, latents.float()])
        ready = [self._none()]
        while len(self._known) >= self._done + self._next + self._look:
            ready.append(self._window(self._next))
            self._next = self._later
        return torch.cat(ready)

    def finish(self) -> Tensor:
        """The rest of the sound."""
        rest = len(self._known) - self._done
        return self._window(rest) if rest else self._none()

    def _window(self, latents: int) -> Tensor:
        end = self._done + latents
        sound: Tensor = self._vocoder(self._known[: end + self._look], self._speaker, range(self._done, end))
        forgotten = max(0, end - self._look)
        self._known, self._done = self._known[forgotten:], end - forgotten
        return sound

    def _none(self) -> Tensor:
        return torch.empty(0, device=self._speaker.device)
