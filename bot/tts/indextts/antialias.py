"""SnakeBeta without aliasing (BigVGAN, arXiv 2206.04658): x + sin²(αx)/β at twice the rate, between two
low-pass filters.

Sound lies as (positions, channels) here, and one filter serves all channels. To filter a run of positions is then to
multiply a narrow band matrix, the same for every run, with the sound as it lies in memory: no zeros stand between the
samples, and no window is copied. It is exact, and takes little more than a third of the time of two convolutions
channel by channel, which are almost half of a vocoder's work on a processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from bot.tts.indextts.config import Shapes

TAPS = 12
"""Of either filter."""
REACH = 5
"""Positions to either side that one position depends on."""
_MARGIN = 3
"""Positions to either side that the filter upwards reads."""
_RUN = 16
_TINY = 1e-9


def shapes(name: str, channels: int) -> Shapes:
    """What one activation has in its file."""
    filters = {f"{name}.{which}.filter": (1, 1, TAPS) for which in ("upsample", "downsample.lowpass")}
    return {f"{name}.act.alpha": (channels,), f"{name}.act.beta": (channels,), **filters}


class SnakeBeta(nn.Module):
    """Sound (positions, channels) → the same shape, float32. Beyond its ends it is taken to stay as it is there."""

    alpha: Tensor
    gain: Tensor
    up: Tensor
    down: Tensor

    def __init__(self, alpha: Tensor, beta: Tensor, up: Tensor, down: Tensor) -> None:
        """``alpha`` and ``beta`` (channels,), as in the formula; the filters (12,)."""
        super().__init__()
        fine, coarse = range(2 * _RUN), range(_RUN)
        self.register_buffer("alpha", alpha)
        self.register_buffer("gain", 1 / (beta + _TINY))
        self.register_buffer("up", 2 * _band(up, fine, _wider(coarse, _MARGIN)))
        self.register_buffer("down", _band(down, _wider(fine, REACH), coarse).t().contiguous())

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], name: str, *, log_scale: bool) -> Self:
        """That of this name in the file; ``log_scale`` says that the logarithms of alpha and beta are stored."""
        stored = (weights[f"{name}.act.{which}"].to(torch.float32, copy=True) for which in ("alpha", "beta"))
        alpha, beta = (number.exp() if log_scale else number for number in stored)
        filters = (weights[f"{name}.{which}.filter"].float().flatten() for which in ("upsample", "downsample.lowpass"))
        return cls(alpha, beta, *filters)

    def forward(self, sound: Tensor) -> Tensor:
        length, channels = sound.shape
        runs = -(-length // _RUN)
        fine = sound.new_empty(2 * (runs * _RUN + REACH), channels)
        inner = fine[REACH:-REACH].view(runs, 2 * _RUN, channels)
        torch.bmm(self.up.expand(runs, -1, -1), _windows(_extended(sound, runs), runs, _RUN), out=inner)
        last = REACH + 2 * length
        self._snake(fine[REACH:last])
        fine[:REACH] = fine[REACH]
        fine[last:] = fine[last - 1]
        coarse = torch.bmm(self.down.expand(runs, -1, -1), _windows(fine, runs, 2 * _RUN))
        return coarse.view(-1, channels)[:length]

    def _snake(self, sound: Tensor) -> None:
        wave = (sound * self.alpha).sin_()
        sound.addcmul_(wave.square_(), self.gain)


def _band(taps: Tensor, fine: range, coarse: range) -> Tensor:
    """(fine, coarse): what stands between a sample at the double rate and one at the single rate. Sample m of the one
    and i of the other are m - 2i apart, and both filters have their middle between taps 5 and 6."""
    apart = torch.tensor(fine)[:, None] - 2 * torch.tensor(coarse) + TAPS // 2 - 1
    return torch.where((apart >= 0) & (apart < TAPS), taps[apart.clamp(0, TAPS - 1)], 0.0)


def _wider(span: range, margin: int) -> range:
    return range(span.start - margin, span.stop + margin)


def _extended(sound: Tensor, runs: int) -> Tensor:
    """Its first sample before it, its last after it, until the runs are full."""
    after = runs * _RUN - len(sound) + _MARGIN
    return torch.cat([sound[:1].expand(_MARGIN, -1), sound, sound[-1:].expand(after, -1)])


def _windows(sound: Tensor, runs: int, step: int) -> Tensor:
    """(runs, what each needs, channels), all that ``sound`` holds: they overlap, and are not copied."""
    length, channels = sound.shape
    return sound.as_strided((runs, length - (runs - 1) * step, channels), (step * channels, channels, 1))
