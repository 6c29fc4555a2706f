"""GPT-2's layers, alike for a whole sequence and for one step of many: only who sees whom differs.

Radford et al., "Language Models are Unsupervised Multitask Learners" (2019).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.config import GptConfig

Attention = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""The number of a layer, queries, keys and values (n, heads, head_dim) each → (n, heads, head_dim)."""


class Blocks(nn.Module):
    """GPT-2's layers and the norm after them: (n, dim) → (n, dim), where ``attend`` says who sees whom."""

    def __init__(self, config: GptConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.h = nn.ModuleList(Block(config, dtype) for _ in range(config.layers))
        self.ln_f = nn.LayerNorm(config.dim)

    def forward(self, states: Tensor, attend: Attention) -> Tensor:
        for layer, block in enumerate(self.h):
            states = block(states, partial(attend, layer))
        normed: Tensor = self.ln_f(states)
        return normed


class Block(nn.Module):
    """One layer: attention, then the feed-forward, each on what is normed (pre-LN) and added to what came in."""

    def __init__(self, config: GptConfig, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads, self.dtype = config.heads, dtype
        self.ln_1 = nn.LayerNorm(config.dim)
        self.attn = _SelfAttention(config.dim)
        self.ln_2 = nn.LayerNorm(config.dim)
        self.mlp = _FeedForward(config.dim)

    def forward(self, states: Tensor, attend: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        fused: Tensor = self.attn.c_attn(self.ln_1(states).to(self.dtype))
        mixed = attend(*fused.view(len(states), 3, self.heads, -1).unbind(1))
        states = states + self.attn.c_proj(mixed.reshape(states.shape))
        widened = functional.gelu(self.mlp.c_fc(self.ln_2(states).to(self.dtype)), approximate="tanh")
        added: Tensor = states + self.mlp.c_proj(widened)
        return added


class _SelfAttention(nn.Module):
    """Its matrices: queries, keys and values side by side, and what puts the heads together."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.c_attn = nn.Linear(dim, 3 * dim)
        self.c_proj = nn.Linear(dim, dim)


class _FeedForward(nn.Module):
    """Its matrices: four times as wide, and back."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.c_fc = nn.Linear(dim, 4 * dim)
        self.c_proj = nn.Linear(4 * dim, dim)


def causal(_: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention within one sequence, of each position to itself and those before."""
    q, k, v = (part.transpose(0, 1)[None] for part in (queries, keys, values))
    return functional.scaled_dot_product_attention(q, k, v, is_causal=True)[0].transpose(0, 1)
