"""Where a model runs, and in what precision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch


class Precision(StrEnum):
    """Of the language model's weights; everything else is float32, but on CUDA the vocoder follows a 16-bit choice."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Place:
    """A device, and the precision there."""

    device: torch.device
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        """What the language model computes in; int8 is in its matrices only, around them is float32."""
        raise NotImplementedError


def choose(device: str = "auto", precision: str = "auto") -> Place:
    """The best place here: CUDA (fp16, or bf16 where fp16 is not for it), then MPS (fp16), then the processor (bf16
    where it computes in it, else fp32). int8 is never chosen, only asked for.

    Raises ConfigError that says what this machine has instead of what was asked for.
    """
    raise NotImplementedError
