"""Takes up again what the process before was asked for and did not deliver.

What was leaving when the process ended is not sent again: a second note cannot be taken back out of people's ears, or
out of a group by a bot that does not know it; one that is missing is to be had again for one press, and costs nothing,
for it is kept. So its asker is told that nobody knows, and what comes after it goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Container, Sequence
from typing import TYPE_CHECKING

import structlog

from bot.adapters import words
from bot.adapters.boundary import contained
from bot.adapters.telegram.delivery import show_instead
from bot.adapters.telegram.mark import Leaving, There, read
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.parts import BEGINNING
from bot.adapters.telegram.target import Target, target_of
from bot.adapters.words import word
from bot.errors import Expired, StoreError
from bot.queue import LATE, State, Unfinished
from bot.said import Figures, Said
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request, Speech

if TYPE_CHECKING:
    from bot.adapters.telegram.courier import Courier

log = structlog.get_logger()

PUT_OFF = 5.0
"""Seconds until an entry is tried again for which the store was away, or the queue full."""

_PASSING = frozenset({Reason.USER_QUEUE_FULL, Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL})


class Revival:
    """One start's taking up. Each lane is done in order; an entry that has to wait lets the next go first."""

    def __init__(
        self,
        courier: Courier,
        messenger: Messenger,
        speaker: Speaker,
        wall: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._courier, self._messenger, self._speaker = courier, messenger, speaker
        self._wall, self._sleep = wall, sleep

    async def find(self, new: Container[str]) -> Sequence[Sequence[Unfinished]]:
        """What this bot is to take up, by chat, once the journal can be read; not what is ``new``, by the ids."""
        while True:
            try:
                return await self._lanes(new)
            except StoreError as error:
                log.warning("resuming_put_off", error=type(error).__name__)
                await self._sleep(PUT_OFF)

    async def run(self, lane: Sequence[Unfinished]) -> None:
        """Take up one chat's, until all are on their way or have failed."""
        left = deque(lane)
        while left:
            each = left.popleft()
            if await contained(self._try(each), "resuming_crashed") is False:
                left.append(each)
                await self._sleep(PUT_OFF)

    async def _lanes(self, new: Container[str]) -> Sequence[Sequence[Unfinished]]:
        bot, lanes = self._messenger.bot.id, dict[str, list[Unfinished]]()

        def ours(request: Request) -> bool:
            target = _target(request)
            return target is not None and target.bot == bot and request.id not in new

        for each in await self._speaker.unfinished(ours):
            lanes.setdefault(each.request.guild, []).append(each)
        return list(lanes.values())

    async def _try(self, each: Unfinished) -> bool:
        """Take it up; False where that is not possible yet."""
        target = _target(each.request)
        assert target is not None  # or it were not ours
        try:
            if each.state is State.EXPIRED or self._is_late(each.request):
                why = words.failure(Expired(LATE), target.locale)
                await self._end(each, target, State.EXPIRED, Receipt(False, why=why))
                return True
            if each.state is State.FAILED:
                await self._give_up(each, target)
                return True
            return await self._take_up(each, target)
        except StoreError as error:
            log.info("resuming_put_off", error=type(error).__name__)
            return False

    async def _give_up(self, each: Unfinished, target: Target) -> None:
        """It has ended too many processes; of what was leaving meanwhile nobody knows whether it arrived."""
        match read(each.mark) if each.mark else There(BEGINNING):
            case There(_, True):
                why = word("delivery.given_up", target.locale)
                await self._end(each, target, State.FAILED, Receipt(False, why=why))
            case mark:
                await self._unsure(each, target, mark.key if isinstance(mark, Leaving) else None)

    def _is_late(self, request: Request) -> bool:
        return request.deadline is not None and request.deadline <= self._wall()

    async def _take_up(self, each: Unfinished, target: Target) -> bool:
        match read(each.mark) if each.state is State.SENDING else There(BEGINNING):
            case There(end, sure):
                parcel = await self._courier.accept(each.request, target, end, sure=sure)
            case Leaving(end) if end is not None:
                parcel = await self._courier.accept(each.request, target, end, sure=False)
            case mark:
                await self._unsure(each, target, mark.key if isinstance(mark, Leaving) else None)
                return True
        if isinstance(parcel, Refusal):
            return await self._refused(each, target, parcel)
        self._courier.spawn(self._courier.resumed(parcel))
        return True

    async def _refused(self, each: Unfinished, target: Target, refused: Refusal) -> bool:
        if refused.reason in _PASSING:
            return False
        state = State.EXPIRED if refused.reason is Reason.EXPIRED else State.FAILED
        await self._end(each, target, state, Receipt(False, why=words.refusal(refused, target.locale)))
        return True

    async def _unsure(self, each: Unfinished, target: Target, key: str | None) -> None:
        why = word("telegram_delivery.interrupted", target.locale)
        await self._end(each, target, State.FAILED, Receipt(False, why=why, unsure=True), key)

    async def _end(
        self, each: Unfinished, target: Target, state: State, receipt: Receipt, key: str | None = None
    ) -> None:
        """It is over: a parcel that was never sent tells of it."""
        log.info("request_resumed", state=state.value)
        parcel = Parcel(each.request, target, Said(each.request, Speech(), Figures(self._wall()), _key=key))
        parcel.settle(receipt)
        await show_instead(self._messenger, parcel, receipt)
        await self._speaker.store.journal.mark(each.request.id, state, mark="-")
        self._courier.spawn(self._courier.resumed(parcel))


def _target(request: Request) -> Target | None:
    """Where it goes; None if it is another adapter's, or another version's which may be running still."""
    try:
        return target_of(request.target)
    except ValueError:
        return None
