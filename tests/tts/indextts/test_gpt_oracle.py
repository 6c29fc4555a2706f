"""The layers against another's: GPT-2 as in transformers, with the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model

from bot.tts.indextts.blocks import causal
from bot.tts.indextts.config import GptConfig
from bot.tts.indextts.gpt import Gpt, shapes

NARROW = GptConfig(
    dim=60,
    layers=2,
    heads=5,
    text_tokens=40,
    codes=30,
    most_text=20,
    most_codes=24,
    start_text=0,
    stop_text=1,
    start_code=28,
    stop_code=29,
)
WIDE = replace(NARROW, dim=192, layers=4, heads=2)
CONFIGS = [pytest.param(NARROW, id="head-12"), pytest.param(WIDE, id="head-96")]


def random_weights(config: GptConfig) -> Mapping[str, Tensor]:
    """Numbers of which none is neutral: norms with gains and biases, matrices that make attention peak."""
    chance = torch.Generator().manual_seed(config.dim)
    return {name: torch.randn(shape, generator=chance) * 0.3 + 0.1 for name, shape in shapes(config).items()}


def theirs(config: GptConfig, weights: Mapping[str, Tensor]) -> nn.Module:
    """GPT-2 with these numbers, and with nothing in its table of positions."""
    options = GPT2Config(
        vocab_size=1,
        n_positions=64,
        n_embd=config.dim,
        n_layer=config.layers,
        n_head=config.heads,
        layer_norm_epsilon=1e-5,
        activation_function="gelu_new",
    )
    model: nn.Module = GPT2Model(options)
    own = {name.removeprefix("gpt."): tensor for name, tensor in weights.items() if name.startswith("gpt.")}
    zeros = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items() if name.startswith("w")}
    model.load_state_dict(own | zeros)
    return model.eval()


@torch.inference_mode()
def expected(config: GptConfig, weights: Mapping[str, Tensor], embedded: Tensor) -> Tensor:
    states: Tensor = theirs(config, weights)(inputs_embeds=embedded[None]).last_hidden_state[0]
    return states


@pytest.mark.parametrize("config", CONFIGS)
def test_layers_over_a_sequence(config: GptConfig) -> None:
    """The layers and the norm after them are GPT-2's, whatever the size of a head."""
    weights = random_weights(config)
    embedded = torch.randn(50, config.dim, generator=torch.Generator().manual_seed(1))
    ours = Gpt.of(config, weights, torch.float32).gpt(embedded, causal)
    assert (ours - expected(config, weights, embedded)).abs().max() <= 1e-4


@pytest.mark.parametrize("config", CONFIGS)
def test_layers_step_by_step(config: GptConfig) -> None:
    """Over a cache, two of different lengths at once, each step gives what GPT-2 gives for the whole."""
    weights = random_weights(config)
    gpt = Gpt.of(config, weights, torch.float32)
    voices = [torch.randn(32, config.dim, generator=torch.Generator().manual_seed(seed)) for seed in (2, 3)]
    prompts = [gpt.prompt(voice, ids) for voice, ids in zip(voices, ([5, 9], [7, 3, 3, 11, 2]), strict=True)]
    cache = gpt.cache(2, 64)
    found = [[gpt.prefill(prompt, cache, row)] for row, prompt in enumerate(prompts)]
    codes = torch.tensor([[4, 8], [21, 4], [4, 4], [0, 27]])
    for n, pair in enumerate(codes, start=1):
        for states, state in zip(found, gpt.step(pair, torch.tensor([n, n]), cache), strict=True):
            states.append(state)
    for row, prompt in enumerate(prompts):
        added = weights["mel_embedding.weight"][codes[:, row]] + weights["mel_pos_embedding.emb.weight"][1:5]
        whole = gpt.final_norm(expected(config, weights, torch.cat((prompt, added)))[len(prompt) - 1 :])
        assert (torch.stack(found[row]) - whole).abs().max() <= 1e-4
