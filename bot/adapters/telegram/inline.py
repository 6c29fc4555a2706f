"""``@bot text`` in any chat: voice notes to choose from.

Telegram waits ten seconds for an answer and asks again at every key: what is typed on is not made, and what is not
ready in time goes on being made for the next time that it is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
import telegram
from telegram.error import TelegramError
from telegram.ext import ChosenInlineResultHandler, InlineQueryHandler

from bot.adapters.boundary import contained
from bot.adapters.telegram.files import Files
from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.making import Making, Makings
from bot.adapters.telegram.offers import Offer, Sample, invitation, key_of, late, refused, samples
from bot.adapters.telegram.shelf import Shelf
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.trouble import Trouble, trouble
from bot.adapters.words import closest, duration, failure, refusal, word
from bot.errors import SaysoError
from bot.log import where
from bot.script import Explanation
from bot.speech import Priority, Refusal, Request

log = structlog.get_logger()

SETTLED = 0.5
"""Seconds without another key until a note is made."""

PATIENCE = 7.0
"""Seconds that are waited for it: Telegram drops what is answered after ten, and the way there takes time."""

PER_MINUTE = 20
"""How many notes a person has made like this in a minute."""


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    return Inline(station).handlers() if station.settings.inline else []


@dataclass(frozen=True, slots=True)
class Asked:
    """An inline query, and the request that it makes."""

    query: telegram.InlineQuery
    request: Request
    locale: str

    @property
    def text(self) -> str:
        """What somebody has typed so far."""
        return self.query.query.strip()

    def refused(self, why: str) -> Offer:
        """It is not spoken; the words can be sent all the same."""
        return refused(self.text, why, self.locale) if self.text else invitation(self.locale)


class Inline:
    """Answers the inline queries of one bot. ``sleep`` is that between two keys, ``patience`` that with a note."""

    def __init__(
        self,
        station: Station,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._station, self._sleep, self._patience = station, sleep, patience
        self._files = Files(station)
        self._shelf = Shelf(station.speaker, self._files)
        self._makings = Makings(station, self._files)
        self._typing: dict[int, asyncio.Task[object]] = {}

    def handlers(self) -> Handlers:
        """What listens to them."""
        return [InlineQueryHandler(self.take), ChosenInlineResultHandler(self.chosen)]

    async def take(self, update: telegram.Update, context: object) -> None:
        """Somebody typed something. Returns at once."""
        if update.inline_query is not None:
            self._station.errands.start(self._heed(self._asked(update.inline_query)), "inline_crashed")

    async def chosen(self, update: telegram.Update, context: object) -> None:
        """Somebody sent what was offered (told if BotFather's /setinlinefeedback is on): so it was heard."""
        result = update.chosen_inline_result
        if result is not None and (key := key_of(result.result_id)) is not None:
            person = result.from_user.id
            self._station.speaker.store.cache.heard(key, user=user_key(person), guild=guild_key(person))

    def _asked(self, query: telegram.InlineQuery) -> Asked:
        person, station = query.from_user, self._station
        request = Request(
            guild_key(person.id),
            user_key(person.id),
            query.query.strip(),
            priority=Priority.HIGH,
            deadline=station.wall() + station.settings.note_seconds,
        )
        return Asked(query, request, closest(person.language_code or "en"))

    async def _heed(self, asked: Asked) -> None:
        """Answer, unless the same person types on before."""
        person, task = asked.query.from_user.id, asyncio.current_task()
        assert task is not None
        if (earlier := self._typing.get(person)) is not None:
            earlier.cancel()
        self._typing[person] = task
        try:
            await self._answer(asked)
        finally:
            if self._typing.get(person) is task:
                del self._typing[person]

    async def _answer(self, asked: Asked) -> None:
        found = await self._contained(asked)
        try:
            if await self._shown(asked, found):
                return
            for sample in () if isinstance(found, Offer) else found:
                await self._files.forget(sample.key, sample.file_id)
            await self._shown(asked, await self._contained(asked))
        except TelegramError as error:
            log.info("inline_not_answered", error=type(error).__name__)  # as a rule it was too late

    async def _shown(self, asked: Asked, found: Offer | Sequence[Sample]) -> bool:
        """Show it. False if Telegram does not have one of the files any more."""
        try:
            await (found if isinstance(found, Offer) else samples(found)).answer(asked.query)
        except TelegramError as error:
            if trouble(error) is not Trouble.WRONG_FILE:
                raise
            return False
        return True

    async def _contained(self, asked: Asked) -> Offer | Sequence[Sample]:
        """What is to be offered, whatever happens: silence looks like a bot that is gone."""
        try:
            return await self._found(asked)
        except SaysoError as error:
            return asked.refused(failure(error, asked.locale))
        except Exception as error:  # noqa: BLE001 (the boundary: who typed this waits for an answer)
            log.error("inline_failed", error=type(error).__name__, where=where(error))
            return asked.refused(word("telegram.crashed", asked.locale))

    async def _found(self, asked: Asked) -> Offer | Sequence[Sample]:
        user = asked.request.user
        if not asked.text:
            self._makings.give_up(user)
            return await self._recent(user) or invitation(asked.locale)
        explained = await self._station.speaker.explain(asked.request)
        if isinstance(explained, Refusal):
            self._makings.give_up(user)
            return asked.refused(refusal(explained, asked.locale))
        title = await self._shelf.title(asked.request, explained)
        own = await self._shelf.find(explained, title) or await self._made(asked, explained, title)
        if isinstance(own, Offer):
            return own
        others = await contained(self._shelf.others(asked.request, own), "inline_others_not_found")
        return [own, *(others or ())]

    async def _recent(self, user: str) -> Sequence[Sample]:
        opted_out = (await self._station.speaker.store.preferences.get(user)).opted_out
        return [] if opted_out else await self._shelf.recent(user)

    async def _made(self, asked: Asked, explained: Explanation, title: str) -> Sample | Offer:
        """The note once it is made, or why there is none (yet)."""
        await self._sleep(SETTLED)
        making = self._begun(asked, explained, title)
        if isinstance(making, Offer):
            return making
        await asyncio.wait([making.done], timeout=self._patience)
        if making.done.done():
            return making.done.result()
        making.promised = True
        return late(asked.text, asked.locale)

    def _begun(self, asked: Asked, explained: Explanation, title: str) -> Making | Offer:
        """The note in the making, and no other for who asks."""
        user = asked.request.user
        self._makings.give_up(user, but=explained.key)
        if (making := self._makings.find(user, explained.key)) is not None:
            return making
        if (wait := self._station.pace.take("inline", user, PER_MINUTE)) is None:
            return self._makings.begin(explained.key, asked.request, asked.locale, title)
        time = duration(wait, asked.locale)
        return asked.refused(word("telegram_inline.pace", asked.locale, limit=PER_MINUTE, time=time))
