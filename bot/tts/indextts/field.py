"""How far the vocoder sees: which positions of each of its levels a stretch of sound depends on.

A level has many positions for each latent, so what its blocks see is much on the first level (23 latents to either
side) and next to nothing on the last (0.1). A window of sound therefore needs its surroundings on the first levels
only, and these cost the least.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.tts.indextts.antialias import REACH
from bot.tts.indextts.config import VocoderConfig

ENDS = 7
"""The kernel of the first and of the last convolution."""
_END = ENDS // 2


@dataclass(frozen=True, slots=True)
class LevelNeeds:
    """Positions of a level, counted from the start of the sentence, that are needed of the sound that comes ``into``
    its blocks, and of what comes ``out_of`` them."""

    into: range
    out_of: range


@dataclass(frozen=True, slots=True)
class Needs:
    """What ``samples`` depend on; spans may begin before the sentence, and end after it."""

    latents: range
    start: range
    """Of what the first convolution makes of the latents."""
    levels: tuple[LevelNeeds, ...]
    samples: range


def needs(config: VocoderConfig, latents: range) -> Needs:
    """Of the samples that belong to these latents, from the last layer back to the first."""
    samples = range(latents.start * config.samples_per_latent, latents.stop * config.samples_per_latent)
    reach = _blocks(config)
    levels: list[LevelNeeds] = []
    wanted = _wider(samples, REACH + _END)
    for rate, kernel in zip(reversed(config.rates), reversed(config.kernels), strict=True):
        levels.insert(0, LevelNeeds(into=_wider(wanted, reach), out_of=wanted))
        wanted = _before_upsampling(levels[0].into, rate, kernel)
    return Needs(_wider(wanted, _END), wanted, tuple(levels), samples)


def field(config: VocoderConfig) -> int:
    """Latents to either side of a latent on which its sound depends: 34 for the published sizes."""
    seen = needs(config, range(1)).latents
    return max(-seen.start, seen.stop - 1)


def _blocks(config: VocoderConfig) -> int:
    """Positions to either side that the widest of a level's blocks sees: each of its steps is an activation, a dilated
    convolution, an activation, and a plain convolution."""
    return max(
        sum(2 * REACH + (dilation + 1) * (kernel - 1) // 2 for dilation in dilations)
        for kernel, dilations in zip(config.block_kernels, config.block_dilations, strict=True)
    )


def _before_upsampling(span: range, rate: int, kernel: int) -> range:
    """Position i gives to i · rate - crop and the kernel - 1 after it."""
    crop = (kernel - rate) // 2
    first = -(-(span.start + crop - kernel + 1) // rate)
    return range(first, (span.stop - 1 + crop) // rate + 1)


def _wider(span: range, margin: int) -> range:
    return range(span.start - margin, span.stop + margin)
