"""The log-mel spectrogram that both encoders hear (torch.stft; equal to torchaudio's MelSpectrogram, HTK bands)."""

from __future__ import annotations

from torch import Tensor, nn

from bot.tts.indextts.config import MelConfig


class Mel(nn.Module):
    """Samples (n,) float32 mono within ±1 at ``config.rate`` → (bands, n // hop + 1): log of the magnitude, at least
    1e-7. Periodic Hann window, centred with reflected ends, no norm of the bands."""

    def __init__(self, config: MelConfig) -> None:
        super().__init__()
        raise NotImplementedError

    def forward(self, samples: Tensor) -> Tensor:
        raise NotImplementedError
