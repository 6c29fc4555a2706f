"""Where speeches are made: a turn of the queue for every sentence, one encoding for them all, then into the cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import structlog

from bot import tally
from bot.config import AudioSettings
from bot.errors import Abandoned, Cancelled, EngineError, SaysoError, StoreError
from bot.log import where
from bot.metrics import LLM_REQUESTS
from bot.queue import Attempts
from bot.repertoire import Memo
from bot.said import Production
from bot.script import SHORT
from bot.speech import Clip, Codec, Pcm, Spoken, Utterance
from bot.store import Store, cache_key
from bot.store.key import Parts, parts
from bot.tts import failures
from bot.tts.audio import Loudness, Mp3Passage, SpeechEncoder
from bot.tts.text import estimate_seconds

log = structlog.get_logger()

GRACE = 5.0
"""Seconds that cancelled speeches have to end."""

KEYS = 512
"""How many cache keys are remembered with what they stand for."""


class _Track(Protocol):
    """What makes one speech of the engines' sound: of each utterance in turn, and then the whole."""

    @property
    def spoken(self) -> tuple[Spoken, ...]: ...

    def begin(self) -> None: ...

    def feed(self, pcm: Pcm) -> list[bytes]: ...

    def finish(self) -> tuple[list[bytes], Clip]: ...


class Workshop:
    """Makes productions, each in a task of its own, and finds them by key from their announcement to the cache."""

    def __init__(self, store: Store, audio: AudioSettings, attempts: Attempts, clock: Callable[[], float]) -> None:
        self._store = store
        self._attempts = attempts
        self._audio = audio
        self._clock = clock
        self._loudness = Loudness()
        self._keys: Memo[tuple[Codec, tuple[Parts, ...]], str] = Memo(KEYS)
        self._running: dict[str, Production] = {}
        self._tasks: dict[asyncio.Task[None], Production] = {}

    def key(self, utterances: Sequence[Utterance], codec: Codec = Codec.OPUS) -> str:
        """The cache key of these utterances under the encoding in force; of short ones asked for lately from memory."""
        if sum(len(utterance.text) for utterance in utterances) > SHORT:
            return cache_key(utterances, **self._encoding(codec))
        which = codec, tuple(map(parts, utterances))
        return self._keys.get(which) or self._keys.put(which, cache_key(utterances, **self._encoding(codec)))

    def find(self, key: str) -> Production | None:
        """Who makes this, or has made it and not yet put it into the cache."""
        return self._running.get(key)

    def announce(self, production: Production) -> None:
        """Let it be found before it is started."""
        if production.planned:
            self._running[production.planned] = production

    def start(self, production: Production) -> None:
        """Make it. It ends by itself, and is broken off when its ticket is cancelled."""
        task = asyncio.create_task(self._make(production), name=f"speech {production.request.id}")
        self._tasks[task] = production
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(lambda task: self._over(task, production))
        production.ticket.on_cancel(lambda: _stop(task))

    def end(self, production: Production) -> None:
        """Nobody finds it any more, and its place in the queue is free. Idempotent."""
        production.ticket.release()
        for asker in production.askers:
            asker.stop()
        for key in (production.planned, production.key):
            if key and self._running.get(key) is production:
                del self._running[key]

    def withdraw(self, user: str) -> None:
        """Make nothing more for a user or in their words, nor keep anything of theirs of what is being made."""
        self._keys.clear()
        for production in tuple(self._tasks.values()):
            for asker in [each for each in production.askers if user in (each.request.user, each.request.author)]:
                production.leave(asker, Cancelled("Cancelled."))

    async def settle(self) -> None:
        """Wait until all that is whole by now is in the cache."""
        if whole := [task for task, production in self._tasks.items() if production.speech.done]:
            await asyncio.wait(whole)

    async def close(self) -> None:
        """Break off what is being made; what is whole is put into the cache."""
        for task, production in self._tasks.items():
            if not production.speech.done:
                task.cancel()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=GRACE)
            if stuck:
                log.error("speeches_stuck", count=len(stuck))

    async def _make(self, production: Production) -> None:
        speech = production.speech
        try:
            track = self._track(speech.codec)
            script = _streamed(production) if production.utterances is None else _each(production.utterances)
            async with aclosing(script) as utterances:
                async for utterance in utterances:
                    await self._utter(production, track, utterance)
            rest, clip = track.finish() if speech.codec is Codec.MP3 else await asyncio.to_thread(track.finish)
            self._append(production, rest)
            production.key = self.key([spoken.utterance for spoken in clip.spoken], clip.codec)
            self._running[production.key] = production  # until it is in the cache
            speech.finish(clip)
            # Whoever asked has it: the place is somebody else's while it is being put into the cache.
            production.ticket.release()
            self._count(production, clip)
            await self._attempts.survive(production.wanted_by)
            await self._keep(production, production.key, clip)
        except Abandoned as error:
            production.fail(error)
        except SaysoError as error:
            log.info("speech_failed", error=type(error).__name__, engine=production.script.engine)
            production.fail(error)
        except Exception as error:  # noqa: BLE001 (the job runner: a surprise must not be silence for the listeners)
            log.error("speech_crashed", engine=production.script.engine, error=type(error).__name__, where=where(error))
            words = f"Something went wrong while speaking ({type(error).__name__}); try again."
            production.fail(SaysoError(words), error)

    def _count(self, production: Production, clip: Clip) -> None:
        now, figures = self._clock(), production.figures
        for asker in production.askers:
            tally.whole(asker.request, asker.result, now - asker.at)
        took = now - figures.accepted
        tally.made(production.request, clip, figures.engine_seconds, took, figures.first_audio or took)

    def _over(self, task: asyncio.Task[None], production: Production) -> None:
        del self._tasks[task]
        self.end(production)
        production.fail(Cancelled("Cancelled."))

    def _encoding(self, codec: Codec) -> dict[str, float | str]:
        """What of the settings decides how it sounds; as Opus it was so before there was anything else."""
        audio = self._audio
        if codec is Codec.OPUS:
            return {"loudness": audio.loudness, "bitrate": audio.bitrate, "pause": audio.pause}
        return {"codec": codec.value, "loudness": audio.loudness, "pause": audio.pause}

    def _track(self, codec: Codec) -> _Track:
        audio = self._audio
        if codec is Codec.MP3:
            return Mp3Passage(target_lufs=audio.loudness, pause=audio.pause, loudness=self._loudness)
        return SpeechEncoder(
            target_lufs=audio.loudness, bitrate=audio.bitrate, pause=audio.pause, loudness=self._loudness
        )

    async def _utter(self, production: Production, track: _Track, utterance: Utterance) -> None:
        """One slice: wait for a turn, and speak one sentence in it."""
        async with production.ticket.turn(cost(utterance)):
            production.begun = True
            await self._attempts.begin(production.wanted_by)
            began, before = self._clock(), production.speech.seconds
            track.begin()
            try:
                await self._speak(production, track, utterance)
            except EngineError as error:
                # An engine that stands alone has nobody before it who counts; what somebody has counted stays so.
                failures.count(production.script.engine, error)
                raise
            made = production.speech.seconds - before
            production.ticket.made(made)
            tally.spoke(production.speech.spoken, made)
            production.figures.engine_seconds += self._clock() - began

    async def _speak(self, production: Production, track: _Track, utterance: Utterance) -> None:
        engine = production.script.stage.engines[production.script.engine]
        if utterance.codec is not production.speech.codec:
            utterance = replace(utterance, codec=production.speech.codec)
        async with aclosing(engine.synthesize(utterance)) as pieces:
            async for pcm in pieces:
                # Frames only have to be strung together; what must be encoded would hold everybody up.
                ready = track.feed(pcm) if pcm.frames else await asyncio.to_thread(track.feed, pcm)
                for spoken in track.spoken[len(production.speech.spoken) :]:
                    production.speech.begin(spoken)
                self._append(production, ready)

    def _append(self, production: Production, ready: Sequence[bytes]) -> None:
        if ready and production.figures.first_audio is None:
            now = self._clock()
            production.figures.first_audio = now - production.figures.accepted
            for asker in production.askers:
                tally.heard(production.speech.spoken, asker.result, now - asker.at)
        production.speech.append(ready)

    async def _keep(self, production: Production, key: str, clip: Clip) -> None:
        """Cache under what was really spoken: a fallback's sound must not answer for the engine that failed.

        For those who want it still: who has left may have asked to be forgotten.
        """
        if not production.askers:
            return
        first, cache = production.askers[0].request, self._store.cache
        # In whose stead it was spoken belongs to this request, not to the sound.
        clip = replace(clip, spoken=tuple(replace(s, utterance=_plain(s.utterance)) for s in clip.spoken))
        try:
            await cache.put(key, clip, user=first.user, guild=first.guild, owner=production.owner)
            for asker in production.askers:
                cache.heard(key, user=asker.request.user, guild=asker.request.guild)
            if any(asker.request is first for asker in production.askers):
                await self._store.preferences.remember(first.user, production.script.who.name, guild=first.guild)
        except StoreError as error:
            log.warning("cache_write_failed", error=type(error).__name__)


def cost(utterance: Utterance) -> float:
    """Estimated seconds of sound."""
    return estimate_seconds(utterance.text) / utterance.rate


def _plain(utterance: Utterance) -> Utterance:
    """What belongs to the sound, whoever asked for it and how."""
    return replace(utterance, instead_of="", alternatives=(), codec=Codec.OPUS)


def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()


async def _each(utterances: Sequence[Utterance]) -> AsyncGenerator[Utterance, None]:
    for utterance in utterances:
        yield utterance


async def _streamed(production: Production) -> AsyncGenerator[Utterance, None]:
    """The utterances of a text that is still being written."""
    text = production.request.text
    assert not isinstance(text, str)
    # Closed from here: whoever is between would leave it to the garbage collector.
    pieces = _up_to(text, production.script.limit, production)
    async with aclosing(pieces), aclosing(production.script.follow(pieces)) as utterances:
        async for utterance in utterances:
            yield utterance


async def _up_to(text: AsyncIterable[str], limit: int, production: Production) -> AsyncGenerator[str, None]:
    """The pieces of ``text`` up to ``limit`` characters; what goes beyond is left out and noted."""
    room, outcome = limit, "cancelled"
    try:
        async for piece in text:
            yield piece[:room]
            room -= len(piece)
            if room < 0:
                outcome, production.truncated = "cut", True
                return
        outcome = "completed"
    except Exception:  # an LLM's client is foreign code: whatever it raises, the writing has failed
        outcome = "failed"
        raise
    finally:
        LLM_REQUESTS.labels(outcome).inc()
        if (close := getattr(text, "aclose", None)) is not None:
            await close()  # an LLM need not write on for nobody
