"""Convolutions over sound that lies as (positions, channels), with their weight norm folded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.config import Shapes

_WIDE = 256


def shapes(name: str, first: int, second: int, kernel: int, *, transposed: bool = False) -> Shapes:
    """What one convolution has in its file: from ``second`` to ``first`` channels, or from ``first`` to ``second``, if
    it is transposed."""
    bias = second if transposed else first
    weight = {f"{name}.weight_g": (first, 1, 1), f"{name}.weight_v": (first, second, kernel)}
    return {f"{name}.bias": (bias,), **weight}


def folded(weights: Mapping[str, Tensor], name: str) -> Tensor:
    """The weight itself, float32: the direction ``weight_v``, as long as ``weight_g`` says, along the first axis."""
    direction = weights[f"{name}.weight_v"].float()
    length: Tensor = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
    return direction * (weights[f"{name}.weight_g"].float() / length)


class Convolution(nn.Module):
    """(n, in) → (n, out), with silence beyond the ends. ``dtype`` is what it computes in; in and out are float32."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, *, dilation: int = 1, dtype: torch.dtype = torch.float32) -> None:
        """``weight`` (out, in, kernel), ``kernel`` odd."""
        super().__init__()
        out, _, kernel = weight.shape
        self.dilation = dilation
        self.reach = dilation * (kernel - 1) // 2
        # A wide one is given to little sound: a library's convolution would spend its time on arranging the weights.
        # Between products 16 bits would lose what one convolution keeps.
        self.by_taps = out >= _WIDE and dtype == torch.float32
        self.register_buffer("weight", _taps(weight) if self.by_taps else _flat(weight, dtype))
        self.register_buffer("bias", bias.to(dtype))

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], name: str, *, dilation: int = 1, dtype: torch.dtype) -> Self:
        bias = weights[f"{name}.bias"].to(torch.float32, copy=True)
        return cls(folded(weights, name), bias, dilation=dilation, dtype=dtype)

    def forward(self, sound: Tensor) -> Tensor:
        return self._products(sound) if self.by_taps else self._convolved(sound)

    def _products(self, sound: Tensor) -> Tensor:
        """A matrix product for each tap."""
        length = len(sound)
        padded = functional.pad(sound, (0, 0, self.reach, self.reach))
        total = torch.addmm(self.bias, padded[:length], self.weight[0])
        for tap, matrix in enumerate(self.weight[1:], 1):
            total.addmm_(padded[tap * self.dilation :][:length], matrix)
        return total

    def _convolved(self, sound: Tensor) -> Tensor:
        picture = sound.to(self.weight.dtype).t()[None, :, None]
        found = functional.conv2d(picture, self.weight, self.bias, padding=(0, self.reach), dilation=(1, self.dilation))
        return found[0, :, 0].t().float().contiguous()


class Upsampling(nn.Module):
    """A transposed convolution: (n, in) → (n · rate, out). What each position adds to the ``kernel`` positions around
    its own is a matrix product; where these overlap, they are summed."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor, rate: int, *, dtype: torch.dtype = torch.float32) -> None:
        """``weight`` (in, out, kernel), ``kernel`` as many as ``rate`` or an even number more."""
        super().__init__()
        channels, self.out, kernel = weight.shape
        self.rate = rate
        self.crop = (kernel - rate) // 2
        parts = -(-kernel // rate)
        whole = functional.pad(weight, (0, parts * rate - kernel)).view(channels, self.out, parts, rate)
        self.register_buffer("weight", whole.permute(2, 0, 3, 1).reshape(parts, channels, -1).to(dtype))
        self.register_buffer("bias", bias)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], name: str, rate: int, *, dtype: torch.dtype) -> Self:
        bias = weights[f"{name}.bias"].to(torch.float32, copy=True)
        return cls(folded(weights, name), bias, rate, dtype=dtype)

    def forward(self, sound: Tensor) -> Tensor:
        length, parts = len(sound), len(self.weight)
        total = self.bias.expand(length + parts - 1, self.rate, -1).contiguous()
        low = sound.to(self.weight.dtype)
        for part, matrix in enumerate(self.weight):
            total[part : part + length] += (low @ matrix).view(length, self.rate, self.out)
        return total.view(-1, self.out)[self.crop : self.crop + length * self.rate]


def _taps(weight: Tensor) -> Tensor:
    """(kernel, in, out)."""
    return weight.permute(2, 1, 0).contiguous()


def _flat(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """As a picture of one line, channels last: that is how the sound lies, so nothing has to be turned."""
    return weight[:, :, None].to(dtype).contiguous(memory_format=torch.channels_last)
