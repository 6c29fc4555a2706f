"""What a loaded model is and takes: its version, files, parts, memory, and where it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import psutil
import torch

from bot.tts.indextts import conditioning, gpt, speaker, vocoder
from bot.tts.indextts.config import CONFIG, Config
from bot.tts.indextts.model import Model, load


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of this process: now, at most so far, and on the GPU (0 without one; at most so far, too)."""

    resident: int
    peak: int
    gpu: int

    @classmethod
    def taken(cls) -> Memory:
        info = psutil.Process().memory_info()
        peak = getattr(info, "peak_wset", 0) or _most()  # Windows tells it there
        return cls(info.rss, max(info.rss, peak), torch.cuda.max_memory_allocated())


@dataclass(frozen=True, slots=True)
class Inventory:
    """``files`` are their sizes in bytes, ``parameters`` the numbers in each part's tensors; ``seconds`` is how long
    loading took."""

    version: str
    fingerprint: str
    device: str
    precision: str
    dtype: str
    threads: int
    files: Mapping[str, int]
    parameters: Mapping[str, int]
    seconds: float
    memory: Memory


def opened(
    folder: Path, *, device: str, precision: str, clock: Callable[[], float] = time.perf_counter
) -> tuple[Model, Inventory]:
    """The model in the folder, and what it is. Raises what :func:`~bot.tts.indextts.model.load` does."""
    began = clock()
    model = load(folder, device=device, precision=precision)
    took = clock() - began
    config, place = model.config, model.place
    names = (CONFIG, config.bpe_file, config.gpt_file, config.vocoder_file)
    return model, Inventory(
        version=config.version,
        fingerprint=model.fingerprint,
        device=_named(place.device),
        precision=str(place.precision),
        dtype=str(place.dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        files={name: (folder / name).stat().st_size for name in names},
        parameters=parameters(config),
        seconds=took,
        memory=Memory.taken(),
    )


def parameters(config: Config) -> Mapping[str, int]:
    """How many numbers each part has in its file, whatever they are computed in."""
    parts = {
        "conditioning": conditioning.shapes(config.conditioning),
        "language model": gpt.shapes(config.gpt),
        "speaker encoder": speaker.shapes(config.vocoder),
        "vocoder": vocoder.shapes(config.vocoder),
    }
    # What has no shape counts batches, and was not learnt.
    return {part: sum(prod(shape) for shape in shapes.values() if shape) for part, shapes in parts.items()}


def _named(device: torch.device) -> str:
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else str(device)


def _most() -> int:
    """The most that was resident, as POSIX tells it: in bytes on macOS, in kibibytes elsewhere."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
