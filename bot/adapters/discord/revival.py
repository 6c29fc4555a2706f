"""Takes up again what the process before was asked for and did not deliver."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING

import discord
import structlog

from bot.adapters import words
from bot.adapters.boundary import contained
from bot.adapters.discord.delivery import nonce_of
from bot.adapters.discord.excuse import excuse
from bot.adapters.discord.identity import message_of, shard_of
from bot.adapters.discord.leftovers import NONCE_SECONDS, conclude, posted
from bot.adapters.discord.mark import Heard, Noted, read
from bot.adapters.discord.note import LOST, hook_of
from bot.adapters.discord.parcel import Receipt
from bot.adapters.discord.target import Target, target_of
from bot.adapters.words import word
from bot.errors import Expired, StoreError
from bot.queue import LATE, State, Unfinished
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request

if TYPE_CHECKING:
    from bot.adapters.discord.courier import Courier

log = structlog.get_logger()

PUT_OFF = 5.0
"""Seconds until an entry is tried again for which Discord or the store was away, or the queue full."""

_PASSING = frozenset({Reason.USER_QUEUE_FULL, Reason.GUILD_QUEUE_FULL, Reason.QUEUE_FULL})


class Revival:
    """One start's taking up. Each lane is done in order; an entry that has to wait lets the next go first."""

    def __init__(self, courier: Courier, client: discord.Client, speaker: Speaker, wall: Callable[[], float]) -> None:
        self._courier = courier
        self._client = client
        self._speaker = speaker
        self._wall = wall
        self._found: set[int] = set()

    async def find(self, new: Container[str]) -> Sequence[Sequence[Unfinished]]:
        """What this process is to take up, by guild, once the journal can be read; not what is ``new``, by the ids."""
        while True:
            try:
                return await self._lanes(new)
            except StoreError as error:
                log.warning("resuming_put_off", error=type(error).__name__)
                await asyncio.sleep(PUT_OFF)

    async def _lanes(self, new: Container[str]) -> Sequence[Sequence[Unfinished]]:
        ours = _ours(self._client)
        lanes: dict[str, list[Unfinished]] = {}
        for each in await self._speaker.unfinished(lambda request: request.id not in new and ours(request)):
            lanes.setdefault(each.request.guild, []).append(each)
        return list(lanes.values())

    async def run(self, lane: Sequence[Unfinished]) -> None:
        """Take up one guild's, until all are on their way or have failed."""
        left = deque(lane)
        while left:
            each = left.popleft()
            if await contained(self._try(each), "resuming_crashed") is False:
                left.append(each)
                await asyncio.sleep(PUT_OFF)

    async def _try(self, each: Unfinished) -> bool:
        """Take it up; False where that is not possible yet."""
        target = _target(each.request)
        assert target is not None  # or it were not ours
        try:
            if each.request.deadline is None or each.request.deadline > self._wall():
                return await self._take_up(each, target)
            late = words.failure(Expired(LATE), target.locale)
            await self._end(each, target, State.EXPIRED, Receipt(False, why=late))
        except (*LOST, StoreError) as error:
            log.info("resuming_put_off", error=type(error).__name__)
            return False
        return True

    async def _take_up(self, each: Unfinished, target: Target) -> bool:
        if target.guild is not None and (guild := self._client.get_guild(target.guild)) and guild.unavailable:
            return False
        mark = None if each.state is State.ACCEPTED else read(each.mark)
        receipt = await self._settled(each, target, mark)
        if receipt is None:
            return await self._begin(each, target, mark)
        failed = State.CANCELLED if receipt.taken_back else State.FAILED
        await self._end(each, target, State.DONE if receipt.delivered else failed, receipt)
        return True

    async def _settled(self, each: Unfinished, target: Target, mark: Heard | Noted | None) -> Receipt | None:
        """What became of it already, or None if it is to be delivered."""
        given_up = Receipt(False, why=word("delivery.given_up", target.locale)) if each.state is State.FAILED else None
        hook = hook_of(self._client, target)
        if target.guild is not None and hook is None and self._client.get_guild(target.guild) is None:
            return Receipt(False, why=word("delivery.left_server", target.locale))
        if await self._is_unsaid(each.request, target):
            return Receipt(False, why=word("delivery.taken_back", target.locale), taken_back=True)
        if not isinstance(mark, Noted):
            return given_up
        if hook is not None:  # no nonce holds there, and nothing can be looked up
            return Receipt(False, why=word("delivery.unsure", target.locale))
        if given_up is None and self._wall() - mark.at <= NONCE_SECONDS:
            return None
        return await self._arrived(nonce_of(each.request.id), target, mark) or given_up

    async def _is_unsaid(self, request: Request, target: Target) -> bool:
        """Whether it reads a message aloud that was deleted meanwhile."""
        if (message := message_of(request.id)) is None:
            return False
        try:
            await self._client.get_partial_messageable(target.channel, guild_id=target.guild).fetch_message(message)
        except discord.NotFound:
            return True
        except discord.Forbidden:  # no history may be seen there: nothing can be known
            return False
        return False

    async def _arrived(self, nonce: str, target: Target, noted: Noted) -> Receipt | None:
        try:
            message = await posted(self._client, target, nonce, noted, self._is_anothers)
        except discord.NotFound as error:
            return Receipt(False, why=excuse(error, target.locale))
        if message is None:
            return None
        self._found.add(message)
        return Receipt(True, message)

    async def _is_anothers(self, message: int) -> bool:
        return message in self._found or await self._speaker.store.journal.bears(str(message))

    async def _begin(self, each: Unfinished, target: Target, mark: Heard | Noted | None) -> bool:
        start = mark.seconds if isinstance(mark, Heard) else 0.0
        parcel = await self._courier.accept(each.request, target, start=start, as_note=isinstance(mark, Noted))
        if not isinstance(parcel, Refusal):
            self._courier.spawn(self._courier.resumed(parcel))
        elif parcel.reason in _PASSING:
            return False
        else:
            state = State.EXPIRED if parcel.reason is Reason.EXPIRED else State.FAILED
            await self._end(each, target, state, Receipt(False, why=words.refusal(parcel, target.locale)))
        return True

    async def _end(self, each: Unfinished, target: Target, state: State, receipt: Receipt) -> None:
        await self._mark(each, state, receipt.message)
        await conclude(self._client, target, receipt)

    async def _mark(self, each: Unfinished, state: State, message: int | None = None) -> None:
        log.info("request_resumed", state=state.value)
        mark = None if message is None else str(message)
        await self._speaker.store.journal.mark(each.request.id, state, mark=mark)


def _target(request: Request) -> Target | None:
    """Where it goes; None if it is another adapter's, or another version's which may be running still."""
    try:
        return target_of(request.target)
    except ValueError:
        return None


def _ours(client: discord.Client) -> Callable[[Request], bool]:
    """Whether a request belongs to this process: to Discord, to this bot, and to one of the client's shards.

    What is outside of servers belongs to shard 0, to which Discord sends it.
    """
    shards, count = shards_of(client)

    def ours(request: Request) -> bool:
        target = _target(request)
        if target is None or target.application not in (None, client.application_id):
            return False
        return shards is None or (0 if target.guild is None else shard_of(target.guild, count)) in shards

    return ours


def shards_of(client: discord.Client) -> tuple[frozenset[int] | None, int]:
    """The shards that a client holds (None: all there are), and how many there are in all."""
    count = client.shard_count or 1
    if isinstance(client, discord.AutoShardedClient):
        return frozenset(client.shards), count
    return (None if client.shard_id is None else frozenset({client.shard_id})), count
