"""BigVGAN (arXiv 2206.04658): latents of the language model and a speaker vector in, sound out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts import antialias, convolution
from bot.tts.indextts.antialias import SnakeBeta
from bot.tts.indextts.config import Shapes, VocoderConfig
from bot.tts.indextts.convolution import Convolution, Upsampling
from bot.tts.indextts.field import ENDS, LevelNeeds, field, needs

Weights = Mapping[str, Tensor]


def shapes(config: VocoderConfig) -> Shapes:
    """Every tensor of it in ``bigvgan_generator.pth``, weight norm not folded; without the speaker encoder."""
    return dict(_shapes(config))


class Vocoder(nn.Module):
    """Latents (n, dim) and a speaker vector (speaker,) → samples (n · 1024,) within ±1 at 24 kHz, float32."""

    config: VocoderConfig

    def __init__(self, config: VocoderConfig, weights: Weights, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.field = field(config)
        """Latents to either side of one on which its sound depends."""
        self.start = Convolution.of(weights, "conv_pre", dtype=dtype)
        self.condition = _Condition(weights, "cond_layer")
        self.levels = nn.ModuleList(_Level(config, weights, level, dtype) for level in range(len(config.rates)))
        self.snake = SnakeBeta.of(weights, "activation_post", log_scale=config.log_scale)
        self.end = Convolution.of(weights, "conv_post", dtype=dtype)

    @classmethod
    def of(cls, config: VocoderConfig, weights: Weights, *, dtype: torch.dtype = torch.float32) -> Self:
        """With weights from ``bigvgan_generator.pth`` (others are passed over), weight norm folded, and nothing shared
        with them. ``dtype`` is what the convolutions compute in, 16 bits on CUDA; all else is float32."""
        return cls(config, weights, dtype)

    @torch.no_grad()
    def forward(self, latents: Tensor, speaker: Tensor, keep: range | None = None) -> Tensor:
        """With ``keep``, only the samples of these latents, and no more work than they need. They are those of the
        whole where ``field`` latents to both sides of them are given, or all up to an end of the sentence."""
        needed = needs(self.config, range(len(latents)) if keep is None else keep)
        sound = _Stretch(latents.float(), 0).cropped(needed.latents).through(self.start).cropped(needed.start)
        sound = sound.through(lambda rows: rows + self.condition(speaker))
        for level, around in zip(self.levels, needed.levels, strict=True):
            sound = level(sound, speaker, around)
        sound = sound.through(self.snake).through(self.end).cropped(needed.samples)
        return sound.rows.flatten().tanh()


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sound (positions, channels), and which position of the whole its first is."""

    rows: Tensor
    at: int

    def cropped(self, span: range) -> _Stretch:
        first = max(self.at, span.start)
        return _Stretch(self.rows[first - self.at : span.stop - self.at], first)

    def through(self, layer: Callable[[Tensor], Tensor], rate: int = 1) -> _Stretch:
        return _Stretch(layer(self.rows), self.at * rate)


class _Level(nn.Module):
    """Sound at a higher rate: upsampled, told the speaker, and as the mean of the blocks makes it."""

    def __init__(self, config: VocoderConfig, weights: Weights, level: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.up = Upsampling.of(weights, f"ups.{level}.0", config.rates[level], dtype=dtype)
        self.condition = _Condition(weights, f"conds.{level}") if config.conditioned_levels else None
        first = level * len(config.block_kernels)
        self.blocks = nn.ModuleList(
            _Block(weights, f"resblocks.{first + block}", dilations, log_scale=config.log_scale, dtype=dtype)
            for block, dilations in enumerate(config.block_dilations)
        )

    def forward(self, sound: _Stretch, speaker: Tensor, around: LevelNeeds) -> _Stretch:
        sound = sound.through(self.up, self.up.rate).cropped(around.into)
        return sound.through(lambda rows: self._mixed(rows, speaker)).cropped(around.out_of)

    def _mixed(self, sound: Tensor, speaker: Tensor) -> Tensor:
        if self.condition is not None:
            sound = sound + self.condition(speaker)
        total = torch.zeros_like(sound)
        for block in self.blocks:
            total += block(sound)
        return total.div_(len(self.blocks))


class _Block(nn.Module):
    """Anti-aliased multi-periodicity: steps of two activations and two convolutions, the first of them dilated, each
    step added to what came into it."""

    def __init__(
        self, weights: Weights, name: str, dilations: tuple[int, ...], *, log_scale: bool, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.steps = nn.ModuleList(
            nn.Sequential(
                SnakeBeta.of(weights, f"{name}.activations.{2 * step}", log_scale=log_scale),
                Convolution.of(weights, f"{name}.convs1.{step}", dilation=dilation, dtype=dtype),
                SnakeBeta.of(weights, f"{name}.activations.{2 * step + 1}", log_scale=log_scale),
                Convolution.of(weights, f"{name}.convs2.{step}", dtype=dtype),
            )
            for step, dilation in enumerate(dilations)
        )

    def forward(self, sound: Tensor) -> Tensor:
        for step in self.steps:
            sound = step(sound).add_(sound)
        return sound


class _Condition(nn.Module):
    """What is added to every position for a speaker: (speaker,) → (channels,)."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.register_buffer("weight", weights[f"{name}.weight"][:, :, 0].to(torch.float32, copy=True))
        self.register_buffer("bias", weights[f"{name}.bias"].to(torch.float32, copy=True))

    def forward(self, speaker: Tensor) -> Tensor:
        return functional.linear(speaker, self.weight, self.bias)


def _shapes(config: VocoderConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from convolution.shapes("conv_pre", config.channels, config.dim, ENDS).items()
    yield from _condition("cond_layer", config.channels, config.speaker)
    for level in range(len(config.rates)):
        yield from _level(config, level)
    channels = config.channels >> len(config.rates)
    yield from antialias.shapes("activation_post", channels).items()
    yield from convolution.shapes("conv_post", 1, channels, ENDS).items()


def _level(config: VocoderConfig, level: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    before, channels = config.channels >> level, config.channels >> level + 1
    yield from convolution.shapes(f"ups.{level}.0", before, channels, config.kernels[level], transposed=True).items()
    if config.conditioned_levels:
        yield from _condition(f"conds.{level}", channels, config.speaker)
    first = level * len(config.block_kernels)
    for block, kernel in enumerate(config.block_kernels):
        yield from _block(f"resblocks.{first + block}", channels, kernel, len(config.block_dilations[block]))


def _block(name: str, channels: int, kernel: int, steps: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for step in range(steps):
        yield from convolution.shapes(f"{name}.convs1.{step}", channels, channels, kernel).items()
        yield from convolution.shapes(f"{name}.convs2.{step}", channels, channels, kernel).items()
        yield from antialias.shapes(f"{name}.activations.{2 * step}", channels).items()
        yield from antialias.shapes(f"{name}.activations.{2 * step + 1}", channels).items()


def _condition(name: str, channels: int, speaker: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (channels, speaker, 1)
    yield f"{name}.bias", (channels,)
