"""One sentence of an utterance, through all its tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
import torch
from torch import Tensor

from bot import metrics
from bot.tts.indextts.decoder import Task, Track
from bot.tts.indextts.silence import LongSilence
from bot.tts.indextts.vocoder import Vocoder
from bot.tts.indextts.watchdog import Fault
from bot.tts.indextts.windows import Windows

_log = structlog.get_logger()

_WINDOW = 48
"""Latents that are made into sound at once: two seconds, and what others wait for at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """What makes sound of latents: the vocoder, as this speaker; ``streaming`` as the latents come, else when all of a
    sentence are there, and it is known to be well."""

    vocoder: Vocoder
    speaker: Tensor
    streaming: bool


@dataclass(slots=True)
class _Try:
    """What one seed makes of the sentence: latents whose sound is kept, and how many codes it has had."""

    silence: LongSilence = field(default_factory=LongSilence)
    latents: list[Tensor] = field(default_factory=list)
    codes: int = 0
    fault: Fault | None = None

    @property
    def merit(self) -> tuple[bool, int]:
        """The least bad of several is the one with most to say that did not run away."""
        return self.fault is not Fault.RUNAWAY, self.codes


class Sentence:
    """Wants to be decoded, once or again; collects what comes of that, and makes sound of it when it is asked to.

    ``task`` makes the task for a try, counted from 0. A faulty try of which nothing was heard yet is followed by
    another; where all are faulty the least bad is spoken, and where something was heard the sentence ends there.
    """

    def __init__(self, engine: str, voice: Voice, task: Callable[[int], Task], tries: int) -> None:
        self.track: Track | None = None
        """Its decoding, while that goes on."""
        self.decoded = False
        """Whether nothing more will be decoded for it."""
        self.whole = False
        """Whether all of its sound has been given."""
        self._engine = engine
        self._voice = voice
        self._task = task
        self._left = tries
        self._faulty: list[_Try] = []
        self._try = _Try()
        self._windows: Windows | None = None
        self._fed = 0
        self._heard = False

    @property
    def wanting(self) -> bool:
        """Whether it waits for being decoded."""
        return self.track is None and not self.decoded

    def task(self) -> Task:
        """What is to be decoded for it now."""
        return self._task(len(self._faulty))

    def collect(self) -> None:
        """Take over what has been decoded since the last time."""
        if self.track is None:
            return
        codes, latents = self.track.take()
        kept = [n for n, code in enumerate(codes) if self._try.silence.keeps(code)]
        # Picked only where something is to be left out: an index that has to travel to an accelerator makes us wait.
        self._try.latents.append(latents if len(kept) == len(codes) else latents[kept])
        self._try.codes += len(codes)
        if self.track.done:
            self._try.fault, self.track = self.track.fault, None
            self._judge(self._try)

    def sound(self) -> Tensor:
        """What can be heard by now and was not given yet (n,), within ±1. Of much at once only a window: others want to
        be decoded meanwhile; it is to be asked until it is ``whole``."""
        pieces = self._pieces() if self._voice.streaming or self.decoded else []
        sound = torch.cat(pieces) if pieces else self._voice.speaker.new_empty(0)
        self._heard = self._heard or len(sound) > 0
        return sound

    def _judge(self, attempt: _Try) -> None:
        if attempt.fault is None or self._heard:
            self._settle(attempt)
            return
        self._faulty.append(attempt)
        if len(self._faulty) < self._left:
            metrics.RETRIES.labels(self._engine).inc()
            _log.info("indextts_sentence_tried_again", engine=self._engine, fault=attempt.fault.value)
            self._restart(_Try())
        else:
            best = max(self._faulty, key=lambda one: one.merit)
            self._restart(best)
            self._settle(best)

    def _settle(self, attempt: _Try) -> None:
        self.decoded = True
        rest = attempt.latents[self._fed :]
        attempt.latents, self._fed = list(torch.split(torch.cat(rest), _WINDOW)) if rest else [], 0
        if attempt.fault is not None:
            fault, codes = attempt.fault.value, attempt.codes
            _log.warning("indextts_sentence_faulty", engine=self._engine, fault=fault, codes=codes)

    def _restart(self, attempt: _Try) -> None:
        """Nothing of it has been heard, whatever the windows already hold of another."""
        self._try, self._windows, self._fed = attempt, None, 0

    def _pieces(self) -> list[Tensor]:
        if self._windows is None:
            self._windows = Windows(self._voice.vocoder, self._voice.speaker, later=_WINDOW)
        end = self._fed + 1 if self.decoded else len(self._try.latents)
        fresh, self._fed = self._try.latents[self._fed : end], end
        sound = [self._windows.feed(torch.cat(fresh))] if fresh else []
        if self.decoded and end >= len(self._try.latents):
            self.whole = True
            sound.append(self._windows.finish())
        return sound
