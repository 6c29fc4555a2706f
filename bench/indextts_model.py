"""What is measured of IndexTTS: a model of the published sizes with random weights, which never says the stop code."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path

import torch
from torch import Tensor

from bot.errors import ConfigError
from bot.tts.indextts.checkpoint import weights
from bot.tts.indextts.config import read
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.model import Model, load
from tests.doubles.indextts import Size, write

PLAIN, FP32, BF16, INT8 = "fp32 plain", "fp32 packed", "bf16 packed", "int8"
PRECISIONS: Mapping[str, str] = {FP32: "fp32", BF16: "bf16", INT8: "int8"}

SECONDS = 6
"""Of the reference that is heard."""
CODES_PER_SECOND = 24_000 / 1024
TEXT = 30
"""Tokens of the sentence that is spoken."""
_NEVER = -1e4
_SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A reference: its mel (bands, frames), and what the model has learnt of it."""

    mel: Tensor
    conditioning: Tensor
    speaker: Tensor


@contextmanager
def checkpoint(*, whole: bool = False) -> Iterator[Path]:
    """The model's folder, for a while; ``whole`` with every number written, as the published files are."""
    torch.set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="sayso-bench-") as name:
        folder = Path(name)
        config = write(folder, Size.FULL, seed=_SEED, whole=whole)
        file = folder / config.gpt_file
        said = torch.load(file, weights_only=True)
        said["model"]["mel_head.bias"][config.gpt.stop_code] = _NEVER
        torch.save(said, file)
        yield folder


def forms(folder: Path) -> tuple[Model, dict[str, Gpt]]:
    """A model in float32, and its language model in every form that this processor has.

    The plain form is matrices as PyTorch has them by itself, which is how upstream multiplies.
    """
    config = read(folder)
    found = {PLAIN: Gpt.of(config.gpt, weights(folder, config)[0], torch.float32)}
    model = load(folder, device="cpu", precision="fp32")
    for name, precision in PRECISIONS.items():
        try:
            found[name] = model.gpt if name == FP32 else load(folder, device="cpu", precision=precision).gpt
        except ConfigError:
            continue
    return model, found


def voice(model: Model) -> Voice:
    """Of six seconds of noise: what takes time does not listen."""
    mel = model.mel(torch.rand(SECONDS * 24_000, generator=torch.Generator().manual_seed(_SEED)) - 0.5)
    return Voice(mel, model.condition(mel), model.speaker(mel))


def ids(count: int = TEXT) -> list[int]:
    """Text tokens, any."""
    return [100 + 7 * n for n in range(count)]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak() -> float:
    """The most memory that this process has had, in MiB; what Python's ``resource`` tells begins with the parent's."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), nan)
