"""The whole model, by the functions that docs/indextts.md names, held to what upstream v1.5.0 computed.

Each part is fed upstream's own input to it, so that a fault is seen where it is; the last test goes the whole way.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from bot.tts.indextts import Model, Positions, Sampling, load, remove_long_silence

Golden = Mapping[str, npt.NDArray[Any]]

TEXTS = [0, 1, 2]
POSITIONS = {"kv": Positions.UPSTREAM, "nokv": Positions.CONTIGUOUS}


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load(folder, device="cpu", precision="fp32")


def off(given: torch.Tensor, golden: npt.NDArray[Any]) -> float:
    """How far the farthest number is from upstream's."""
    assert tuple(given.shape) == golden.shape
    return float((given - torch.from_numpy(golden)).abs().max())


def test_mel(model: Model, golden: Golden) -> None:
    """Of the reference's samples; the last digits are those of the processor's FFT (see test_mel.py)."""
    assert off(model.mel(golden["prompt_24k"]), golden["prompt_mel"]) <= 5e-5


def test_conditioning(model: Model, golden: Golden) -> None:
    """What the language model hears of the voice."""
    assert off(model.condition(golden["prompt_mel"]), golden["cond_latents"]) <= 1e-4


def test_speaker(model: Model, golden: Golden) -> None:
    """By which the vocoder knows the voice."""
    assert off(model.speaker(golden["prompt_mel"]), golden["speaker_embedding"]) <= 5e-5


@pytest.mark.parametrize("kind", POSITIONS)
@pytest.mark.parametrize("text", TEXTS)
def test_logits(model: Model, golden: Golden, text: int, kind: str) -> None:
    """Of the first eight steps, in both conventions of positions."""
    codes = golden[f"t{text}_greedy_{kind}_codes"][:7].tolist()
    ids = golden[f"t{text}_ids"].tolist()
    scores = model.logits(golden["cond_latents"], ids, codes, positions=POSITIONS[kind])
    assert off(scores, golden[f"t{text}_greedy_{kind}_logits"]) <= 1e-4


@pytest.mark.parametrize("kind", POSITIONS)
@pytest.mark.parametrize("text", TEXTS)
def test_greedy_codes(model: Model, golden: Golden, text: int, kind: str) -> None:
    """To the last, and the stop where upstream's stops."""
    ids = golden[f"t{text}_ids"].tolist()
    codes = model.greedy(golden["cond_latents"], ids, limit=40, positions=POSITIONS[kind])
    assert codes == golden[f"t{text}_greedy_{kind}_codes"].tolist()


@pytest.mark.parametrize("kind", POSITIONS)
@pytest.mark.parametrize("text", TEXTS)
def test_three_beams(model: Model, golden: Golden, text: int, kind: str) -> None:
    """The codes, and what they score."""
    ids = golden[f"t{text}_ids"].tolist()
    codes = model.greedy(golden["cond_latents"], ids, limit=40, positions=POSITIONS[kind], beams=3)
    assert codes == golden[f"t{text}_beam3_{kind}_codes"].tolist()
    options = Sampling(sample=False, beams=3)
    found = model.generate(golden["cond_latents"], ids, options, limit=40, positions=POSITIONS[kind])
    assert found.score == pytest.approx(golden[f"t{text}_beam3_{kind}_score"][0], abs=1e-3)


@pytest.mark.parametrize("text", TEXTS)
def test_latents(model: Model, golden: Golden, text: int) -> None:
    """What the vocoder is given."""
    codes = [code for code in golden[f"t{text}_greedy_nokv_codes"].tolist() if code != model.config.gpt.stop_code]
    latents = model.latents(golden["cond_latents"], golden[f"t{text}_ids"].tolist(), codes)
    assert off(latents, golden[f"t{text}_latents"]) <= 3e-5


def test_latents_of_given_codes(model: Model, golden: Golden) -> None:
    """Silence and a code that always counts as seen are among them."""
    ids, codes = golden["t0_ids"].tolist(), golden["given_codes"].tolist()
    assert off(model.latents(golden["cond_latents"], ids, codes), golden["given_latents"]) <= 3e-5


def test_waveform(model: Model, golden: Golden) -> None:
    """1024 samples for each latent."""
    wave = model.waveform(golden["given_latents"][:12], golden["speaker_embedding"])
    assert off(wave, golden["voc_wave"]) <= 5e-5


def spoken(model: Model, golden: Golden, told: Mapping[str, Any], conditioning: torch.Tensor) -> npt.NDArray[np.int16]:
    """As upstream's ``infer`` speaks: sentence by sentence, its positions, a second pass, no silence between them."""
    arguments = {"do_sample": True, "num_beams": 3, "max_mel_tokens": 600} | told["arguments"]
    options = Sampling(sample=arguments["do_sample"], beams=arguments["num_beams"])
    pieces = []
    for ids in model.tokenizer.sentences(told["text"], arguments.get("max_text_tokens_per_sentence", 120)):
        limit = arguments["max_mel_tokens"]
        found = model.generate(conditioning, ids, options, limit=limit, positions=Positions.UPSTREAM)
        codes = remove_long_silence(told["given_codes"] or found.codes, model.config.gpt.stop_code)
        pieces.append(model.waveform(model.latents(conditioning, ids, codes), golden["speaker_embedding"]))
    wave: npt.NDArray[np.float32] = torch.cat(pieces).numpy() * 32_767
    return wave.clip(-32_767, 32_767).astype(np.int16)


@pytest.mark.parametrize("case", [0, 1, 2])
def test_the_file_that_upstream_writes(model: Model, golden: Golden, told: Mapping[str, Any], case: int) -> None:
    """From text to 16-bit samples, by upstream's conditioning and from the recording on."""
    spec = told["infer"][case]
    wanted = golden[f"infer_{spec['id']}_int16"].astype(np.int32)
    for conditioning, most in (
        (torch.from_numpy(golden["cond_latents"]), 2),
        (model.condition(model.mel(golden["prompt_24k"])), 4),
    ):
        samples = spoken(model, golden, spec, conditioning).astype(np.int32)
        assert samples.shape == wanted.shape
        assert np.abs(samples - wanted).max() <= most
