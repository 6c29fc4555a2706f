"""The log-mel spectrogram: upstream's figures, and what the textbook says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.config import MelConfig
from bot.tts.indextts.mel import Mel

Golden = Mapping[str, npt.NDArray[Any]]

OFFICIAL = MelConfig()
NARROW = MelConfig(rate=16_000, fft=400, hop=160, bands=40, lowest=20.0, highest=7600.0)
_FARTHEST = """
import sys, numpy, torch
from bot.tts.indextts.config import MelConfig
from bot.tts.indextts.mel import Mel
golden = numpy.load(sys.argv[1], allow_pickle=False)
mel = Mel(MelConfig())(torch.from_numpy(golden["prompt_24k"]))
print(float((mel - torch.from_numpy(golden["prompt_mel"])).abs().max()))
"""


@pytest.fixture(scope="module")
def official() -> Mel:
    return Mel(OFFICIAL)


def noise(samples: int, seed: int = 0) -> Tensor:
    """Noise that gets louder, with a tone in it and a little direct current."""
    generator = torch.Generator().manual_seed(seed)
    at = torch.arange(samples)
    hiss = torch.rand(samples, generator=generator) - 0.5
    return 0.3 * hiss * at / samples + 0.3 * torch.sin(at * 0.11) + 0.01


def tone(hertz: float, seconds: float = 0.5) -> Tensor:
    return 0.5 * torch.sin(torch.arange(round(24_000 * seconds)) * (2 * torch.pi * hertz / 24_000))


def textbook(samples: Tensor, config: MelConfig) -> npt.NDArray[np.float64]:
    """The same by definition, in float64: frames of the reflected signal, their DFT, and triangles by interpolation."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.fft) / config.fft)
    padded = np.pad(samples.double().numpy(), config.fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.fft)[:: config.hop]
    spectrum = np.abs(np.fft.rfft(frames * window))
    magnitudes = np.stack([spectrum @ triangle for triangle in triangles(config)])
    return np.asarray(np.log(np.maximum(magnitudes, 1e-7)))


def triangles(config: MelConfig) -> list[npt.NDArray[np.float64]]:
    ends = 2595 * np.log10(1 + np.array([config.lowest, config.highest]) / 700)
    corners = 700 * (10 ** (np.linspace(ends[0], ends[1], config.bands + 2) / 2595) - 1)
    bins = np.arange(config.fft // 2 + 1) * config.rate / config.fft
    return [np.interp(bins, corners[band : band + 3], [0, 1, 0]) for band in range(config.bands)]


def test_what_upstream_heard_is_what_we_hear(official: Mel, golden: Golden) -> None:
    """The prompt's spectrogram is upstream's: within 1e-5 but for one number in a hundred, and within 5e-5 in the
    faintest bands, where every FFT rounds in its own way; upstream's is 3.8e-5 off itself."""
    mel = official(torch.from_numpy(golden["prompt_24k"]))
    off = (mel - torch.from_numpy(golden["prompt_mel"])).abs()
    assert mel.shape == (100, 385)
    assert off.max() <= 5e-5
    assert (off <= 1e-5).float().mean() >= 0.99


@pytest.mark.skipif(
    "USE_MKL=ON" not in torch.__config__.show() or torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="upstream's figures were rounded by MKL's FFT, on a processor with AVX2",
)
def test_with_the_same_fft_it_is_upstreams_to_the_last_digit(folder: Path) -> None:
    """With the FFT that made upstream's figures (MKL chooses by the processor) nothing is farther off than 1e-5."""
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FARTHEST, str(folder / "golden.npz")],
        env=os.environ | {"MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(said.stdout) <= 1e-5


@pytest.mark.parametrize(("config", "samples"), [(OFFICIAL, 24_000), (OFFICIAL, 4_001), (NARROW, 9_999)])
def test_it_is_what_the_textbook_says(config: MelConfig, samples: int) -> None:
    """An independent computation in double precision comes to the same, at another rate and size too."""
    heard = noise(samples)
    mel = Mel(config)(heard)
    assert mel.dtype == torch.float32
    np.testing.assert_allclose(mel.numpy(), textbook(heard, config), rtol=0, atol=2e-4)


@pytest.mark.parametrize("samples", [513, 767, 768, 769, 1023, 1024, 5120])
def test_there_is_a_frame_for_each_hop_and_one_more(official: Mel, samples: int) -> None:
    """n samples make n // 256 + 1 frames, from the shortest that can be on."""
    mel = official(noise(samples))
    assert mel.shape == (100, samples // 256 + 1)
    assert mel.isfinite().all()


def test_silence_is_the_floor(official: Mel) -> None:
    """Where nothing is, the magnitude counts as 1e-7."""
    assert torch.equal(official(torch.zeros(2048)), torch.full((100, 9), 1e-7).log())


def test_it_is_a_magnitude_and_no_power(official: Mel) -> None:
    """Twice the amplitude is ln 2 more in every band, not twice that."""
    heard = noise(4096)
    louder = official(2 * heard) - official(heard)
    torch.testing.assert_close(louder, torch.full_like(louder, 2.0).log(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("band", [3, 20, 50, 80, 99])
def test_a_tone_is_loudest_in_its_own_band(official: Mel, band: int) -> None:
    """A tone at the peak of a triangle is heard in that band above all others."""
    step = 2595 * np.log10(1 + 12_000 / 700) / 101
    mel = official(tone(700 * (10 ** (step * (band + 1) / 2595) - 1)))
    assert int(mel[:, 20].argmax()) == band


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (torch.zeros(2, 24_000), r"one channel \(n,\), not of the shape \(2, 24000\)"),
        (torch.zeros(1, 24_000), "one channel"),
        (torch.tensor(0.5), "one channel"),
        (torch.zeros(0), "0 samples are too few: there must be more than 512"),
        (torch.zeros(512), "512 samples are too few"),
        (torch.zeros(4096).index_fill(0, torch.tensor([7]), torch.nan), "finite"),
        (torch.zeros(4096).index_fill(0, torch.tensor([4095]), -torch.inf), "finite"),
    ],
    ids=["stereo", "a batch", "a number", "empty", "half a window", "not a number", "infinite"],
)
def test_what_is_no_recording_is_refused_by_name(official: Mel, samples: Tensor, why: str) -> None:
    """What cannot be heard as one channel of sound is refused with the reason."""
    with pytest.raises(ValueError, match=why):
        official(samples)


def test_it_leaves_the_samples_as_they_were(official: Mel) -> None:
    """Hearing changes nothing in what is heard."""
    heard = noise(2048)
    before = heard.clone()
    official(heard)
    assert torch.equal(heard, before)


def test_it_has_nothing_to_load(official: Mel) -> None:
    """What it computes with follows from the configuration, and is in no file."""
    assert not official.state_dict()
