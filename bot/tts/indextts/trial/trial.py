"""The self-test of a model: one Chinese and one English sentence, spoken, measured and judged. Nothing is printed.

It is for weights that nobody but their owner has: what it measures (speed, the seams of the vocoder's windows, how much
of the sentence is understood) can be known from trained ones only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from bot.speech import Samples
from bot.tts.audio import Reference
from bot.tts.indextts.decoder import Decoder, Task, Track
from bot.tts.indextts.model import Model
from bot.tts.indextts.sampling import Sampling, search
from bot.tts.indextts.silence import LongSilence
from bot.tts.indextts.trial.hearing import Recogniser, errors
from bot.tts.indextts.trial.sanity import Sanity
from bot.tts.indextts.voices import Voiceprint, Voiceprints
from bot.tts.indextts.watchdog import MOST_CODES, Fault, Watchdog
from bot.tts.indextts.windows import LOOK, Windows

SENTENCES = {
    "zh": "今天天气很好，吃完早饭我们一起去公园里散步吧。",
    "en": "The train to the city leaves early in the morning, so please be there on time.",
}
"""Ours, without digits or names, so that there is one way to say and to write them."""

ALLOWED = {"zh": 0.35, "en": 0.3}
"""Error rates above which a sentence counts as not understood: Whisper base errs on clear speech by a tenth, and one
sentence is a small sample. Noise has 1 and more."""

SEAM = 3e-3
"""How far sound made in windows may be from the whole, at most, of full scale: -50 dB, well below speech."""
ROUNDING = {torch.float32: 1e-3, torch.float16: 1e-2, torch.bfloat16: 3e-2}
"""The same for windows that look as far as the vocoder does, by what it computes in: other lengths go other ways
through a processor or GPU, which round differently (TF32 in float32's place, too)."""

_LOOKED_AT = 120
"""Latents of a sentence whose seams are looked at: five seconds, of three windows and the end. A model that has lost
its way says five times as much, and on a processor each look takes longer than saying it."""
_SEEDS = (0, 1, 2)
"""A sentence that goes astray is spoken again with the next, as the engine does it."""
_WARMTH = 4
"""Codes spoken before anything is measured: what is done once must not count as slow."""
_FAILURES = (RuntimeError, ValueError)
"""What torch raises for whatever fails in it, out of memory among that; and a text beyond the model's tables."""
_ASTRAY = {
    Fault.REPEATS: "the language model repeats itself",
    Fault.RUNAWAY: "the language model does not come to an end",
    Fault.TOO_SHORT: "the language model ends before it can have said the sentence",
}


@dataclass(frozen=True, slots=True)
class Seam:
    """How far from the whole the sound of windows is that look so many latents to either side, and may be."""

    look: int
    off: float
    most: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One sentence as it was spoken.

    ``codes`` are those of the sentence, ``cut`` of them long silence; ``fault`` is the watchdog's verdict on the last
    of ``attempts``. Seconds: ``first`` until the first code, ``thought`` in the language model, ``voiced`` in the
    vocoder, ``seconds`` of sound. ``heard`` and ``errors`` are None until somebody listens; ``odd`` is what is wrong,
    in words.
    """

    language: str
    text: str
    rate: int
    tokens: int = 0
    unknown: int = 0
    attempts: int = 0
    codes: int = 0
    cut: int = 0
    fault: Fault | None = None
    first: float = 0.0
    thought: float = 0.0
    voiced: float = 0.0
    seconds: float = 0.0
    sanity: Sanity | None = None
    seams: tuple[Seam, ...] = ()
    heard: str | None = None
    errors: float | None = None
    odd: tuple[str, ...] = ()
    samples: Samples = field(default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False)

    @property
    def codes_per_second(self) -> float:
        return self.codes / self.thought if self.thought else 0.0

    @property
    def rtf(self) -> tuple[float, float]:
        """Seconds of work for a second of sound, of the language model and of the vocoder; 0 without sound."""
        if not self.seconds:
            return 0.0, 0.0
        return self.thought / self.seconds, self.voiced / self.seconds


@dataclass(frozen=True, slots=True, eq=False)
class _Thought:
    """What the language model made of a sentence: codes and their latents (n, dim), and what it took."""

    codes: Sequence[int]
    latents: Tensor
    fault: Fault | None
    first: float
    took: float


def trial(
    model: Model,
    reference: Reference,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Turn]:
    """Each sentence spoken in the voice of the recording, as soon as it is measured and judged.

    Raises nothing for what a model does wrong, not even if torch fails in it: that is told in :attr:`Turn.odd`.
    """
    speaking = _Speaking(model, reference, Voiceprints(model, None), clock)
    speaking.warm()
    for language, text in SENTENCES.items():
        yield _judged(speaking.turn(language, text))


def listened(turn: Turn, recogniser: Recogniser) -> Turn:
    """The sentence with what the recogniser heard of it; where there is no sound to hear, as it was."""
    if not len(turn.samples) or not np.isfinite(turn.samples).all():
        return turn
    heard = recogniser.hears(turn.samples, turn.rate, turn.language)
    wrong = errors(turn.text, heard, turn.language)
    most = ALLOWED[turn.language]
    odd = (f"{wrong:.0%} of it was not understood; at most {most:.0%} is well",) if wrong > most else ()
    return replace(turn, heard=heard, errors=wrong, odd=turn.odd + odd)


@dataclass(frozen=True, slots=True)
class _Speaking:
    """A model that speaks in one voice."""

    model: Model
    reference: Reference
    prints: Voiceprints
    clock: Callable[[], float]

    @property
    def voice(self) -> Voiceprint:
        return self.prints.of(self.reference)

    @torch.inference_mode()
    def warm(self) -> None:
        """Do what is done only once, so that it does not count as slow."""
        with suppress(*_FAILURES):
            thought = self._think(self.model.tokenizer.ids(SENTENCES["en"])[:_WARMTH], 0, _WARMTH)
            self.model.waveform(thought.latents, self.voice.speaker)

    @torch.inference_mode()
    def turn(self, language: str, text: str) -> Turn:
        """The sentence spoken and measured, not yet judged."""
        ids = self.model.tokenizer.ids(text)
        turn = Turn(language, text, self.model.config.mel.rate, len(ids), self.model.tokenizer.unknown(ids))
        try:
            for attempt, seed in enumerate(_SEEDS, 1):
                thought = self._think(ids, seed, min(MOST_CODES, self.model.config.gpt.most_codes))
                turn = _noted(turn, attempt, thought)
                if thought.fault is None:
                    break
            return self._voiced(turn, thought)
        except _FAILURES as error:
            return replace(turn, odd=(f"it breaks off: {str(error).strip().partition(chr(10))[0]}",))

    def _think(self, ids: Sequence[int], seed: int, limit: int) -> _Thought:
        began, first = self.clock(), 0.0
        codes: list[int] = []
        states: list[Tensor] = []
        track, decoder = self._begin(ids, seed, limit)
        while not track.done:
            decoder.step()
            new, latents = track.take()
            first = first or self.clock() - began
            codes += new
            states.append(latents)
        return _Thought(codes, torch.cat(states), track.fault, first, self.clock() - began)

    def _begin(self, ids: Sequence[int], seed: int, limit: int) -> tuple[Track, Decoder]:
        sizes = self.model.config.gpt
        chosen = search(Sampling(), start=sizes.start_code, stop=sizes.stop_code, limit=limit, seed=seed)
        decoder = Decoder(self.model.gpt, chosen.rows)
        conditioning = self.voice.conditioning.to(self.model.place.device)
        return decoder.admit(Task(conditioning, ids, chosen, Watchdog(len(ids)))), decoder

    def _voiced(self, turn: Turn, thought: _Thought) -> Turn:
        """With its sound."""
        silence = LongSilence()
        kept = torch.tensor([silence.keeps(code) for code in thought.codes], dtype=torch.bool)
        latents = thought.latents[kept.to(thought.latents.device)]
        if not len(latents):
            return turn
        began = self.clock()
        whole = self.model.waveform(latents, self.voice.speaker)
        took = self.clock() - began
        return replace(
            turn,
            cut=len(thought.codes) - len(latents),
            voiced=took,
            seconds=len(whole) / turn.rate,
            samples=whole.numpy(),
            seams=tuple(self._seams(latents[:_LOOKED_AT])),
        )

    def _seams(self, latents: Tensor) -> Iterator[Seam]:
        whole = self.model.waveform(latents, self.voice.speaker)
        sight, rounding = self.model.vocoder.field, self._rounding
        yield Seam(LOOK, self._off(latents, whole, LOOK), max(SEAM, rounding))
        yield Seam(sight, self._off(latents, whole, sight), rounding)

    @property
    def _rounding(self) -> float:
        place = self.model.place
        return ROUNDING[place.dtype if place.device.type == "cuda" else torch.float32]

    def _off(self, latents: Tensor, whole: Tensor, look: int) -> float:
        """How far sound that is made in windows, of latents that come one by one, is from the whole."""
        place = self.model.place.device
        windows = Windows(self.model.vocoder, self.voice.speaker.to(place), look=look)
        latents = latents.to(place)
        pieces = [*(windows.feed(latents[n : n + 1]) for n in range(len(latents))), windows.finish()]
        return float((torch.cat(pieces).to(whole) - whole).abs().max())


def _noted(turn: Turn, attempt: int, thought: _Thought) -> Turn:
    return replace(
        turn,
        attempts=attempt,
        codes=len(thought.codes),
        fault=thought.fault,
        first=thought.first,
        thought=thought.took,
    )


def _judged(turn: Turn) -> Turn:
    """What was measured, with what is wrong about it."""
    if len(turn.samples):
        turn = replace(turn, sanity=Sanity.of(turn.samples, turn.rate, turn.text, turn.language))
    return replace(turn, odd=(*turn.odd, *_odd(turn)))


def _odd(turn: Turn) -> Iterator[str]:
    if turn.unknown:
        yield f"{turn.unknown} of the sentence's {turn.tokens} tokens are unknown to bpe.model"
    if turn.fault:
        yield _ASTRAY[turn.fault]
    if turn.sanity is not None:
        yield from turn.sanity.odd(turn.language)
    elif not turn.odd:
        yield "there is no sound"
    for seam in turn.seams:
        if not seam.off <= seam.most:
            yield f"windows of {seam.look} latents' sight are {seam.off:.1e} off the whole; up to {seam.most:g} is well"
