"""Conditioning: upstream's figures, the file's names, and an independent computation at other sizes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import replace
from math import erf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.conditioning import Conditioning, shapes
from bot.tts.indextts.config import ConditioningConfig

Numbers = npt.NDArray[np.float64]
Golden = Mapping[str, npt.NDArray[Any]]
Weights = Mapping[str, Tensor]

TINY = ConditioningConfig(bands=100, width=32, inner=64, heads=4, blocks=2, perceiver_mult=2, dim=64)
OFFICIAL = ConditioningConfig(bands=100, width=512, inner=2048, heads=8, blocks=6, perceiver_mult=2, dim=1280)
ODD = ConditioningConfig(bands=41, width=24, inner=20, heads=3, blocks=1, perceiver_mult=4, dim=40, latents=5)
ALIKE = ConditioningConfig(bands=20, width=48, inner=96, heads=2, blocks=3, perceiver_mult=1, dim=48, latents=7)
OURS = ("conditioning_encoder.", "perceiver_encoder.")


@pytest.fixture(scope="module")
def stored(folder: Path) -> Weights:
    loaded: Mapping[str, Weights] = torch.load(folder / "gpt.pth", weights_only=True, mmap=True)
    return loaded["model"]


@pytest.fixture(scope="module")
def tiny(stored: Weights) -> Conditioning:
    return Conditioning.of(TINY, stored)


@pytest.fixture(scope="module")
def mel(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["prompt_mel"])


def made_up(config: ConditioningConfig, seed: int = 0) -> dict[str, Tensor]:
    """Weights of such a size that a layer's output is about as large as its input, and nothing is trivial."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(shape: tuple[int, ...]) -> Tensor:
        fan = 1 if len(shape) < 2 else int(np.prod(shape[1:]))
        return torch.randn(shape, generator=generator) / sqrt(fan) + (0.5 if len(shape) == 1 else 0.0)

    return {name: drawn(shape) for name, shape in shapes(config).items()}


def sung(config: ConditioningConfig, frames: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(config.bands, frames, generator=generator) - 4


class Textbook:
    """The same in numpy and float64, from the papers, one frame or one head at a time where that is plainer."""

    def __init__(self, config: ConditioningConfig, weights: Weights) -> None:
        self.config = config
        self.weights = {name: tensor.double().numpy() for name, tensor in weights.items()}

    def conformer(self, mel: Tensor) -> Numbers:
        x = self.halved(mel.double().numpy().T)
        table = self.weights["conditioning_encoder.embed.pos_enc.pe"][0, : len(x)]
        for block in range(self.config.blocks):
            at = f"conditioning_encoder.encoders.{block}"
            x = x + self.attention(f"{at}.self_attn", self.norm(f"{at}.norm_mha", x), table)
            x = x + self.convolution(f"{at}.conv_module", self.norm(f"{at}.norm_conv", x))
            x = x + self.feed_forward(f"{at}.feed_forward", self.norm(f"{at}.norm_ff", x))
            x = self.norm(f"{at}.norm_final", x)
        return self.norm("conditioning_encoder.after_norm", x)

    def halved(self, mel: Numbers) -> Numbers:
        kernel = self.weights["conditioning_encoder.embed.conv.0.weight"][:, 0]
        squares = np.lib.stride_tricks.sliding_window_view(mel, (3, 3))[::2, ::2]
        found = np.einsum("tfij,cij->tcf", squares, kernel)
        found = np.maximum(found + self.weights["conditioning_encoder.embed.conv.0.bias"][:, None], 0)
        out = self.linear("conditioning_encoder.embed.out.0", found.reshape(len(found), -1))
        return np.asarray(out * sqrt(self.config.width))

    def attention(self, at: str, x: Numbers, table: Numbers) -> Numbers:
        q, k, v, p = (
            self.linear(f"{at}.linear_{which}", of) for which, of in (("q", x), ("k", x), ("v", x), ("pos", table))
        )
        u, w = self.weights[f"{at}.pos_bias_u"], self.weights[f"{at}.pos_bias_v"]
        size = self.config.width // self.config.heads
        heads = []
        for head in range(self.config.heads):
            own = slice(head * size, (head + 1) * size)
            scores = (q[:, own] + u[head]) @ k[:, own].T + (q[:, own] + w[head]) @ p[:, own].T
            heads.append(softmax(scores / sqrt(size)) @ v[:, own])
        return self.linear(f"{at}.linear_out", np.concatenate(heads, axis=1))

    def convolution(self, at: str, x: Numbers) -> Numbers:
        both = self.linear(f"{at}.pointwise_conv1", x)
        values, gates = np.split(both, 2, axis=1)
        padded = np.pad(values * logistic(gates), ((7, 7), (0, 0)))
        kernel = self.weights[f"{at}.depthwise_conv.weight"][:, 0]
        near = np.lib.stride_tricks.sliding_window_view(padded, 15, axis=0)
        mixed = np.einsum("tck,ck->tc", near, kernel) + self.weights[f"{at}.depthwise_conv.bias"]
        normed = self.norm(f"{at}.norm", mixed)
        return self.linear(f"{at}.pointwise_conv2", normed * logistic(normed))

    def feed_forward(self, at: str, x: Numbers) -> Numbers:
        inner = self.linear(f"{at}.w_1", x)
        return self.linear(f"{at}.w_2", inner * logistic(inner))

    def perceiver(self, heard: Numbers) -> Numbers:
        if "perceiver_encoder.proj_context.weight" in self.weights:
            heard = self.linear("perceiver_encoder.proj_context", heard)
        x = self.weights["perceiver_encoder.latents"]
        for layer in range(2):
            x = x + self.asked(f"perceiver_encoder.layers.{layer}.0", x, heard)
            values, gates = np.split(self.linear(f"perceiver_encoder.layers.{layer}.1.0", x), 2, axis=1)
            gelu = gates * (1 + np.vectorize(erf)(gates / sqrt(2))) / 2
            x = x + self.linear(f"perceiver_encoder.layers.{layer}.1.2", values * gelu)
        length = np.sqrt((x**2).mean(axis=1, keepdims=True))
        return np.asarray(x / length * self.weights["perceiver_encoder.norm.gamma"])

    def asked(self, at: str, x: Numbers, heard: Numbers) -> Numbers:
        q = self.linear(f"{at}.to_q", x)
        k, v = np.split(self.linear(f"{at}.to_kv", np.concatenate((x, heard))), 2, axis=1)
        heads = [slice(64 * head, 64 * head + 64) for head in range(self.config.heads)]
        told = [softmax(q[:, own] @ k[:, own].T / 8) @ v[:, own] for own in heads]
        return self.linear(f"{at}.to_out", np.concatenate(told, axis=1))

    def linear(self, at: str, x: Numbers) -> Numbers:
        matrix = self.weights[f"{at}.weight"]
        return np.asarray(x @ matrix.reshape(matrix.shape[:2]).T + self.weights.get(f"{at}.bias", 0.0))

    def norm(self, at: str, x: Numbers) -> Numbers:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        return np.asarray(centred / spread * self.weights[f"{at}.weight"] + self.weights[f"{at}.bias"])


def softmax(scores: Numbers) -> Numbers:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def logistic(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-x)))


def named(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of upstream's own modules."""
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return {name: ast.literal_eval(shape) for name, shape, _ in lines if name.startswith(OURS)}


def test_the_conformer_hears_what_upstreams_hears(tiny: Conditioning, mel: Tensor, golden: Golden) -> None:
    """The conformer's output for the prompt is upstream's."""
    heard = tiny.conformer(mel)
    assert heard.dtype == torch.float32
    assert heard.shape == (192, 32)
    assert (heard - torch.from_numpy(golden["cond_conformer"])).abs().max() <= 1e-5


def test_the_latents_are_upstreams(tiny: Conditioning, mel: Tensor, golden: Golden) -> None:
    """The latents for the prompt are upstream's, as near as float32 can tell: this checkpoint's scores reach 230, and
    the softmax over them makes 1e-7 of the input 4e-5 of the output."""
    latents = tiny(mel)
    assert latents.dtype == torch.float32
    assert latents.shape == (32, 64)
    assert (latents - torch.from_numpy(golden["cond_latents"])).abs().max() <= 1e-4


def test_in_double_precision_the_latents_are_upstreams_but_for_its_rounding(
    tiny: Conditioning, mel: Tensor, golden: Golden
) -> None:
    """Without rounding of our own, what is left is upstream's own."""
    latents = copy.deepcopy(tiny).double()(mel.double())
    assert (latents - torch.from_numpy(golden["cond_latents"])).abs().max() <= 5e-5


def test_the_names_and_shapes_are_those_of_the_published_file(folder: Path) -> None:
    """At the published size there is every tensor of the two encoders that upstream has, and none besides."""
    assert shapes(OFFICIAL) == named(folder.parent / "gpt-keys.txt")


def test_the_names_and_shapes_are_those_of_the_tiny_file(stored: Weights) -> None:
    """At another size, too."""
    held = {name: tuple(tensor.shape) for name, tensor in stored.items() if name.startswith(OURS)}
    assert shapes(TINY) == held


def test_where_both_widths_are_the_same_nothing_is_projected() -> None:
    """A perceiver as wide as the conformer has no projection between them, and no tensors for it."""
    assert not [name for name in shapes(ALIKE) if "proj_context" in name]
    assert [name for name in shapes(replace(ALIKE, dim=49)) if "proj_context" in name]


@pytest.mark.parametrize("frames", [3, 4, 5, 18, 61], ids=lambda frames: f"{frames} frames")
@pytest.mark.parametrize("config", [ODD, ALIKE], ids=["odd", "alike"])
def test_other_sizes_come_to_what_the_papers_say(config: ConditioningConfig, frames: int) -> None:
    """At sizes of which no two are the same number, an independent computation comes to the same."""
    weights = made_up(config)
    conditioning, textbook = Conditioning.of(config, weights), Textbook(config, weights)
    heard, latents = conditioning.conformer(sung(config, frames)), conditioning(sung(config, frames))
    assert heard.shape == ((frames - 1) // 2, config.width)
    assert latents.shape == (config.latents, config.dim)
    np.testing.assert_allclose(heard.numpy(), textbook.conformer(sung(config, frames)), rtol=0, atol=1e-4)
    np.testing.assert_allclose(latents.numpy(), textbook.perceiver(heard.double().numpy()), rtol=0, atol=1e-4)


def test_the_last_of_an_even_number_of_frames_is_not_heard(tiny: Conditioning, mel: Tensor) -> None:
    """Three frames make one, with a step of two: the 386th would need a 387th."""
    one_more = torch.cat((mel, mel[:, :1]), dim=1)
    assert torch.equal(tiny(one_more), tiny(mel))


@pytest.mark.parametrize("name", sorted(shapes(replace(TINY, blocks=1))))
def test_every_tensor_of_the_file_has_its_say(name: str, stored: Weights, mel: Tensor) -> None:
    """A tensor set to zero is missed in the latents, but for the keys' bias: softmax does not see a constant."""
    few = mel[:, :41]
    silenced = {**stored, name: torch.zeros_like(stored[name])}
    off = (Conditioning.of(TINY, silenced)(few) - Conditioning.of(TINY, stored)(few)).abs().max()
    assert (off > 1e-3) != name.endswith("linear_k.bias")


def test_the_table_of_positions_counts_as_it_is_stored(stored: Weights, golden: Golden, mel: Tensor) -> None:
    """A table with more digits than the stored one's 16 bits would not give upstream's latents."""
    name = "conditioning_encoder.embed.pos_enc.pe"
    assert stored[name].dtype == torch.float16
    angles = torch.arange(5000).unsqueeze(1) * torch.exp(torch.arange(0, 32, 2) * -(np.log(10_000.0) / 32))
    table = torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).unsqueeze(0)
    torch.testing.assert_close(table, stored[name].float(), rtol=0, atol=1e-3)
    other = Conditioning.of(TINY, {**stored, name: table})
    assert (other(mel) - torch.from_numpy(golden["cond_latents"])).abs().max() > 1e-3


def test_the_shortest_mel_has_three_frames(tiny: Conditioning, mel: Tensor) -> None:
    """Three frames are one to the conformer, and enough."""
    assert tiny.conformer(mel[:, :3]).shape == (1, 32)
    assert tiny(mel[:, :3]).isfinite().all()


def test_the_longest_mel_fills_the_table_of_positions() -> None:
    """The last mel that fits has 10,002 frames, which take all 5,000 positions."""
    small = ConditioningConfig(bands=3, width=2, inner=2, heads=1, blocks=1, perceiver_mult=2, dim=3, latents=2)
    conditioning = Conditioning.of(small, made_up(small))
    assert conditioning.conformer(sung(small, 10_002)).shape == (5000, 2)
    with pytest.raises(ValueError, match="3 to 10002 frames, not 10003"):
        conditioning(sung(small, 10_003))


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_a_mel_of_less_than_one_frame_is_refused(tiny: Conditioning, frames: int) -> None:
    """With less than three frames there is nothing to condition on."""
    with pytest.raises(ValueError, match=f"3 to 10002 frames, not {frames}"):
        tiny(torch.zeros(100, frames))
    with pytest.raises(ValueError, match="frames"):
        tiny.conformer(torch.zeros(100, frames))


@pytest.mark.parametrize("shape", [(385, 100), (1, 100, 385), (100,), ()], ids=str)
def test_what_is_no_mel_is_refused(tiny: Conditioning, shape: tuple[int, ...]) -> None:
    """A mel that is turned, in a batch, or of other bands is refused with its shape."""
    with pytest.raises(ValueError, match=r"a mel is \(100, frames\), not of the shape"):
        tiny(torch.zeros(shape))


def test_it_shares_nothing_with_the_file() -> None:
    """What is done to the weights afterwards is not heard: they may be mapped, and overlap one another."""
    weights = {name: tensor.clone() for name, tensor in made_up(ODD).items()}
    conditioning = Conditioning.of(ODD, weights)
    before = conditioning(sung(ODD, 9))
    for tensor in weights.values():
        tensor.zero_()
    assert torch.equal(conditioning(sung(ODD, 9)), before)


def test_its_own_tensors_are_whole_and_apart(tiny: Conditioning) -> None:
    """From 16-bit windows into a pool they become float32 tensors, each in a storage of its own size."""
    own = tiny.state_dict().values()
    assert all(tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in own)
    assert all(tensor.untyped_storage().nbytes() == tensor.nbytes for tensor in own)
    assert len({tensor.data_ptr() for tensor in own}) == len(shapes(TINY))


def test_16_bit_weights_count_as_they_are() -> None:
    """Weights in 16 bits, and strided ones, sound as the same numbers in 32 bits."""
    half = {name: tensor.half() for name, tensor in made_up(ODD).items()}
    turned = {
        name: tensor.float().T.contiguous().T if tensor.ndim == 2 else tensor.float() for name, tensor in half.items()
    }
    assert torch.equal(Conditioning.of(ODD, half)(sung(ODD, 9)), Conditioning.of(ODD, turned)(sung(ODD, 9)))


def test_it_learns_nothing(tiny: Conditioning, mel: Tensor) -> None:
    """It is for inference: no gradients are kept, even where nobody says so."""
    assert not tiny.training
    assert not tiny(mel).requires_grad
