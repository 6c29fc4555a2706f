"""The model: its parts side by side, each to be asked for alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bot.tts.indextts.checkpoint import weights
from bot.tts.indextts.conditioning import Conditioning
from bot.tts.indextts.config import Config, read
from bot.tts.indextts.decoder import Decoder, Task
from bot.tts.indextts.devices import Place, Precision, choose
from bot.tts.indextts.faults import refused
from bot.tts.indextts.fingerprint import fingerprint
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.mel import Mel
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.quick import quicken
from bot.tts.indextts.sampling import search as begin
from bot.tts.indextts.speaker import SpeakerEncoder
from bot.tts.indextts.text import Tokenizer
from bot.tts.indextts.vocoder import Vocoder
from bot.tts.indextts.watchdog import MOST_CODES

Array = Tensor | npt.NDArray[np.float32]
"""Numbers, as torch or numpy have them; what comes back is always a tensor, float32, on the processor."""


@dataclass(frozen=True, slots=True)
class Found:
    """Codes of one sentence without the stop code; ``stopped`` says that it came; ``score`` is that of beams."""

    codes: list[int]
    stopped: bool
    score: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """IndexTTS-1.5, loaded. What its methods take may be numpy's or torch's, on any device; what they give is float32
    on the processor. Not for several threads at once."""

    config: Config
    place: Place
    fingerprint: str
    tokenizer: Tokenizer
    mel_of: Mel
    conditioning: Conditioning
    gpt: Gpt
    speaker_encoder: SpeakerEncoder
    vocoder: Vocoder

    @torch.inference_mode()
    def mel(self, samples: Array) -> Tensor:
        """Samples (n,), mono, 24 kHz, within ±1 → log-mel spectrogram (100, n // 256 + 1)."""
        return self._out(self.mel_of(self._in(samples)))

    @torch.inference_mode()
    def condition(self, mel: Array) -> Tensor:
        """Mel of a reference (100, frames) → what the language model hears of the voice (32, dim)."""
        return self._out(self.conditioning(self._in(mel)))

    @torch.inference_mode()
    def speaker(self, mel: Array) -> Tensor:
        """Mel of a reference (100, frames) → the vector by which the vocoder knows the voice (speaker,)."""
        return self._out(self.speaker_encoder(self._in(mel)))

    @torch.inference_mode()
    def generate(
        self,
        conditioning: Array,
        ids: Sequence[int],
        options: Sampling,
        *,
        limit: int = MOST_CODES,
        positions: Positions = Positions.CONTIGUOUS,
        seed: int = 0,
    ) -> Found:
        """The codes for one sentence: conditioning (32, dim), ids without start and stop; at most ``limit`` codes, the
        stop code among them. Raises ValueError for a sentence longer than the model's tables."""
        codes = self.config.gpt
        search = begin(options, start=codes.start_code, stop=codes.stop_code, limit=limit, seed=seed)
        decoder = Decoder(self.gpt, search.rows, positions=positions)
        track = decoder.admit(Task(self._in(conditioning), ids, search))
        while not track.done:
            decoder.step()
        return Found(search.codes, search.stopped, search.score)

    def greedy(
        self,
        conditioning: Array,
        ids: Sequence[int],
        *,
        limit: int = MOST_CODES,
        positions: Positions = Positions.CONTIGUOUS,
        beams: int = 1,
        repetition_penalty: float = 10.0,
    ) -> list[int]:
        """The likeliest code at each step, or the likeliest of ``beams`` sequences; the stop code is the last of them,
        if it came."""
        options = Sampling(sample=False, beams=beams, repetition_penalty=repetition_penalty)
        found = self.generate(conditioning, ids, options, limit=limit, positions=positions)
        return [*found.codes, self.config.gpt.stop_code] if found.stopped else found.codes

    @torch.inference_mode()
    def logits(
        self,
        conditioning: Array,
        ids: Sequence[int],
        codes: Sequence[int] = (),
        *,
        positions: Positions = Positions.CONTIGUOUS,
    ) -> Tensor:
        """The scores of what comes first, and after each of the codes: (len(codes) + 1, codes), before any penalty."""
        prompt = self.gpt.prompt(self._in(conditioning), ids)
        cache = self.gpt.cache(1, len(prompt) + len(codes))
        states = [self.gpt.prefill(prompt, cache, 0)]
        for n, code in enumerate(codes, 1):
            places = torch.tensor([positions.of(n)], device=self.place.device)
            states.append(self.gpt.step(torch.tensor([code], device=self.place.device), places, cache)[0])
        return self._out(self.gpt.logits(torch.stack(states)))

    @torch.inference_mode()
    def latents(self, conditioning: Array, ids: Sequence[int], codes: Sequence[int]) -> Tensor:
        """What the vocoder is given for the codes of a sentence, without the stop code: (len(codes), dim)."""
        return self._out(self.gpt.latents(self._in(conditioning), ids, codes))

    @torch.inference_mode()
    def waveform(self, latents: Array, speaker: Array) -> Tensor:
        """Latents (n, dim) and a speaker vector → samples (n · 1024,), within ±1, at 24 kHz."""
        return self._out(self.vocoder(self._in(latents), self._in(speaker)))

    def _in(self, numbers: Array) -> Tensor:
        return torch.as_tensor(numbers, dtype=torch.float32, device=self.place.device)

    def _out(self, numbers: Tensor) -> Tensor:
        return numbers.detach().to("cpu", torch.float32)


def load(folder: Path | str, *, device: str = "auto", precision: str = "auto") -> Model:
    """The model in the official folder (``config.yaml``, ``gpt.pth``, ``bigvgan_generator.pth``, ``bpe.model``).

    ``device`` is auto, cpu, cuda (cuda:1) or mps; ``precision`` auto, fp32, fp16, bf16 or int8. Raises
    :class:`~bot.tts.indextts.faults.CheckpointError` that says what is missing, misshapen or of another version, and
    where to get what is right; ConfigError for a device or precision that this machine does not have.
    """
    place = choose(device, precision)
    folder = Path(folder)
    config = read(folder)
    tokenizer = _tokenizer(folder / config.bpe_file, config)
    language, sound = weights(folder, config)
    gpt = Gpt.of(config.gpt, language, place.dtype)
    quicken(gpt.gpt, place)
    quicken(gpt, replace(place, precision=Precision.FP32))  # the head alone is left: scores are not for fewer bits
    return Model(
        config=config,
        place=place,
        fingerprint=fingerprint(folder),
        tokenizer=tokenizer,
        mel_of=Mel(config.mel).to(place.device),
        conditioning=Conditioning.of(config.conditioning, language).to(place.device),
        gpt=gpt.to(place.device),
        speaker_encoder=SpeakerEncoder.of(config.vocoder, sound).to(place.device),
        vocoder=Vocoder.of(config.vocoder, sound, dtype=_sounding(place)).to(place.device),
    )


def _tokenizer(file: Path, config: Config) -> Tokenizer:
    tokenizer, known = Tokenizer(file), config.gpt.text_tokens + 1
    if tokenizer.size > known:
        raise refused(
            file, f"it has {tokenizer.size} pieces and the model knows {known}: the two are not of one model."
        )
    return tokenizer


def _sounding(place: Place) -> torch.dtype:
    """What the vocoder's convolutions compute in: as upstream in 16 bits on CUDA, where that is quicker."""
    return place.dtype if place.device.type == "cuda" else torch.float32
