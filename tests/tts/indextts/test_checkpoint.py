"""Checkpoint: the weights that belong to a configuration are read, and everything else is refused in a user's words."""

from __future__ import annotations

import io
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bot.tts.indextts.checkpoint import shapes, weights
from bot.tts.indextts.config import Config, read
from bot.tts.indextts.faults import WHERE, CheckpointError
from tests.tts.indextts.test_config import OFFICIAL

GPT, VOCODER = "gpt.pth", "bigvgan_generator.pth"
KEYS = {GPT: "model", VOCODER: "generator"}
LISTS = Path(__file__).parents[2] / "data" / "indextts"

Rewritten = Callable[..., None]


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """The tiny folder, to be changed."""
    for name in ("config.yaml", GPT, VOCODER, "bpe.model"):
        shutil.copyfile(folder / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def rewritten(own: Path) -> Rewritten:
    """Writes a file of the folder again: its tensors changed by a function, or what the function makes of them."""

    def rewrite(name: str, change: Callable[[dict[str, Any]], object], **options: Any) -> None:
        tensors = torch.load(own / name, weights_only=True)[KEYS[name]]
        made = change(tensors)
        torch.save({KEYS[name]: tensors} if made is None else made, own / name, **options)

    return rewrite


def refusal(folder: Path, config: Config | None = None) -> str:
    with pytest.raises(CheckpointError) as caught:
        weights(folder, config or read(folder))
    text = str(caught.value)
    assert WHERE in text
    assert "\n" not in text
    return text


def listed(name: str) -> dict[str, tuple[int, ...]]:
    """A list of tensors: name, shape and type between tabs."""
    rows = (line.split("\t") for line in (LISTS / name).read_text("utf-8").splitlines())
    return {name: tuple(int(size) for size in shape.strip("(),").split(",") if size) for name, shape, _ in rows}


def counters(names: object) -> set[str]:
    return {str(name) for name in names if str(name).endswith("num_batches_tracked")}  # type: ignore[attr-defined]


class TestShapes:
    def test_language_model(self) -> None:
        """The GPT file of the published model has 511 tensors, and we know each of them."""
        found, _ = shapes(OFFICIAL)
        assert len(found) == 511
        assert {name: tuple(shape) for name, shape in found.items()} == listed("gpt-keys.txt")

    def test_vocoder(self) -> None:
        """The vocoder file has 1029, and we know each of them, those among them that only count batches."""
        _, found = shapes(OFFICIAL)
        assert len(found) == 1029
        assert {name: tuple(shape) for name, shape in found.items()} == listed("bigvgan-keys.txt")

    def test_solo_embeddings(self) -> None:
        """A training with solo embeddings leaves two tensors more."""
        found, _ = shapes(replace(OFFICIAL, gpt=replace(OFFICIAL.gpt, solo_embeddings=True)))
        assert set(found) - set(listed("gpt-keys.txt")) == {"mel_solo_embedding", "text_solo_embedding"}
        assert found["mel_solo_embedding"] == (1, 1, 1280)


class TestReading:
    def test_tiny(self, folder: Path) -> None:
        """Both files come as they are written: by name, in the type that they have, and nothing left out."""
        language, sound = weights(folder, read(folder))
        assert len(language) == 135
        assert {tensor.dtype for tensor in language.values()} == {torch.float16}
        assert {tensor.dtype for tensor in sound.values()} == {torch.float32}
        written = torch.load(folder / VOCODER, weights_only=True)["generator"]
        assert set(sound) == set(written) - counters(written)
        assert all(torch.equal(sound[name], written[name]) for name in sound)

    def test_mapped(self, folder: Path) -> None:
        """Nothing is copied: tensors that share their numbers in the file share them in memory."""
        language, _ = weights(folder, read(folder))
        held = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in language.values()}
        assert sum(held.values()) < 2 * (folder / GPT).stat().st_size

    def test_bare(self, own: Path, rewritten: Rewritten) -> None:
        """The tensors may lie in the file by themselves."""
        rewritten(GPT, lambda tensors: tensors)
        rewritten(VOCODER, lambda tensors: tensors)
        language, sound = weights(own, read(own))
        assert (len(language), "conv_pre.bias" in sound) == (135, True)

    def test_what_lies_beside(self, own: Path, rewritten: Rewritten) -> None:
        """What training keeps beside the tensors does no harm."""
        rewritten(GPT, lambda tensors: {"model": tensors, "epoch": 7, "loss": 0.5})
        assert len(weights(own, read(own))[0]) == 135

    def test_counters_left_out(self, own: Path, rewritten: Rewritten) -> None:
        """The counters of batch norm may be absent."""

        def without(tensors: dict[str, Any]) -> None:
            for name in counters(tensors):
                del tensors[name]

        rewritten(VOCODER, without)
        assert weights(own, read(own))[1]

    def test_parameters(self, own: Path, rewritten: Rewritten) -> None:
        """Tensors that were saved as parameters come without what training needs of them."""

        def trained(tensors: dict[str, Any]) -> None:
            tensors["mel_head.bias"] = torch.nn.Parameter(tensors["mel_head.bias"])

        rewritten(GPT, trained)
        assert not weights(own, read(own))[0]["mel_head.bias"].requires_grad

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
    def test_precisions(self, own: Path, rewritten: Rewritten, dtype: torch.dtype) -> None:
        """Any floating-point type will do."""
        rewritten(GPT, lambda tensors: {name: tensor.to(dtype) for name, tensor in tensors.items()})
        assert weights(own, read(own))[0]["mel_head.bias"].dtype == dtype

    def test_old_form(self, own: Path, rewritten: Rewritten) -> None:
        """A file as torch wrote them before 1.6 is read too."""
        rewritten(GPT, lambda tensors: None, _use_new_zipfile_serialization=False)
        assert len(weights(own, read(own))[0]) == 135

    def test_solo_embeddings(self, own: Path, rewritten: Rewritten) -> None:
        """Two tensors more are let pass where the configuration says so, and only there."""

        def more(tensors: dict[str, Any]) -> None:
            tensors.update(mel_solo_embedding=torch.zeros(1, 1, 64), text_solo_embedding=torch.zeros(1, 1, 64))

        rewritten(GPT, more)
        config = read(own)
        assert weights(own, replace(config, gpt=replace(config.gpt, solo_embeddings=True)))[0]
        assert "2 of its tensors do not belong there (mel_solo_embedding, text_solo_embedding)" in refusal(own)


class TestTensors:
    def test_wrong_shape(self, own: Path, rewritten: Rewritten) -> None:
        """A tensor of another shape is told with the shape that it has and the one that it should have."""

        def wider(tensors: dict[str, Any]) -> None:
            tensors["mel_head.bias"] = torch.zeros(515)

        rewritten(GPT, wider)
        text = refusal(own)
        assert f"{own / GPT}: by config.yaml, mel_head.bias is (515,) and should be (514,): the two are not" in text

    def test_wrong_shapes(self, own: Path) -> None:
        """Of many, one is told in full, some by name, and all by their number."""
        config = read(own)
        text = refusal(own, replace(config, gpt=replace(config.gpt, codes=600)))
        assert "mel_embedding.weight is (514, 64) and should be (600, 64)" in text
        assert "and 2 more tensors have another shape (mel_head.weight, mel_head.bias)" in text

    def test_fewer_layers(self, own: Path) -> None:
        """Tensors of a layer that the configuration does not know are told, the first by name."""
        config = read(own)
        text = refusal(own, replace(config, gpt=replace(config.gpt, layers=2)))
        assert "12 of its tensors do not belong there (gpt.h.2.ln_1.weight, gpt.h.2.ln_1.bias, " in text
        assert ", …): the two are not of one model" in text

    def test_more_layers(self, own: Path) -> None:
        """Tensors that are missing are told, the first by name."""
        config = read(own)
        text = refusal(own, replace(config, gpt=replace(config.gpt, layers=4)))
        assert "12 of 147 tensors are missing (gpt.h.3." in text

    def test_swapped(self, own: Path) -> None:
        """The two files in each other's place are told by what is missing and by what is too much."""
        (own / GPT).rename(own / "x")
        (own / VOCODER).rename(own / GPT)
        (own / "x").rename(own / VOCODER)
        text = refusal(own)
        assert "135 of 135 tensors are missing" in text
        assert "do not belong there" in text

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (torch.zeros(514, dtype=torch.int32), "mel_head.bias is a tensor of another kind (int32, strided, cpu)"),
            (torch.zeros(514).to_sparse(), "mel_head.bias is a tensor of another kind (float32, sparse_coo, cpu)"),
            (torch.zeros(514, device="meta"), "mel_head.bias is a tensor of another kind (float32, strided, meta)"),
            ([0.0] * 514, "mel_head.bias is no tensor, but a list"),
        ],
        ids=["whole numbers", "sparse", "nowhere", "list"],
    )
    def test_other_kinds(self, own: Path, rewritten: Rewritten, value: object, words: str) -> None:
        """What is no tensor of real numbers is told by its name and its kind."""

        def put(tensors: dict[str, Any]) -> None:
            tensors["mel_head.bias"] = value

        rewritten(GPT, put)
        assert words in refusal(own)

    @pytest.mark.parametrize("made", [torch.zeros(3), [1, 2], {"model": torch.zeros(3)}], ids=["one", "list", "in one"])
    def test_no_names(self, own: Path, rewritten: Rewritten, made: object) -> None:
        """A file that holds no tensors by name is told by what it holds."""
        rewritten(GPT, lambda tensors: made)
        assert "no tensors by name in it, but a " in refusal(own)


class Program:
    """Writes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.file),)


class TestFiles:
    def test_missing(self, own: Path) -> None:
        """Both files are told at once, if both are missing."""
        config = read(own)
        (own / GPT).unlink()
        (own / VOCODER).unlink()
        assert f"{own}: gpt.pth, bigvgan_generator.pth are missing." in refusal(own, config)

    @pytest.mark.parametrize("old", [False, True], ids=["zip", "old"])
    def test_program(self, own: Path, rewritten: Rewritten, tmp_path: Path, old: bool) -> None:
        """A file that holds a program is refused, and the program does not run."""
        program = Program(tmp_path / "ran")
        rewritten(GPT, lambda tensors: {"model": program}, _use_new_zipfile_serialization=not old)
        assert "more than plain tensors" in refusal(own)
        assert not program.file.exists()

    @pytest.mark.parametrize("share", [0.02, 0.5, 0.999])
    def test_broken_off(self, own: Path, share: float) -> None:
        """A download that did not come to the end is told with how far it came."""
        data = (own / VOCODER).read_bytes()
        (own / VOCODER).write_bytes(data[: int(len(data) * share)])
        text = refusal(own)
        assert f"{own / VOCODER}: the file breaks off after {share * len(data) / 1e6:.1f} MB" in text
        assert "Download it again" in text

    @pytest.mark.parametrize("lost", [1, 100, 100_000])
    def test_old_form_broken_off(self, own: Path, rewritten: Rewritten, lost: int) -> None:
        """One of the old form is told as damaged."""
        rewritten(GPT, lambda tensors: None, _use_new_zipfile_serialization=False)
        data = (own / GPT).read_bytes()
        (own / GPT).write_bytes(data[:-lost])
        assert "damaged" in refusal(own)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "the file is empty"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "this is a Git LFS pointer"),
            (b"<!DOCTYPE html><html>", "this is a web page"),
            (b"Entry not found", "this is no file that torch wrote"),
            (b"GGUF\x03", "this is no file that torch wrote"),
            (b"\x80\x02\x8a", "the file is damaged"),
        ],
        ids=["empty", "pointer", "page", "text", "gguf", "stump"],
    )
    def test_something_else(self, own: Path, content: bytes, words: str) -> None:
        """What is no PyTorch file is told as what it is."""
        (own / GPT).write_bytes(content)
        assert f"{own / GPT}: {words}" in refusal(own)

    def test_other_archive(self, own: Path) -> None:
        """A zip archive of something else was not written by torch."""
        with zipfile.ZipFile(own / GPT, "w") as archive:
            archive.writestr("letter.txt", "hello")
        assert "damaged, or was not written by torch" in refusal(own)

    def test_unreadable(self, own: Path) -> None:
        """A folder in a file's place is no file."""
        config = read(own)
        (own / GPT).unlink()
        (own / GPT).mkdir()
        assert "gpt.pth is missing" in refusal(own, config)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # one of the bytes that are damaged here
@pytest.mark.parametrize("seed", range(3))
def test_any_damage(own: Path, seed: int) -> None:
    """Whatever happens to the list of tensors in a file, it is read or refused in a sentence."""
    chance = random.Random(seed)
    config = read(own)
    small = io.BytesIO()
    torch.save({"model": {"mel_head.bias": torch.ones(3), "final_norm.bias": torch.ones(2)}}, small)
    with zipfile.ZipFile(small) as archive:
        records = {record.filename: archive.read(record) for record in archive.infolist()}
    for _ in range(40):
        with zipfile.ZipFile(own / GPT, "w") as archive:
            for name, content in records.items():
                archive.writestr(name, damaged(content, chance) if name.endswith("data.pkl") else content)
        with suppress(CheckpointError):
            weights(own, config)


def damaged(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def test_nothing_is_written_to(own: Path) -> None:
    """Whoever writes into what was read does not change the file."""
    before = (own / GPT).read_bytes()
    tensor: Tensor = weights(own, read(own))[0]["mel_head.bias"]
    tensor.add_(1)
    assert (own / GPT).read_bytes() == before


@pytest.mark.parametrize("name", ["gpt.pth", "bigvgan_generator.pth"])
def test_a_damaged_number_is_noticed(folder: Path, tmp_path: Path, name: str) -> None:
    """It would be heard, and what was learnt with it would outlive the repair."""
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    content = bytearray((damaged / name).read_bytes())
    content[len(content) // 2] ^= 1
    (damaged / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=f"{name}: the file is damaged.*Download it again"):
        weights(damaged, read(damaged))
