"""The log-mel spectrogram that both encoders hear (torch.stft; equal to torchaudio's MelSpectrogram, HTK bands)."""

from __future__ import annotations

from math import log10

import torch
from torch import Tensor, nn

from bot.tts.indextts.config import MelConfig

_FLOOR = 1e-7
"""The least magnitude: silence is not minus infinity."""


class Mel(nn.Module):
    """Samples (n,) float32 mono within ±1 at ``config.rate`` → (bands, n // hop + 1): log of the magnitude, at least
    1e-7. Periodic Hann window, centred with reflected ends, no norm of the bands."""

    window: Tensor
    bands: Tensor

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        self.config = config
        # They follow from the configuration, so they are in no file: not persistent.
        self.register_buffer("window", torch.hann_window(config.fft), persistent=False)
        self.register_buffer("bands", _triangles(config), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """Raises ValueError for samples that are of several channels, not all finite, or too few: the ends are
        reflected by half an FFT window, so there must be more than that."""
        self._check(samples)
        spectrum = torch.stft(
            samples,
            self.config.fft,
            self.config.hop,
            window=self.window,
            center=True,
            pad_mode="reflect",
            return_complex=True,
        )
        return (spectrum.abs().T @ self.bands).T.clamp(min=_FLOOR).log()

    def _check(self, samples: Tensor) -> None:
        if samples.ndim != 1:
            raise ValueError(f"samples are one channel (n,), not of the shape {tuple(samples.shape)}")
        if len(samples) <= self.config.fft // 2:
            raise ValueError(f"{len(samples)} samples are too few: there must be more than {self.config.fft // 2}")
        if not samples.isfinite().all():
            raise ValueError("samples must be finite numbers; some of these are not")


def _triangles(config: MelConfig) -> Tensor:
    """The bands as weights (fft // 2 + 1, bands): triangles whose corners are evenly spaced in mels.

    A triangle is the lower one of two slopes: up from the corner before its own, and down to the one after it. All in
    float32 and in torchaudio's order of operations: in the lowest bands a rounding elsewhere shows in the fifth digit.
    """
    frequencies = torch.linspace(0, config.rate // 2, config.fft // 2 + 1)
    mels = torch.linspace(_mels(config.lowest), _mels(config.highest), config.bands + 2)
    corners = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    widths = corners.diff()
    distances = corners - frequencies.unsqueeze(1)
    up, down = -distances[:, :-2] / widths[:-1], distances[:, 2:] / widths[1:]
    return torch.minimum(up, down).clamp(min=0.0)


def _mels(hertz: float) -> float:
    """Hertz on O'Shaughnessy's scale, as HTK has it."""
    return 2595.0 * log10(1.0 + hertz / 700.0)
