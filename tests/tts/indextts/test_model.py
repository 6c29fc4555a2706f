"""A folder becomes a model, or is told why it is none."""

import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch

from bot.errors import ConfigError
from bot.tts.indextts import CheckpointError, Positions, Sampling, load
from bot.tts.indextts.devices import Precision
from bot.tts.indextts.quick import Int8, works


def test_a_tokenizer_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    """Its pieces would be beyond the model's table, in the middle of somebody's sentence."""
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "config.yaml").write_text(
        (folder / "config.yaml").read_text().replace("number_text_tokens: 900", "number_text_tokens: 800")
    )
    with pytest.raises(CheckpointError, match=r"bpe\.model: it has 880 pieces and the model knows 801"):
        load(other)


def test_what_is_no_device_is_told_before_anything_is_read(tmp_path: Path) -> None:
    """Loading takes half a minute."""
    with pytest.raises(ConfigError, match=r"indextts\.device"):
        load(tmp_path / "nowhere", device="gpu")


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_in_every_precision_it_speaks(folder: Path, precision: str) -> None:
    """Near to what it says in full precision."""
    if precision == "int8" and not works(Int8, torch.float32):
        pytest.skip("8-bit products overflow here (no VNNI)")
    exact, model = (load(folder, device="cpu", precision=one) for one in ("fp32", precision))
    assert model.place.precision is Precision(precision)
    ids, voice = model.tokenizer.ids("Hello there."), exact.condition(exact.mel(torch.randn(24_000) / 10))
    codes = exact.greedy(voice, ids, limit=12)[:8]
    off = (model.latents(voice, ids, codes) - exact.latents(voice, ids, codes)).abs().mean()
    assert off < 0.1
    assert model.waveform(model.latents(voice, ids, codes), torch.zeros(48)).shape == (1024 * len(codes),)


def test_what_is_drawn_depends_on_the_seed(folder: Path) -> None:
    """And on nothing else."""
    model = load(folder, device="cpu", precision="fp32")
    ids, voice = model.tokenizer.ids("Hello there."), model.condition(model.mel(torch.randn(24_000) / 10))
    one, two, other = (model.generate(voice, ids, Sampling(), limit=30, seed=seed).codes for seed in (1, 1, 2))
    assert one == two != other


def test_scores_after_codes_are_those_of_decoding(folder: Path) -> None:
    """The likeliest after each is the greedy one, where nothing was seen before that would be punished."""
    model = load(folder, device="cpu", precision="fp32")
    ids, voice = model.tokenizer.ids("Hello there."), model.condition(model.mel(torch.randn(24_000) / 10))
    codes = model.greedy(voice, ids, limit=6, positions=Positions.UPSTREAM, repetition_penalty=1.0)
    scores = model.logits(voice, ids, codes[:-1], positions=Positions.UPSTREAM)
    assert scores.argmax(-1).tolist() == codes


def test_a_tokenizer_knows_its_size(folder: Path) -> None:
    """As SentencePiece has it."""
    reference = sentencepiece.SentencePieceProcessor(model_file=str(folder / "bpe.model"))
    assert load(folder).tokenizer.size == reference.get_piece_size() == 880
