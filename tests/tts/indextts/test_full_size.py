"""Full size: a random checkpoint with every tensor of the published model is loaded and makes sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.tts.indextts.checkpoint import weights
from bot.tts.indextts.config import read
from tests.doubles.indextts import Size, write

resource = pytest.importorskip("resource", reason="Windows does not say how much memory a process had at most")

GIGABYTE = 1e9
_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts memory."""

PROGRAM = """
import json, resource, sys
import torch
from bot.tts.indextts import load

torch.set_num_threads(1)
model = load(sys.argv[1], device="cpu", precision="fp32")
random = torch.Generator().manual_seed(1)
mel = model.mel(torch.randn(48_000, generator=random) * 0.1)
voice, speaker = model.condition(mel), model.speaker(mel)
ids = [10242, 10219, 10209, 11702, 10201]
codes = model.greedy(voice, ids, limit=8)
latents = model.latents(voice, ids, codes)
sound = model.waveform(latents[:4], speaker)
print(json.dumps({
    "mel": mel.shape, "voice": voice.shape, "speaker": speaker.shape, "codes": codes, "latents": latents.shape,
    "sound": sound.shape, "finite": bool(sound.isfinite().all()), "loudest": float(sound.abs().max()),
    "spread": float(latents.std()), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
"""
"""Run in a process of its own, so that the memory is the model's and nobody else's."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write(folder, Size.FULL, seed=7)
    return folder


@pytest.fixture(scope="module")
def said(full: Path) -> Mapping[str, Any]:
    """What the program found."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(full)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def test_tensors(full: Path) -> None:
    """All 511 tensors of the one file are read, and all 1029 of the other but 31 that count batches."""
    language, sound = weights(full, read(full))
    assert (len(language), len(sound)) == (511, 1029 - 31)


def test_shapes(said: Mapping[str, Any]) -> None:
    """Each part takes what the one before it gives, in the published sizes."""
    assert said["mel"] == [100, 48_000 // 256 + 1]
    assert said["voice"] == [32, 1280]
    assert said["speaker"] == [512]
    assert said["latents"] == [len(said["codes"]), 1280]
    assert said["sound"] == [4 * 1024]


def test_codes(said: Mapping[str, Any]) -> None:
    """Greedy decoding finds as many codes as it may, none of them twice and none that means something else."""
    assert len(said["codes"]) == len(set(said["codes"])) == 8
    assert all(0 <= code < 8192 for code in said["codes"])


def test_sound(said: Mapping[str, Any]) -> None:
    """Nothing overflows on the way through 24 layers and six levels, and something is heard."""
    assert said["finite"]
    assert 0.5 < said["spread"] < 2
    assert 0.01 < said["loudest"] < 1


def test_memory(said: Mapping[str, Any]) -> None:
    """The model is loaded and speaks within 8 GB."""
    assert said["memory"] * _UNIT < 8 * GIGABYTE
