"""A random checkpoint in the official form: it stands in for IndexTTS-1.5, and what it says is noise.

::

    python -m tests.doubles.indextts FOLDER --size full|small --seed 7 [--whole]

``full`` has the tensors of the published model, by name and shape; ``small`` is another model, of other sizes. So that
neither the files nor the time to write them are large, all big matrices are overlapping windows into a few pools of
random numbers, which a PyTorch file can say; ``--whole`` writes every number (1.2 and 0.5 GB for ``full``). The same
seed gives the same files.
"""

from __future__ import annotations

import argparse
import math
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from bot.tts.indextts.checkpoint import shapes
from bot.tts.indextts.config import Config, Shapes, read

_BPE = Path(__file__).parents[1] / "data" / "indextts" / "tiny-a" / "bpe.model"
_POOL = 1 << 19
"""Numbers in a pool: the tallest matrix fits in with the shortest step between its rows."""
_LARGE = 1 << 16
"""Numbers from which a tensor is a window."""
_APART = 1_000_000
"""Between the seeds of the two files."""
_STEPS = (31, 23, 17, 13, 11, 7, 5, 3, 2, 1)
"""From row to row of a window."""


class Size(StrEnum):
    """How large a model is: as the published one, or small and otherwise made."""

    FULL = "full"
    SMALL = "small"


FULL: Mapping[str, Any] = {
    "dataset": {
        "bpe_model": "bpe.model",
        "sample_rate": 24_000,
        "squeeze": False,
        "mel": {
            "sample_rate": 24_000,
            "n_fft": 1024,
            "hop_length": 256,
            "win_length": 1024,
            "n_mels": 100,
            "mel_fmin": 0,
            "normalize": False,
        },
    },
    "gpt": {
        "model_dim": 1280,
        "max_mel_tokens": 800,
        "max_text_tokens": 600,
        "heads": 20,
        "use_mel_codes_as_input": True,
        "mel_length_compression": 1024,
        "layers": 24,
        "number_text_tokens": 12_000,
        "number_mel_codes": 8194,
        "start_mel_token": 8192,
        "stop_mel_token": 8193,
        "start_text_token": 0,
        "stop_text_token": 1,
        "train_solo_embeddings": False,
        "condition_type": "conformer_perceiver",
        "condition_module": {
            "output_size": 512,
            "linear_units": 2048,
            "attention_heads": 8,
            "num_blocks": 6,
            "input_layer": "conv2d2",
            "perceiver_mult": 2,
        },
    },
    "bigvgan": {
        "resblock": "1",
        "upsample_rates": [4, 4, 4, 4, 2, 2],
        "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
        "upsample_initial_channel": 1536,
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "feat_upsample": False,
        "speaker_embedding_dim": 512,
        "cond_d_vector_in_each_upsampling_layer": True,
        "gpt_dim": 1280,
        "activation": "snakebeta",
        "snake_logscale": True,
        "num_mels": 100,
    },
    "dvae_checkpoint": "dvae.pth",
    "gpt_checkpoint": "gpt.pth",
    "bigvgan_checkpoint": "bigvgan_generator.pth",
    "version": 1.5,
}
"""The published config.yaml, as far as inference goes."""

_SMALL: Mapping[str, Any] = {
    "gpt": {
        "model_dim": 96,
        "heads": 3,
        "layers": 2,
        "max_mel_tokens": 120,
        "max_text_tokens": 90,
        "number_text_tokens": 880,
        "number_mel_codes": 302,
        "start_mel_token": 300,
        "stop_mel_token": 301,
        "condition_module": {"output_size": 48, "linear_units": 80, "attention_heads": 6, "num_blocks": 1},
    },
    "bigvgan": {
        "upsample_rates": [8, 8, 4, 4],
        "upsample_kernel_sizes": [16, 16, 8, 4],
        "upsample_initial_channel": 64,
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 2, 4], [1, 3, 5]],
        "speaker_embedding_dim": 40,
        "gpt_dim": 96,
    },
}
"""What is otherwise in a small one."""


def write(folder: Path, size: Size = Size.SMALL, *, seed: int = 0, whole: bool = False) -> Config:
    """Write a checkpoint into the folder, which is made if need be. The language model is float16, as published."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_BPE, folder / "bpe.model")
    (folder / "config.yaml").write_text(yaml.safe_dump(_settings(size), sort_keys=False), "utf-8")
    for name in ("gpt.pth", "bigvgan_generator.pth"):
        (folder / name).touch()  # A folder without them would not be read.
    config = read(folder)
    language, sound = shapes(config)
    said = _tensors(language, config, _Numbers(seed, torch.float16, whole))
    torch.save({"model": said}, folder / config.gpt_file)
    del said  # a gigabyte, if it is whole
    heard = _tensors(sound, config, _Numbers(seed + _APART, torch.float32, whole))
    torch.save({"generator": heard}, folder / config.vocoder_file)
    return config


def _settings(size: Size) -> dict[str, Any]:
    settings: dict[str, Any] = deepcopy(dict(FULL))
    if size is Size.SMALL:
        _merge(settings, _SMALL)
    return settings


def _merge(settings: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict):
            _merge(settings[key], value)
        else:
            settings[key] = value


class _Numbers:
    """Random numbers, all by one seed: small tensors have their own, large ones look into a pool of their scale."""

    def __init__(self, seed: int, dtype: torch.dtype, whole: bool) -> None:
        self.dtype = dtype
        self._whole = whole
        self._random = torch.Generator().manual_seed(seed)
        self._pools: dict[int, Tensor] = {}

    def normal(self, shape: tuple[int, ...], scale: float) -> Tensor:
        """Around 0; ``scale`` is the standard deviation, which for large ones is rounded to a power of two."""
        if math.prod(shape) < _LARGE:
            return (torch.randn(shape, generator=self._random) * scale).to(self.dtype)
        window = self._window(shape, round(math.log2(scale)))
        return window.clone(memory_format=torch.contiguous_format) if self._whole else window

    def between(self, shape: tuple[int, ...], low: float, high: float) -> Tensor:
        """Evenly spread, and none of them beyond."""
        return (torch.rand(shape, generator=self._random) * (high - low) + low).to(self.dtype)

    def _window(self, shape: tuple[int, ...], exponent: int) -> Tensor:
        rows, columns = shape[0], math.prod(shape[1:])
        step = next(step for step in _STEPS if (rows - 1) * step + columns <= _POOL)
        spare = _POOL - (rows - 1) * step - columns
        offset = int(torch.randint(spare + 1, (), generator=self._random))
        inner = [math.prod(shape[axis + 1 :]) for axis in range(1, len(shape))]
        return self._pool(exponent).as_strided(shape, (step, *inner), offset)

    def _pool(self, exponent: int) -> Tensor:
        if exponent not in self._pools:
            pool = torch.randn(_POOL, generator=self._random) * 2.0**exponent
            self._pools[exponent] = pool.to(self.dtype)
        return self._pools[exponent]


Draw = Callable[[_Numbers, tuple[int, ...]], Tensor]

_KINDS: Mapping[str, Draw] = {
    "pos_enc.pe": lambda numbers, shape: _sines(shape).to(numbers.dtype),
    "filter": lambda numbers, shape: _low_pass().view(shape),
    "num_batches_tracked": lambda numbers, shape: torch.tensor(1000),
    "running_var": lambda numbers, shape: numbers.between(shape, 0.5, 1.5),
    "running_mean": lambda numbers, shape: numbers.normal(shape, 0.1),
    "conv_post.weight_g": lambda numbers, shape: numbers.between(shape, 0.1, 0.15),
    "weight_g": lambda numbers, shape: numbers.between(shape, 0.5, 1.0),
    "weight_v": lambda numbers, shape: numbers.normal(shape, 0.5**5),
    "act.alpha": lambda numbers, shape: numbers.normal(shape, 0.2),
    "act.beta": lambda numbers, shape: numbers.normal(shape, 0.2),
    "gamma": lambda numbers, shape: numbers.between(shape, 0.8, 1.2),
    "embedding.weight": lambda numbers, shape: numbers.normal(shape, 0.5**2),
    "emb.weight": lambda numbers, shape: numbers.normal(shape, 0.5**2),
    "latents": lambda numbers, shape: numbers.normal(shape, 0.5),
    "bias": lambda numbers, shape: numbers.normal(shape, 0.05),
    "bias_u": lambda numbers, shape: numbers.normal(shape, 0.2),
    "bias_v": lambda numbers, shape: numbers.normal(shape, 0.2),
}
"""What a tensor holds, by how its name ends; the first that fits."""


def _tensors(expected: Shapes, config: Config, numbers: _Numbers) -> dict[str, Tensor]:
    made = {name: _tensor(name, tuple(shape), numbers) for name, shape in expected.items()}
    if "mel_head.bias" in made:
        # A trained model never says the start code.
        made["mel_head.bias"][config.gpt.start_code] = -15.0
    return made


def _tensor(name: str, shape: tuple[int, ...], numbers: _Numbers) -> Tensor:
    for end, draw in _KINDS.items():
        if name.endswith(end):
            return draw(numbers, shape)
    if len(shape) == 1:  # the gain of a norm
        return numbers.between(shape, 0.8, 1.2)
    return numbers.normal(shape, 1 / math.sqrt(_fan_in(name, shape)))


def _fan_in(name: str, shape: tuple[int, ...]) -> int:
    # GPT-2's own matrices are written (in, out).
    return shape[0] if name.startswith("gpt.h.") else math.prod(shape[1:])


def _sines(shape: tuple[int, ...]) -> Tensor:
    """The table of positions of "Attention is all you need": (1, positions, width)."""
    _, positions, width = shape
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angles = torch.arange(positions)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=2).view(shape)


def _low_pass() -> Tensor:
    """Half of the band through 12 taps: a sinc under Kaiser's window, with a transition of 0.3 of the rate."""
    taps = 12
    attenuation = 2.285 * (taps // 2 - 1) * math.pi * 4 * 0.3 + 7.95
    window = torch.kaiser_window(taps, periodic=False, beta=0.1102 * (attenuation - 8.7), dtype=torch.float64)
    wave = torch.sinc((torch.arange(taps, dtype=torch.float64) - (taps - 1) / 2) / 2) * window
    return (wave / wave.sum()).float()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a random checkpoint in the form of IndexTTS-1.5.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=Size, choices=tuple(Size), default=Size.SMALL)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="write every number: 1.7 GB for the full size")
    chosen = parser.parse_args()
    write(chosen.folder, chosen.size, seed=chosen.seed, whole=chosen.whole)
    for file in sorted(chosen.folder.iterdir()):
        print(f"{file}: {file.stat().st_size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
