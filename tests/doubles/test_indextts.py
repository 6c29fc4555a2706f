"""The random checkpoint has the form of the published one, is the same by the same seed, and makes sound."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bot.tts.indextts import load
from bot.tts.indextts.config import read
from tests.doubles.indextts import Size, main, write
from tests.tts.indextts.test_config import OFFICIAL

DATA = Path(__file__).parents[1] / "data" / "indextts"
FILES = ("bigvgan_generator.pth", "bpe.model", "config.yaml", "gpt.pth")
Tensors = Mapping[str, Tensor]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write(folder, seed=7)
    return folder


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write(folder, Size.FULL, seed=7)
    return folder


def tensors(folder: Path) -> tuple[Tensors, Tensors]:
    """Everything in both files."""
    language = torch.load(folder / "gpt.pth", weights_only=True, mmap=True)
    sound = torch.load(folder / "bigvgan_generator.pth", weights_only=True, mmap=True)
    return language["model"], sound["generator"]


def listed(name: str) -> dict[str, tuple[str, str]]:
    """A list of the published tensors: shape and type by name."""
    rows = (line.split("\t") for line in (DATA / name).read_text("utf-8").splitlines())
    return {name: (shape, kind) for name, shape, kind in rows}


def described(found: Tensors) -> dict[str, tuple[str, str]]:
    return {name: (str(tuple(tensor.shape)), str(tensor.dtype)) for name, tensor in found.items()}


class TestFull:
    def test_language_model(self, full: Path) -> None:
        """The published 511 names and shapes, float16 as the published file."""
        found = described(tensors(full)[0])
        expected = listed("gpt-keys.txt")
        assert len(found) == 511
        assert {name: shape for name, (shape, _) in found.items()} == {
            name: shape for name, (shape, _) in expected.items()
        }
        assert {kind for _, kind in found.values()} == {"torch.float16"}

    def test_vocoder(self, full: Path) -> None:
        """The published 1029 names, shapes and types, weight norm not folded."""
        found = described(tensors(full)[1])
        assert len(found) == 1029
        assert found == listed("bigvgan-keys.txt")

    def test_configuration(self, full: Path) -> None:
        """The published configuration, in every number."""
        assert read(full) == OFFICIAL

    def test_size(self, full: Path) -> None:
        """700 million numbers in files of a few megabytes."""
        assert sum(tensor.numel() for found in tensors(full) for tensor in found.values()) > 700_000_000
        assert sum((full / name).stat().st_size for name in FILES) < 40_000_000


class TestSmall:
    def test_another_model(self, small: Path) -> None:
        """It is made otherwise than the published one in every size, and in the number of its levels."""
        config = read(small)
        assert len(config.vocoder.rates) != len(OFFICIAL.vocoder.rates)
        assert len(config.vocoder.block_kernels) != len(OFFICIAL.vocoder.block_kernels)
        assert config.vocoder.samples_per_latent == OFFICIAL.vocoder.samples_per_latent
        for found, published in ((config.gpt, OFFICIAL.gpt), (config.conditioning, OFFICIAL.conditioning)):
            assert found.dim != published.dim
            assert found.heads != published.heads

    def test_same_seed(self, small: Path, tmp_path: Path) -> None:
        """The same seed writes the same bytes."""
        write(tmp_path, seed=7)
        assert [(tmp_path / name).read_bytes() for name in FILES] == [(small / name).read_bytes() for name in FILES]

    def test_other_seed(self, small: Path, tmp_path: Path) -> None:
        """Another seed draws other numbers, for both files."""
        write(tmp_path, seed=8)
        for one, other in zip(tensors(tmp_path), tensors(small), strict=True):
            drawn = [name for name in one if not name.endswith(("filter", "pe", "num_batches_tracked"))]
            assert not [name for name in drawn if torch.equal(one[name], other[name])]

    def test_files_are_drawn_apart(self, small: Path) -> None:
        """The two files do not begin with the same numbers."""
        language, sound = tensors(small)
        assert not torch.equal(language["gpt.ln_f.bias"][:40].float(), sound["conv_pre.bias"][:40])

    def test_whole(self, small: Path, tmp_path: Path) -> None:
        """Written whole it is the same model, and every tensor has its numbers to itself."""
        write(tmp_path, seed=7, whole=True)
        for one, other in zip(tensors(tmp_path), tensors(small), strict=True):
            assert not [name for name in one if not torch.equal(one[name], other[name])]
            places = {tensor.untyped_storage().data_ptr() for tensor in one.values()}
            assert len(places) == len(one)

    def test_windows_differ(self, small: Path) -> None:
        """No two large matrices are the same window."""
        for found in tensors(small):
            large = [tensor for tensor in found.values() if tensor.ndim > 1 and tensor.numel() > 60_000]
            seen = {(tensor.storage_offset(), tensor.stride(), tensor.untyped_storage().data_ptr()) for tensor in large}
            assert len(seen) == len(large) > 3

    def test_sane(self, small: Path) -> None:
        """All numbers are finite, variances and lengths positive, and each counter whole."""
        for found in tensors(small):
            assert all(tensor.isfinite().all() for tensor in found.values())
            positive = [tensor for name, tensor in found.items() if name.endswith(("running_var", "weight_g"))]
            assert all((tensor > 0.05).all() for tensor in positive)

    def test_filters_and_positions(self, small: Path) -> None:
        """What is not learned is what it is in a real model: the low-pass filters, and the table of positions."""
        language, sound = tensors(small)
        theirs, real = tensors(DATA / "tiny-a")
        name = "activation_post.upsample.filter"
        assert torch.allclose(sound[name], real[name], rtol=0, atol=1e-7)
        # The pair of a width w at 0 turns by one a step whatever w is.
        table = "conditioning_encoder.embed.pos_enc.pe"
        assert torch.allclose(language[table][..., :2].float(), theirs[table][..., :2].float(), rtol=0, atol=2e-3)

    def test_speaks(self, small: Path) -> None:
        """It hears, writes codes and makes sound that is neither silent nor cut off."""
        model = load(small, device="cpu", precision="fp32")
        random = torch.Generator().manual_seed(1)
        mel = model.mel(torch.randn(24_000, generator=random) * 0.1)
        voice = model.condition(mel)
        codes = model.greedy(voice, [5, 6, 7], limit=6)
        sound = model.waveform(model.latents(voice, [5, 6, 7], codes), model.speaker(mel))
        assert 0.5 < voice.std() < 2
        assert len(set(codes)) == 6
        assert 0.01 < sound.std() < 0.9
        assert sound.abs().max() < 1

    def test_never_the_start_code(self, small: Path) -> None:
        """The start code is as unlikely as a trained model finds it."""
        config = read(small)
        assert tensors(small)[0]["mel_head.bias"][config.gpt.start_code] == -15


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes a folder, makes it first, and says what is in it."""
    monkeypatch.setattr(sys, "argv", ["indextts", str(tmp_path / "a" / "b"), "--size", "small", "--seed", "3"])
    main()
    assert sorted(file.name for file in (tmp_path / "a" / "b").iterdir()) == sorted(FILES)
    assert "gpt.pth: " in capsys.readouterr().out


def test_unknown_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are two sizes."""
    monkeypatch.setattr(sys, "argv", ["indextts", str(tmp_path), "--size", "huge"])
    with pytest.raises(SystemExit):
        main()


def test_written_over(small: Path, tmp_path: Path) -> None:
    """A folder that holds a checkpoint is written over."""
    write(tmp_path, seed=1)
    assert write(tmp_path, seed=7) == read(small)
    assert [(tmp_path / name).read_bytes() for name in FILES] == [(small / name).read_bytes() for name in FILES]
