"""What a voice is to the language model: a conformer hears the mel, a perceiver sums it up in 32 latents.

The conformer is that of Gulati et al. (2020) as WeNet has it: pre-norm, one feed-forward instead of two halves, a layer
norm in the convolution module, and positions that enter the attention as in Transformer-XL but are not shifted, so that
they are absolute. The modules are named as their tensors are in ``gpt.pth``.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.config import ConditioningConfig, Shapes
from bot.tts.indextts.perceiver import Perceiver

_POSITIONS = 5000
"""Rows of the table of positions."""
_KERNEL = 15
"""Frames that the convolution module sees at once; odd, so that it has a middle."""


def shapes(config: ConditioningConfig) -> Shapes:
    """Every tensor of it in ``gpt.pth``: ``conditioning_encoder.*`` and ``perceiver_encoder.*``."""
    with torch.device("meta"):
        hollow = Conditioning(config)
    return {name: tuple(tensor.shape) for name, tensor in hollow.state_dict().items()}


class Conditioning(nn.Module):
    """Mel (bands, frames) → (32, dim)."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioning_encoder = _Conformer(config)
        self.perceiver_encoder = Perceiver(config)

    @classmethod
    def of(cls, config: ConditioningConfig, weights: Mapping[str, Tensor]) -> Self:
        """With weights from ``gpt.pth`` (others in there are passed over), as float32. Nothing is shared with them."""
        with torch.device("meta"):
            made = cls(config)
        made.load_state_dict({name: _own(weights[name]) for name in made.state_dict()}, assign=True)
        return made.eval().requires_grad_(False)

    def conformer(self, mel: Tensor) -> Tensor:
        """Mel (bands, frames) → (T', width), T' = (frames - 1) // 2. Raises ValueError as :meth:`forward` does."""
        self._check(mel)
        heard: Tensor = self.conditioning_encoder(mel)
        return heard

    def forward(self, mel: Tensor) -> Tensor:
        """The 32 latents. Raises ValueError for a mel that is too short for one frame, or longer than the table of
        positions (the stored one counts: it may be 16-bit)."""
        latents: Tensor = self.perceiver_encoder(self.conformer(mel))
        return latents

    def _check(self, mel: Tensor) -> None:
        if mel.ndim != 2 or len(mel) != self.config.bands:
            raise ValueError(f"a mel is ({self.config.bands}, frames), not of the shape {tuple(mel.shape)}")
        most = 2 * _POSITIONS + 2
        if not 3 <= mel.shape[1] <= most:
            raise ValueError(f"a mel has 3 to {most} frames, not {mel.shape[1]}")


class _Conformer(nn.Module):
    """Mel (bands, frames) → (T', width)."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.embed = _Subsampling(config)
        self.encoders = nn.ModuleList(_Block(config) for _ in range(config.blocks))
        self.after_norm = nn.LayerNorm(config.width)

    def forward(self, mel: Tensor) -> Tensor:
        features, positions = self.embed(mel)
        for block in self.encoders:
            features = block(features, positions)
        normed: Tensor = self.after_norm(features)
        return normed


class _Subsampling(nn.Module):
    """Mel (bands, frames) → features (T', width) at half the rate, and as many rows of the table of positions."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, config.width, kernel_size=3, stride=2), nn.ReLU())
        self.out = nn.Sequential(nn.Linear(config.width * ((config.bands - 1) // 2), config.width))
        self.pos_enc = _Positions(config.width)
        self.scale = sqrt(config.width)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        patches = self.conv(mel.T.unsqueeze(0)).transpose(0, 1)
        features = self.out(patches.flatten(1)) * self.scale
        return features, self.pos_enc(len(features))


class _Positions(nn.Module):
    """Sines and cosines (length, width) as the file has them: computed here they would have other digits than the
    16-bit ones that a 16-bit file may hold."""

    pe: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("pe", torch.empty(1, _POSITIONS, width))

    def forward(self, length: int) -> Tensor:
        return self.pe[0, :length]


class _Block(nn.Module):
    """Attention, convolution and feed-forward, each on what is normed and added to what was, and a norm at the end."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.self_attn = _Attention(config)
        self.conv_module = _Convolution(config.width)
        self.feed_forward = _FeedForward(config)
        self.norm_mha = nn.LayerNorm(config.width)
        self.norm_conv = nn.LayerNorm(config.width)
        self.norm_ff = nn.LayerNorm(config.width)
        self.norm_final = nn.LayerNorm(config.width)

    def forward(self, features: Tensor, positions: Tensor) -> Tensor:
        features = features + self.self_attn(self.norm_mha(features), positions)
        features = features + self.conv_module(self.norm_conv(features))
        features = features + self.feed_forward(self.norm_ff(features))
        normed: Tensor = self.norm_final(features)
        return normed


class _Attention(nn.Module):
    """Self-attention in which what a frame is and where it is are asked for apart (Dai et al., 2019, section 3.3)."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.heads = config.heads
        width = config.width
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.empty(config.heads, width // config.heads))
        self.pos_bias_v = nn.Parameter(torch.empty(config.heads, width // config.heads))

    def forward(self, features: Tensor, positions: Tensor) -> Tensor:
        queries = self._by_head(self.linear_q(features))
        keys = self._by_head(self.linear_k(features))
        values = self._by_head(self.linear_v(features))
        places = self._by_head(self.linear_pos(positions))
        by_content = (queries + self.pos_bias_u.unsqueeze(1)) @ keys.transpose(-2, -1)
        # No relative shift here: the j-th column is the j-th place itself, not a distance. So it was trained.
        by_place = (queries + self.pos_bias_v.unsqueeze(1)) @ places.transpose(-2, -1)
        scores = (by_content + by_place) / sqrt(queries.shape[-1])
        seen = scores.softmax(dim=-1) @ values
        joined: Tensor = self.linear_out(seen.transpose(0, 1).flatten(1))
        return joined

    def _by_head(self, numbers: Tensor) -> Tensor:
        """(n, width) → (heads, n, width / heads)."""
        return numbers.view(len(numbers), self.heads, -1).transpose(0, 1)


class _Convolution(nn.Module):
    """Neighbours in time: a gated pointwise convolution, one frame by frame within each feature, a pointwise one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, kernel_size=1)
        self.depthwise_conv = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pointwise_conv2 = nn.Conv1d(width, width, kernel_size=1)

    def forward(self, features: Tensor) -> Tensor:
        gated = functional.glu(self.pointwise_conv1(features.T), dim=0)
        mixed = functional.silu(self.norm(self.depthwise_conv(gated).T))
        joined: Tensor = self.pointwise_conv2(mixed.T).T
        return joined


class _FeedForward(nn.Module):
    """Each frame by itself, through ``inner`` features."""

    def __init__(self, config: ConditioningConfig) -> None:
        super().__init__()
        self.w_1 = nn.Linear(config.width, config.inner)
        self.w_2 = nn.Linear(config.inner, config.width)

    def forward(self, features: Tensor) -> Tensor:
        worked: Tensor = self.w_2(functional.silu(self.w_1(features)))
        return worked


def _own(stored: Tensor) -> Tensor:
    """A float32 copy, whole and in order: what is stored may be 16-bit, mapped from the file, or a part of another."""
    return stored.to(torch.float32, copy=True, memory_format=torch.contiguous_format)
