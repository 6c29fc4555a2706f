"""The vocoder: upstream's figures, the file's names, a naive computation at other sizes, and windows of it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bot.tts.indextts.config import VocoderConfig, read
from bot.tts.indextts.vocoder import Vocoder, shapes

Golden = Mapping[str, npt.NDArray[Any]]
Weights = Mapping[str, Tensor]

OTHER = VocoderConfig(
    dim=10,
    bands=80,
    channels=40,
    rates=(5, 3, 2),
    kernels=(9, 3, 6),
    block_kernels=(3, 5),
    block_dilations=((1, 2), (1, 4)),
    speaker=6,
    conditioned_levels=True,
    log_scale=True,
)


@pytest.fixture(scope="module")
def config(folder: Path) -> VocoderConfig:
    return read(folder).vocoder


@pytest.fixture(scope="module")
def stored(folder: Path) -> Weights:
    loaded: Mapping[str, Weights] = torch.load(folder / "bigvgan_generator.pth", weights_only=True, mmap=True)
    return loaded["generator"]


@pytest.fixture(scope="module")
def vocoder(config: VocoderConfig, stored: Weights) -> Vocoder:
    return Vocoder.of(config, stored)


@pytest.fixture(scope="module")
def speaker(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["speaker_embedding"])


@pytest.fixture(scope="module")
def latents(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["given_latents"])


@pytest.fixture(scope="module")
def whole(vocoder: Vocoder, latents: Tensor, speaker: Tensor) -> Tensor:
    sound: Tensor = vocoder(latents, speaker)
    return sound


def apart(one: Tensor, other: Tensor) -> float:
    return (one - other).abs().max().item()


def drawn(config: VocoderConfig) -> dict[str, Tensor]:
    """Weights with which every layer is heard, and none too loudly."""
    random = torch.Generator().manual_seed(3)
    return {name: _drawn(name, torch.rand(shape, generator=random)) for name, shape in shapes(config).items()}


def _drawn(name: str, even: Tensor) -> Tensor:
    if name.endswith(".filter"):
        return (even - 0.2) / (even - 0.2).sum()
    if name.endswith((".weight_g", ".alpha", ".beta")):
        return 0.3 + even / 2
    return (even - 0.5) / 2


def inputs(config: VocoderConfig, length: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(length)
    return torch.randn(length, config.dim, generator=random), torch.randn(config.speaker, generator=random)


class Naive:
    """The paper's figure in float64, layer after layer as torch has them, (1, channels, positions)."""

    def __init__(self, config: VocoderConfig, weights: Weights) -> None:
        self.config = config
        self.weights = {name: tensor.double() for name, tensor in weights.items()}

    def __call__(self, latents: Tensor, speaker: Tensor) -> Tensor:
        vector = speaker.double()[None, :, None]
        x = self.conv("conv_pre", latents.double().t()[None]) + self.plain("cond_layer", vector)
        for level, (rate, kernel) in enumerate(zip(self.config.rates, self.config.kernels, strict=True)):
            weight, bias = self.weight(f"ups.{level}.0"), self.weights[f"ups.{level}.0.bias"]
            x = functional.conv_transpose1d(x, weight, bias, stride=rate, padding=(kernel - rate) // 2)
            if self.config.conditioned_levels:
                x = x + self.plain(f"conds.{level}", vector)
            blocks = len(self.config.block_kernels)
            x = sum((self.block(level * blocks + i, d, x) for i, d in enumerate(self.config.block_dilations)), 0 * x)
            x = x / blocks
        return self.conv("conv_post", self.activation("activation_post", x)).flatten().tanh()

    def weight(self, name: str) -> Tensor:
        return torch._weight_norm(self.weights[f"{name}.weight_v"], self.weights[f"{name}.weight_g"], 0)

    def conv(self, name: str, x: Tensor, dilation: int = 1) -> Tensor:
        weight = self.weight(name)
        reach = dilation * (weight.shape[2] - 1) // 2
        return functional.conv1d(x, weight, self.weights[f"{name}.bias"], padding=reach, dilation=dilation)

    def plain(self, name: str, x: Tensor) -> Tensor:
        return functional.conv1d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def block(self, number: int, dilations: tuple[int, ...], x: Tensor) -> Tensor:
        name = f"resblocks.{number}"
        for step, dilation in enumerate(dilations):
            y = self.conv(f"{name}.convs1.{step}", self.activation(f"{name}.activations.{2 * step}", x), dilation)
            x = x + self.conv(f"{name}.convs2.{step}", self.activation(f"{name}.activations.{2 * step + 1}", y))
        return x

    def activation(self, name: str, x: Tensor) -> Tensor:
        channels = x.shape[1]
        alpha, beta = (self.weights[f"{name}.act.{which}"][:, None] for which in ("alpha", "beta"))
        if self.config.log_scale:
            alpha, beta = alpha.exp(), beta.exp()
        up, down = (
            self.weights[f"{name}.{f}.filter"].expand(channels, 1, 12) for f in ("upsample", "downsample.lowpass")
        )
        x = functional.conv_transpose1d(functional.pad(x, (5, 5), mode="replicate"), 2 * up, stride=2, groups=channels)[
            ..., 15:-15
        ]
        x = x + (x * alpha).sin() ** 2 / beta
        return functional.conv1d(functional.pad(x, (5, 6), mode="replicate"), down, stride=2, groups=channels)


def test_the_sound_is_upstreams(vocoder: Vocoder, latents: Tensor, speaker: Tensor, golden: Golden) -> None:
    """For given latents and the recording's speaker it gives upstream's sound."""
    sound = vocoder(latents[:12], speaker)
    assert sound.dtype == torch.float32
    assert sound.shape == (12 * 1024,)
    assert apart(sound, torch.from_numpy(golden["voc_wave"])) < 5e-6


@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize("log_scale", [True, False])
@pytest.mark.parametrize("conditioned", [True, False])
def test_other_sizes_sound_as_the_paper_has_it(conditioned: bool, log_scale: bool, length: int) -> None:
    """With other levels, rates, kernels, blocks and channels, it is what a naive computation gives."""
    config = replace(OTHER, conditioned_levels=conditioned, log_scale=log_scale)
    weights = drawn(config)
    given = inputs(config, length)
    sound = Vocoder.of(config, weights)(*given)
    assert sound.shape == (length * 30,)
    assert sound.std() > 0.01
    assert apart(sound.double(), Naive(config, weights)(*given)) < 2e-5


def test_the_naive_computation_is_upstreams_too(
    config: VocoderConfig, stored: Weights, latents: Tensor, speaker: Tensor, golden: Golden
) -> None:
    """What other sizes are held to is itself held to upstream's figures."""
    sound = Naive(config, {name: stored[name] for name in shapes(config)})(latents[:12], speaker)
    assert apart(sound, torch.from_numpy(golden["voc_wave"]).double()) < 5e-6


def test_names_and_shapes_are_the_official_files(folder: Path, config: VocoderConfig) -> None:
    """At full size it asks for the names and shapes that are in the published file, and for no others."""
    lines = (line.split("\t") for line in (folder.parent / "bigvgan-keys.txt").read_text().splitlines())
    official = {name: ast.literal_eval(shape) for name, shape, _ in lines if not name.startswith("speaker_encoder.")}
    assert shapes(replace(config, dim=1280, channels=1536, speaker=512)) == official


def test_without_conditioned_levels_the_file_has_none() -> None:
    """Where the speaker is told once, there are no more layers to tell it."""
    apart = shapes(OTHER).keys() - shapes(replace(OTHER, conditioned_levels=False)).keys()
    assert apart == {f"conds.{level}.{tensor}" for level in range(3) for tensor in ("weight", "bias")}


def test_nothing_is_shared_with_the_file() -> None:
    """What is done to the weights afterwards is not heard, and they themselves stay as they are."""
    weights, given = drawn(OTHER), inputs(OTHER, 4)
    before = {name: tensor.clone() for name, tensor in weights.items()}
    vocoder = Vocoder.of(OTHER, weights)
    sound = vocoder(*given)
    assert all(torch.equal(weights[name], before[name]) for name in before)
    for tensor in weights.values():
        tensor.zero_()
    assert torch.equal(vocoder(*given), sound)


def test_what_it_is_given_stays_as_it_is() -> None:
    """Latents and speaker are only read."""
    latents, speaker = inputs(OTHER, 4)
    kept = latents.clone(), speaker.clone()
    Vocoder.of(OTHER, drawn(OTHER))(latents, speaker)
    assert torch.equal(latents, kept[0])
    assert torch.equal(speaker, kept[1])


def test_weights_are_float32_whatever_the_file_has(latents: Tensor) -> None:
    """A file in half precision is computed with in float32, its weight norm too."""
    half = {name: tensor.half() for name, tensor in drawn(OTHER).items()}
    given = inputs(OTHER, 4)
    vocoder = Vocoder.of(OTHER, half)
    assert {buffer.dtype for buffer in vocoder.buffers()} == {torch.float32}
    assert apart(vocoder(*given).double(), Naive(OTHER, half)(*given)) < 2e-5


def test_convolutions_may_compute_in_16_bits() -> None:
    """With bfloat16 the matrices are that, and the sound is close, and float32."""
    weights, given = drawn(OTHER), inputs(OTHER, 4)
    vocoder = Vocoder.of(OTHER, weights, dtype=torch.bfloat16)
    dtypes = {name: buffer.dtype for name, buffer in vocoder.named_buffers()}
    assert dtypes["snake.alpha"] == dtypes["snake.up"] == dtypes["condition.weight"] == torch.float32
    assert dtypes["start.weight"] == dtypes["levels.0.up.weight"] == torch.bfloat16
    sound = vocoder(*given)
    assert sound.dtype == torch.float32
    assert 0 < apart(sound, Vocoder.of(OTHER, weights)(*given)) < 0.1


def test_latents_in_16_bits_are_taken() -> None:
    """A language model in 16 bits may hand over what it has."""
    latents, speaker = inputs(OTHER, 4)
    vocoder = Vocoder.of(OTHER, drawn(OTHER))
    assert apart(vocoder(latents.bfloat16(), speaker), vocoder(latents.bfloat16().float(), speaker)) == 0


def test_latents_of_a_model_that_could_learn_are_taken() -> None:
    """Whether their gradients are kept elsewhere is nothing to it: it is not for learning."""
    latents, speaker = inputs(OTHER, 4)
    vocoder = Vocoder.of(OTHER, drawn(OTHER))
    sound = vocoder(latents.requires_grad_(), speaker)
    assert not sound.requires_grad
    assert torch.equal(sound, vocoder(latents.detach(), speaker))


@pytest.mark.parametrize("keep", [range(0, 1), range(0, 24), range(5, 9), range(11, 12), range(23, 24)], ids=str)
def test_a_part_is_that_of_the_whole(
    keep: range, vocoder: Vocoder, latents: Tensor, speaker: Tensor, whole: Tensor
) -> None:
    """Only some latents' samples are asked for, all latents are given: they are the whole's."""
    part = vocoder(latents, speaker, keep)
    assert part.shape == (len(keep) * 1024,)
    assert apart(part, whole[keep.start * 1024 : keep.stop * 1024]) < 1e-6


def test_of_a_part_no_more_is_computed_than_it_needs(vocoder: Vocoder, latents: Tensor, speaker: Tensor) -> None:
    """The last levels, where the work is, see little more than the part that was asked for."""
    lengths: list[int] = []
    last = vocoder.get_submodule("levels.5.blocks.2.steps.2")
    hook = last.register_forward_pre_hook(lambda _, given: lengths.append(len(given[0])))
    vocoder(latents, speaker, range(10, 14))
    hook.remove()
    assert lengths == [4 * 1024 + 2 * (8 + 90)]


def test_a_latent_beyond_the_field_of_view_is_nothing(vocoder: Vocoder, golden: Golden, speaker: Tensor) -> None:
    """However long the sentence, what is further than 34 latents away is not heard, to the bit."""
    assert vocoder.field == 34
    long = torch.from_numpy(golden["t1_latents"]).repeat(2, 1)
    other = long.clone()
    other[:6] += 100
    other[75:] -= 100
    keep = range(40, 41)
    assert torch.equal(vocoder(other, speaker, keep), vocoder(long, speaker, keep))
