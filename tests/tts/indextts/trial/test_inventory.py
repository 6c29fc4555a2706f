"""What a loaded model is, in figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from bot.tts.indextts import CheckpointError
from bot.tts.indextts.config import read
from bot.tts.indextts.trial import inventory
from bot.tts.indextts.trial.inventory import Memory, opened, parameters


@pytest.fixture
def ticks() -> Iterator[float]:
    return (float(tick) for tick in count())


def test_a_model_says_what_it_is_and_where_it_runs(folder: Path, ticks: Iterator[float]) -> None:
    """Version, fingerprint, sizes, and how long it took to load."""
    model, about = opened(folder, device="cpu", precision="fp32", clock=lambda: next(ticks))
    assert (about.version, about.fingerprint) == ("1.5", model.fingerprint)
    assert (about.device, about.precision, about.dtype, about.seconds) == ("cpu", "fp32", "float32", 1.0)
    assert about.threads == torch.get_num_threads()
    assert about.files == {
        name: (folder / name).stat().st_size
        for name in ("config.yaml", "bpe.model", "gpt.pth", "bigvgan_generator.pth")
    }
    assert about.memory.peak >= about.memory.resident > 10_000_000


def test_parameters_are_counted_part_by_part(folder: Path) -> None:
    """As many as there are numbers in the two files, whatever is made of them."""
    generator = torch.load(folder / "bigvgan_generator.pth", weights_only=True)["generator"]
    language = torch.load(folder / "gpt.pth", weights_only=True)["model"]
    counted = parameters(read(folder))
    batches = sum(name.endswith("num_batches_tracked") for name in generator)
    assert counted["speaker encoder"] + counted["vocoder"] == sum(t.numel() for t in generator.values()) - batches
    assert counted["conditioning"] + counted["language model"] == sum(t.numel() for t in language.values())
    assert (
        counted["speaker encoder"]
        == sum(tensor.numel() for name, tensor in generator.items() if name.startswith("speaker_encoder.")) - batches
    )


def test_a_gpu_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be several, and of several kinds."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"NVIDIA {device.index}")
    assert inventory._named(torch.device("cuda", 1)) == "cuda:1 (NVIDIA 1)"


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 1), ("linux", 1024)])
def test_the_most_that_was_taken_is_in_bytes(monkeypatch: pytest.MonkeyPatch, platform: str, unit: int) -> None:
    """Systems count it in different units."""
    resource = pytest.importorskip("resource", reason="Windows has none, and tells it otherwise")
    usage = SimpleNamespace(ru_maxrss=123)
    monkeypatch.setattr(resource, "getrusage", lambda _who: usage)
    monkeypatch.setattr("sys.platform", platform)
    assert inventory._most() == 123 * unit


def test_windows_tells_the_most_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no other way to tell it."""
    info = SimpleNamespace(rss=100, peak_wset=250)
    monkeypatch.setattr(psutil, "Process", lambda: SimpleNamespace(memory_info=lambda: info))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7)
    assert Memory.taken() == Memory(100, 250, 7)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """In the words of who reads it."""
    with pytest.raises(CheckpointError):
        opened(tmp_path, device="cpu", precision="fp32")
