"""What a voice is to the vocoder: ECAPA-TDNN (arXiv 2005.07143), after SpeechBrain's, hears the mel spectrogram and
gives one vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.config import Shapes, VocoderConfig

LEAST_FRAMES = 5
"""Frames that a mel has at least: the ends are reflected over four."""

_PREFIX = "speaker_encoder."
_CHANNELS = 512
_INNER = 128
"""Of the excitation, and of the attention."""
_FIRST_KERNEL = 5
_KERNEL = 3
_DILATIONS = (2, 3, 4)
_SCALE = 8
_POOLED = _CHANNELS * len(_DILATIONS)
_LEAST_VARIANCE = 1e-12
_COUNTER = ".num_batches_tracked"
"""What a batch norm counts while it is trained."""

Weights = Mapping[str, Tensor]


def shapes(config: VocoderConfig) -> Shapes:
    """Every tensor of it in ``bigvgan_generator.pth``: ``speaker_encoder.*``, among them the counters of its batch
    norms, which it does not ask for."""
    return {_PREFIX + name: shape for name, shape in _shapes(config)}


class SpeakerEncoder(nn.Module):
    """Mel (bands, frames) → (speaker,)."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.first = _Tdnn(weights, "blocks.0")
        self.blocks = nn.ModuleList(
            _Block(weights, f"blocks.{block}", dilation) for block, dilation in enumerate(_DILATIONS, 1)
        )
        self.aggregation = _Tdnn(weights, "mfa")
        self.pooling = _Pooling(weights, "asp")
        self.norm = _Norm(weights, "asp_bn")
        self.last = _Convolution(weights, "fc")

    @classmethod
    def of(cls, config: VocoderConfig, weights: Weights) -> Self:
        """With weights from ``bigvgan_generator.pth`` (others in there are passed over), copied, as float32."""
        needed = [name for name, _ in _shapes(config) if not name.endswith(_COUNTER)]
        return cls({name: weights[_PREFIX + name].to(torch.float32, copy=True) for name in needed})

    def forward(self, mel: Tensor) -> Tensor:
        """Raises ValueError for less than five frames."""
        if mel.shape[1] < LEAST_FRAMES:
            raise ValueError(f"a voice is not known by {mel.shape[1]} frames: {LEAST_FRAMES} are the least")
        sound = self.first(mel[None])
        heard = []
        for block in self.blocks:
            sound = block(sound)
            heard.append(sound)
        pooled = self.norm(self.pooling(self.aggregation(torch.cat(heard, 1))))
        vector: Tensor = self.last(pooled).flatten()
        return vector


class _Convolution(nn.Module):
    """(1, in, frames) → (1, out, frames); the ends are reflected."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weights: Weights, name: str, dilation: int = 1) -> None:
        super().__init__()
        self.dilation = dilation
        self.register_buffer("weight", weights[f"{name}.conv.weight"])
        self.register_buffer("bias", weights[f"{name}.conv.bias"])

    def forward(self, sound: Tensor) -> Tensor:
        reach = self.dilation * (self.weight.shape[2] - 1) // 2
        padded = functional.pad(sound, (reach, reach), mode="reflect")
        return functional.conv1d(padded, self.weight, self.bias, dilation=self.dilation)


class _Norm(nn.Module):
    """Batch norm by the statistics of the training."""

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.register_buffer("weight", weights[f"{name}.norm.weight"])
        self.register_buffer("bias", weights[f"{name}.norm.bias"])
        self.register_buffer("mean", weights[f"{name}.norm.running_mean"])
        self.register_buffer("variance", weights[f"{name}.norm.running_var"])

    def forward(self, sound: Tensor) -> Tensor:
        return functional.batch_norm(sound, self.mean, self.variance, self.weight, self.bias)


class _Tdnn(nn.Sequential):
    """A time-delay layer: convolution, rectified, normed."""

    def __init__(self, weights: Weights, name: str, dilation: int = 1) -> None:
        super().__init__(_Convolution(weights, f"{name}.conv", dilation), nn.ReLU(), _Norm(weights, f"{name}.norm"))


class _Block(nn.Module):
    """SE-Res2Net: an eighth of the channels passes as it is, each other eighth hears also what became of the one before
    it; then every channel is weighed by how much of all there is in the whole recording."""

    def __init__(self, weights: Weights, name: str, dilation: int) -> None:
        super().__init__()
        self.before = _Tdnn(weights, f"{name}.tdnn1")
        self.chain = nn.ModuleList(
            _Tdnn(weights, f"{name}.res2net_block.blocks.{link}", dilation) for link in range(_SCALE - 1)
        )
        self.after = _Tdnn(weights, f"{name}.tdnn2")
        self.excitation = nn.Sequential(
            _Convolution(weights, f"{name}.se_block.conv1"),
            nn.ReLU(),
            _Convolution(weights, f"{name}.se_block.conv2"),
            nn.Sigmoid(),
        )

    def forward(self, sound: Tensor) -> Tensor:
        inner = self.after(self._chained(self.before(sound)))
        weighed: Tensor = inner * self.excitation(inner.mean(2, keepdim=True))
        return weighed + sound

    def _chained(self, sound: Tensor) -> Tensor:
        passed, *others = sound.chunk(_SCALE, 1)
        made = [passed]
        for part, link in zip(others, self.chain, strict=True):
            made.append(link(part + made[-1] if len(made) > 1 else part))
        return torch.cat(made, 1)


class _Pooling(nn.Module):
    """Mean and deviation of each channel over time, (1, channels, frames) → (1, 2 · channels, 1), each by its own
    attention to the frames, which knows what mean and deviation are without it."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            _Tdnn(weights, f"{name}.tdnn"), nn.Tanh(), _Convolution(weights, f"{name}.conv"), nn.Softmax(2)
        )

    def forward(self, sound: Tensor) -> Tensor:
        evenly = torch.full_like(sound, 1 / sound.shape[2])
        mean, deviation = (number.expand_as(sound) for number in _statistics(sound, evenly))
        return torch.cat(_statistics(sound, self.attention(torch.cat([sound, mean, deviation], 1))), 1)


def _statistics(sound: Tensor, attention: Tensor) -> tuple[Tensor, Tensor]:
    mean = (attention * sound).sum(2, keepdim=True)
    variance = (attention * (sound - mean).square()).sum(2, keepdim=True)
    return mean, variance.clamp(min=_LEAST_VARIANCE).sqrt()


def _shapes(config: VocoderConfig) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _tdnn("blocks.0", config.bands, _CHANNELS, _FIRST_KERNEL)
    for block in range(1, len(_DILATIONS) + 1):
        yield from _block(f"blocks.{block}")
    yield from _tdnn("mfa", _POOLED, _POOLED, 1)
    yield from _tdnn("asp.tdnn", 3 * _POOLED, _INNER, 1)
    yield from _convolution("asp.conv", _INNER, _POOLED, 1)
    yield from _norm("asp_bn", 2 * _POOLED)
    yield from _convolution("fc", 2 * _POOLED, config.speaker, 1)


def _block(name: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    part = _CHANNELS // _SCALE
    yield from _tdnn(f"{name}.tdnn1", _CHANNELS, _CHANNELS, 1)
    for link in range(_SCALE - 1):
        yield from _tdnn(f"{name}.res2net_block.blocks.{link}", part, part, _KERNEL)
    yield from _tdnn(f"{name}.tdnn2", _CHANNELS, _CHANNELS, 1)
    yield from _convolution(f"{name}.se_block.conv1", _CHANNELS, _INNER, 1)
    yield from _convolution(f"{name}.se_block.conv2", _INNER, _CHANNELS, 1)


def _tdnn(name: str, inner: int, outer: int, kernel: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _convolution(f"{name}.conv", inner, outer, kernel)
    yield from _norm(f"{name}.norm", outer)


def _convolution(name: str, inner: int, outer: int, kernel: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.conv.weight", (outer, inner, kernel)
    yield f"{name}.conv.bias", (outer,)


def _norm(name: str, channels: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for tensor in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.norm.{tensor}", (channels,)
    yield f"{name}.norm{_COUNTER}", ()
