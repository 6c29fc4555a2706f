"""How far the vocoder sees, by arithmetic, and by trying it."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest
import torch
from torch import Tensor

from bot.tts.indextts.config import VocoderConfig
from bot.tts.indextts.field import field, needs
from bot.tts.indextts.vocoder import Vocoder, shapes

OFFICIAL = VocoderConfig(
    dim=1280,
    bands=100,
    channels=1536,
    rates=(4, 4, 4, 4, 2, 2),
    kernels=(8, 8, 4, 4, 4, 4),
    block_kernels=(3, 7, 11),
    block_dilations=((1, 3, 5),) * 3,
    speaker=512,
    conditioned_levels=True,
    log_scale=True,
)
SMALL = VocoderConfig(
    dim=4,
    bands=80,
    channels=8,
    rates=(8, 6),
    kernels=(16, 6),
    block_kernels=(3, 5),
    block_dilations=((1, 3), (2,)),
    speaker=3,
    conditioned_levels=True,
    log_scale=False,
)


def test_the_published_model_sees_34_latents() -> None:
    """A latent's sound depends on 34 latents to either side: 1.45 s of sound before it, and as much after it."""
    assert field(OFFICIAL) == 34
    assert needs(OFFICIAL, range(1)).latents == range(-34, 35)


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        replace(SMALL, block_kernels=(3, 7)),
        replace(SMALL, rates=(5, 3, 2), kernels=(9, 3, 6)),
        replace(SMALL, rates=(10,), kernels=(20,), channels=4),
    ],
    ids=["small", "wider-block", "three-levels", "one-level"],
)
def test_it_is_what_a_change_reaches(config: VocoderConfig) -> None:
    """A flood in one latent changes the sound of all that have it in their field of view, to the bit of no others, and
    the needs of each latent say which."""
    vocoder, speaker = Vocoder.of(config, _linear(config)), torch.ones(config.speaker)
    seen = field(config)
    count, at = 4 * seen + 3, 2 * seen + 1
    latents = torch.ones(count, config.dim)
    dry: Tensor = vocoder(latents, speaker)
    latents[at] = 1e32
    changed = (vocoder(latents, speaker) != dry).view(count, -1)
    reached = changed.any(1).nonzero().flatten().tolist()
    assert reached == [kept for kept in range(count) if at in needs(config, range(kept, kept + 1)).latents]
    assert max(at - reached[0], reached[-1] - at) == seen
    assert changed[reached[1] : reached[-1]].all()


@pytest.mark.parametrize("span", [range(3), range(5, 6), range(10, 20)], ids=str)
def test_a_span_needs_what_its_latents_need(span: range) -> None:
    """Of several latents the first says what is needed before them, the last what is needed after."""
    found = needs(OFFICIAL, span)
    assert found.latents.start == needs(OFFICIAL, span[:1]).latents.start
    assert found.latents.stop == needs(OFFICIAL, span[-1:]).latents.stop
    assert found.samples == range(span.start * 1024, span.stop * 1024)


def test_the_dear_levels_need_little() -> None:
    """Around one latent's sound the first level has 23 latents to work on and more, the last a tenth."""
    levels = [len(level.into) for level in needs(OFFICIAL, range(1)).levels]
    around = [(into / prod(OFFICIAL.rates[: number + 1]) - 1) / 2 for number, into in enumerate(levels)]
    assert around == sorted(around, reverse=True)
    assert around[0] > 23
    assert around[-1] < 0.1


def _linear(config: VocoderConfig) -> dict[str, Tensor]:
    """Weights that let everything through, with its sign, and bend nothing."""
    random = torch.Generator().manual_seed(1)
    return {name: _positive(name, torch.rand(shape, generator=random)) for name, shape in shapes(config).items()}


def _positive(name: str, even: Tensor) -> Tensor:
    if name.endswith(".alpha"):
        return torch.zeros_like(even)
    if name.endswith(".filter"):
        return (even + 0.1) / (even + 0.1).sum()
    return (even + 0.1) / 10 if name.endswith(".weight_g") else even + 0.1
