"""Makes ``speechbrain-ecapa.npz``: the vector that SpeechBrain's ECAPA-TDNN gives for weights and a mel drawn here.

    pip install --no-deps speechbrain==1.1.2 && pip install hyperpyyaml joblib scipy soundfile requests
    python -m tests.data.indextts.speechbrain_ecapa

SpeechBrain imports torchaudio, which has no build for torch on a processor, and does not need it here: an empty module
stands in for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

VECTOR = Path(__file__).with_name("speechbrain-ecapa.npz")
BANDS, FRAMES, SIZE = 80, 57, 192
_SEED = 5


def drawn(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """A weight for every name, in the order of the names; such that what goes through the layers keeps its size. Only
    numpy's plain uniform numbers are used: they are the same in all its versions."""
    numbers = np.random.Generator(np.random.PCG64(_SEED))
    return {name: _drawn(numbers, name, shapes[name]) for name in sorted(shapes) if shapes[name]}


def mel() -> Tensor:
    """(80, 57), like the logarithm of something: -9 to 3."""
    return _uniform(np.random.Generator(np.random.PCG64(_SEED + 1)), (BANDS, FRAMES), -9, 3)


def _drawn(numbers: np.random.Generator, name: str, shape: tuple[int, ...]) -> Tensor:
    if len(shape) == 3:
        most = (3 / (shape[1] * shape[2])) ** 0.5
        return _uniform(numbers, shape, -most, most)
    if name.endswith((".norm.weight", ".running_var")):
        return _uniform(numbers, shape, 0.5, 1.5)
    return _uniform(numbers, shape, -0.3, 0.3)


def _uniform(numbers: np.random.Generator, shape: tuple[int, ...], least: float, most: float) -> Tensor:
    return torch.from_numpy((least + (most - least) * numbers.random(shape)).astype(np.float32))


def _main() -> None:
    torchaudio = ModuleType("torchaudio")
    torchaudio.__dict__.update(__version__="2.7.1", list_audio_backends=lambda: ["none"])
    sys.modules["torchaudio"] = torchaudio
    oracle = import_module("speechbrain.lobes.models.ECAPA_TDNN").ECAPA_TDNN(BANDS, lin_neurons=SIZE).eval()
    asked = {name: tuple(tensor.shape) for name, tensor in oracle.state_dict().items() if tensor.is_floating_point()}
    missing, spare = oracle.load_state_dict(drawn(asked), strict=False)
    if spare or any(not name.endswith("num_batches_tracked") for name in missing):
        raise SystemExit(f"not loaded: {missing}, {spare}")
    with torch.inference_mode():
        vector = oracle(mel().t()[None]).flatten().numpy()
    np.savez(VECTOR, vector=vector)


if __name__ == "__main__":
    _main()
