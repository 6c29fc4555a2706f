"""What failures of the model are told as, with and without a torch that knows their names."""

from __future__ import annotations

import pytest
import torch

from bot.errors import EngineBroken, EngineError, EngineUnavailable
from bot.tts.indextts.breakdown import told


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), EngineUnavailable, "not enough memory"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), EngineUnavailable, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), EngineUnavailable, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), EngineUnavailable, "not enough memory"),
        (torch.AcceleratorError("CUDA error: out of memory"), EngineUnavailable, "not enough memory"),
        (
            RuntimeError("unable to mmap: Cannot allocate memory (12)"),
            EngineUnavailable,
            "not enough memory",
        ),
        (MemoryError(), EngineUnavailable, "not enough memory"),
        (torch.AcceleratorError("CUDA error: an illegal memory access"), EngineBroken, "start Sayso again"),
        (RuntimeError("CUDA error: device-side assert triggered"), EngineBroken, "start Sayso again"),
        (RuntimeError("MPS backend error: command buffer"), EngineBroken, "start Sayso again"),
        (RuntimeError("mat1 and mat2 shapes"), EngineUnavailable, r"failed \(RuntimeError\)"),
        (ZeroDivisionError(), EngineUnavailable, r"failed \(ZeroDivisionError\)"),
    ],
    ids=lambda value: "" if isinstance(value, type) else str(value)[:30],
)
def test_each_is_told_by_what_can_be_done_about_it(error: Exception, kind: type[EngineError], words: str) -> None:
    """Less memory to be taken, the process to be started again, or a look into the log."""
    breakdown = told(error, "cuda:0 fp16")
    with pytest.raises(kind, match=words) as raised:
        raise breakdown.error("indextts")
    assert raised.value.engine == "indextts"
    assert breakdown.lasting is (kind is EngineBroken)
    assert raised.value.retry_after == (30.0 if breakdown.lasting else None)


def test_everybody_gets_an_error_of_their_own() -> None:
    """Each is a failure, and is counted once."""
    breakdown = told(RuntimeError("no"), "cpu fp32")
    assert breakdown.error("indextts") is not breakdown.error("indextts")


def test_its_own_words_are_for_the_log_only() -> None:
    """They may hold anything; people are told where it runs and what to do."""
    error = told(torch.OutOfMemoryError("Tried to allocate 20.00 MiB, out of memory"), "cuda:0 fp16").error("indextts")
    assert "MiB" not in str(error)
    assert "cuda:0 fp16" in str(error)
