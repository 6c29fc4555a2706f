"""The one way in: a Request becomes a Speech that is already on its way, or a Refusal.

The speaker ties text, voices, queue, engines, audio and store together, and knows nothing of chats. Each request that
is not in the cache becomes a production: a task that takes a turn of the fair queue for every sentence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

import structlog

from bot.casting import Casting, Taste, VoiceChoice
from bot.config import AudioSettings
from bot.errors import Abandoned, AudioError, Cancelled, SaysoError, StoreError
from bot.health import EngineHealth, examine
from bot.log import where
from bot.queue import Dispatcher, Entry, Job, State, Unfinished, everything, to_json
from bot.said import Figures, Production, Said
from bot.script import Explanation, Script, Stage, write
from bot.speech import Clip, Reason, Refusal, Request, Speech, Utterance
from bot.store import ChannelSettings, GuildSettings, Preference, Store, cache_key
from bot.tts.audio import Loudness, SpeechEncoder, packets
from bot.tts.text import estimate_seconds
from bot.wishes import EVERY_GUILD, Chosen, Rules

log = structlog.get_logger()

GRACE = 5.0
"""Seconds that cancelled speeches have to end."""

ATTEMPTS = 5
"""How many starts a request may go through undelivered: after that it may itself be what ends the process."""


@dataclass(frozen=True, slots=True)
class _Layers:
    """What was settled around an asker, and what holds for all of it together."""

    user: Preference
    channel: ChannelSettings
    guild: GuildSettings
    everywhere: GuildSettings
    rules: Rules

    @property
    def below(self) -> tuple[Chosen, ...]:
        """The choices below the command, the closest first."""
        return self.user, self.channel, self.guild, self.everywhere


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
        self._casting: Casting | None = None
        self._running: dict[str, Production] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def say(self, request: Request) -> Said | Refusal:
        """Begin to say it; returns as soon as it is accepted and, if it is to be delivered, journalled.

        Raises StoreError when the store cannot be read or the journal not be written: nothing is then said.
        """
        accepted = self._clock()
        if self.dispatcher.ticket(request.id) is not None:
            return Refusal(Reason.INVALID, "This very request is being said already; wait for it.")
        if request.replay is not None:
            return await self._again(request, request.replay, accepted)
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
        if (found := await self._cached(key, request)) is not None:
            return await self._replay(request, key, _as_planned(found, utterances), accepted)
        if (running := self._running.get(key)) and running.outlives(request):  # begun while the cache was read
            return await self._join(running, request)
        return await self._begin(request, script, utterances, accepted)

    async def replay(self, request: Request, key: str) -> Said | Refusal:
        """Say again what has this cache key, for whoever asks now and without synthesis: :attr:`Request.replay`."""
        return await self.say(replace(request, replay=key))

    async def latest(self, guild: str | None = None, user: str | None = None) -> str | None:
        """The cache key of what was heard last in a guild, by a user, or by the user there; None if nothing is kept."""
        if user is None:
            heard = None if guild is None else await self.store.cache.latest(guild)
            return heard.key if heard else None
        recent = await self.store.cache.recent(user, guild=guild, limit=1)
        return recent[0].key if recent else None

    async def choices(
        self,
        user: str,
        guild: str,
        typed: str = "",
        limit: int = 25,
        engine: str | None = None,
        channel: str | None = None,
    ) -> Sequence[VoiceChoice]:
        """Who may be meant by what somebody types in a guild, for autocompletion: see :meth:`Casting.choices`."""
        available = await self.stage.available()
        if self._casting is None or not self._casting.shows(available):
            self._casting = Casting(self.stage.voices, available)
        layers = await self._layers(user, guild, channel)
        language = next((layer.language for layer in layers.below if layer.language), None)
        taste = Taste(await self.store.preferences.favourites(user, guild), language)
        return self._casting.choices(typed, layers.rules, taste, limit, engine)

    async def engines(self) -> tuple[EngineHealth, ...]:
        """How the engines that people may choose are doing."""
        return await examine(self.stage, self.dispatcher.snapshot(), self._clock())

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
        cached = await self._cached(key) is not None
        cost = sum(_cost(line.utterance) for line in lines)
        return Explanation(script, tuple(lines), cached, cost, key)

    async def unfinished(self, wanted: Callable[[Request], bool] = everything) -> Sequence[Unfinished]:
        """The requests that a crash or a shutdown left undelivered, to be said again by the adapter of their target.

        Only those that are ``wanted`` are handed out and counted as tried; the rest belongs to other adapters, and to
        other processes on the same database. ``wanted`` must be pure. Call it once after a start, before anything new
        of the kind is asked for. One that has been through too many starts is given up instead.
        """
        found: dict[str, Unfinished | None] = {}

        def mine(entry: Entry) -> bool:
            read = found[entry.id] = _read(entry)
            return read is None or wanted(read.request)

        pending = await self.store.journal.pending(self._wall(), mine)
        kept = []
        for entry in pending:
            if (read := found[entry.id]) is None or entry.attempts > ATTEMPTS:
                log.warning("journal_entry_unreadable" if read is None else "journal_entry_given_up")
                await self.store.journal.mark(entry.id, State.FAILED)
            else:
                kept.append(replace(read, attempts=entry.attempts))
        return kept

    def key(self, utterances: Sequence[Utterance]) -> str:
        """The cache key of these utterances under the encoding in force."""
        audio = self.audio
        return cache_key(utterances, loudness=audio.loudness, bitrate=audio.bitrate, pause=audio.pause)

    async def close(self, drain: float = 0.0) -> None:
        """Refuse what is new, let what was accepted finish for ``drain`` seconds, then give the rest up."""
        await self.dispatcher.drain(drain)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=GRACE)
            if stuck:
                log.error("speeches_stuck", count=len(stuck))

    async def _layers(self, user: str, guild: str, channel: str | None) -> _Layers:
        """What the user, the channel, the guild and the owner have settled."""
        settings, preference = self.store.settings, await self.store.preferences.get(user)
        room, house = await settings.channel(guild, channel or ""), await settings.guild(guild)
        everywhere = await settings.guild(EVERY_GUILD)
        return _Layers(preference, room, house, everywhere, Rules.of(house, everywhere, self.stage.engines))

    async def _admitted(self, request: Request) -> _Layers | Refusal:
        """What those around the asker have settled, or why the asker may not be spoken."""
        layers = await self._layers(request.user, request.guild, request.channel)
        if layers.user.opted_out:
            return Refusal(Reason.OPTED_OUT, "You have asked not to be spoken; opt in again to change that.")
        if request.user in layers.guild.blocked_users:
            return Refusal(Reason.NOT_ALLOWED, "You are blocked from speaking here; ask an administrator of this chat.")
        if request.user in layers.everywhere.blocked_users:
            return Refusal(Reason.NOT_ALLOWED, "You are blocked from speaking; ask whoever runs this bot.")
        return layers

    async def _script(self, request: Request) -> Script | Refusal:
        """Who is to speak, or why nobody may."""
        layers = await self._admitted(request)
        if isinstance(layers, Refusal):
            return layers
        limit = layers.rules.max_chars or self.stage.speak.max_chars
        if isinstance(request.text, str) and len(request.text) > limit:
            message = f"That is {len(request.text)} characters, and at most {limit} are spoken; shorten or split it."
            return Refusal(Reason.TOO_LONG, message, {"length": len(request.text), "limit": limit})
        return write(self.stage, request, layers.below, layers.rules, await self.stage.available())

    async def _cached(self, key: str, request: Request | None = None) -> tuple[Clip, Sequence[bytes]] | None:
        """The clip of a key and its packets. A broken cache costs time, not the answer."""
        user, guild = (request.user, request.guild) if request else (None, None)
        try:
            clip = await self.store.cache.get(key, user=user, guild=guild)
            return None if clip is None else (clip, packets(clip.ogg))
        except (StoreError, AudioError, ValueError, TypeError, KeyError) as error:
            log.warning("cache_read_failed", error=type(error).__name__)
            with suppress(StoreError):
                await self.store.cache.drop(key)
            return None

    async def _again(self, request: Request, key: str, accepted: float) -> Said | Refusal:
        """What was said before, if the asker may be spoken and it is still kept."""
        admitted = await self._admitted(request)
        if isinstance(admitted, Refusal):
            return admitted
        if (found := await self._cached(key, request)) is not None:
            return await self._replay(request, key, found, accepted)
        running = self._running.get(key)
        if running is not None and running.key == key:  # whole, and on its way into the cache
            return await self._join(running, request)
        return Refusal(Reason.NOT_KEPT, "That is no longer kept; use /say again to have it spoken anew.")

    async def _replay(self, request: Request, key: str, found: tuple[Clip, Sequence[bytes]], accepted: float) -> Said:
        await self._accept(request)
        figures = Figures(accepted, first_audio=self._clock() - accepted)
        speech, journal = Speech.finished(*found), self.store.journal
        return Said(request, speech, figures, cached=True, _journal=journal, _key=key)

    async def _join(self, production: Production, request: Request) -> Said:
        production.askers += 1
        try:
            await self._accept(request)
        except BaseException:
            self._leave(production)
            raise
        return self._said(production, request, shared=True)

    async def _begin(
        self, request: Request, script: Script, utterances: Sequence[Utterance] | None, accepted: float
    ) -> Said | Refusal:
        deadline = None if request.deadline is None else self._clock() + request.deadline - self._wall()
        job = Job(request.id, request.guild, request.user, request.priority, accepted, deadline)
        costs = [_cost(utterance) for utterance in utterances or ()]
        rules, cost, turns = script.rules, sum(costs), len(costs)
        ticket = self.dispatcher.admit(
            job, script.engine, cost, turns, per_user=rules.per_user, per_guild=rules.per_guild
        )
        if isinstance(ticket, Refusal):
            return ticket
        production = Production(request, script, ticket, Figures(accepted))
        key = self.key(utterances) if utterances else None
        if key:
            self._running[key] = production
        try:
            await self._accept(request)
        except BaseException:
            production.askers -= 1
            if production.askers:  # others have joined in the meantime, and were accepted
                self._start(production, utterances, key)
            else:
                self._end(production, key)
                production.speech.fail(Cancelled("The request could not be written down; try again."))
            raise
        self._start(production, utterances, key)
        return self._said(production, request)

    def _start(self, production: Production, utterances: Sequence[Utterance] | None, key: str | None) -> None:
        task = asyncio.create_task(self._produce(production, utterances), name=f"speech {production.request.id}")
        self._tasks.add(task)
        # Not in the task's own `finally`: a task that is cancelled before its first step never reaches one.
        task.add_done_callback(lambda task: self._over(task, production, key))
        production.ticket.on_cancel(lambda: _stop(task))

    def _said(self, production: Production, request: Request, *, shared: bool = False) -> Said:
        speech, figures = production.speech, production.figures
        # What is whole but not yet in the cache is as good as cached.
        cached = speech.done and not speech.failed
        return Said(request, speech, figures, cached, shared, self.store.journal, production, self._leave)

    async def _accept(self, request: Request) -> None:
        """Journal what is to be delivered; what has no target dies with its asker."""
        if request.target and (data := to_json(request)) is not None:
            await self.store.journal.accept(Entry(request.id, data, at=request.at, expires=request.deadline))

    def _leave(self, production: Production) -> None:
        production.askers -= 1
        if not production.askers and not production.speech.done:
            production.speech.fail(Cancelled("Cancelled."))
            production.ticket.cancel()

    def _end(self, production: Production, key: str | None) -> None:
        production.ticket.release()
        for name in (key, production.key):
            if name and self._running.get(name) is production:
                del self._running[name]

    async def _produce(self, production: Production, utterances: Sequence[Utterance] | None) -> None:
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
            production.key = self.key([spoken.utterance for spoken in clip.spoken])
            self._running[production.key] = production  # until it is in the cache
            speech.finish(clip)
            await self._keep(production, production.key, clip)
        except Abandoned as error:
            self._fail(speech, error)
        except SaysoError as error:
            log.info("speech_failed", error=type(error).__name__, engine=production.script.engine)
            self._fail(speech, error)
        except Exception as error:  # noqa: BLE001 (the job runner: a surprise must not be silence for the listeners)
            log.error("speech_crashed", engine=production.script.engine, error=type(error).__name__, where=where(error))
            self._fail(speech, SaysoError(f"Something went wrong while speaking ({type(error).__name__}); try again."))

    def _over(self, task: asyncio.Task[None], production: Production, key: str | None) -> None:
        self._tasks.discard(task)
        self._end(production, key)
        self._fail(production.speech, Cancelled("Cancelled."))

    @staticmethod
    def _fail(speech: Speech, error: SaysoError) -> None:
        if not speech.done:
            speech.fail(error)

    async def _utter(self, production: Production, encoder: SpeechEncoder, utterance: Utterance) -> None:
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

    def _append(self, production: Production, ready: Sequence[bytes]) -> None:
        if ready and production.figures.first_audio is None:
            production.figures.first_audio = self._clock() - production.figures.accepted
        production.speech.append(ready)

    @staticmethod
    def _streamed(production: Production) -> AsyncGenerator[Utterance, None]:
        """The utterances of a text that is still being written."""
        text = production.request.text
        assert not isinstance(text, str)
        return production.script.follow(_up_to(text, production.script.limit, production))

    async def _keep(self, production: Production, key: str, clip: Clip) -> None:
        """Cache under what was really spoken: a fallback's sound must not answer for the engine that failed."""
        request = production.request
        # In whose stead it was spoken belongs to this request, not to the sound.
        plain = [replace(s, utterance=replace(s.utterance, instead_of="", alternatives=())) for s in clip.spoken]
        clip = replace(clip, spoken=tuple(plain))
        try:
            await self.store.cache.put(key, clip, user=request.user, guild=request.guild)
            await self.store.preferences.remember(request.user, production.script.who.name, guild=request.guild)
        except StoreError as error:
            log.warning("cache_write_failed", error=type(error).__name__)


def _read(entry: Entry) -> Unfinished | None:
    """What a journal's entry holds; None for one of another version, which must not keep the others back."""
    try:
        return Unfinished.of(entry)
    except ValueError:
        return None


def _cost(utterance: Utterance) -> float:
    """Estimated seconds of sound."""
    return estimate_seconds(utterance.text) / utterance.rate


def _as_planned(found: tuple[Clip, Sequence[bytes]], planned: Sequence[Utterance]) -> tuple[Clip, Sequence[bytes]]:
    """A cached clip with the utterances of this request, which know in whose stead they are spoken."""
    clip, frames = found
    if len(clip.spoken) != len(planned):
        return found
    spoken = (replace(s, utterance=utterance) for s, utterance in zip(clip.spoken, planned, strict=True))
    return replace(clip, spoken=tuple(spoken)), frames


def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()


async def _each(utterances: Sequence[Utterance]) -> AsyncGenerator[Utterance, None]:
    for utterance in utterances:
        yield utterance


async def _up_to(text: AsyncIterable[str], limit: int, production: Production) -> AsyncIterator[str]:
    """The pieces of ``text`` up to ``limit`` characters; what goes beyond is left out and noted."""
    room = limit
    try:
        async for piece in text:
            yield piece[:room]
            room -= len(piece)
            if room < 0:
                production.truncated = True
                return
    finally:
        if (close := getattr(text, "aclose", None)) is not None:
            await close()  # an LLM need not write on for nobody
