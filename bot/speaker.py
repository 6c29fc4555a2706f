"""The one way in: a Request becomes a Speech that is already on its way, or a Refusal.

The speaker ties text, voices, queue, engines, audio and store together, and knows nothing of chats. Each request that
is not in the cache becomes a production of the workshop, which those who ask for the same meanwhile share.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import structlog

from bot import tally
from bot.admission import Admission
from bot.casting import Casting, Taste, VoiceChoice
from bot.config import AudioSettings
from bot.errors import Cancelled, SaysoError
from bot.found import Found, look
from bot.health import EngineHealth, examine
from bot.promises import Promises
from bot.queue import Attempts, Dispatcher, Job, Unfinished, everything
from bot.said import Asker, Figures, Production, Said
from bot.script import Explanation, Script, Stage
from bot.speech import Codec, Reason, Refusal, Request, Speech, Utterance
from bot.store import Store
from bot.workshop import Workshop, cost

log = structlog.get_logger()

UNWRITTEN = "The request could not be written down; try again."


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
        self._attempts = Attempts(store.journal)
        self._promises = Promises(store.journal, self._attempts, wall)
        self._workshop = Workshop(store, audio, self._attempts, clock)
        self._casting: Casting | None = None
        self.on_forget: list[Callable[[], None]] = []
        """Called when somebody has been forgotten: who keeps sound besides the cache keeps it no longer."""

    async def say(self, request: Request) -> Said | Refusal:
        """Begin to say it; returns as soon as it is accepted and, if it is to be delivered, journalled.

        Raises StoreError when the store cannot be read or the journal not be written: nothing is then said.
        """
        tally.asked(request)
        try:
            answer = await self._answer(request, self._clock())
        except SaysoError as error:
            tally.failed(request, error)
            raise
        if isinstance(answer, Refusal):
            tally.refused(request, answer)
        return answer

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
        layers = await self._admission.layers(user, guild, channel)
        language = next((layer.language for layer in layers.below if layer.language), None)
        taste = Taste(await self.store.preferences.favourites(user, guild), language)
        return self._casting.choices(typed, layers.rules, taste, limit, engine)

    async def engines(self) -> tuple[EngineHealth, ...]:
        """How the engines that people may choose are doing."""
        return await examine(self.stage, self.dispatcher.snapshot(), self._clock())

    async def explain(self, request: Request) -> Explanation | Refusal:
        """How it would be said, without saying it. A streamed text cannot be explained."""
        script = await self._admission.script(request)
        if isinstance(script, Refusal):
            return script
        text = request.text if isinstance(request.text, str) else ""
        lines = script.read(text)
        if isinstance(lines, Refusal):
            return lines
        key = self.key([line.utterance for line in lines])
        cached = await look(self.store.cache, key) is not None
        seconds = sum(cost(line.utterance) for line in lines)
        return Explanation(script, tuple(lines), cached, seconds, key)

    async def unfinished(self, wanted: Callable[[Request], bool] = everything) -> Sequence[Unfinished]:
        """What a crash or a shutdown left undelivered, of that which is ``wanted``: see :meth:`Promises.unfinished`."""
        return await self._promises.unfinished(wanted)

    async def forget(self, user: str, homes: Collection[str] = ()) -> None:
        """Delete all that is kept about a user, and make nothing more for them: see :meth:`Preferences.forget`.

        Raises StoreError.
        """
        self._workshop.withdraw(user)
        self.stage.forget()
        await self.store.preferences.forget(user, homes)
        for forget in self.on_forget:
            forget()

    def key(self, utterances: Sequence[Utterance]) -> str:
        """The cache key of these utterances under the encoding in force."""
        return self._workshop.key(utterances)

    async def settle(self) -> None:
        """Wait until all that is whole by now is in the cache."""
        await self._workshop.settle()

    async def close(self, drain: float = 0.0) -> None:
        """Refuse what is new, let what was accepted finish for ``drain`` seconds, then leave the rest to the next."""
        await self.dispatcher.drain(drain)
        await self._workshop.close()
        await self._attempts.forgive()

    @property
    def _admission(self) -> Admission:
        return Admission(self.stage, self.store)

    async def _answer(self, request: Request, accepted: float) -> Said | Refusal:
        if self.dispatcher.ticket(request.id) is not None:
            message = "This very request is being said already; wait for it."
            return Refusal(Reason.INVALID, message, {"cause": "repeated"})
        if request.replay is not None:
            return await self._again(request, request.replay, accepted)
        script = await self._admission.script(request)
        if isinstance(script, Refusal):
            return script
        if not isinstance(request.text, str):
            return await self._begin(request, script, None, accepted, self._codec(request, script))
        lines = script.read(request.text)
        if isinstance(lines, Refusal):
            return lines
        utterances = [line.utterance for line in lines]
        codec = self._codec(request, script)
        key, opus = self._workshop.key(utterances, codec), self.key(utterances)
        if (joined := await self._join((key, opus), request, script, accepted)) is not None:
            return joined
        if (found := await look(self.store.cache, key, opus, request)) is not None:
            return await self._replay(request, found.as_planned(utterances), accepted, script.skipped)
        # One may have begun while the cache was read.
        if (joined := await self._join((key, opus), request, script, accepted)) is not None:
            return joined
        return await self._begin(request, script, utterances, accepted, codec, key)

    def _codec(self, request: Request, script: Script) -> Codec:
        """What the asker would like best, if the engine has that by nature."""
        own = script.repertoire.capabilities[script.engine].codec
        return request.codec if request.codec is own else Codec.OPUS

    async def _again(self, request: Request, key: str, accepted: float) -> Said | Refusal:
        """What was said before, if it is still kept and might be said anew: by the asker, here, in these words."""
        layers = await self._admission.admitted(request)
        if isinstance(layers, Refusal):
            return layers
        found = await look(self.store.cache, key)
        if found is not None and found.serves(request.codec):
            owner = await self.store.cache.owner(key)
            if refused := await self._admission.unrepeatable(request, found.clip, owner, layers):
                return refused
            self.store.cache.heard(key, user=request.user, guild=request.guild)
            return await self._replay(request, found, accepted)
        making = self._workshop.find(key)
        if making is None or making.key != key or making.speech.codec not in (Codec.OPUS, request.codec):
            return Refusal(Reason.NOT_KEPT, "That is no longer kept; ask for the text to be spoken anew.")
        clip = await making.speech.clip()  # whole, and on its way into the cache
        refused = await self._admission.unrepeatable(request, clip, making.owner, layers)
        return refused or await self._share(making, request, accepted)

    async def _replay(self, request: Request, found: Found, accepted: float, skipped: Sequence[str] = ()) -> Said:
        await self._promises.accept(request)
        figures = Figures(accepted, first_audio=self._clock() - accepted)
        tally.found(request, found.clip.spoken, tally.HIT, self._clock() - accepted)
        attempts = self._attempts
        return Said(request, found.speech, figures, True, _attempts=attempts, _key=found.key, _skipped=skipped)

    async def _join(self, keys: Sequence[str], request: Request, script: Script, accepted: float) -> Said | None:
        """A share of what is being made under one of the keys; None if nothing is that the asker could rely on."""
        for making in filter(None, map(self._workshop.find, keys)):
            if making.serves(request, accepted, self._deadline(request)):
                return await self._share(making, request, accepted, script.skipped)
        return None

    async def _share(
        self, production: Production, request: Request, accepted: float, skipped: Sequence[str] = ()
    ) -> Said:
        # Who speaks may be known before there is a packet: that is still to be waited for.
        there = production.speech.spoken if production.figures.first_audio is not None else ()
        tally.found(request, there, tally.HIT if production.speech.done else tally.SHARED, self._clock() - accepted)
        asker = self._enter(production, request, accepted)
        try:
            await self._promises.accept(request)
        except BaseException:
            production.leave(asker, Cancelled(UNWRITTEN))
            raise
        if production.begun and not production.speech.done:
            await self._attempts.begin((request.id,))
        if production.key:  # whole before the asker came, or while the journal was written
            self.store.cache.heard(production.key, user=request.user, guild=request.guild)
        return self._said(production, asker, skipped, shared=True)

    async def _begin(
        self,
        request: Request,
        script: Script,
        utterances: Sequence[Utterance] | None,
        accepted: float,
        codec: Codec,
        key: str | None = None,
    ) -> Said | Refusal:
        job = Job(request.id, request.guild, request.user, request.priority, accepted, self._deadline(request))
        costs = [cost(utterance) for utterance in utterances or ()]
        ticket = self.dispatcher.admit(
            job,
            script.engine,
            sum(costs),
            len(costs),
            per_user=script.rules.per_user,
            per_guild=script.rules.per_guild,
        )
        if isinstance(ticket, Refusal):
            return ticket
        production = Production(request, script, ticket, Figures(accepted), utterances, key, Speech(codec))
        self._workshop.announce(production)
        asker = self._enter(production, request, accepted)
        try:
            await self._promises.accept(request)
        except BaseException:
            production.leave(asker, Cancelled(UNWRITTEN))
            if production.askers:  # others have joined in the meantime, and were accepted
                self._workshop.start(production)
            else:
                self._workshop.end(production)
            raise
        self._workshop.start(production)
        tally.streamed(request) if utterances is None else tally.looked(tally.MISS)
        return self._said(production, asker, script.skipped)

    def _enter(self, production: Production, request: Request, at: float) -> Asker:
        deadline = self._deadline(request)
        return production.enter(request, at, None if deadline is None else deadline - self._clock())

    def _deadline(self, request: Request) -> float | None:
        """The request's deadline, by the clock of the queue."""
        return None if request.deadline is None else self._clock() + request.deadline - self._wall()

    def _said(self, production: Production, asker: Asker, skipped: Sequence[str], *, shared: bool = False) -> Said:
        # What is whole but not yet in the cache is as good as cached.
        cached = asker.speech.done and not asker.speech.failed
        return Said(
            asker.request,
            asker.speech,
            production.figures,
            cached,
            shared,
            self._attempts,
            production,
            partial(production.leave, asker, Cancelled("Cancelled.")),
            _skipped=skipped,
        )
