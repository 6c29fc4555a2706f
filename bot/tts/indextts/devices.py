"""Where a model runs, and in what precision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch

from bot.errors import ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps")
"""What may be asked for; ``cuda`` may name one of several (``cuda:1``)."""


class Precision(StrEnum):
    """Of the language model's matrices. Both encoders are always float32."""

    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    INT8 = "int8"


_DTYPES = {
    Precision.FP32: torch.float32,
    Precision.FP16: torch.float16,
    Precision.BF16: torch.bfloat16,
    Precision.INT8: torch.float32,
}

_HALVES = (7, 0)
"""The compute capability from which on CUDA multiplies in float16 faster than in float32 (Volta)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A device, and the precision there."""

    device: torch.device
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        """What the language model computes in; int8 is in its matrices only, around them is float32."""
        return _DTYPES[self.precision]

    def __str__(self) -> str:
        return f"{self.device} {self.precision}"


def choose(device: str = "auto", precision: str = "auto") -> Place:
    """The best place here: CUDA (fp16; fp32 where that is slow), then MPS (fp16), then the processor (bf16 where it
    computes in it, else fp32). int8 is never chosen, only asked for.

    Raises ConfigError that says what this machine has instead of what was asked for.
    """
    found = _device(device)
    return Place(found, _usual(found) if precision == "auto" else _possible(found, precision))


def _device(name: str) -> torch.device:
    here = _here()
    if name == "auto":
        return torch.device(here[0])
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise ConfigError(f"indextts.device: there is no device {name!r}; choose among {', '.join(DEVICES)}")
    if kind not in here:
        raise ConfigError(
            f"indextts.device: torch finds no {kind} here; it can run on {' or '.join(here)}{_cpu_only(kind)}"
        )
    return _numbered(name)


def _numbered(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"indextts.device: {name!r} is no device; write cuda or cuda:1") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"indextts.device: there is no {name}; the last is cuda:{torch.cuda.device_count() - 1}")
    return device


def _here() -> list[str]:
    """The kinds of devices that torch can use, the best one first."""
    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind, usable in kinds.items() if usable]


def _cpu_only(kind: str) -> str:
    """Why a machine with a GPU may not show it."""
    if kind == "cuda" and torch.version.cuda is None:
        return f" (torch {torch.__version__} is a build without CUDA)"
    return ""


def _usual(device: torch.device) -> Precision:
    if device.type == "cuda":
        return Precision.FP16 if torch.cuda.get_device_capability(device) >= _HALVES else Precision.FP32
    if device.type == "mps":
        return Precision.FP16
    return Precision.BF16 if _processor_has_bf16() else Precision.FP32


def _possible(device: torch.device, name: str) -> Precision:
    if name not in [*Precision]:
        raise ConfigError(f"indextts.precision: {name!r} is none; choose among auto, {', '.join(Precision)}")
    precision = Precision(name)
    if precision not in (possible := _precisions(device)):
        raise ConfigError(f"indextts.precision: {device} does not compute in {name}; it does in {', '.join(possible)}")
    return precision


def _precisions(device: torch.device) -> list[Precision]:
    if device.type == "cuda":
        bf16 = [Precision.BF16] if torch.cuda.is_bf16_supported() else []
        return [Precision.FP32, Precision.FP16, *bf16]
    if device.type == "mps":
        return [Precision.FP32, Precision.FP16]
    return [Precision.FP32, Precision.BF16, *([Precision.INT8] if _processor_has_int8() else [])]


def _processor_has_bf16() -> bool:
    """Whether the processor multiplies in bfloat16; every other one can, but not faster than in float32."""
    return _has("avx512_bf16", "amx_bf16", "bf16")


def _processor_has_int8() -> bool:
    """Whether it adds up products of 8-bit integers in 32 bits; in 16 they would overflow."""
    return _has("avx512_vnni", "avx_vnni", "amx_int8")


def _has(*features: str) -> bool:
    # Not in older versions of torch, which then take the way that works everywhere.
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(feature) for feature in features)
