"""The self-test: of a model that speaks as it should, by a script, and of all that can be wrong with one."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from bot.speech import Samples
from bot.tts.audio import Reference
from bot.tts.indextts import load
from bot.tts.indextts.config import Config, read
from bot.tts.indextts.devices import Place, Precision
from bot.tts.indextts.model import Model
from bot.tts.indextts.trial.hearing import Recogniser
from bot.tts.indextts.trial.trial import ALLOWED, SENTENCES, Seam, Turn, listened, trial
from bot.tts.indextts.watchdog import Fault
from bot.tts.indextts.windows import LOOK

RATE = 24_000
TOKENS = 40
STOP = 513
SPOKEN = [*range(100, 210)]
"""Codes of four seconds and a half in which nothing is like itself."""


def reference(seconds: float = 4.0) -> Reference:
    """A recording of 24 kHz, 16 bit."""
    samples = np.random.default_rng(7).normal(0, 3000, round(seconds * RATE)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return Reference(file.getvalue(), seconds, "0" * 64)


def speech(seconds: float = 26.0) -> Samples:
    """Rises and falls as speech does."""
    at = np.arange(round(seconds * RATE)) / RATE
    voice = np.sum([np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 9)], axis=0)
    sound: Samples = (0.3 * voice * np.sin(np.pi * 4 * at) ** 4).astype(np.float32)
    return sound


@dataclass(slots=True)
class Script:
    """How a model speaks: these codes on each attempt (the last of them from then on), and this sound. ``blurs`` is
    how far sound that is made in windows is off; ``fails`` is what torch raises."""

    attempts: Sequence[Sequence[int]] = ((*SPOKEN, STOP),)
    sound: Samples = field(default_factory=speech)
    blurs: float = 0.0
    unknown: int = 0
    fails: str = ""
    asked: list[list[int]] = field(default_factory=list)
    prompts: int = 0
    windowed: int = 0

    def codes(self) -> Sequence[int]:
        # The first prompt is the one that makes warm.
        return self.attempts[min(max(0, self.prompts - 2), len(self.attempts) - 1)]


class Cache:
    """As much of the real one as the decoder looks at."""

    def __init__(self) -> None:
        self.lengths = [0]
        self.positions = 1000

    def move(self, source: int, target: int) -> None: ...


@dataclass(slots=True)
class Gpt:
    """A language model whose state is the number of the code that it predicts."""

    script: Script
    config: Any

    def prompt(self, conditioning: Tensor, ids: Sequence[int]) -> Tensor:
        assert conditioning.shape == (32, self.config.dim)
        self.script.prompts += 1
        self.script.asked.append(list(ids))
        return torch.zeros(32 + len(ids) + 3, self.config.dim)

    def cache(self, rows: int, positions: int) -> Cache:
        return Cache()

    def prefill(self, prompt: Tensor, cache: Cache, row: int) -> Tensor:
        return torch.zeros(self.config.dim)

    def step(self, codes: Tensor, places: Tensor, cache: Cache) -> Tensor:
        if self.script.fails:
            raise RuntimeError(f"{self.script.fails}\nat some line")
        return places[:, None].expand(-1, self.config.dim).float()

    def logits(self, states: Tensor) -> Tensor:
        scores = torch.zeros(len(states), self.config.codes)
        codes = self.script.codes()
        scores[0, codes[int(states[0, 0]) % len(codes)]] = 1e6
        return scores


@dataclass(slots=True)
class Vocoder:
    """Says of each latent the piece of sound that has its number."""

    script: Script
    config: Any
    field: int = 34

    def __call__(self, latents: Tensor, speaker: Tensor, keep: range | None = None) -> Tensor:
        assert speaker.shape == (self.config.speaker,)
        self.script.windowed += len(keep or ())
        numbers = [int(latent[0]) for latent in latents]
        pieces = [
            self.script.sound[n * 1024 : (n + 1) * 1024]
            for n in numbers[slice(0, None) if keep is None else slice(keep.start, keep.stop)]
        ]
        sound = torch.from_numpy(np.concatenate(pieces))
        return sound if keep is None else sound + self.script.blurs


@dataclass(slots=True)
class Tokenizer:
    script: Script

    def ids(self, text: str) -> list[int]:
        return [2 + n for n in range(TOKENS)]

    def unknown(self, ids: Sequence[int]) -> int:
        return self.script.unknown


@pytest.fixture
def talker(folder: Path) -> Callable[[Script], Model]:
    """A model that speaks by a script, of the tiny one's sizes."""
    config = read(folder)

    def made(script: Script) -> Model:
        return scripted(script, config)

    return made


def scripted(script: Script, config: Config) -> Model:
    return Model(
        config=config,
        place=Place(torch.device("cpu"), Precision.FP32),
        fingerprint="f" * 16,
        tokenizer=cast(Any, Tokenizer(script)),
        mel_of=cast(Any, lambda samples: torch.zeros(100, len(samples) // 256 + 1)),
        conditioning=cast(Any, lambda mel: torch.zeros(32, config.gpt.dim)),
        gpt=cast(Any, Gpt(script, config.gpt)),
        speaker_encoder=cast(Any, lambda mel: torch.zeros(config.vocoder.speaker)),
        vocoder=cast(Any, Vocoder(script, config.vocoder)),
    )


def tried(model: Model) -> Mapping[str, Turn]:
    ticks = count()
    return {turn.language: turn for turn in trial(model, reference(), clock=lambda: float(next(ticks)))}


def told(model: Model) -> str:
    """All that is odd about the English sentence."""
    return "; ".join(tried(model)["en"].odd)


def test_who_speaks_as_one_should_is_told_so(talker: Callable[[Script], Model]) -> None:
    """Both sentences, each with its figures, and nothing odd."""
    turns = tried(talker(script := Script()))
    assert {language: turn.text for language, turn in turns.items()} == SENTENCES
    for turn in turns.values():
        assert turn.odd == ()
        assert (turn.tokens, turn.codes, turn.attempts, turn.fault, turn.cut) == (TOKENS, 110, 1, None, 0)
        assert turn.seconds == pytest.approx(110 * 1024 / RATE)
        assert np.array_equal(turn.samples, script.sound[: 110 * 1024])
        assert turn.seams == (Seam(LOOK, 0.0, 3e-3), Seam(34, 0.0, 1e-3))
        assert (turn.heard, turn.errors) == (None, None)


def test_the_times_are_those_of_each_part(talker: Callable[[Script], Model]) -> None:
    """A clock that ticks whenever it is looked at: begun, first code, last code; and the vocoder after it."""
    turn = tried(talker(Script()))["en"]
    assert (turn.first, turn.thought, turn.voiced) == (1.0, 2.0, 1.0)
    assert turn.codes_per_second == 55.0
    assert turn.rtf == pytest.approx((2 / turn.seconds, 1 / turn.seconds))
    assert (replace(turn, thought=0.0).codes_per_second, replace(turn, seconds=0.0).rtf) == (0.0, (0.0, 0.0))


def test_what_is_done_only_once_is_done_before(talker: Callable[[Script], Model]) -> None:
    """A few tokens go through the model, and count for nothing."""
    tried(talker(script := Script()))
    assert [len(ids) for ids in script.asked] == [4, TOKENS, TOKENS]


REPEATING = [7, 8, 9] * 50
ENDLESS = [*range(100, 500), *range(100, 500)]


@pytest.mark.parametrize(
    ("codes", "fault", "words"),
    [
        (REPEATING, Fault.REPEATS, "the language model repeats itself"),
        (ENDLESS, Fault.RUNAWAY, "the language model does not come to an end"),
        ([100, 101, STOP], Fault.TOO_SHORT, "the language model ends before it can have said the sentence"),
        ([STOP], Fault.TOO_SHORT, "there is no sound"),
    ],
    ids=["repeats", "endless", "short", "mute"],
)
def test_a_language_model_that_goes_astray_is_told(
    talker: Callable[[Script], Model], codes: list[int], fault: Fault, words: str
) -> None:
    """After three attempts, as the engine makes them."""
    turn = tried(talker(Script([codes])))["en"]
    assert (turn.attempts, turn.fault) == (3, fault)
    assert words in "; ".join(turn.odd)


def test_another_attempt_may_be_well(talker: Callable[[Script], Model]) -> None:
    """Codes are drawn by chance, so that is no fault of the model's."""
    turn = tried(talker(Script([REPEATING, [*SPOKEN, STOP]])))["zh"]
    assert (turn.attempts, turn.fault, turn.odd) == (2, None, ())


def test_long_silence_is_cut_as_the_engine_does(talker: Callable[[Script], Model]) -> None:
    """What is cut is told, and is not in the sound."""
    codes = [*SPOKEN[:50], *[52] * 40, *SPOKEN[50:], STOP]
    turn = tried(talker(Script([codes])))["en"]
    assert (turn.codes, turn.cut) == (150, 10)
    assert turn.seconds == pytest.approx(140 * 1024 / RATE)


@pytest.mark.parametrize(("length", "looked_at"), [(90, 90), (200, 120)])
def test_five_seconds_of_a_sentence_are_enough_to_see_its_seams(
    talker: Callable[[Script], Model], length: int, looked_at: int
) -> None:
    """Twice in each of both sentences; all of it is spoken nevertheless."""
    turn = tried(talker(script := Script([[*range(200, 200 + length), STOP]])))["en"]
    assert script.windowed == 4 * looked_at
    assert turn.seconds == pytest.approx(length * 1024 / RATE)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script(unknown=3), "3 of the sentence's 40 tokens are unknown to bpe.model"),
        (Script(sound=np.zeros(26 * RATE, np.float32)), "its level is -100 dBFS"),
        (Script(sound=np.full(26 * RATE, np.nan, np.float32)), "the sound holds values that are no numbers"),
        (Script(blurs=0.002), "windows of 34 latents' sight are 2.0e-03 off the whole; up to 0.001 is well"),
        (Script(blurs=0.01), "windows of 20 latents' sight are 1.0e-02 off the whole; up to 0.003 is well"),
        (Script(fails="CUDA out of memory."), "it breaks off: CUDA out of memory."),
    ],
    ids=["unknown", "silence", "no numbers", "rounding", "seams", "torch"],
)
def test_what_else_is_wrong_is_told(talker: Callable[[Script], Model], script: Script, words: str) -> None:
    """In words, and never by a traceback."""
    odd = told(talker(script))
    assert words in odd
    assert "at some line" not in odd


def test_a_voice_that_cannot_be_made_is_told(talker: Callable[[Script], Model]) -> None:
    """Of each sentence."""

    def full(_mel: Tensor) -> Tensor:
        raise RuntimeError("MPS backend out of memory")

    model = replace(talker(Script()), conditioning=cast(Any, full))
    assert [turn.odd for turn in tried(model).values()] == [("it breaks off: MPS backend out of memory",)] * 2


class Ear:
    """Hears what it is told to."""

    def __init__(self, heard: str) -> None:
        self.heard = heard

    def hears(self, samples: Samples, rate: int, language: str) -> str:
        assert (len(samples), rate, language) == (110 * 1024, RATE, "en")
        return self.heard


@pytest.mark.parametrize(
    ("heard", "share", "words"),
    [
        (SENTENCES["en"].lower(), 0.0, ()),
        ("The train to the sea leaves early in the morning, so please be here on time.", 0.125, ()),
        ("Nothing", 1.0, (f"100% of it was not understood; at most {ALLOWED['en']:.0%} is well",)),
    ],
    ids=["all", "most", "nothing"],
)
def test_what_is_not_understood_is_told(
    talker: Callable[[Script], Model], heard: str, share: float, words: tuple[str, ...]
) -> None:
    """A word or two may be misheard."""
    turn = listened(tried(talker(Script()))["en"], cast(Recogniser, Ear(heard)))
    assert (turn.heard, turn.errors, turn.odd) == (heard, share, words)


@pytest.mark.parametrize("script", [Script([[STOP]]), Script(sound=np.full(26 * RATE, np.nan, np.float32))])
def test_nobody_listens_to_what_is_no_sound(talker: Callable[[Script], Model], script: Script) -> None:
    """The recogniser would make words of it, or fail."""
    turn = tried(talker(script))["en"]
    assert listened(turn, cast(Recogniser, None)) is turn


def test_a_model_that_was_never_trained_is_measured_and_fails(folder: Path) -> None:
    """It says noise, with a pace of its own; what does not depend on training is well."""
    turns = list(trial(load(folder, device="cpu", precision="fp32"), reference()))
    assert [turn.language for turn in turns] == ["zh", "en"]
    for turn in turns:
        assert any("dB lie between loud and quiet" in odd for odd in turn.odd)
        assert all(seam.off < 1e-5 for seam in turn.seams)
        assert not any("windows" in odd or "breaks off" in odd for odd in turn.odd)
        assert len(turn.samples) == 1024 * (turn.codes - turn.cut)
        assert turn.thought > turn.first > 0
        assert turn.sanity is not None
        assert math.isfinite(turn.sanity.level)
