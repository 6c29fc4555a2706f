"""Where many utterances are spoken at once by one model. For one thread, which has it to itself."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import structlog
import torch
from torch import Tensor

from bot.errors import AudioError, EngineError, EngineRejected, SaysoError
from bot.log import where
from bot.speech import Utterance
from bot.tts.indextts import model as models
from bot.tts.indextts.breakdown import Breakdown, lost, told
from bot.tts.indextts.decoder import Decoder, Task
from bot.tts.indextts.manner import Manner
from bot.tts.indextts.model import Model
from bot.tts.indextts.order import Order
from bot.tts.indextts.reading import Reading, seed
from bot.tts.indextts.sampling import search
from bot.tts.indextts.sentence import Sentence, Voice
from bot.tts.indextts.voices import Voiceprint, Voiceprints
from bot.tts.indextts.watchdog import MOST_CODES, Watchdog

_log = structlog.get_logger()

_MARKS = 3
"""Positions of a prompt beside voice and text: the marks where text and codes begin, and where the text ends."""

SENTENCE_TOKENS = 100
"""Tokens of one sentence at most: what takes 20 of the 25 seconds that a sentence may last. Upstream's own limit of 120
leaves a slow voice no room."""

_ANY = ("Room 5.", "5号。")
"""Has the grammars of both languages loaded, which takes a second that nobody is to wait for."""


class Studio:
    """Speaks what is ordered, a step at a time. Who came first is decoded first; a free place goes to an utterance that
    has none before another gets a second.

    A failure of the model ends all that is being spoken, each with an error of its own; after that it goes on with
    empty hands, unless it is ``broken``.
    """

    def __init__(self, name: str, model: Model, manner: Manner, prints: Voiceprints) -> None:
        self.broken: Breakdown | None = None
        """Why it will not speak again; None while it may."""
        self._name = name
        self._model = model
        self._manner = manner
        self._prints = prints
        config = model.config.gpt
        self._most_text = min(SENTENCE_TOKENS, config.most_text)
        self._most_codes = min(MOST_CODES, config.most_codes)
        self._orders: list[Order] = []
        self._readings: list[Reading] = []
        self._decoder = self._empty()

    @classmethod
    def open(
        cls,
        name: str,
        folder: Path,
        manner: Manner,
        prints: Path | None,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int = 0,
        load: Callable[..., Model] = models.load,
    ) -> Self:
        """With the model in the folder; ``prints`` keeps voiceprints. ``threads`` are torch's, 0 leaves them as they
        are. Raises ConfigError (CheckpointError is one), EngineError, and ImportError for what is not installed."""
        if threads:
            torch.set_num_threads(threads)
        try:
            model = load(folder, device=device, precision=precision)
            for text in _ANY:
                model.tokenizer.ids(text)
        except (SaysoError, ImportError):
            raise
        except Exception as error:  # noqa: BLE001 (it is foreign code: who waits is told, and the thread lives on)
            _log.error("indextts_not_loaded", engine=name, error=type(error).__name__, where=where(error))
            failure = told(error, device)
        else:
            return cls(name, model, manner, Voiceprints(model, prints))
        raise failure.error(name)

    @property
    def place(self) -> str:
        """Where it runs: ``cpu bf16``."""
        return str(self._model.place)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._orders and not self._readings

    def begin(self, order: Order) -> None:
        """Speak this too."""
        self._orders.append(order)

    def drop(self, order: Order) -> None:
        """Give it up; the others are not touched."""
        self._guarded(partial(self._drop, order))

    def step(self) -> None:
        """Read what was ordered, begin what there is room for; one code more for each, and the sound of it."""
        self._guarded(self._step)

    def end(self, why: Breakdown) -> None:
        """End all that is being spoken, and free what it held."""
        for order in (*self._orders, *(reading.order for reading in self._readings)):
            order.end(why.error(self._name))
        self._orders, self._readings = [], []
        self._decoder = self._empty()
        gc.collect()
        if why.lasting:
            self.broken = why
        elif self._model.place.device.type == "cuda":
            self._give_back()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Faults of a device come late, in whatever touches it next."""
        try:
            work()
            return
        except Exception as error:  # noqa: BLE001 (it is foreign code, on behalf of many: each of them is told)
            _log.error("indextts_failed", engine=self._name, error=type(error).__name__, where=where(error))
            failure = told(error, self.place)
        self.end(failure)

    def _give_back(self) -> None:
        try:
            torch.cuda.empty_cache()
        except RuntimeError as error:
            _log.error("indextts_device_lost", engine=self._name, error=type(error).__name__, where=where(error))
            self.broken = lost(error)

    def _drop(self, order: Order) -> None:
        self._orders = [one for one in self._orders if one is not order]
        for reading in [one for one in self._readings if one.order is order]:
            self._leave(reading)

    def _empty(self) -> Decoder:
        room = self._model.config.conditioning.latents + _MARKS + self._most_text + self._most_codes
        return Decoder(self._model.gpt, self._manner.rows, positions=self._manner.positions, room=room)

    @torch.inference_mode()
    def _step(self) -> None:
        # All of them before anybody begins: who comes together is treated alike.
        while self._orders:
            reading = self._read(self._orders[0])
            if reading is not None:
                self._readings.append(reading)
            # It was among the orders until now: whatever fails on the way, it is told.
            del self._orders[0]
        self._admit()
        self._decoder.step()
        for reading in list(self._readings):
            self._advance(reading)

    def _read(self, order: Order) -> Reading | None:
        """The way of an utterance; None if it is refused."""
        try:
            texts = self._texts(order.utterance.text)
            return Reading(order, self._sentences(order, texts), self._manner.pause)
        except EngineError as error:
            order.end(error)
            return None

    def _texts(self, text: str) -> list[list[int]]:
        """The ids of each sentence. Raises EngineRejected where it knows none of the signs: another engine may."""
        tokenizer = self._model.tokenizer
        text = " ".join(text.split())  # upstream's rules glue words together at the end of a line
        sentences = tokenizer.sentences(text, self._most_text, repeat_quotes=False)
        sayable = [ids for ids in sentences if tokenizer.unknown(ids) < len(ids)]
        if not sayable or not tokenizer.speakable(text):
            raise EngineRejected(self._name, "There is nothing in the text that IndexTTS has a sound for.")
        return sayable

    def _sentences(self, order: Order, texts: list[list[int]]) -> list[Sentence]:
        voiceprint, device = self._voiceprint(order), self._model.place.device
        streaming = device.type != "cpu" if self._manner.streaming is None else self._manner.streaming
        voice = Voice(self._model.vocoder, voiceprint.speaker.to(device), streaming)
        conditioning = voiceprint.conditioning.to(device)
        tasks = [partial(self._task, order.utterance, conditioning, ids, number) for number, ids in enumerate(texts)]
        return [Sentence(self._name, voice, task, self._manner.tries) for task in tasks]

    def _voiceprint(self, order: Order) -> Voiceprint:
        try:
            return self._prints.of(order.reference)
        except (AudioError, ValueError) as error:
            raise EngineRejected(self._name, f"This recording cannot be used: {error}") from error

    def _task(self, utterance: Utterance, conditioning: Tensor, ids: list[int], number: int, attempt: int) -> Task:
        codes, watchdog = self._model.config.gpt, Watchdog(len(ids))
        limit = min(self._most_codes, watchdog.limit)
        chance = seed(utterance, number, attempt)
        found = search(self._manner.options, start=codes.start_code, stop=codes.stop_code, limit=limit, seed=chance)
        return Task(conditioning, ids, found, watchdog)

    def _admit(self) -> None:
        """Into free rows: first what is heard next of each utterance, then what is heard after that."""
        heard = [sentence for reading in self._readings for sentence in reading.near[:1]]
        later = [sentence for reading in self._readings for sentence in reading.near[1:]]
        for sentence in (*heard, *later):
            if self._decoder.free < self._manner.options.beams:
                return
            if sentence.wanting:
                sentence.track = self._decoder.admit(sentence.task())

    def _advance(self, reading: Reading) -> None:
        error: EngineError | None = None
        try:
            reading.advance()
        except EngineError as found:
            error = found
        if error or reading.whole:
            reading.order.end(error)
            self._leave(reading)

    def _leave(self, reading: Reading) -> None:
        self._readings.remove(reading)
        for sentence in reading.near:
            if sentence.track is not None:
                self._decoder.drop(sentence.track)
