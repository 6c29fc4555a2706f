"""Where a model runs, and in what precision; other machines than this one are made by what torch says of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from bot.errors import ConfigError
from bot.tts.indextts.devices import Precision, choose

Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make torch say what it would say on such a machine."""

    def make(*, gpus: int = 0, capability: tuple[int, int] = (8, 9), mps: bool = False, features: Any = ()) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: capability >= (8, 0))
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(features, True), raising=False)

    return make


def test_a_gpu_comes_first(machine: Machine) -> None:
    """Whatever else there is."""
    machine(gpus=1, mps=True)
    place = choose()
    assert (place.device.type, place.precision, place.dtype) == ("cuda", Precision.FP16, torch.float16)


def test_an_old_gpu_computes_in_float32(machine: Machine) -> None:
    """Before Volta halves are slower than floats."""
    machine(gpus=1, capability=(6, 1))
    assert choose().precision is Precision.FP32


def test_an_apple_comes_second(machine: Machine) -> None:
    """Its GPU is quicker than its processor."""
    machine(mps=True)
    assert str(choose()) == "mps fp16"


@pytest.mark.parametrize(
    ("features", "precision"),
    [((), Precision.FP32), (("avx512_f", "avx512_vnni"), Precision.FP32), (("avx512_bf16",), Precision.BF16)],
    ids=["old", "no-bf16", "bf16"],
)
def test_a_processor_computes_in_what_it_has(machine: Machine, features: tuple[str, ...], precision: Precision) -> None:
    """bf16 only where it multiplies in it; int8 is never chosen, for nobody measured how it sounds."""
    machine(features=features)
    assert choose().precision is precision
    assert choose().device.type == "cpu"


def test_an_older_torch_does_not_say_what_a_processor_has(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is float32, which all have."""
    machine(features=("avx512_bf16",))
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert choose().precision is Precision.FP32


def test_who_asks_is_heeded(machine: Machine) -> None:
    """Another device than the best, another precision, another GPU."""
    machine(gpus=2, features=("avx512_vnni",))
    assert str(choose("cpu", "int8")) == "cpu int8"
    assert choose("cpu", "int8").dtype is torch.float32
    assert str(choose("cuda:1", "bf16")) == "cuda:1 bf16"
    assert str(choose("cuda", "fp32")) == "cuda fp32"


@pytest.mark.parametrize(
    ("here", "device", "precision", "words"),
    [
        ({}, "gpu", "auto", "indextts.device: there is no device 'gpu'; choose among auto, cpu, cuda, mps"),
        ({}, "cuda", "auto", "indextts.device: torch finds no cuda here; it can run on cpu"),
        ({}, "mps", "auto", "indextts.device: torch finds no mps here; it can run on cpu"),
        ({"gpus": 1}, "cuda:x", "auto", "indextts.device: 'cuda:x' is no device; write cuda or cuda:1"),
        ({"gpus": 2}, "cuda:2", "auto", "indextts.device: there is no cuda:2; the last is cuda:1"),
        ({}, "cpu", "fp8", "indextts.precision: 'fp8' is none; choose among auto, fp32, fp16, bf16, int8"),
        ({}, "cpu", "int8", "indextts.precision: cpu does not compute in int8; it does in fp32, bf16"),
        ({}, "cpu", "fp16", "indextts.precision: cpu does not compute in fp16; it does in fp32, bf16"),
        (
            {"gpus": 1, "capability": (7, 5)},
            "cuda",
            "bf16",
            "indextts.precision: cuda does not compute in bf16; it does in fp32, fp16",
        ),
        ({"mps": True}, "mps", "int8", "indextts.precision: mps does not compute in int8; it does in fp32, fp16"),
    ],
    ids=["kind", "cuda", "mps", "number", "beyond", "none", "int8", "fp16", "turing", "apple"],
)  # fmt: skip
def test_what_is_not_here_is_refused_with_what_is(
    machine: Machine, here: dict[str, Any], device: str, precision: str, words: str
) -> None:
    """In the words of the settings."""
    machine(**here)
    with pytest.raises(ConfigError, match=f"^{re.escape(words)}"):
        choose(device, precision)
