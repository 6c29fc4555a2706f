"""The tiny checkpoint in the official form, and what upstream v1.5.0 computed from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bot.tts.indextts.model import Model, load
from bot.tts.voices import Recording, Recordings

TINY = Path(__file__).parents[2] / "data" / "indextts" / "tiny-a"


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """So small a model is slower on several."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder() -> Path:
    return TINY


@pytest.fixture(scope="session")
def golden() -> Mapping[str, npt.NDArray[Any]]:
    with np.load(TINY / "golden.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def told() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((TINY / "golden.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def model(folder: Path) -> Model:
    """On the processor, in the numbers that the golden ones were made in."""
    return load(folder, device="cpu", precision="fp32")


@pytest.fixture(scope="session")
def recordings(folder: Path) -> Recordings:
    """One that can be cloned from, by the name ``me.wav``."""
    return Recordings([Recording("me.wav", folder / "prompt.wav", ("me",))])
