"""The speaker encoder: upstream's figures, SpeechBrain's, the file's names, and what must not matter."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.config import VocoderConfig
from bot.tts.indextts.speaker import LEAST_FRAMES, SpeakerEncoder, shapes
from tests.data.indextts import speechbrain_ecapa as oracle

Golden = Mapping[str, npt.NDArray[Any]]
Weights = Mapping[str, Tensor]

TINY = VocoderConfig(
    dim=64,
    bands=100,
    channels=128,
    rates=(4, 4, 4, 4, 2, 2),
    kernels=(8, 8, 4, 4, 4, 4),
    block_kernels=(3, 7, 11),
    block_dilations=((1, 3, 5),) * 3,
    speaker=48,
    conditioned_levels=True,
    log_scale=True,
)
OURS = "speaker_encoder."


@pytest.fixture(scope="module")
def stored(folder: Path) -> Weights:
    loaded: Mapping[str, Weights] = torch.load(folder / "bigvgan_generator.pth", weights_only=True, mmap=True)
    return loaded["generator"]


@pytest.fixture(scope="module")
def encoder(stored: Weights) -> SpeakerEncoder:
    return SpeakerEncoder.of(TINY, stored)


@pytest.fixture(scope="module")
def mel(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["prompt_mel"])


def apart(one: Tensor, other: Tensor) -> float:
    return (one - other).abs().max().item()


def test_the_vector_is_upstreams(encoder: SpeakerEncoder, mel: Tensor, golden: Golden) -> None:
    """For the recording's mel it gives upstream's vector."""
    vector = encoder(mel)
    assert vector.dtype == torch.float32
    assert vector.shape == (48,)
    assert apart(vector, torch.from_numpy(golden["speaker_embedding"])) < 5e-6


def test_the_vector_is_speechbrains() -> None:
    """With other weights, bands and size it gives the vector of SpeechBrain's own ECAPA-TDNN, which is in a file:
    SpeechBrain needs a torchaudio that can be imported, and there is none for torch on a processor."""
    config = replace(TINY, bands=oracle.BANDS, speaker=oracle.SIZE)
    plain = {name.removeprefix(OURS): shape for name, shape in shapes(config).items()}
    weights = {OURS + name: tensor for name, tensor in oracle.drawn(plain).items()}
    with np.load(oracle.VECTOR, allow_pickle=False) as arrays:
        expected = torch.from_numpy(arrays["vector"])
    assert expected.std() > 1
    assert apart(SpeakerEncoder.of(config, weights)(oracle.mel()), expected) < 2e-5


def test_names_and_shapes_are_the_official_files(folder: Path) -> None:
    """At full size it asks for the names and shapes that are in the published file, and for no others."""
    lines = (line.split("\t") for line in (folder.parent / "bigvgan-keys.txt").read_text().splitlines())
    official = {name: ast.literal_eval(shape) for name, shape, _ in lines if name.startswith(OURS)}
    assert shapes(replace(TINY, speaker=512)) == official


def test_names_and_shapes_are_the_tiny_files(stored: Weights) -> None:
    """Its names and shapes follow the configuration."""
    assert shapes(TINY) == {n: tuple(t.shape) for n, t in stored.items() if n.startswith(OURS)}


def test_the_counters_may_be_missing(encoder: SpeakerEncoder, stored: Weights, mel: Tensor) -> None:
    """A file without what batch norm counts while it is trained gives the same vector."""
    without = {name: tensor for name, tensor in stored.items() if not name.endswith("num_batches_tracked")}
    assert len(stored) - len(without) == 31
    assert torch.equal(SpeakerEncoder.of(TINY, without)(mel), encoder(mel))


def test_nothing_is_shared_with_the_file(stored: Weights, mel: Tensor, encoder: SpeakerEncoder) -> None:
    """What is done to the weights afterwards is not heard."""
    mine = {name: tensor.clone() for name, tensor in stored.items() if name.startswith(OURS)}
    built = SpeakerEncoder.of(TINY, mine)
    for tensor in mine.values():
        tensor.zero_()
    assert torch.equal(built(mel), encoder(mel))


def test_16_bit_weights_are_computed_with_in_32(stored: Weights, mel: Tensor, encoder: SpeakerEncoder) -> None:
    """A file in half precision is read as float32."""
    half = {name: tensor.half() for name, tensor in stored.items()}
    vector = SpeakerEncoder.of(TINY, half)(mel)
    assert vector.dtype == torch.float32
    assert 0 < apart(vector, encoder(mel)) < 0.05


@pytest.mark.parametrize(
    "name",
    [
        "blocks.0.conv.conv.weight",
        "blocks.1.res2net_block.blocks.0.norm.norm.running_mean",
        "blocks.2.tdnn1.norm.norm.running_var",
        "blocks.3.res2net_block.blocks.6.conv.conv.bias",
        "blocks.3.se_block.conv2.conv.weight",
        "mfa.norm.norm.bias",
        "asp.tdnn.conv.conv.weight",
        "asp_bn.norm.weight",
        "fc.conv.bias",
    ],
)
def test_every_part_is_heard(name: str, stored: Weights, mel: Tensor, encoder: SpeakerEncoder) -> None:
    """Zeros in any part's place are noticed."""
    changed = {**stored, OURS + name: torch.zeros_like(stored[OURS + name])}
    assert apart(SpeakerEncoder.of(TINY, changed)(mel), encoder(mel)) > 1e-3


def test_the_shortest_mel_has_a_vector(encoder: SpeakerEncoder, mel: Tensor) -> None:
    """Five frames are enough."""
    assert torch.isfinite(encoder(mel[:, :LEAST_FRAMES])).all()


def test_a_still_recording_has_a_vector(encoder: SpeakerEncoder) -> None:
    """Where nothing changes there is no deviation, and still a vector."""
    assert torch.isfinite(encoder(torch.full((100, 50), -16.0))).all()


@pytest.mark.parametrize("frames", [0, 1, 4])
def test_less_than_that_is_refused(frames: int, encoder: SpeakerEncoder, mel: Tensor) -> None:
    """Fewer frames are refused, and it is said how many there have to be."""
    with pytest.raises(ValueError, match=f"by {frames} frames: 5 are the least"):
        encoder(mel[:, :frames])
