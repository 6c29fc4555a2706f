"""The perceiver resampler: a few learned latents ask a sequence of any length what it holds, and come back with that.

After Flamingo's (Alayrac et al., 2022), with GEGLU feed-forwards (Shazeer, 2020) and a root-mean-square norm at the
end. The modules are named as their tensors are in ``gpt.pth``.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.config import ConditioningConfig

_LAYERS = 2
_HEAD = 64
"""Width of a head: the configuration says how many there are, and they need not add up to ``dim``."""


class Perceiver(nn.Module):
    """What was heard (n, width) → (latents, dim), for any n ≥ 1."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        alike = config.width == config.dim
        self.proj_context = nn.Identity() if alike else nn.Linear(config.width, config.dim)
        self.latents = nn.Parameter(torch.empty(config.latents, config.dim))
        self.layers = nn.ModuleList(_Layer(config) for _ in range(_LAYERS))
        self.norm = _RootMeanSquareNorm(config.dim)

    def forward(self, heard: Tensor) -> Tensor:
        heard = self.proj_context(heard)
        latents: Tensor = self.latents
        for layer in self.layers:
            latents = layer(latents, heard)
        normed: Tensor = self.norm(latents)
        return normed


class _Layer(nn.ModuleList):
    """The latents ask, and then each works on what it was told; both are added to what it was."""

    def __init__(self, config: ConditioningConfig) -> None:
        inner = int(config.dim * config.perceiver_mult * 2 / 3)
        feed_forward = nn.Sequential(nn.Linear(config.dim, 2 * inner), _Gated(), nn.Linear(inner, config.dim))
        super().__init__((_CrossAttention(config), feed_forward))

    def forward(self, latents: Tensor, heard: Tensor) -> Tensor:
        attention, feed_forward = self
        latents = latents + attention(latents, heard)
        worked: Tensor = latents + feed_forward(latents)
        return worked


class _CrossAttention(nn.Module):
    """Latents (m, dim) look at themselves and at what was heard (n, dim) → (m, dim)."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.heads = config.heads
        width = config.heads * _HEAD
        self.to_q = nn.Linear(config.dim, width, bias=False)
        self.to_kv = nn.Linear(config.dim, 2 * width, bias=False)
        self.to_out = nn.Linear(width, config.dim, bias=False)

    def forward(self, latents: Tensor, heard: Tensor) -> Tensor:
        queries = self._by_head(self.to_q(latents))
        keys, values = map(self._by_head, self.to_kv(torch.cat((latents, heard))).chunk(2, dim=-1))
        scores = queries @ keys.transpose(-2, -1) * _HEAD**-0.5
        answers = scores.softmax(dim=-1) @ values
        told: Tensor = self.to_out(answers.transpose(0, 1).flatten(1))
        return told

    def _by_head(self, numbers: Tensor) -> Tensor:
        """(n, heads · d) → (heads, n, d)."""
        return numbers.view(len(numbers), self.heads, _HEAD).transpose(0, 1)


class _Gated(nn.Module):
    """GEGLU: the second half of the features decides, by GELU, how much of the first goes through."""

    def forward(self, features: Tensor) -> Tensor:
        values, gates = features.chunk(2, dim=-1)
        return functional.gelu(gates) * values


class _RootMeanSquareNorm(nn.Module):
    """Every vector brought to the length √dim, and each feature scaled by its ``gamma``."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(dim))

    def forward(self, features: Tensor) -> Tensor:
        return functional.normalize(features, dim=-1) * sqrt(features.shape[-1]) * self.gamma
