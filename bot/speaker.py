"""The one way in: a Request becomes a Speech that is already on its way, or a Refusal.

The speaker ties text, voices, queue, engines, audio and store together, and knows nothing of chats. Each request that
is not in the cache becomes a production: a task that takes a turn of the fair queue for every sentence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from bot.config import AudioSettings
from bot.errors import Abandoned, Cancelled, SaysoError, StoreError
from bot.log import where
from bot.queue import Dispatcher, Entry, Job, Position, State, Ticket, from_json, to_json
from bot.script import Explanation, Script, Stage, write
from bot.speech import Clip, Reason, Refusal, Request, Speech, Utterance
from bot.store import Store, cache_key
from bot.tts.audio import Loudness, SpeechEncoder, packets
from bot.tts.text import estimate_seconds

log = structlog.get_logger()


@dataclass(slots=True)
class Figures:
    """What a speech cost: seconds from being accepted to the first packet, and seconds of an engine's time."""

    accepted: float
    first_audio: float | None = None
    engine_seconds: float = 0.0


@dataclass(slots=True)
class _Production:
    """A speech in the making and who still wants it."""

    request: Request
    script: Script
    ticket: Ticket
    figures: Figures
    speech: Speech = field(default_factory=Speech)
    wanted_by: set[str] = field(default_factory=set)
    truncated: bool = False

    def outlives(self, request: Request) -> bool:
        """Whether ``request`` can rely on it: it is whole, or at least will not be given up for being late first."""
        if self.speech.done:
            return not self.speech.failed and not any(s.utterance.instead_of for s in self.speech.spoken)
        mine, theirs = self.request.deadline, request.deadline
        return mine is None or (theirs is not None and theirs <= mine)


@dataclass(slots=True)
class Said:
    """The answer to a request: its speech, where it stands, and the way to say what became of it."""

    request: Request
    speech: Speech
    figures: Figures
    cached: bool = False
    shared: bool = False
    _speaker: Speaker | None = None
    _production: _Production | None = None

    @property
    def position(self) -> Position | None:
        """The place in the queue, or None when nothing has to be waited for."""
        if self._production is None or self.speech.done:
            return None
        return self._production.ticket.position

    @property
    def truncated(self) -> bool:
        """Whether a streamed text grew longer than allowed and was spoken only so far."""
        return self._production is not None and self._production.truncated

    @property
    def caption(self) -> str:
        """One line on who spoke if it was not who should have, else empty."""
        spoken = (s.utterance for s in self.speech.spoken if s.utterance.instead_of)
        stood_in = {(u.instead_of, u.engine, self._spoken_by(u.instead_of, u.language)) for u in spoken}
        return "; ".join(
            f"{wanted} {'could not be reached' if able else 'does not speak this language'}, {spoke} spoke instead"
            for wanted, spoke, able in sorted(stood_in)
        )

    def _spoken_by(self, engine: str, language: str) -> bool:
        return self._production is None or self._production.script.speaks(engine, language)

    def cancel(self) -> None:
        """This asker no longer wants it; it is still made if somebody else does."""
        if self._speaker is not None and self._production is not None:
            self._speaker._leave(self._production, self.request.id)

    async def mark(self, state: State, *, mark: str | None = None) -> None:
        """Tell the journal how far the delivery has come (SENDING before it leaves, then DONE, FAILED, CANCELLED)."""
        if self._speaker is not None and self.request.target:
            await self._speaker.store.journal.mark(self.request.id, state, mark=mark)


class Speaker:
    """Says what is asked of it. Use :meth:`say` while open; :meth:`close` drains and then gives up what is left."""

    def __init__(
        self,
        stage: Stage,
        dispatcher: Dispatcher,
        store: Store,
        audio: AudioSettings,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.stage = stage
        self.dispatcher = dispatcher
        self.store = store
        self.audio = audio
        self._clock = clock
        self._wall = wall
        self._loudness = Loudness()
        self._running: dict[str, _Production] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def say(self, request: Request) -> Said | Refusal:
        """Begin to say it; returns as soon as it is accepted and, if it is to be delivered, journalled.

        Raises StoreError when the journal cannot be written: nothing is then said.
        """
        accepted = self._clock()
        script = await self._script(request)
        if isinstance(script, Refusal):
            return script
        if not isinstance(request.text, str):
            return await self._begin(request, script, None, accepted)
        lines = script.read(request.text)
        if isinstance(lines, Refusal):
            return lines
        utterances = [line.utterance for line in lines]
        key = self.key(utterances)
        if (running := self._running.get(key)) and running.outlives(request):
            return await self._join(running, request)
        if clip := await self._cached(key, request):
            return await self._replay(request, clip, accepted)
        if (running := self._running.get(key)) and running.outlives(request):  # begun while the cache was read
            return await self._join(running, request)
        return await self._begin(request, script, utterances, accepted)

    async def explain(self, request: Request) -> Explanation | Refusal:
        """How it would be said, without saying it. A streamed text cannot be explained."""
        script = await self._script(request)
        if isinstance(script, Refusal):
            return script
        text = request.text if isinstance(request.text, str) else ""
        lines = script.read(text)
        if isinstance(lines, Refusal):
            return lines
        key = self.key([line.utterance for line in lines])
        cached = await self.store.cache.get(key) is not None
        cost = sum(_cost(line.utterance) for line in lines)
        return Explanation(script, tuple(lines), cached, cost, key)

    async def unfinished(self) -> Sequence[Request]:
        """The requests that a crash or a shutdown left undelivered, to be said again by the adapter of their target."""
        return [from_json(entry.request) for entry in await self.store.journal.pending(self._wall())]

    def key(self, utterances: Sequence[Utterance]) -> str:
        """The cache key of these utterances under the encoding in force."""
        audio = self.audio
        return cache_key(utterances, loudness=audio.loudness, bitrate=audio.bitrate, pause=audio.pause)

    async def close(self, drain: float = 0.0) -> None:
        """Refuse what is new, let what was accepted finish for ``drain`` seconds, then give the rest up."""
        await self.dispatcher.drain(drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _script(self, request: Request) -> Script | Refusal:
        """Who is to speak, or why nobody may."""
        user = await self.store.preferences.get(request.user)
        if user.opted_out:
            return Refusal(Reason.OPTED_OUT, "You have asked not to be spoken; opt in again to change that.")
        guild = await self.store.settings.guild(request.guild)
        if request.user in guild.blocked_users:
            return Refusal(Reason.NOT_ALLOWED, "You are blocked from speaking here; ask an administrator of this chat.")
        channel = await self.store.settings.channel(request.guild, request.channel or "")
        limit = guild.max_chars or self.stage.speak.max_chars
        if isinstance(request.text, str) and len(request.text) > limit:
            message = f"That is {len(request.text)} characters, and at most {limit} are spoken; shorten or split it."
            return Refusal(Reason.TOO_LONG, message, {"length": len(request.text), "limit": limit})
        return write(self.stage, request, (user, channel, guild), limit, await self.stage.available())

    async def _cached(self, key: str, request: Request) -> Clip | None:
        try:
            return await self.store.cache.get(key, user=request.user, guild=request.guild)
        except StoreError as error:  # a broken cache costs time, not the answer
            log.warning("cache_read_failed", error=type(error).__name__)
            return None

    async def _replay(self, request: Request, clip: Clip, accepted: float) -> Said:
        await self._accept(request)
        figures = Figures(accepted, first_audio=self._clock() - accepted)
        return Said(request, Speech.finished(clip, packets(clip.ogg)), figures, cached=True, _speaker=self)

    async def _join(self, production: _Production, request: Request) -> Said:
        production.wanted_by.add(request.id)
        await self._accept(request)
        return self._said(production, request, shared=True)

    async def _begin(
        self, request: Request, script: Script, utterances: Sequence[Utterance] | None, accepted: float
    ) -> Said | Refusal:
        deadline = None if request.deadline is None else self._clock() + request.deadline - self._wall()
        job = Job(request.id, request.guild, request.user, request.priority, accepted, deadline)
        if self.dispatcher.ticket(request.id) is not None:
            return Refusal(Reason.INVALID, "This very request is being said already; wait for it.")
        costs = [_cost(utterance) for utterance in utterances or ()]
        ticket = self.dispatcher.admit(job, script.engine, sum(costs), len(costs))
        if isinstance(ticket, Refusal):
            return ticket
        production = _Production(request, script, ticket, Figures(accepted), wanted_by={request.id})
        key = self.key(utterances) if utterances else None
        if key:
            self._running[key] = production
        try:
            await self._accept(request)
        except BaseException:
            self._end(production, key)
            production.speech.fail(Cancelled("The request could not be written down; try again."))
            raise
        task = asyncio.create_task(self._produce(production, utterances, key), name=f"speech {request.id}")
        self._tasks.add(task)
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(lambda task: self._over(task, production, key))
        ticket.on_cancel(lambda: _stop(task))
        return self._said(production, request)

    def _said(self, production: _Production, request: Request, *, shared: bool = False) -> Said:
        speech, figures = production.speech, production.figures
        # What is whole but not yet in the cache is as good as cached.
        return Said(request, speech, figures, speech.done, shared, _speaker=self, _production=production)

    async def _accept(self, request: Request) -> None:
        """Journal what is to be delivered; what has no target dies with its asker."""
        if request.target and (data := to_json(request)) is not None:
            await self.store.journal.accept(Entry(request.id, data, at=request.at, expires=request.deadline))

    def _leave(self, production: _Production, id: str) -> None:
        production.wanted_by.discard(id)
        if not production.wanted_by and not production.speech.done:
            production.speech.fail(Cancelled("Cancelled."))
            production.ticket.cancel()

    def _end(self, production: _Production, key: str | None) -> None:
        production.ticket.release()
        if key and self._running.get(key) is production:
            del self._running[key]

    async def _produce(self, production: _Production, utterances: Sequence[Utterance] | None, key: str | None) -> None:
        speech = production.speech
        try:
            encoder = SpeechEncoder(
                target_lufs=self.audio.loudness,
                bitrate=self.audio.bitrate,
                pause=self.audio.pause,
                loudness=self._loudness,
            )
            source = self._streamed(production) if utterances is None else _each(utterances)
            async with aclosing(source):
                async for utterance in source:
                    await self._utter(production, encoder, utterance)
            rest, clip = await asyncio.to_thread(encoder.finish)
            self._append(production, rest)
            speech.finish(clip)
            await self._keep(production, clip)
        except Abandoned as error:
            self._fail(speech, error)
        except SaysoError as error:
            log.info("speech_failed", error=type(error).__name__, engine=production.script.engine)
            self._fail(speech, error)
        except Exception as error:  # noqa: BLE001 (the job runner: a surprise must not be silence for the listeners)
            log.error("speech_crashed", engine=production.script.engine, error=type(error).__name__, where=where(error))
            self._fail(speech, SaysoError(f"Something went wrong while speaking ({type(error).__name__}); try again."))

    def _over(self, task: asyncio.Task[None], production: _Production, key: str | None) -> None:
        self._tasks.discard(task)
        self._end(production, key)
        self._fail(production.speech, Cancelled("Cancelled."))

    @staticmethod
    def _fail(speech: Speech, error: SaysoError) -> None:
        if not speech.done:
            speech.fail(error)

    async def _utter(self, production: _Production, encoder: SpeechEncoder, utterance: Utterance) -> None:
        """One slice: wait for a turn, and speak one sentence in it."""
        engine = self.stage.engines[production.script.engine]
        async with production.ticket.turn(_cost(utterance)):
            began, before = self._clock(), production.speech.seconds
            encoder.begin()
            async with aclosing(engine.synthesize(utterance)) as pieces:
                async for pcm in pieces:
                    ready = await asyncio.to_thread(encoder.feed, pcm)
                    for spoken in encoder.spoken[len(production.speech.spoken) :]:
                        production.speech.begin(spoken)
                    self._append(production, ready)
            production.ticket.made(production.speech.seconds - before)
            production.figures.engine_seconds += self._clock() - began

    def _append(self, production: _Production, ready: Sequence[bytes]) -> None:
        if ready and production.figures.first_audio is None:
            production.figures.first_audio = self._clock() - production.figures.accepted
        production.speech.append(ready)

    @staticmethod
    def _streamed(production: _Production) -> AsyncGenerator[Utterance, None]:
        """The utterances of a text that is still being written."""
        text = production.request.text
        assert not isinstance(text, str)
        return production.script.follow(_up_to(text, production.script.limit, production))

    async def _keep(self, production: _Production, clip: Clip) -> None:
        """Cache under what was really spoken: a fallback's sound must not answer for the engine that failed."""
        request, spoken = production.request, [s.utterance for s in clip.spoken]
        try:
            await self.store.cache.put(self.key(spoken), clip, user=request.user, guild=request.guild)
            await self.store.preferences.remember(request.user, production.script.who.name, guild=request.guild)
        except StoreError as error:
            log.warning("cache_write_failed", error=type(error).__name__)


def _cost(utterance: Utterance) -> float:
    """Estimated seconds of sound."""
    return estimate_seconds(utterance.text) / utterance.rate


def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()


async def _each(utterances: Sequence[Utterance]) -> AsyncGenerator[Utterance, None]:
    for utterance in utterances:
        yield utterance


async def _up_to(text: AsyncIterable[str], limit: int, production: _Production) -> AsyncIterator[str]:
    """The pieces of ``text`` up to ``limit`` characters; what goes beyond is left out and noted."""
    room = limit
    async for piece in text:
        yield piece[:room]
        room -= len(piece)
        if room < 0:
            production.truncated = True
            return
